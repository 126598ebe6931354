"""`benchmarks/replay.py`: its judge on records by hand, some patterns, faults that it catches."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import replay  # noqa: E402
from replay_judge import GRACE_S, TRIPS_AT, allowed, judged  # noqa: E402

HOUR_S = 3600.0
CIRCUIT = {"volts": 208.0, "amps": 30.0, "phases": 1, "supplies": 4}
SITE: dict[str, Any] = {
    "circuits": [CIRCUIT],
    "supplies": 4,
    "supply_w": 2700.0,
    "efficiency": 0.94,
    "quiet": [{"from_min": 22 * 60, "until_min": 7 * 60, "watts": 3900.0}],
}


def record(*draws: tuple[float, float], until_h: float, faults: Any = (), **site: Any) -> Any:
    """`draws` in hours and watts."""
    return {
        "site": {**SITE, **site},
        "draws": [(at_h * HOUR_S, watts) for at_h, watts in draws],
        "faults": list(faults),
        "end_s": until_h * HOUR_S,
    }


def test_the_judge_knows_nothing_of_tenfold() -> None:
    tree = ast.parse((BENCHMARKS / "replay_judge.py").read_text())
    named = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    named |= {
        one.name for node in ast.walk(tree) if isinstance(node, ast.Import) for one in node.names
    }
    assert named == {"__future__", "dataclasses", "itertools", "math", "typing"}


def test_what_is_allowed_follows_the_clock() -> None:
    told = record((12.0, 0.0), until_h=36.0)
    assert allowed(told, 21.99 * HOUR_S) == pytest.approx(208 * 30 * 0.8)
    assert allowed(told, 22.0 * HOUR_S) == allowed(told, 30.99 * HOUR_S) == 3900.0
    assert allowed(told, 31.0 * HOUR_S) == pytest.approx(4992.0)
    phases = {**CIRCUIT, "phases": 3}
    assert allowed(record((0.0, 0.0), until_h=1.0, circuits=[phases]), 12 * HOUR_S) == (
        pytest.approx(208 * 30 * 0.8 * 3**0.5)
    )


def test_a_lost_supply_leaves_less_and_more_on_its_neighbours() -> None:
    two = [{**CIRCUIT, "amps": 20.0, "supplies": 2}] * 2
    lost = {"kind": "supply", "card": "", "from_s": 10 * HOUR_S, "until_s": 99 * HOUR_S}
    told = record((9.0, 0.0), until_h=12.0, circuits=two, faults=[lost])
    assert allowed(told, 9.5 * HOUR_S) == pytest.approx(2 * 208 * 20 * 0.8)
    assert allowed(told, 10.5 * HOUR_S) == pytest.approx(208 * 20 * 0.8 / (2 / 3))


def test_every_watt_second_over_a_step_of_the_clock_is_counted() -> None:
    kept = judged(record((12.0, 4992.0), (22.0, 3900.0), until_h=23.0))
    assert (kept.over_ws, kept.late_ws, kept.wrong) == (0.0, 0.0, [])
    late = judged(record((12.0, 4992.0), (22.0 + 2.0 / HOUR_S, 3900.0), until_h=23.0))
    assert late.over_ws == pytest.approx(2.0 * (4992.0 - 3900.0)) and late.wrong
    assert late.longest_s == pytest.approx(2.0)


def test_what_a_reading_alone_can_tell_has_its_grace_and_no_more() -> None:
    fault = {"kind": "overshoot", "card": "gpu0", "from_s": 13 * HOUR_S, "until_s": 20 * HOUR_S}
    grace_h = GRACE_S / HOUR_S
    soon = record(
        (12.0, 4900.0), (13.0, 5000.0), (13.0 + grace_h, 4900.0), until_h=14.0, faults=[fault]
    )
    found = judged(soon)
    assert not found.wrong and found.excused_ws == pytest.approx(8.0 * GRACE_S)
    later = record((12.0, 4900.0), (13.0, 5000.0), (13.5, 4900.0), until_h=14.0, faults=[fault])
    found = judged(later)
    assert found.wrong and found.late_ws == pytest.approx(8.0 * (0.5 * HOUR_S - GRACE_S))
    # A call that fails is no excuse: the clock has told in time what was to come.
    fails = {**fault, "kind": "fail"}
    assert judged({**soon, "faults": [fails]}).over_ws == pytest.approx(8.0 * GRACE_S)


def test_a_breaker_holds_what_it_is_rated_for_and_trips_at_a_third_more() -> None:
    rated = judged(record((0.0, 6240.0), until_h=20.0))
    assert rated.breaker == pytest.approx(1.0) and rated.breaker < TRIPS_AT
    more = judged(record((0.0, 1.35 * 6240.0), until_h=92.0 / HOUR_S))
    assert more.breaker >= TRIPS_AT and "a breaker trips" in more.wrong
    assert judged(record((0.0, 1.35 * 6240.0), until_h=88.0 / HOUR_S)).breaker < TRIPS_AT


def test_some_patterns_are_kept() -> None:
    for number in range(6):
        found, ticks, starts, _ = replay.one(number)
        assert found.wrong == [] and ticks > 50 and starts > 0


@pytest.mark.parametrize(("planted", "number"), [("late", 7), ("lead", 4), ("denied", 65)])
def test_a_fault_in_the_controller_is_caught(planted: str, number: int) -> None:
    told = replay.summary(range(number, number + 1), 1, planted)
    assert told["wrong"] == 1 and told["over_ws"] + told["late_ws"] > 0
