"""Readings of the cards: right figures, n/a with a reason, and no more calls than needed."""

from __future__ import annotations

import os
from collections import Counter

import pytest
from faults.nvml.cards import Card, Process, Slice, bus, h100_pcie, h100_sxm
from hardware.nvml.conftest import Show

from tenfold.hardware.nvml.find import find
from tenfold.hardware.nvml.library import Library
from tenfold.hardware.nvml.meter import SLOW_S, GpuMeter
from tenfold.terms.reading import DeviceReading, GpuPeer, GpuReading, GpuSlice, Missing


def meter() -> GpuMeter:
    library = Library()
    library.open()
    devices, aside = find(library, "host")
    library.close()
    return GpuMeter([*devices, *(one.device for one in aside)], Library())


def first(now: float = 100.0) -> tuple[DeviceReading, GpuReading]:
    reading = meter().readings(now)[0]
    assert reading.gpu is not None
    return reading, reading.gpu


def working() -> Card:
    card = h100_sxm(0)
    card.power, card.temperature, card.busy, card.fan = 612_345, 67, 93, 55
    card.used, card.energy, card.reasons = 10 << 30, 7_200_000, 0x4
    card.pcie_generation, card.pcie_replays = 4, 2
    card.errors.clear()
    return card


def test_every_figure_in_our_units(show: Show) -> None:
    show(working())
    reading, gpu = first()
    assert reading.device == h100_sxm(0).uuid
    assert (reading.power_w, reading.temperature_c) == (612.345, 67)
    assert (reading.memory_used_gib, reading.utilisation, reading.fan) == (10.0, 0.93, 0.55)
    assert (gpu.limit_w, gpu.margin_c, gpu.energy_j) == (700.0, 46, 7200.0)
    assert gpu.throttle == ("at its power limit",)
    links = gpu.links
    assert (links.pcie_generation, links.pcie_width, links.pcie_replays) == (4, 16, 2)
    assert gpu.processes == gpu.slices == ()
    assert isinstance(links.nvlinks, Missing)  # a card without a bridge refuses the question


