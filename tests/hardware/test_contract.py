"""What every box and its meter promise: declared ones, this machine, and cards behind NVML."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pynvml
import pytest
from faults.nvml.cards import Card, Slice, bus, h100_pcie, h100_sxm
from faults.nvml.standin import StandIn

from tenfold.hardware.detect import Meter, box
from tenfold.terms.box import Box, DeviceKind, Slot
from tenfold.terms.reading import Missing, Reading
from tenfold.terms.wire import from_json, to_json

Make = Callable[[Path, pytest.MonkeyPatch], Box]


def declared(text: str) -> Make:
    return lambda folder, patch: box(text)


def from_file(folder: Path, patch: pytest.MonkeyPatch) -> Box:
    (folder / "attic.toml").write_text(
        '[[node]]\nname = "left"\n[[node.card]]\nmodel = "RTX 4090"\ncount = 2\nmemory_gib = 23.5\n'
    )
    return box(str(folder / "attic.toml"))


def without_a_driver(folder: Path, patch: pytest.MonkeyPatch) -> Box:
    stand_in = _show(folder, patch, [])
    stand_in.errors["nvmlInit"] = 9
    stand_in.write()
    return box("auto")


def behind_nvml(*cards: Callable[[], Card]) -> Make:
    def make(folder: Path, patch: pytest.MonkeyPatch) -> Box:
        _show(folder, patch, [card() for card in cards])
        return box("auto")

    return make


def _show(folder: Path, patch: pytest.MonkeyPatch, cards: list[Card]) -> StandIn:
    stand_in = StandIn(folder, cards)
    for name, value in stand_in.variables.items():
        patch.setenv(name, value)
    patch.setattr(pynvml, "nvmlLib", stand_in.load())
    pynvml._nvmlGetFunctionPointer_cache.clear()
    return stand_in


def bridged() -> Card:
    card = h100_pcie(1)
    card.links = [bus(0)] * 12
    return card


def carved() -> Card:
    card = h100_pcie(2)
    card.mig, card.slices = 1, [Slice("3g.40gb", 4, 1, "MIG-a")]
    return card


def lost() -> Card:
    card = h100_pcie(3)
    card.errors["*"] = 15
    return card


def mute() -> Card:
    """It tells what it is and nothing of what it does."""
    card = h100_sxm(0)
    card.errors |= dict.fromkeys(("nvmlDeviceGetPowerUsage", "nvmlDeviceGetEnforcedPowerLimit"), 4)
    return card


BOXES: dict[str, Make] = {
    "cpu": declared("cpu"),
    "10xH100-PCIe": declared("10xH100-PCIe"),
    "8xH100-SXM+2xH100-SXM": declared("8xH100-SXM+2xH100-SXM"),
    "a file": from_file,
    "this machine without a driver": without_a_driver,
    "one card": behind_nvml(lambda: h100_pcie(0)),
    "a mixed lot": behind_nvml(lambda: h100_pcie(0), bridged, carved, lost),
    "a card that is mute": behind_nvml(mute),
}


@pytest.fixture(params=BOXES)
def found(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Box]:
    yield BOXES[request.param](tmp_path, monkeypatch)
    pynvml._nvmlGetFunctionPointer_cache.clear()


def everything(found: Box) -> list[str]:
    return [device.id for device in (*found.devices, *(one.device for one in found.aside))]


def test_every_device_has_an_id_a_node_and_a_source(found: Box) -> None:
    assert len(set(everything(found))) == len(everything(found))
    for node in found.nodes:
        for device in (*node.devices, *(one.device for one in node.aside)):
            assert device.node == node.name
            assert device.id and device.model and device.source
        assert sum(device.kind is DeviceKind.CPU for device in node.devices) == 1
        assert all(one.why for one in node.aside)


def test_what_jobs_may_have_has_a_size(found: Box) -> None:
    for device in found.devices:
        assert device.memory_gib > 0
        assert (device.cores > 0) is (device.kind is DeviceKind.CPU)
        assert 0 <= device.cap_min_w <= device.cap_w <= device.cap_max_w
        assert 0 <= device.idle_w <= (device.cap_max_w or device.idle_w)


def test_a_box_goes_over_the_wire_and_back(found: Box) -> None:
    assert from_json(Box, to_json(found)) == found


def test_every_device_has_a_reading_and_every_figure_a_number_or_a_reason(found: Box) -> None:
    meter = Meter(found)
    for now in (100.0, 100.25):
        reading = meter.reading((), now)
        assert reading.at_s == now
        assert sorted(one.device for one in reading.devices) == sorted(everything(found))
        check(found, reading)
    meter.close()


def test_a_reading_changes_no_device_that_is_there(found: Box) -> None:
    meter = Meter(found)
    meter.reading((), 100.0)
    assert everything(meter.box) == everything(found)
    assert meter.box.devices == found.devices
    meter.close()


def test_a_slot_in_use_is_read_as_well(found: Box) -> None:
    meter = Meter(found)
    slots = [Slot(one.node, (one.id,), one.kind, 1, 1.0) for one in found.devices]
    check(found, meter.reading(slots, 100.0))
    meter.close()


def check(found: Box, reading: Reading) -> None:
    memory = {device.id: device.memory_gib for device in found.devices}
    for one in reading.devices:
        figures = [one.power_w, one.temperature_c, one.memory_used_gib, one.utilisation, one.fan]
        if one.gpu is not None:
            figures += [one.gpu.limit_w, one.gpu.energy_j]
        for figure in figures:
            assert figure.why if isinstance(figure, Missing) else figure >= 0
        for share in (one.utilisation, one.fan):
            assert isinstance(share, Missing) or share <= 1
        used = one.memory_used_gib
        assert isinstance(used, Missing) or used <= memory.get(one.device, used)
    assert isinstance(reading.power_w, Missing) or reading.power_w >= 0
