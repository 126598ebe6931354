"""Watts over time, of the box and of each job, from sums that are made by hand."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from engine.test_energy import on

from tenfold.engine.drawn import POINTS, JobWatts, WattsPoint, drawn, with_drawn
from tenfold.engine.energy import Key
from tenfold.terms.energy import HOST, IDLE, Basis, Drawn, Energy

COUNTER, MODELLED, READING, UNKNOWN = Basis.COUNTER, Basis.MODELLED, Basis.READING, Basis.UNKNOWN


def energy(joules: float, seconds: float, gpu_s: float = 0.0) -> Energy:
    return Energy(joules, gpu_s=gpu_s, seconds=seconds)


def test_cards_and_host_together() -> None:
    sums: dict[Key, Energy] = {
        (0, "7", COUNTER): energy(600.0, 2.0, 2.0),
        (0, IDLE, READING): energy(100.0, 2.0, 2.0),
        (0, HOST, MODELLED): energy(1000.0, 2.0),
        (0, "8", UNKNOWN): energy(0.0, 2.0),  # a CPU share: its watts are in the host's
    }
    found = drawn(sums, 119.5, 121.5)
    assert found == Drawn(60, 2.0, 1700.0, MODELLED) and found.watts == 850.0


def test_what_is_not_known_is_said_and_is_never_zero() -> None:
    host = {(0, HOST, UNKNOWN): energy(0.0, 2.0)}
    cards = {(0, "7", COUNTER): energy(600.0, 2.0, 2.0)}
    assert drawn({**host, **cards}, 0, 2) == Drawn(0, 2, 600.0, UNKNOWN)
    assert drawn(host, 0, 2).watts is None
    # Of a CPU alone, what a job says of itself is not what the box draws.
    share = {(0, "8", MODELLED): energy(50.0, 2.0)}
    assert drawn({**host, **share}, 0, 2).joules is None


def test_a_minute_adds_up_and_a_long_look_is_one_row() -> None:
    rows = with_drawn({}, [drawn({(0, HOST, COUNTER): energy(10.0, 1.0)}, 60, 61)] * 3)
    assert rows == {60: Drawn(60, 3.0, 30.0, COUNTER)}
    rows = with_drawn(rows, [Drawn(60, 1.0, None, UNKNOWN)])
    assert rows[60] == Drawn(60, 4.0, None, UNKNOWN)
    day = drawn({(0, HOST, MODELLED): energy(8.64e6, 86_400.0)}, 0, 86_400)
    assert day == Drawn(0, 86_400, 8.64e6, MODELLED) and day.watts == 100.0


class Curve:
    """One job, drawing 300 W, looked at every so often."""

    def __init__(self) -> None:
        self.watts = JobWatts()
        self.now_s = 1000.0
        self.found: list[WattsPoint] = []

    def look(self, seconds: float, watts: float | None = 300.0, **more: Any) -> None:
        basis = UNKNOWN if watts is None else COUNTER
        self.now_s += seconds
        sums = {(0, "7", basis): energy((watts or 0.0) * seconds, seconds, seconds)}
        one = on("7", from_s=1000.0)
        stay = more.get("stay", [("7", 1)])
        self.found += self.watts.take(sums, [one], stay, more.get("ends", {}), self.now_s)


def test_a_point_a_minute_and_one_at_the_end() -> None:
    curve = Curve()
    for _ in range(130):
        curve.look(1.0)
    assert [point.at_s for point in curve.found] == [1060.0, 1120.0]
    curve.look(1.0, 100.0, stay=(), ends={"7": 1130.5})
    assert curve.found[-1].at_s == 1130.5
    assert [point.watts for point in curve.found[:2]] == [300.0, 300.0]
    assert curve.found[-1].watts == pytest.approx((10 * 300.0 + 100.0) / 11)
    assert curve.watts.take({}, [], [], {}, 2000.0) == []


def test_a_time_of_which_nobody_knows_has_no_point() -> None:
    curve = Curve()
    curve.look(40.0)
    curve.look(30.0, None)
    assert curve.found == []
    curve.look(60.0)
    assert [point.watts for point in curve.found] == [300.0]


def test_a_month_is_no_more_points_than_can_be_drawn() -> None:
    curve = Curve()
    for _ in range(43_200):
        curve.look(60.0)
    assert POINTS < len(curve.found) < 8 * POINTS
    gaps = [after.at_s - before.at_s for before, after in pairwise(curve.found)]
    assert gaps[0] == 60.0 and gaps[-1] <= 43_200 * 60 / POINTS + 60
