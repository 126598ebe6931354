"""Cheap hours, nights, and hours that are not quiet."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tenfold.placement.decide import decide
from tenfold.placement.hours import MARGIN, MARGIN_S, PATIENCE_S, due, opens
from tenfold.placement.simulate import Arrival, simulate
from tenfold.terms.budget import Budget, BudgetStep
from tenfold.terms.job import Job, When
from tests.placement.worlds import gpus, job, on, started, wait_of

HOUR = 3600.0
DAY = 24 * HOUR


def budget(days: int = 8) -> Budget:
    """From midnight on: 0.10 from 22 to 6, 0.40 from 17 to 20, else 0.25; night and quiet from 22
    to 6."""
    steps = []
    for day in range(days):
        at = day * DAY
        steps += [
            BudgetStep(at, math.inf, 0.10, night=True, quiet=True),
            BudgetStep(at + 6 * HOUR, math.inf, 0.25),
            BudgetStep(at + 17 * HOUR, math.inf, 0.40),
            BudgetStep(at + 20 * HOUR, math.inf, 0.25),
            BudgetStep(at + 22 * HOUR, math.inf, 0.10, night=True, quiet=True),
        ]
    return Budget(tuple(steps))


def timed(
    when: When,
    hours: float | None,
    *,
    resumes: bool = True,
    by: float | None = None,
    asked: float = 0.0,
) -> Job:
    told_s = None if hours is None else hours * HOUR
    found = job("1", gpus=1, time_s=told_s, resumes=resumes, submitted_s=asked)
    return replace(found, spec=replace(found.spec, when=when, deadline_s=by))


def begins(asked: Job, now: float, known: Budget | None = None) -> float:
    return opens(asked, known or budget(), now, due([asked], now).get(asked.id))


def test_any_time_is_now() -> None:
    decision = decide(gpus(1), budget(), [timed(When.ANYTIME, 1.0)], 12 * HOUR)
    assert started(decision)


@pytest.mark.parametrize("resumes", [True, False])
def test_a_night_job_waits_for_the_night_and_is_told_when_it_comes(resumes: bool) -> None:
    wants = timed(When.NIGHT, 2.0, resumes=resumes)
    decision = decide(gpus(1), budget(), [wants], 12 * HOUR)
    assert not decision.starts
    assert wait_of(decision, "1").why == "It waits for the night."
    assert wait_of(decision, "1").expected_s == 22 * HOUR
    assert decide(gpus(1), budget(), [wants], 22 * HOUR).starts


def test_one_that_cannot_leave_starts_where_it_ends_in_the_night() -> None:
    wants = timed(When.NIGHT, 3.0, resumes=False)
    assert begins(wants, 2.9 * HOUR) == 2.9 * HOUR
    assert begins(wants, 3.1 * HOUR) == 22 * HOUR
    # Ten hours end in no night: then its beginning is the best there is.
    long = timed(When.NIGHT, 10.0, resumes=False)
    assert begins(long, 1 * HOUR) == 22 * HOUR
    assert begins(long, 22 * HOUR + 300) == 22 * HOUR + 300


def test_one_that_can_leave_starts_also_late_in_the_night_and_leaves_with_it() -> None:
    wants = timed(When.NIGHT, 3.0)
    assert begins(wants, 5.5 * HOUR) == 5.5 * HOUR
    assert begins(wants, 5.9 * HOUR) == 22 * HOUR, "ten minutes are not worth a start"
    box = gpus(1)
    running = on(box, wants, "gpu0", started_s=4 * HOUR)
    assert decide(box, budget(), [running], 5.99 * HOUR).yields == ()
    left = decide(box, budget(), [running], 6 * HOUR).yields
    assert [one.job for one in left] == ["1"]
    assert left[0].why == "It waits for the night."


def test_quiet_ok_is_outside_the_quiet_hours() -> None:
    wants = timed(When.QUIET_OK, 2.0)
    assert begins(wants, 3 * HOUR) == 6 * HOUR
    assert begins(wants, 12 * HOUR) == 12 * HOUR


def test_cheap_hours_are_the_cheapest_that_are_long_enough() -> None:
    # Two hours fit into the night, which is cheaper than the noon at which it is asked for.
    assert begins(timed(When.CHEAP, 2.0, asked=12 * HOUR), 12 * HOUR) == 22 * HOUR
    # Twenty-eight hours within two days need more than the nights, but not the evenings.
    long = timed(When.CHEAP, 28.0, by=12 * HOUR + 48 * HOUR)
    assert begins(long, 12 * HOUR) == 12 * HOUR
    assert begins(long, 18 * HOUR) == 20 * HOUR


def test_one_that_cannot_leave_starts_where_all_of_it_costs_least() -> None:
    wants = timed(When.CHEAP, 9.0, resumes=False, asked=12 * HOUR)
    # Eight of its nine hours in the night, the ninth before or after: the earliest such start.
    assert begins(wants, 12 * HOUR) == 22 * HOUR


def test_a_deadline_goes_before_cheap_hours() -> None:
    wants = timed(When.CHEAP, 2.0, by=20 * HOUR)
    latest = 20 * HOUR - MARGIN * 2.0 * HOUR - MARGIN_S
    assert begins(wants, latest + 1.0) == latest + 1.0
    assert begins(wants, 12 * HOUR) == 12 * HOUR, "before five it is as cheap as it gets"
    assert begins(replace(wants, spec=replace(wants.spec, when=When.NIGHT)), latest) == latest


def test_one_that_others_with_a_deadline_come_after_is_due_before_them() -> None:
    first = timed(When.CHEAP, 2.0)
    then = timed(When.CHEAP, 4.0, by=30 * HOUR)
    then = replace(then, id="2", spec=replace(then.spec, after=("1",)))
    last = replace(then, id="3", spec=replace(then.spec, after=("2",), deadline_s=33 * HOUR))
    by = due([first, then, last], 0.0)
    assert by["2"] == 33 * HOUR - MARGIN * 4 * HOUR - MARGIN_S < 30 * HOUR
    assert by["1"] == by["2"] - MARGIN * 4 * HOUR - MARGIN_S
    assert opens(first, budget(), 12 * HOUR, by["1"]) == 12 * HOUR
    assert opens(first, budget(), 12 * HOUR) == 22 * HOUR


def test_without_a_deadline_a_cheap_job_does_not_wait_for_ever() -> None:
    falling = Budget(tuple(BudgetStep(n * HOUR, math.inf, 1.0 / (n + 1)) for n in range(24 * 8)))
    wants = timed(When.CHEAP, 1.0)
    record = simulate(gpus(1), falling, [Arrival("1", wants.spec, 0.0)])
    assert record.ended_s["1"] <= PATIENCE_S


def test_no_prices_or_one_price_is_any_time() -> None:
    for price in (None, 0.3):
        flat = Budget((BudgetStep(0.0, math.inf, price),))
        assert begins(timed(When.CHEAP, 2.0), 100.0, flat) == 100.0


def test_negative_prices_are_cheap() -> None:
    steps = (BudgetStep(0.0, math.inf, 0.2), BudgetStep(5 * HOUR, math.inf, -0.05))
    assert begins(timed(When.CHEAP, 2.0), 0.0, Budget(steps)) == 5 * HOUR


def test_a_cheap_job_runs_in_pieces_and_pays_the_night_price() -> None:
    at_s, by_s = 12 * HOUR, 72 * HOUR
    wants = timed(When.CHEAP, 12.0, by=by_s)
    plain = replace(wants.spec, when=When.ANYTIME)
    # A step that changes nothing keeps both clocks going to the same end.
    priced = Budget((*budget(3).steps, BudgetStep(by_s, math.inf, 0.10)))
    cheap = simulate(gpus(1), priced, [Arrival("1", wants.spec, at_s)])
    at_once = simulate(gpus(1), priced, [Arrival("1", plain, at_s)])
    assert cheap.ended_s["1"] <= by_s
    assert [stay.start_s for stay in cheap.stays] == [22 * HOUR, 46 * HOUR]
    assert cheap.cost is not None and at_once.cost is not None
    # 300 W above idle: at once five hours at 0.25, three at 0.40, two at 0.25 and two in the night;
    # in pieces all twelve in nights, and its pause after the first.
    at_once_cost = 0.3 * (5 * 0.25 + 3 * 0.40 + 2 * 0.25 + 2 * 0.10)
    cheap_cost = 0.3 * 12 * 0.10
    pause_cost = 0.3 * wants.spec.needs.pause_s / HOUR * 0.25
    assert at_once.cost - cheap.cost == pytest.approx(at_once_cost - cheap_cost - pause_cost)


def test_with_little_to_spare_it_runs_on() -> None:
    wants = timed(When.CHEAP, 12.0, by=60 * HOUR)
    record = simulate(gpus(1), budget(), [Arrival("1", wants.spec, 12 * HOUR)])
    assert [stay.start_s for stay in record.stays] == [22 * HOUR]


def test_many_cheap_jobs_of_unknown_time_still_end() -> None:
    arrivals = [
        Arrival(str(n), replace(timed(When.CHEAP, None).spec), 0.0, lasts_s=2 * HOUR)
        for n in range(6)
    ]
    record = simulate(gpus(2), budget(), arrivals)
    assert len(record.ended_s) == 6


def test_one_that_waits_at_a_cheap_price_is_told_why() -> None:
    """All of it costs less in the next night, of which there is enough."""
    wants = timed(When.CHEAP, 3.0, resumes=False, asked=4 * HOUR)
    told = wait_of(decide(gpus(1), budget(), [wants], 4 * HOUR), "1")
    assert told.why == "It waits for hours in which all of it costs less."
    dear = wait_of(decide(gpus(1), budget(), [wants], 17 * HOUR), "1")
    assert dear.why == "It waits for cheaper hours: 0.1 instead of 0.4 a kWh."
