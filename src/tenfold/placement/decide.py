"""decide(): what should be done now with the box, and why each waiting job waits.

Pure and deterministic: the order in which the jobs are given does not matter, and no clock is read.
Order (`queue`): services, interactive jobs, batch by priority, then age. Jobs are looked at in that
order; each starts if a slot is free, the worst-case watts stay inside the budget for as long as it
runs, and no reservation of an earlier job suffers (`reserve`). Jobs that run on slices of several
sizes and follow one another are placed together (`mold`); where they are children of one parent and
nobody else waits for a GPU, so that the last of them ends early (`batch`). Who may yield so that
others gain is asked last (`room`). The engine carries it out in this order: lower caps, yields,
re-layouts, starts, higher caps.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import attrgetter

from tenfold.placement.caps import caps
from tenfold.placement.carve import Carving
from tenfold.placement.clocks import clocks
from tenfold.placement.explain import Block, Cause, Places, why
from tenfold.placement.fits import Extent, fits
from tenfold.placement.hours import closing, due, waits_for_hours
from tenfold.placement.mold import TRIES, Mold, batch_slots, siblings
from tenfold.placement.packing import by_slice
from tenfold.placement.power import Watts, stretch, watts_of, yields
from tenfold.placement.queue import NOT_DUE, held_until, in_order, order, time_s, waits_for
from tenfold.placement.reserve import Outlook, Reservation, reserve
from tenfold.placement.room import make_room
from tenfold.placement.slots import Hold, Occupancy
from tenfold.terms.box import Box, DeviceKind, Slot
from tenfold.terms.budget import Budget
from tenfold.terms.decision import Decision, Place, Start, Wait, Yield
from tenfold.terms.job import Job, Kind, StopFor, When
from tenfold.terms.needs import Needs
from tenfold.terms.states import LIVE, State

__all__ = ["decide", "fits", "order"]  # `fits` is asked at submit, beside `decide`

# What of some needs decides where there is a place, whatever the time.
_ASKS = attrgetter("gpus", "slice", "cores", "memory_gib", "share", "shared", "speeds", "watts")

# Layouts that one decision tries where jobs of one size stand between those of several; behind that
# they have the plain rule.
MOLDS = 16


def decide(
    box: Box, budget: Budget, jobs: Sequence[Job], now: float, *, words: bool = True
) -> Decision:
    """The decision for `now`. `jobs` are all that have not ended: live, waiting, paused, asleep.

    Without `words` only those waits are told whose start is known: nothing else changes.
    """
    # Whoever keeps to certain hours is looked at by when it has to be done.
    by = due(jobs, now) if any(job.spec.when is not When.ANYTIME for job in jobs) else NOT_DUE
    ordered = in_order(jobs, now, by)
    live = [job for job in ordered if job.state in LIVE]
    table = _Table(box, budget, now, live)
    asked = yields(table.watts, budget, live, table.holds, now)
    asked += closing(live, budget, by, {leave.job for leave in asked}, now)
    # Whoever is open has not succeeded, so a job that waits for it waits on.
    open_ids = {job.id for job in jobs}
    starts: list[Start] = []
    dependent: list[Wait] = []
    blocked: list[tuple[Job, Block]] = []
    molded: list[Job] = []  # that may run on slices of several sizes: placed together
    one_batch = siblings(box, ordered, open_ids, now)
    for job in ordered:
        if job.state is not State.QUEUED:
            continue
        spec = job.spec
        if spec.after or job.awaits or spec.not_before_s:
            held = waits_for(job, open_ids, now)
            if held is not None:
                dependent.append(held)
                continue
        if spec.when is not When.ANYTIME:
            held = waits_for_hours(job, budget, now, by.get(job.id))
            if held is not None:
                dependent.append(held)
                continue
        asks = _ASKS(spec.needs)
        known = table.nowhere.get(asks)
        if spec.needs.speeds and known is None:
            molded.append(job)
            continue
        if molded and not one_batch:
            table.mold(molded, live, starts, blocked)
            molded = []
            known = table.nowhere.get(asks)
        found = known or table.place(job, asks)
        if isinstance(found, Slot):
            starts.append(Start(job.id, found))
        else:
            blocked.append((job, found))
    if molded and one_batch:
        table.batch(molded, starts, blocked)
    else:
        table.mold(molded, live, starts, blocked)
    by_id = {job.id: job for job in ordered}
    return Decision(
        starts=tuple(starts),
        yields=asked or table.room_for(blocked, live) or table.movers(live),
        caps=caps(box, table.watts, budget, table.holds, by_id, now),
        clocks=clocks(box, table.holds, by_id),
        waits=(*dependent, *table.waits(blocked))
        if words
        else (*(wait for wait in dependent if wait.expected_s is not None), *table.promises()),
        relayouts=table.carving.relayouts(),
    )


class _Table:
    """The seats while a decision is made: what is held, what is promised, what was in vain."""

    def __init__(self, box: Box, budget: Budget, now: float, live: Sequence[Job]) -> None:
        self.box, self.budget, self.now = box, budget, now
        self.watts = watts_of(box, budget)
        self.occupied = Occupancy(box)
        self.carving = Carving(box, live)
        self.holds: list[Hold] = []
        self.promised: dict[DeviceKind, Reservation] = {}
        # While a decision is made, room only shrinks: what had no slot once has none later. By what
        # was asked: for any time, for one that may be late, for exactly this time.
        self.nowhere: dict[tuple[object, ...], Block] = {}
        self.too_late: dict[tuple[object, ...], Block] = {}
        self.vain: dict[tuple[object, ...], Block] = {}
        self.moving: dict[str, Job] = {}  # who gains, or lets others gain, by another slice
        self.molds = 0
        self.leaving = any(job.stop_for is StopFor.YIELD for job in live)
        self.extent = Extent(box)
        for job in live:
            if job.slot is not None:
                self._take(_hold(job, job.slot, self.watts, now))

    def _take(self, hold: Hold) -> None:
        self.holds.append(hold)
        self.occupied.take(hold)
        for promise in self.promised.values():
            promise.charge(hold)

    def place(self, job: Job, asks: tuple[object, ...]) -> Slot | Block:
        """Its slot, which is taken from now on; or why there is none, with a promise if it is
        the first of its kind. `asks` are those of its needs, and not in `nowhere`."""
        needs = job.spec.needs
        lasts_s = time_s(job)
        known = self.vain.get((asks, lasts_s)) or self._too_late(asks, needs, lasts_s)
        if known is not None:
            return known
        found = self._look(job, asks)
        if isinstance(found, Hold):
            self._take(found)
            self.carving.take(found.slot)
            return found.slot
        if found.cause is not Cause.NEVER and _kind(needs) not in self.promised:
            self._promise(job)
        elif found.cause in (Cause.NEVER, Cause.BUSY):
            self.nowhere[asks] = found
        elif asks not in self.too_late:
            self.vain[asks, lasts_s] = found
        return found

    def mold(
        self,
        jobs: Sequence[Job],
        live: Sequence[Job],
        starts: list[Start],
        blocked: list[tuple[Job, Block]],
    ) -> None:
        """Place `jobs`, which are next in order, on cards that are laid out for all of them."""
        if not jobs and not any(job.spec.needs.speeds for job in live):
            return
        waiting = list(jobs)
        while True:
            promise = self.promised.get(DeviceKind.GPU)
            if promise is None or self.molds < MOLDS:
                self.molds += 1
                # Once somebody ahead has a promise nobody moves: a pause would break it.
                movable = () if promise else live
                mold = Mold(self.occupied, movable, promise.kept if promise else {}, self.now)
                waiting = mold.insert(waiting, TRIES if promise else 1)
                if not waiting and not promise:
                    mold.migrate()
                self._join(mold, starts, blocked)
            # The first that fits nowhere has its promise before anybody behind it is placed.
            last = len(waiting) if promise else 1
            for job in waiting[:last]:
                self._settle(job, starts, blocked)
            waiting = waiting[last:]
            if not waiting:
                return

    def _join(self, mold: Mold, starts: list[Start], blocked: list[tuple[Job, Block]]) -> None:
        for job, slot in mold.joined():
            if not mold.free(slot):
                # Nobody behind it may take the part of its place that is free already.
                self.occupied.keep(slot)
                blocked.append((job, Block(job.spec.needs, Cause.ROOM)))
                continue
            self._start(job, slot, starts, blocked)
        for place in mold.goals():
            self.occupied.keep(place)  # nor that of somebody who is about to move there
        self.moving.update((job.id, job) for job in mold.movers())

    def batch(
        self, jobs: Sequence[Job], starts: list[Start], blocked: list[tuple[Job, Block]]
    ) -> None:
        """Start of `jobs`, the children of one parent, those that their common plan starts now."""
        slots, homeless = batch_slots(jobs, self.occupied, self.holds, self.now)
        by_id = {job.id: job for job in jobs}
        for id, slot in slots.items():
            self._start(by_id[id], slot, starts, blocked)
        for job in homeless:
            self._settle(job, starts, blocked)
        told = {*slots, *(job.id for job in homeless)}
        blocks: dict[tuple[object, ...], Block] = {}
        for job in jobs:
            needs = job.spec.needs
            if job.id in told:
                continue
            if (asks := _ASKS(needs)) not in blocks:
                # Where there is room, it is kept for the batch, whose name is the parent's.
                cause = Cause.AHEAD if self.occupied.slot(needs) else Cause.BUSY
                blocks[asks] = Block(needs, cause, ahead=job.spec.parent or "")
            blocked.append((job, blocks[asks]))

    def _settle(self, job: Job, starts: list[Start], blocked: list[tuple[Job, Block]]) -> None:
        asks = _ASKS(job.spec.needs)
        found = self.nowhere.get(asks) or self.place(job, asks)
        if isinstance(found, Slot):
            starts.append(Start(job.id, found))
        else:
            blocked.append((job, found))

    def _start(
        self, job: Job, slot: Slot, starts: list[Start], blocked: list[tuple[Job, Block]]
    ) -> None:
        allowed = self._allowed(job, self._hold(job, slot))
        if isinstance(allowed, Block):
            blocked.append((job, allowed))
            return
        self._take(allowed)
        self.carving.take(allowed.slot)
        starts.append(Start(job.id, allowed.slot))

    def movers(self, live: Sequence[Job]) -> tuple[Yield, ...]:
        """Running jobs that gain, or let others gain, by another slice."""
        if any(job.state is State.YIELDING for job in live):
            return ()
        why = "Another layout of its card ends its jobs sooner, its pause included."
        return tuple(Yield(id, why) for id in self.moving)

    def _too_late(self, asks: tuple[object, ...], needs: Needs, lasts_s: float) -> Block | None:
        """Where all that is free is kept for another: known at once, unless it ends in time."""
        known = self.too_late.get((asks, lasts_s == math.inf))
        if known is None:
            return None
        # A slice may take longer than the time on a whole card: then it is looked at again.
        soonest_s = self.now + (0.0 if needs.speeds else lasts_s)
        return None if self.promised[_kind(needs)].outlasts(soonest_s) else known

    def _promise(self, job: Job) -> None:
        other = next(iter(self.promised.values()), None)
        outlook = Outlook(self.box, self.watts, self.budget, self.holds, other, self.now)
        promise = reserve(outlook, job.id, job.spec.needs, time_s(job), stretch(job))
        if promise is not None:
            self.promised[_kind(job.spec.needs)] = promise

    def _look(self, job: Job, asks: tuple[object, ...]) -> Hold | Block:
        needs = job.spec.needs
        slot = self.occupied.slot(needs)
        if slot is None:
            return Block(needs, Cause.BUSY if self.extent.holds(needs) else Cause.NEVER)
        promise = self.promised.get(_kind(needs))
        if promise is not None:
            # What is not kept comes first, even for a job that would end in time: it may be late.
            beside = self.occupied.slot(needs, promise.kept, promise.spare)
            if beside is None and not promise.outlasts(self._hold(job, slot).end_s):
                block = Block(needs, Cause.AHEAD, ahead=promise.job)
                self.too_late[asks, time_s(job) == math.inf] = block
                return block
            slot = beside or slot
        return self._allowed(job, self._hold(job, slot))

    def _allowed(self, job: Job, hold: Hold) -> Hold | Block:
        """Whether the site and the reservations let `job` have this slot."""
        needs = job.spec.needs
        load_w = self.watts.load_w([*self.holds, hold])
        until_s = stretch(job).until(self.now, hold.end_s)
        limit_w = self.budget.lowest_w(self.now, until_s)
        if load_w > limit_w:
            return Block(needs, Cause.WATTS, load_w=load_w, limit_w=limit_w)
        for other in self.promised.values():
            if not other.leaves_watts(hold):
                return Block(needs, Cause.AHEAD, ahead=other.job)
        return hold

    def _hold(self, job: Job, slot: Slot) -> Hold:
        return _hold(job, self.carving.timed(slot), self.watts, self.now)

    def room_for(
        self, blocked: Sequence[tuple[Job, Block]], live: Sequence[Job]
    ) -> tuple[Yield, ...]:
        """Who should leave so that the first job that waits for a GPU may start sooner."""
        promise = self.promised.get(DeviceKind.GPU)
        if promise is None:
            return ()
        job, block = next(one for one in blocked if one[0].id == promise.job)
        if block.cause is not Cause.BUSY:
            return ()
        return make_room(self.box, job, promise.start_s, live, self.holds, self.now)

    def promises(self) -> tuple[Wait, ...]:
        """The waits whose end is known, without a word."""
        return tuple(Wait(job, "", (), start_s) for job, start_s in self._expected().items())

    def _expected(self) -> dict[str, float]:
        """When those with a promise start; not told while others move, and come back."""
        if self.moving or self.leaving:
            return {}
        return {
            promise.job: promise.start_s
            for promise in self.promised.values()
            if self.now < promise.start_s < math.inf
        }

    def waits(self, blocked: Sequence[tuple[Job, Block]]) -> list[Wait]:
        """The words, once it is known who sits where."""
        kept = {
            device: (promise.job, mask)
            for promise in self.promised.values()
            for device, mask in promise.kept.items()
        }
        expected = self._expected()
        places = Places(self.occupied, kept)
        words: dict[int, tuple[str, tuple[Place, ...]]] = {}
        found = []
        for job, block in blocked:
            said = words.get(id(block))
            if said is None:
                said = words[id(block)] = (
                    why(self.box, self.occupied, block),
                    places.of(block),
                )
            found.append(Wait(job.id, *said, expected.get(job.id)))
        return found


def _kind(needs: Needs) -> DeviceKind:
    return DeviceKind.GPU if needs.gpus or by_slice(needs) else DeviceKind.CPU


def _hold(job: Job, slot: Slot, watts: Watts, now: float) -> Hold:
    return Hold(
        job=job.id,
        slot=slot,
        end_s=held_until(job, slot, now, watts.pace(slot, job.spec.needs)),
        extra_w=watts.extra_w(slot, job.spec.needs),
        stays=job.spec.kind is Kind.SERVICE and job.state is not State.YIELDING,
        card=watts.card(slot),
    )
