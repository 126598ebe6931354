"""Who is looked at first, what a job must wait for before it is, and how long it takes.

Services, interactive jobs, batch by priority, then age. Of the same class and priority a job with a
deadline goes ahead once its latest start is near (an hour, or as long as it runs), the nearest
first; before that its deadline changes nothing. A deadline that cannot be met any more still puts
it ahead: late is better than later. One that keeps to certain hours has given its slack away, so
its deadline, or that of somebody who comes after it, counts from the beginning.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import lru_cache, partial
from operator import attrgetter

from tenfold.terms.box import Slot
from tenfold.terms.decision import Wait
from tenfold.terms.job import Job, Kind, When, worked_s
from tenfold.terms.states import State

RANK = {Kind.SERVICE: 0, Kind.INTERACTIVE: 1, Kind.BATCH: 2}
NEAR_S = 3600.0
NAMED = 4  # children that a sentence names
NOT_DUE: Mapping[str, float] = {}


def order(
    job: Job, now: float = -math.inf, by: Mapping[str, float] = NOT_DUE
) -> tuple[object, ...]:
    """Sorts jobs: who is looked at first. Ids sort as numbers, children behind their parent. `by`
    tells when jobs are `hours.due`, where any of them keeps to hours."""
    spec = job.spec
    due_s = by.get(job.id, spec.deadline_s)
    if due_s is not None:
        lasts_s = time_left_s(job)
        known_s = 0.0 if lasts_s == math.inf else lasts_s
        latest_s = due_s - known_s
        kept = spec.when is not When.ANYTIME
        if kept or latest_s - now <= max(NEAR_S, known_s):
            return (RANK[spec.kind], -spec.priority, 0, latest_s, _parts(job.id))
    return (RANK[spec.kind], -spec.priority, 1, job.submitted_s, _parts(job.id))


def in_order(jobs: Iterable[Job], now: float, by: Mapping[str, float] = NOT_DUE) -> list[Job]:
    """Sorted by `order`; without deadlines by passes that are several times faster."""
    jobs = list(jobs)
    if any(job.spec.deadline_s is not None for job in jobs):
        return sorted(jobs, key=partial(order, now=now, by=by))
    jobs.sort(key=lambda job: _parts(job.id))
    jobs.sort(key=attrgetter("submitted_s"))
    jobs.sort(key=attrgetter("spec.priority"), reverse=True)
    jobs.sort(key=lambda job: RANK[job.spec.kind])
    return jobs


@lru_cache(maxsize=1 << 15)
def _parts(id: str) -> tuple[tuple[int, int, str], ...]:
    return tuple((0, int(p), "") if p.isdecimal() else (1, 0, p) for p in id.split("."))


def waits_for(job: Job, open_ids: set[str], now: float) -> Wait | None:
    """What holds a job back before any slot is looked at; None where nothing does."""
    spec = job.spec
    if spec.not_before_s is not None and spec.not_before_s > now:
        return Wait(job.id, "Its earliest start is still to come.", (), spec.not_before_s)
    if not spec.after and not job.awaits:
        return None
    before = [id for id in spec.after if id in open_ids]
    if before:
        why = f"It waits for job{'s' if len(before) > 1 else ''} {', '.join(before)}."
        return Wait(job.id, why)
    if children := job.awaits:  # the engine takes out those that are over
        some = f"{', '.join(children[:NAMED])}{', ...' if len(children) > NAMED else ''}"
        return Wait(job.id, f"It waits for {len(children)} of its children: {some}.")
    return None


def time_s(job: Job) -> float:
    """Expected run time of what is left, on a slot of factor 1; inf where nobody knows, and for a
    service, which never ends by itself."""
    return math.inf if job.spec.kind is Kind.SERVICE else time_left_s(job)


def time_left_s(job: Job) -> float:
    told_s = job.spec.needs.time_s
    if told_s is None:
        return math.inf
    return told_s if job.done is None else told_s * (1.0 - job.done)


def held_until(job: Job, slot: Slot, now: float, pace: float = 1.0) -> float:
    """When `job` should leave the slot that it has or is given now, if power caps never let it
    come down below `pace` of its full speed.

    One beyond its time, or one that was asked to stop, should leave at any moment.
    """
    if job.state is State.YIELDING:
        return now
    lasts_s = time_s(job) * slot.factor
    begins_s = now if job.started_s is None or job.state is State.QUEUED else job.started_s
    begins_s += slot.carve_s
    if job.pace is None and pace == 1.0:
        return max(now, begins_s + lasts_s)
    if job.state is not State.QUEUED:
        lasts_s = max(0.0, lasts_s - worked_s(job, now))
    return max(now, begins_s) + lasts_s / pace