# Reading -> the call behind it; where a second call can stand in, both.
CALLS = {
    "power_w": ["nvmlDeviceGetPowerUsage"],
    "temperature_c": ["nvmlDeviceGetTemperatureV", "nvmlDeviceGetTemperature"],
    "memory_used_gib": ["nvmlDeviceGetMemoryInfo_v2", "nvmlDeviceGetMemoryInfo"],
    "utilisation": ["nvmlDeviceGetUtilizationRates"],
    "fan": ["nvmlDeviceGetFanSpeed"],
    "limit_w": ["nvmlDeviceGetEnforcedPowerLimit"],
    "margin_c": ["nvmlDeviceGetMarginTemperature"],
    "energy_j": ["nvmlDeviceGetTotalEnergyConsumption"],
    "throttle": [
        "nvmlDeviceGetCurrentClocksEventReasons",
        "nvmlDeviceGetCurrentClocksThrottleReasons",
    ],
    "processes": [
        "nvmlDeviceGetComputeRunningProcesses",
        "nvmlDeviceGetGraphicsRunningProcesses",
    ],
    "slices": ["nvmlDeviceGetMigMode"],
    "xids": ["nvmlDeviceRegisterEvents"],
    "ecc_errors": ["nvmlDeviceGetTotalEccErrors"],
    "rows_pending": ["nvmlDeviceGetRemappedRows"],
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("code", [3, 4, 999])
def test_one_reading_that_fails_leaves_the_others(show: Show, name: str, code: int) -> None:
    whole, failing = working(), working()
    show(whole)
    before, before_gpu = first()
    failing.errors |= dict.fromkeys(CALLS[name], code)
    show(failing)
    after, after_gpu = first()
    for field in CALLS:
        one, other = (after, before) if hasattr(before, field) else (after_gpu, before_gpu)
        if field == name:
            assert isinstance(getattr(one, field), Missing)
        else:
            assert getattr(one, field) == getattr(other, field), field


@pytest.mark.parametrize("name", ["temperature_c", "memory_used_gib", "throttle", "processes"])
def test_the_second_call_stands_in_for_the_first(show: Show, name: str) -> None:
    card = working()
    card.processes = [Process(1, graphics=True)]
    card.errors[CALLS[name][0]] = 3
    show(card)
    reading, gpu = first()
    assert not isinstance(getattr(reading if hasattr(reading, name) else gpu, name), Missing)


def test_an_older_driver_lacks_newer_calls(show: Show) -> None:
    card = working()
    card.processes = [Process(1)]
    show(
        card,
        without=(
            "nvmlDeviceGetTemperatureV",
            "nvmlDeviceGetMarginTemperature",
            "nvmlDeviceGetCurrentClocksEventReasons",
            "nvmlDeviceGetComputeRunningProcesses_v3",
            "nvmlDeviceGetGraphicsRunningProcesses_v3",
        ),
    )
    reading, gpu = first()
    assert reading.temperature_c == 67 and gpu.throttle == ("at its power limit",)
    assert isinstance(gpu.margin_c, Missing) and "no such call" in gpu.margin_c.why
    assert not isinstance(gpu.processes, Missing) and len(gpu.processes) == 1


def test_processes_of_both_kinds(show: Show) -> None:
    card = working()
    card.processes = [Process(os.getpid(), 2048), Process(4_000_000, 512, graphics=True)]
    show(card)
    _, gpu = first()
    assert not isinstance(gpu.processes, Missing)
    ours, other = gpu.processes
    assert (ours.pid, ours.memory_gib) == (os.getpid(), 2.0) and ours.name
    assert (other.pid, other.memory_gib, other.name) == (4_000_000, 0.5, "")


def test_links_and_peers(show: Show) -> None:
    cards = [h100_pcie(n) for n in range(3)]
    cards[0].links = [bus(1)] * 11 + ["-"]
    cards[1].links = [bus(0)] * 11 + ["-"]
    cards[2].path = 1
    show(*cards)
    _, gpu = first()
    assert gpu.links.nvlinks == 11
    assert gpu.links.peers == (
        GpuPeer(cards[1].uuid, "through one PCIe switch", 11),
        GpuPeer(cards[2].uuid, "from one CPU socket to another", 0),
    )


def carved() -> Card:
    card = h100_pcie(0)
    card.mig = 1
    card.slices = [
        Slice("2g.20gb", 0, 3, "MIG-a"),
        Slice("1g.10gb", 6, 13, "MIG-b"),
        Slice("1g.10gb", 5, 12, "MIG-c", compute=False),
    ]
    return card


def test_slices_of_a_card_in_mig_mode(show: Show) -> None:
    show(carved())
    reading, gpu = first()
    assert gpu.slices == (
        GpuSlice("MIG-a", "2g.20gb", 3, 19.6201171875, 0, 2),
        GpuSlice("MIG-b", "1g.10gb", 13, 9.75, 6, 1),
    )
    assert isinstance(reading.utilisation, Missing) and reading.power_w == 54.0


def test_slices_without_root(show: Show) -> None:
    card = carved()
    card.errors |= {"nvmlDeviceGetGpuInstanceById": 4, "nvmlDeviceGetName": 4}
    show(card)
    _, gpu = first()
    assert not isinstance(gpu.slices, Missing)
    assert [one.profile for one in gpu.slices] == ["2g.20gb", "1g.10gb"]
    assert all(one.start == Missing("only root may read it here") for one in gpu.slices)


def test_a_lost_card_is_missing_everywhere_and_the_other_goes_on(show: Show) -> None:
    stand_in = show(working(), h100_pcie(1))
    meter_ = meter()
    assert meter_.readings(100.0)[0].power_w == 612.345 and not meter_.lost
    stand_in.cards[0].errors["*"] = 15
    stand_in.write()
    for now in (100.25, 200.0, 300.0):
        gone, well = meter_.readings(now)
        assert meter_.lost == {working().uuid: "the card fell off the bus"}
        assert isinstance(gone.power_w, Missing) and "fell off the bus" in gone.power_w.why
        assert well.power_w == 54.0
    assert gone.gpu is not None
    assert all(isinstance(getattr(gone.gpu, name), Missing) for name in ("limit_w", "processes"))
    assert isinstance(gone.gpu.links.nvlinks, Missing)


def test_a_card_that_the_driver_forgets_comes_back(show: Show) -> None:
    stand_in = show(h100_pcie(0), h100_pcie(1))
    meter_ = meter()
    meter_.readings(100.0)
    back = stand_in.cards.pop()
    stand_in.epoch = 2
    stand_in.write()
    meter_.readings(100.25)
    meter_.readings(100.5)
    assert list(meter_.lost) == [back.uuid]
    stand_in.cards.append(back)
    stand_in.write()
    for second in range(60):
        readings = meter_.readings(101.0 + second)
    assert not meter_.lost
    assert [reading.power_w for reading in readings] == [54.0, 54.0]


def test_the_whole_driver_goes_and_comes_back(show: Show) -> None:
    stand_in = show(h100_pcie(0))
    meter_ = meter()
    meter_.readings(100.0)
    stand_in.epoch = 2
    stand_in.errors["nvmlInit"] = 9
    stand_in.write()
    meter_.readings(100.25)
    (gone,) = meter_.readings(100.5)
    assert gone.power_w == Missing("the NVIDIA driver is not loaded") and meter_.lost
    stand_in.errors.clear()
    stand_in.write()
    assert meter_.readings(120.0)[0].power_w == 54.0 and not meter_.lost


def test_slow_readings_are_spread(show: Show) -> None:
    """After the first reading, one card a reading and each at most every SLOW_S."""
    stand_in = show(*(h100_pcie(n) for n in range(4)))
    meter_ = meter()

    def asked(seconds: float, every: float) -> Counter[str]:
        stand_in.calls.unlink(missing_ok=True)
        for tick in range(int(seconds / every)):
            meter_.readings(start + tick * every)
        return Counter(
            call.split()[1]
            for call in stand_in.called()
            if call.startswith("nvmlDeviceGetComputeRunningProcesses")
        )

    start = 100.0
    assert asked(0.25, 0.25) == Counter("0123")
    start += 0.25
    assert asked(SLOW_S - 0.5, 0.25) == Counter()
    start += SLOW_S - 0.5
    counted = asked(4 * SLOW_S, 0.25)
    assert set(counted) == set("0123") and max(counted.values()) <= 4


def test_a_reading_of_ten_cards_asks_little_of_each(show: Show) -> None:
    stand_in = show(*(h100_pcie(n) for n in range(10)))
    meter_ = meter()
    meter_.readings(100.0)
    stand_in.calls.unlink()
    meter_.readings(100.25)
    assert len(stand_in.called()) <= 10 * 10
