"""What a declared box shows."""

from __future__ import annotations

import pytest

from tenfold.hardware.declared import box
from tenfold.hardware.modelled import capped, modelled_reading
from tenfold.terms.box import DeviceKind, Slot
from tenfold.terms.decision import Cap
from tenfold.terms.reading import Missing

TEN = box("10xH100-PCIe")


def test_an_idle_box_draws_idle_watts() -> None:
    reading = modelled_reading(TEN, (), 7.0)
    assert reading.at_s == 7.0
    assert reading.power_w == pytest.approx(10 * 80 + 2200)
    assert {device.utilisation for device in reading.devices} == {0.0}


def test_cards_in_use_draw_their_cap() -> None:
    slots = [
        Slot("node0", ("gpu0", "gpu3"), DeviceKind.GPU, 12, 158.5),
        Slot("node0", ("cpu",), DeviceKind.CPU, 16, 20.0),
    ]
    reading = modelled_reading(TEN, slots, 7.0)
    by_device = {device.device: device for device in reading.devices}
    assert by_device["gpu3"].power_w == 350
    assert by_device["gpu3"].utilisation == 1.0
    assert isinstance(by_device["gpu3"].memory_used_gib, Missing)
    assert by_device["gpu1"].power_w == 80
    assert by_device["cpu"].utilisation == pytest.approx(16 / 64)
    assert by_device["cpu"].memory_used_gib == 20.0
    assert reading.power_w == pytest.approx(2 * 350 + 8 * 80 + 2200)


def test_a_cap_is_set_by_changing_the_box() -> None:
    lower = capped(TEN, [Cap("gpu1", 250.0)])
    assert [gpu.cap_w for gpu in lower.gpus][:3] == [350, 250.0, 350]
    assert capped(TEN, []) is TEN
    slots = [Slot("node0", ("gpu1",), DeviceKind.GPU, 6, 79.25)]
    assert modelled_reading(lower, slots, 0.0).devices[1].power_w == 250.0


def test_what_no_source_tells_is_missing_not_zero() -> None:
    reading = modelled_reading(box("cpu"), (), 0.0)
    assert isinstance(reading.power_w, Missing)
    assert isinstance(reading.devices[0].temperature_c, Missing)
