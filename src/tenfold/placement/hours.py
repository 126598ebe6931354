"""The hours in which a job may run: `--when cheap`, `night`, `quiet-ok`.

*night* and *quiet-ok* (outside the quiet hours) name hours of the budget's steps. A job that
continues from a checkpoint runs in them and leaves when they end; any other one starts where it
will also end in them, and where they are too short for it at their beginning.

*cheap* looks at what is left of the job and at the prices until it should be done. A job that
continues from a checkpoint runs in the cheapest hours that together are long enough. Any other one
starts at the moment from which its energy costs least. Without a deadline it should be done within
two days of its submit, or within three times its time.

A deadline goes before hours: from the last moment on at which it can be kept, with some margin, a
job may run whatever the hour. So may one that others with a deadline come after. And who leaves
for the hour may find its place taken: one with a deadline leaves only with half a day to spare.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence

from tenfold.placement.power import WORTH_PAUSES, may_leave
from tenfold.placement.queue import time_left_s
from tenfold.terms.budget import Budget, BudgetStep
from tenfold.terms.decision import Wait, Yield
from tenfold.terms.job import Job, When, worked_s
from tenfold.terms.states import State

PATIENCE_S = 48 * 3600.0  # a cheap job without a deadline should be done so long after its submit,
PATIENCE = 3.0  # or after so many times its time
MARGIN, MARGIN_S = 1.25, 2 * 3600.0  # of a job's time, that a deadline is given room by
SPARE_S = 12 * 3600.0
SHORT_S = 600.0  # hours that are nearly over are none to start in
UNKNOWN_S = 4 * 3600.0  # the time of a job that nobody knows, where hours are chosen by it

_Hour = tuple[float, float, BudgetStep]  # from, until, the step


def due(jobs: Sequence[Job], now: float) -> dict[str, float]:
    """By when each has to be done, where it or somebody that comes after it has a deadline."""
    found = {job.id: job.spec.deadline_s for job in jobs if job.spec.deadline_s is not None}
    by_id = {job.id: job for job in jobs}
    asked = [job for job in jobs if job.id in found]
    while asked:
        job = asked.pop()
        before_s = _latest_s(found[job.id], _left_s(job, now))
        for id in job.spec.after:
            if id in by_id and before_s < found.get(id, math.inf):
                found[id] = before_s
                asked.append(by_id[id])
    return found


def waits_for_hours(job: Job, budget: Budget, now: float, by_s: float | None) -> Wait | None:
    """Why a job may not start yet, and when it may; None where it may now. `by_s` is when it is
    `due`."""
    opens_s = opens(job, budget, now, by_s)
    if opens_s <= now:
        return None
    expected_s = None if opens_s == math.inf else opens_s
    return Wait(job.id, _why(job, budget, now, opens_s), (), expected_s)


def closing(
    live: Sequence[Job],
    budget: Budget,
    by: Mapping[str, float],
    leaving: Collection[str],
    now: float,
) -> tuple[Yield, ...]:
    """Running jobs whose hours are over, and for whom it is worth to leave."""
    found = []
    for job in live:
        if job.spec.when is When.ANYTIME or job.state is not State.RUNNING or job.id in leaving:
            continue
        if not may_leave(job) or not _worth_leaving(job, now):
            continue
        by_s = by.get(job.id)
        opens_s = opens(job, budget, now, by_s)
        if by_s is not None and _latest_s(by_s, _left_s(job, now)) - opens_s < SPARE_S:
            continue
        if opens_s > now:
            found.append(Yield(job.id, _why(job, budget, now, opens_s)))
    return tuple(found)


def opens(job: Job, budget: Budget, now: float, by_s: float | None = None) -> float:
    """When a job may start, or a running one may go on; `now` where it may at once."""
    left_s = _left_s(job, now)
    latest_s = math.inf
    if by_s is None and job.spec.when is When.CHEAP:
        by_s = job.submitted_s + max(PATIENCE_S, PATIENCE * left_s)
    if by_s is not None:
        latest_s = _latest_s(by_s, left_s)
    if now >= latest_s:
        return now
    if job.spec.when is When.CHEAP and by_s is not None:
        opens_s = _cheap(job, budget, now, left_s, by_s)
    else:
        opens_s = _named(job, list(_spans(job.spec.when, budget, now)), now, left_s)
    return min(opens_s, latest_s)


def _suits(when: When, step: BudgetStep) -> bool:
    return step.night if when is When.NIGHT else not step.quiet


def _named(job: Job, spans: Sequence[tuple[float, float]], now: float, left_s: float) -> float:
    """The first moment in the hours that suit."""
    # The last step of a budget holds for ever: how long its hours are nobody knows.
    known = [until_s - from_s for from_s, until_s in spans if until_s < math.inf]
    longest_s = max(known, default=math.inf)
    for from_s, until_s in spans:
        begin_s = max(from_s, now)
        if may_leave(job):
            least_s = 0.0 if job.state is State.RUNNING else min(left_s, SHORT_S)
        elif left_s <= longest_s:
            least_s = left_s
        else:  # too long for any of them: their beginning is the best that there is
            least_s = longest_s - SHORT_S
        if until_s - begin_s >= least_s:
            return begin_s
    return math.inf


def _spans(when: When, budget: Budget, now: float) -> Iterator[tuple[float, float]]:
    """Hours that suit, from now or before it, without the borders between them."""
    ends = [step.start_s for step in budget.steps[1:]] + [math.inf]
    begun: float | None = None
    for step, end_s in zip(budget.steps, ends, strict=True):
        if not _suits(when, step):
            begun = None
            continue
        begun = step.start_s if begun is None else begun
        following = budget.at(end_s)
        if end_s > now and (end_s == math.inf or not _suits(when, following)):
            yield begun, end_s


def _cheap(job: Job, budget: Budget, now: float, left_s: float, by_s: float) -> float:
    hours = [one for one in _hours(budget, now, by_s) if one[2].price_kwh is not None]
    prices = {step.price_kwh for _, _, step in hours}
    if len(prices) < 2:
        return now
    if may_leave(job):
        dearest = _dearest(hours, MARGIN * left_s)
        for from_s, until_s, step in hours:
            # Of an hour that is nearly over something is lost to starting.
            short = job.state is not State.RUNNING and until_s - max(now, from_s) < SHORT_S
            if _price(step) <= dearest and not short:
                return max(now, from_s)
        return now
    starts = [now, *(from_s for from_s, _, _ in hours if now < from_s)]
    starts = [at_s for at_s in starts if at_s + left_s <= by_s] or [now]
    return min(starts, key=lambda at_s: (_cost(hours, at_s, at_s + left_s), at_s))


def _dearest(hours: Sequence[_Hour], needed_s: float) -> float:
    """The price of the dearest hour that a job of this length needs, of the cheapest there are."""
    price = -math.inf
    for from_s, until_s, step in sorted(hours, key=lambda one: (_price(one[2]), one[0])):
        price = _price(step)
        needed_s -= until_s - from_s
        if needed_s <= 0:
            break
    return price


def _cost(hours: Sequence[_Hour], from_s: float, until_s: float) -> float:
    """Of a steady draw, in price seconds."""
    return sum(
        _price(step) * max(0.0, min(until_s, end_s) - max(from_s, start_s))
        for start_s, end_s, step in hours
    )


def _price(step: BudgetStep) -> float:
    return step.price_kwh or 0.0


def _hours(budget: Budget, now: float, until_s: float) -> Iterator[_Hour]:
    """The steps from now on, cut at both ends; the last of them may have no end."""
    ends = [step.start_s for step in budget.steps[1:]] + [math.inf]
    for step, end_s in zip(budget.steps, ends, strict=True):
        from_s, to_s = max(step.start_s, now), min(end_s, until_s)
        if to_s > from_s:
            yield from_s, to_s, step


def _left_s(job: Job, now: float) -> float:
    """What is left of its time on its slot; a guess where nobody knows it."""
    left_s = time_left_s(job)
    if left_s == math.inf:
        return UNKNOWN_S
    if job.state is State.RUNNING and job.slot is not None:
        return max(0.0, left_s - worked_s(job, now) / job.slot.factor)
    return left_s


def _latest_s(by_s: float, left_s: float) -> float:
    """From when on the hour does not matter any more."""
    return by_s - MARGIN * left_s - MARGIN_S


def _worth_leaving(job: Job, now: float) -> bool:
    least_s = WORTH_PAUSES * job.spec.needs.pause_s
    started_s = now if job.started_s is None else job.started_s
    return _left_s(job, now) > least_s and now - started_s >= job.spec.needs.pause_s


def _why(job: Job, budget: Budget, now: float, opens_s: float) -> str:
    if job.spec.when is When.NIGHT:
        return "It waits for the night."
    if job.spec.when is When.QUIET_OK:
        return "It waits for the end of the quiet hours."
    if opens_s == math.inf:
        return "It waits for cheaper hours."
    price, then = budget.at(now).price_kwh, budget.at(opens_s).price_kwh
    if price is None or then is None or then >= price:
        return "It waits for hours in which all of it costs less."
    return f"It waits for cheaper hours: {then:g} instead of {price:g} a kWh."
