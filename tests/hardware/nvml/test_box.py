"""The box follows its cards: limits that others set, cards that go and come back."""

from __future__ import annotations

from faults.nvml.cards import h100_pcie
from hardware.nvml.conftest import Show

from tenfold.hardware.detect import Meter, box
from tenfold.terms.box import Box


def gpus(found: Box) -> list[str]:
    return [gpu.id for gpu in found.gpus]


def test_a_limit_that_somebody_sets_is_taken_over(show: Show) -> None:
    stand_in = show(h100_pcie(0), h100_pcie(1))
    meter = Meter(box("auto"))
    stand_in.cards[1].limit = 250_000
    stand_in.write()
    meter.reading((), 100.0)
    first, second = meter.box.gpus
    assert first.cap_w == 350.0
    assert (second.cap_min_w, second.cap_w, second.cap_max_w) == (250.0, 250.0, 250.0)
    stand_in.cards[1].errors["nvmlDeviceGetEnforcedPowerLimit"] = 4
    stand_in.write()
    meter.reading((), 101.0)
    assert meter.box.gpus[1].cap_w == 350.0  # as it was found


def test_a_lost_card_stands_aside_until_it_is_back(show: Show) -> None:
    stand_in = show(h100_pcie(0), h100_pcie(1))
    found = box("auto")
    meter = Meter(found)
    stand_in.cards[0].errors["*"] = 15
    stand_in.write()
    meter.reading((), 100.0)
    assert gpus(meter.box) == [h100_pcie(1).uuid]
    (aside,) = meter.box.aside
    assert aside.device.id == h100_pcie(0).uuid and "fell off the bus" in aside.why
    stand_in.cards[0].errors.clear()
    stand_in.write()
    meter.reading((), 120.0)
    assert meter.box == found


def test_a_card_in_mig_mode_counts_for_the_wall(show: Show) -> None:
    """Whoever uses it may draw up to its limit."""
    card = h100_pcie(1)
    card.mig = 1
    show(h100_pcie(0), card)
    found = box("auto")
    assert gpus(found) == [h100_pcie(0).uuid] and found.host_w == 350.0


def test_only_what_is_asked_for_is_told_of_processes(show: Show) -> None:
    stand_in = show(h100_pcie(0), h100_pcie(1))
    meter = Meter(box("auto"))
    stand_in.calls.unlink()
    assert meter.processes([h100_pcie(1).uuid]) == {h100_pcie(1).uuid: ()}
    asked = [call for call in stand_in.called() if "RunningProcesses" in call]
    assert asked and all(call.endswith(" 1") for call in asked)
    assert Meter(box("2xH100-PCIe")).processes(["gpu0"]) == {}
