"""A hot card is relieved step by step, and never flaps."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest

from tenfold.engine.relief import (
    ASSUMED_C,
    BACK_S,
    NEXT_S,
    SLOWED_S,
    Heat,
    Step,
    ceiling_w,
    relief,
)
from tenfold.terms.box import Device, DeviceKind
from tenfold.terms.reading import DeviceReading, GpuLinks, GpuReading, Measured, Missing

NO = Missing("not told")
LINKS = GpuLinks(NO, NO, NO, NO)
CARD = Device("gpu0", DeviceKind.GPU, "H100 PCIe 80 GB", "host", 79.25)
# Lowest limit 203 W (the knee), halfway 276 W.
CARD = replace(CARD, cap_w=350.0, cap_min_w=200.0, cap_max_w=350.0, knee=0.58)
FIXED = replace(CARD, cap_min_w=350.0)  # without rights


def reading(
    temperature_c: Measured = NO,
    margin_c: Measured = NO,
    throttle: tuple[str, ...] | Missing = NO,
    fan: Measured = NO,
) -> DeviceReading:
    gpu = GpuReading(350.0, margin_c, NO, throttle, (), LINKS, ())
    return DeviceReading("gpu0", 300.0, temperature_c, 1.0, 1.0, fan, gpu)


HOT, WARM, COOL = reading(margin_c=2.0), reading(margin_c=5.0), reading(margin_c=20.0)


def steps(
    device: Device, at: Callable[[float], DeviceReading], seconds: float, every_s: float = 0.25
) -> list[tuple[float, Step]]:
    """When it changed its step, and to which; its limit follows as placement would set it."""
    state, found = Heat(), []
    for tick in range(int(seconds / every_s)):
        now = tick * every_s
        after = relief(device, at(now), state, now)
        if after.step is not state.step:
            found.append((now, after.step))
            level_w = ceiling_w(device, after.step)
            if level_w is not None or device.cap_min_w < device.cap_max_w:
                device = replace(device, cap_w=level_w or device.cap_max_w)
        state = after
    return found


def test_every_step_in_turn_while_it_stays_hot() -> None:
    assert steps(CARD, lambda now: HOT, 300.0) == [
        (0.0, Step.CAP),
        (NEXT_S, Step.LOWEST),
        (2 * NEXT_S, Step.YIELD),
        (3 * NEXT_S, Step.ASIDE),
    ]
    assert (ceiling_w(CARD, Step.CAP), ceiling_w(CARD, Step.LOWEST)) == (276.0, 203.0)
    assert ceiling_w(CARD, Step.NONE) is None


@pytest.mark.parametrize(
    ("hot", "warm"), [(HOT, WARM), (reading(temperature_c=83.0), reading(temperature_c=79.0))]
)
def test_between_hot_and_cool_nothing_moves(hot: DeviceReading, warm: DeviceReading) -> None:
    assert steps(CARD, lambda now: hot if now < 1 else warm, 3600.0) == [(0.0, Step.CAP)]


def test_one_step_back_for_each_while_that_it_was_cool() -> None:
    found = steps(CARD, lambda now: HOT if now < 95 else COOL, 1000.0)
    assert [step for _, step in found[4:]] == [Step.LOWEST, Step.CAP, Step.NONE]
    assert [now for now, _ in found[4:]] == [95 + n * BACK_S for n in (1, 2, 3)]


def test_without_rights_the_jobs_are_asked_at_once_and_the_way_back_is_short() -> None:
    found = steps(FIXED, lambda now: HOT if now < 40 else COOL, 400.0)
    assert [step for _, step in found] == [Step.YIELD, Step.ASIDE, Step.NONE]
    assert all(ceiling_w(FIXED, step) is None for step in Step)


def test_limits_that_it_has_already_are_passed_over() -> None:
    half, lowest = replace(CARD, cap_w=250.0), replace(CARD, cap_w=203.0)
    assert relief(half, HOT, Heat(), 0.0).step is Step.LOWEST
    assert relief(lowest, HOT, Heat(), 0.0).step is Step.YIELD


@pytest.mark.parametrize(
    ("seen", "device", "word"),
    [
        (reading(margin_c=3.0), CARD, "3 °C from the warmest"),
        (reading(margin_c=-2.0, temperature_c=40.0), CARD, "-2 °C from"),  # the margin knows better
        (reading(temperature_c=85.0), replace(CARD, max_operating_c=85.0), "stay below 85 °C"),
        (reading(temperature_c=ASSUMED_C), CARD, "assumed"),
        (reading(margin_c=1.0, fan=1.0), CARD, "its fan is at 100 %"),
    ],
)
def test_what_is_hot(seen: DeviceReading, device: Device, word: str) -> None:
    found = relief(device, seen, Heat(), 0.0)
    assert found.step is Step.CAP and word in found.why


@pytest.mark.parametrize(
    "seen",
    [
        reading(margin_c=4.0, temperature_c=99.0),
        reading(temperature_c=84.0),
        reading(),
        reading(margin_c=30.0, throttle=("at its power limit",)),
        reading(margin_c=30.0, throttle=("kept in step with other cards",)),
    ],
)
def test_what_is_not(seen: DeviceReading) -> None:
    assert steps(replace(CARD, max_operating_c=85.0), lambda now: seen, 120.0) == []


@pytest.mark.parametrize("word", ["too hot", "too warm", "slowed by the hardware"])
def test_clocks_that_heat_holds_down_for_a_while(word: str) -> None:
    seen = reading(margin_c=30.0, throttle=("at its power limit", word))
    (found, *_) = steps(CARD, lambda now: seen, 20.0)
    assert found == (SLOWED_S, Step.CAP)
    blinks = steps(CARD, lambda now: seen if now % 10 < 9 else COOL, 600.0)
    assert blinks == []


def test_a_card_that_tells_nothing_stays_where_it_is() -> None:
    found = steps(CARD, lambda now: HOT if now < 1 else reading(), 3600.0)
    assert found == [(0.0, Step.CAP)]


def test_a_clock_that_is_set_back_puts_nothing_off() -> None:
    state = relief(CARD, HOT, Heat(), 1e6)
    state = relief(CARD, HOT, state, 100.0)
    assert state.step is Step.CAP
    assert relief(CARD, HOT, state, 100.0 + NEXT_S).step is Step.LOWEST


@pytest.mark.parametrize("seed", range(12))
def test_random_temperatures_never_make_it_flap(seed: int) -> None:
    """Up to four steps up without one back; after that each up needs one back, and each of those
    BACK_S of cool: so many in an hour at most, whatever the temperature does."""
    chance = random.Random(seed)
    wild = seed % 4
    temperature_c, state, times = 70.0, Heat(), list[tuple[float, int]]()
    for second in range(7200):
        now = float(second)
        if wild == 0:
            temperature_c = chance.uniform(20.0, 110.0)
        elif wild == 1:
            temperature_c = 110.0 if now % 151.0 < 1.0 else 40.0  # the worst: just cool enough
        else:
            # Pulled to the limit, so that the walk crosses it again and again.
            temperature_c += chance.gauss(0.0, 2.0 * wild) + 0.01 * (80.0 - temperature_c)
        after = relief(CARD, reading(temperature_c=temperature_c), state, now)
        if after.step is not state.step:
            times.append((now, after.step - state.step))
        state = after
    most = 2 * 3600 / BACK_S + len(Step) - 1
    for start in range(0, 3601, 300):
        assert sum(start <= now < start + 3600 for now, _ in times) <= most
    backs = [now for now, by in times if by < 0]
    ups = [now for now, by in times if by > 0]
    assert all(b - a >= BACK_S for a, b in pairwise(backs))
    assert all(b - a >= NEXT_S for a, b in pairwise(ups))
    if wild == 1:
        assert backs  # this one does swing
