"""What a declared box shows."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from tenfold.hardware.declared import box
from tenfold.hardware.modelled import (
    FULL_C,
    INLET_C,
    TAU_S,
    Warmth,
    capped,
    modelled_reading,
)
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


def warm_c(warmth: Warmth | None, busy: bool, now: float, **more: float) -> float:
    """Of `gpu0`; of the highest limit and idle watts 350 and 80."""
    slots = [Slot("node0", ("gpu0",), DeviceKind.GPU, 6, 79.25)] if busy else []
    found = modelled_reading(TEN, slots, now, warmth, **more).devices[0].temperature_c
    assert not isinstance(found, Missing)
    return found


def test_a_card_that_has_drawn_its_watts_for_long() -> None:
    assert warm_c(None, True, 0.0) == pytest.approx(FULL_C)
    assert warm_c(None, False, 0.0) == pytest.approx(INLET_C + (FULL_C - INLET_C) * 80 / 350)
    assert warm_c(None, True, 0.0, inlet_c=40.0) == pytest.approx(FULL_C + 15)
    half = replace(TEN, nodes=(capped(TEN, [Cap("gpu0", 175.0)]).nodes[0],))
    slots = [Slot("node0", ("gpu0",), DeviceKind.GPU, 6, 79.25)]
    assert modelled_reading(half, slots, 0.0).devices[0].temperature_c == pytest.approx(47.5)


def test_it_warms_up_and_cools_down_in_its_time_however_often_it_is_read() -> None:
    idle_c = warm_c(None, False, 0.0)
    expected_c = FULL_C + (idle_c - FULL_C) * math.exp(-1)
    for every_s in (0.25, 7.0, TAU_S):
        warmth = Warmth()
        assert warm_c(warmth, False, 100.0) == pytest.approx(idle_c)
        now = 200.0
        assert warm_c(warmth, True, now) == pytest.approx(idle_c)  # it has just begun
        while now + every_s < 200.0 + TAU_S:
            now += every_s
            warm_c(warmth, True, now)
        assert warm_c(warmth, False, 200.0 + TAU_S) == pytest.approx(expected_c)
        assert warm_c(warmth, False, 200.0 + 20 * TAU_S) == pytest.approx(idle_c, abs=1e-3)


def test_a_clock_that_goes_back_cools_nothing() -> None:
    warmth = Warmth()
    warm_c(warmth, False, 1000.0)
    warm_c(warmth, True, 1000.0)
    before_c = warm_c(warmth, True, 1030.0)
    assert warm_c(warmth, True, 500.0) == pytest.approx(before_c)


def test_a_card_that_is_placed_badly(tmp_path: Path) -> None:
    file = tmp_path / "attic.toml"
    card = "[[node]]\n[[node.card]]\nmodel = 'one'\nmemory_gib = 24\nkelvin_per_w = 0.3\n"
    file.write_text(f"{card}idle_w = 20\ncap_max_w = 300\n")
    (gpu,) = box(str(file)).gpus
    assert gpu.kelvin_per_w == 0.3
    assert modelled_reading(box(str(file)), (), 0.0).devices[0].temperature_c == pytest.approx(31)
    file.write_text(card)
    unknown = modelled_reading(box(str(file)), (), 0.0).devices[0].temperature_c
    assert isinstance(unknown, Missing) and "no source tells the watts" in unknown.why
