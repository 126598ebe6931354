"""Whether a card keeps its limit, and whether it is ours alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from engine.test_relief import CARD, NO, reading

from tenfold.engine.card_use import (
    FORGET_S,
    GONE_S,
    LIMIT_S,
    SEEN_S,
    Draw,
    Guests,
    draw,
    guests,
)
from tenfold.terms.reading import DeviceReading, GpuProcess, Measured


def drawing(power_w: Measured, limit_w: Measured = 350.0) -> DeviceReading:
    one = reading()
    assert one.gpu is not None
    return replace(one, power_w=power_w, gpu=replace(one.gpu, limit_w=limit_w))


def drawn(*seen: DeviceReading, every_s: float = 1.0, state: Draw | None = None) -> Draw:
    """After these readings of a card whose limit has stood for long."""
    state = state or draw(CARD, drawing(100.0), Draw(), 0.0)
    for n, one in enumerate(seen):
        state = draw(CARD, one, state, 100.0 + n * every_s)
    return state


def test_two_readings_above_the_limit_in_a_row_count() -> None:
    assert drawn(drawing(385.0), drawing(378.0)).most == 1.1
    assert drawn(drawing(385.0), drawing(340.0), drawing(385.0)).most == 1.0
    assert drawn(*[drawing(360.0)] * 9).most == pytest.approx(360.0 / 350.0)
    assert drawn(*[drawing(350.2)] * 9).most == 1.0
    assert drawn(drawing(385.0), drawing(NO), drawing(385.0)).most == 1.0


def test_the_most_is_kept_for_a_while() -> None:
    state = drawn(drawing(385.0), drawing(385.0))
    lower = draw(CARD, drawing(364.0), draw(CARD, drawing(364.0), state, 110.0), 111.0)
    assert lower.most == 1.1
    assert draw(CARD, drawing(300.0), lower, 100.0 + FORGET_S).most == 1.1
    assert draw(CARD, drawing(300.0), lower, 110.0 + FORGET_S).most == 1.0


def test_a_limit_that_has_just_come_down_is_not_held_against_it() -> None:
    """Watts are a mean, and a limit takes effect late."""
    state = draw(CARD, drawing(345.0), Draw(), 0.0)
    for tick in range(int(4 * LIMIT_S)):
        state = draw(CARD, drawing(345.0, limit_w=203.0), state, 50.0 + tick / 4)
    assert state.most == 1.0
    for tick in range(3):
        state = draw(CARD, drawing(223.3, limit_w=203.0), state, 50.0 + LIMIT_S + tick)
    assert state.most > 1.05


def shown(*processes: GpuProcess, use: Measured = 0.0, held: bool = False) -> list[bool]:
    """Whether somebody else is on it, second by second; from the 10th on nobody is."""
    state, found = Guests(), []
    for now in range(200):
        there = now < 10
        one = replace(reading(), utilisation=use if there else 0.0)
        state = guests(one, processes if there else (), held, state, float(now))
        found.append(state.there)
    return found


def test_a_process_of_somebody_else_that_holds_memory() -> None:
    found = shown(GpuProcess(7, "game", 0.6), GpuProcess(8, "game", 0.6), held=True)
    assert found.index(True) == SEEN_S
    assert found.count(True) == 9 + GONE_S - SEEN_S  # last seen at 9
    assert not any(shown(GpuProcess(7, "screen", 0.4), GpuProcess(8, "top", NO)))


def test_a_card_that_works_for_nobody_of_ours() -> None:
    assert any(shown(use=0.2))
    assert not any(shown(use=0.19))
    assert not any(shown(use=1.0, held=True))
    assert not any(shown(use=NO))
