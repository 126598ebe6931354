"""decide(): what should be done now with the box, and why each waiting job waits.

Pure and deterministic: the order in which the jobs are given does not matter, and no clock is read.
Order: services, interactive jobs, batch by priority, then age. Jobs are looked at in that order;
each starts if a slot is free, the worst-case watts stay inside the budget for as long as it runs,
and no reservation of an earlier job suffers (`reserve`). The engine carries it out in this order:
lower caps, yields, starts, higher caps.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from tenfold.placement.explain import Block, Cause, Places, why
from tenfold.placement.fits import Extent, fits
from tenfold.placement.power import Watts, caps, watts_of, yields
from tenfold.placement.reserve import Outlook, Reservation, reserve
from tenfold.placement.slots import Hold, Occupancy
from tenfold.terms.box import Box, DeviceKind, Slot
from tenfold.terms.budget import Budget
from tenfold.terms.decision import Decision, Start, Wait
from tenfold.terms.job import Job, Kind
from tenfold.terms.needs import Needs
from tenfold.terms.states import LIVE, State

__all__ = ["decide", "fits", "order"]  # `fits` is asked at submit, beside `decide`

RANK = {Kind.SERVICE: 0, Kind.INTERACTIVE: 1, Kind.BATCH: 2}


def decide(box: Box, budget: Budget, jobs: Sequence[Job], now: float) -> Decision:
    """The decision for `now`. `jobs` are all that have not ended: live, waiting, paused, asleep."""
    ordered = sorted(jobs, key=order)
    live = [job for job in ordered if job.state in LIVE]
    table = _Table(box, budget, now, live)
    asked = yields(table.watts, budget, live, table.holds, now)
    # Whoever is open has not succeeded, so a job that waits for it waits on.
    open_ids = {job.id for job in jobs}
    starts: list[Start] = []
    dependent: list[Wait] = []
    blocked: list[tuple[Job, Block]] = []
    for job in ordered:
        if job.state is not State.QUEUED:
            continue
        reason = _waits_for(job, open_ids)
        if reason:
            dependent.append(Wait(job.id, reason))
            continue
        found = table.place(job)
        if isinstance(found, Slot):
            starts.append(Start(job.id, found))
        else:
            blocked.append((job, found))
    return Decision(
        starts=tuple(starts),
        yields=asked,
        caps=caps(box, table.watts, budget, table.holds, now),
        waits=(*dependent, *table.waits(blocked)),
    )


def order(job: Job) -> tuple[object, ...]:
    """Sorts jobs: who is looked at first. Ids sort as numbers, children behind their parent."""
    spec = job.spec
    parts = [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in job.id.split(".")]
    return (RANK[spec.kind], -spec.priority, job.submitted_s, parts)


def _waits_for(job: Job, open_ids: set[str]) -> str:
    if not job.spec.after and not job.awaits:
        return ""
    before = [id for id in job.spec.after if id in open_ids]
    if before:
        return f"It waits for job{'s' if len(before) > 1 else ''} {', '.join(before)}."
    if children := job.awaits:  # the engine takes out those that are over
        some = f"{', '.join(children[:4])}{', ...' if len(children) > 4 else ''}"
        return f"It waits for {len(children)} of its children: {some}."
    return ""


class _Table:
    """The seats while a decision is made: what is held, what is promised, what was in vain."""

    def __init__(self, box: Box, budget: Budget, now: float, live: Sequence[Job]) -> None:
        self.box, self.budget, self.now = box, budget, now
        self.watts = watts_of(box)
        self.occupied = Occupancy(box)
        self.holds: list[Hold] = []
        self.promised: dict[DeviceKind, Reservation] = {}
        # While a decision is made, room only shrinks: what had no slot once has none later.
        self.vain: dict[tuple[object, ...], Block] = {}
        self.extent = Extent(box)
        for job in live:
            if job.slot is not None:
                self._take(_hold(job, job.slot, self.watts, now))

    def _take(self, hold: Hold) -> None:
        self.holds.append(hold)
        self.occupied.take(hold)
        for promise in self.promised.values():
            promise.charge(hold)

    def place(self, job: Job) -> Slot | Block:
        """Its slot, which is taken from now on; or why there is none, with a promise if it is
        the first of its kind."""
        key = _alike(job)
        known = self.vain.get(key)
        if known is not None:
            return known
        found = self._look(job)
        if isinstance(found, Slot):
            self._take(_hold(job, found, self.watts, self.now))
        elif found.cause in (Cause.SLICE, Cause.NEVER) or _kind(found.needs) in self.promised:
            self.vain[key] = found
        else:
            self._promise(job)
        return found

    def _promise(self, job: Job) -> None:
        other = next(iter(self.promised.values()), None)
        outlook = Outlook(self.box, self.watts, self.budget, self.holds, other, self.now)
        promise = reserve(outlook, job.id, job.spec.needs, _time_s(job))
        if promise is not None:
            self.promised[_kind(job.spec.needs)] = promise

    def _look(self, job: Job) -> Slot | Block:
        needs = job.spec.needs
        if needs.slice is not None:
            return Block(needs, Cause.SLICE)
        slot = self.occupied.slot(needs)
        if slot is None:
            return Block(needs, Cause.BUSY if self.extent.holds(needs) else Cause.NEVER)
        end_s = self.now + _time_s(job)
        promise = self.promised.get(_kind(needs))
        if promise is not None:
            # What is not kept comes first, even for a job that would end in time: it may be late.
            beside = self.occupied.slot(needs, promise.kept, promise.spare)
            if beside is None and not promise.outlasts(end_s):
                return Block(needs, Cause.AHEAD, ahead=promise.job)
            slot = beside or slot
        extra_w = self.watts.extra_w(slot, needs)
        load_w = self.watts.load_w(self.holds) + extra_w
        limit_w = self.budget.lowest_w(self.now, end_s)
        if load_w > limit_w:
            return Block(needs, Cause.WATTS, load_w=load_w, limit_w=limit_w)
        for other in self.promised.values():
            if not other.leaves_watts(extra_w, end_s):
                return Block(needs, Cause.AHEAD, ahead=other.job)
        return slot

    def waits(self, blocked: Sequence[tuple[Job, Block]]) -> list[Wait]:
        """The words, once it is known who sits where."""
        kept = {device: p.job for p in self.promised.values() for device in p.kept}
        expected = {
            promise.job: promise.start_s
            for promise in self.promised.values()
            if self.now < promise.start_s < math.inf
        }
        places = Places(self.occupied, kept)
        words = {
            block: (why(self.box, self.occupied, block), places.of(block))
            for block in {block: None for _, block in blocked}
        }
        return [Wait(job.id, *words[block], expected.get(job.id)) for job, block in blocked]


def _alike(job: Job) -> tuple[object, ...]:
    """Jobs with the same answer here are the same to placement."""
    needs = job.spec.needs
    service = job.spec.kind is Kind.SERVICE
    asks = (needs.gpus, needs.slice, needs.cores, needs.memory_gib, needs.time_s, needs.watts)
    return (*asks, service)


def _kind(needs: Needs) -> DeviceKind:
    return DeviceKind.GPU if needs.gpus else DeviceKind.CPU


def _hold(job: Job, slot: Slot, watts: Watts, now: float) -> Hold:
    started_s = now if job.started_s is None or job.state is State.QUEUED else job.started_s
    # A job beyond its time, or one that was asked to stop, should leave at any moment.
    end_s = now if job.state is State.YIELDING else max(now, started_s + _time_s(job))
    return Hold(
        job=job.id,
        slot=slot,
        end_s=end_s,
        extra_w=watts.extra_w(slot, job.spec.needs),
        stays=job.spec.kind is Kind.SERVICE and job.state is not State.YIELDING,
    )


def _time_s(job: Job) -> float:
    """Expected run time; inf where nobody knows, and for a service, which never ends by itself."""
    told_s = job.spec.needs.time_s
    return math.inf if told_s is None or job.spec.kind is Kind.SERVICE else told_s
