"""Reservations: when and where the first job that cannot start now will start.

Backfill after Lifka's EASY scheduler (1995): later jobs may use what is free as long as the
reserved one does not start later for it. GPUs and CPU shares do not compete for devices, so the
first blocked job of each has a reservation; watts they share, and both are kept. Slices and whole
GPUs do compete: they have one reservation between them, of memory slices on cards.

Expected ends come from `started_s + needs.time_s`. A job without a time is expected never to end, a
job beyond its time at any moment: then nothing is started on what it leaves, so that estimates
that are always too short cannot starve the one that waits. Services are not waited for at all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from tenfold.placement.packing import FULL
from tenfold.placement.power import TO_ITS_END, Stretch, Watts
from tenfold.placement.slots import NOTHING_SPARED, Hold, Kept, Occupancy, Spare, mask_of
from tenfold.terms.box import Box, DeviceKind, Slot
from tenfold.terms.budget import Budget
from tenfold.terms.needs import Needs


@dataclass
class Reservation:
    """A promise to one waiting job. `charge` keeps it up to date as others start."""

    job: str
    slot: Slot
    start_s: float  # inf: it waits for jobs whose time nobody knows
    end_s: float
    extra_w: float
    load_w: float  # the box at `start_s` with this job, at the lowest caps
    limit_w: float  # what the site allows while it runs
    kept: Kept  # memory slices of its GPUs
    sliced: set[str] = field(default_factory=set)  # cards that `load_w` counts for slices on them
    spare_cores: int = 0  # of its node at `start_s`, beside this job; CPU shares only
    spare_memory_gib: float = 0.0

    @property
    def spare(self) -> Spare:
        if self.slot.kind is DeviceKind.GPU:
            return NOTHING_SPARED
        return {self.slot.node: (self.spare_cores, self.spare_memory_gib)}

    def outlasts(self, end_s: float) -> bool:
        """Whether a job that ends at `end_s` is gone by the time this one starts."""
        return end_s < math.inf and end_s <= self.start_s

    def leaves_watts(self, hold: Hold) -> bool:
        """Whether `hold`, if it starts now, leaves this one its watts."""
        return self.outlasts(hold.end_s) or self.load_w + self._adds_w(hold) <= self.limit_w

    def charge(self, hold: Hold) -> None:
        """A job has started beside it."""
        if self.outlasts(hold.end_s):
            return
        self.load_w += self._adds_w(hold)
        if hold.card:
            self.sliced.add(hold.card)
        if hold.slot.kind is DeviceKind.CPU and hold.slot.node == self.slot.node:
            self.spare_cores -= hold.slot.cores
            self.spare_memory_gib -= hold.slot.memory_gib

    def _adds_w(self, hold: Hold) -> float:
        return 0.0 if hold.card in self.sliced else hold.extra_w


@dataclass(frozen=True)
class Outlook:
    """What a reservation is reckoned from."""

    box: Box
    watts: Watts
    budget: Budget
    holds: Sequence[Hold]
    other: Reservation | None  # of the other kind of device; it came first
    now: float


def reserve(
    outlook: Outlook, job: str, needs: Needs, time_s: float, fits: Stretch = TO_ITS_END
) -> Reservation | None:
    """The earliest start of `job`, or None where no known or unknown end ever makes room.

    `time_s` is inf where nobody knows how long it runs; `fits`: so long the budget must hold it.
    """
    occupied = Occupancy(outlook.box, outlook.holds)
    ends = sorted(outlook.holds, key=lambda hold: hold.end_s)
    # What becomes free last is promised first: the rest is of more use to the others.
    rank = {device: -hold.end_s for hold in ends for device in hold.slot.devices}
    gone = 0
    slot = occupied.slot(needs, rank=rank)
    for at_s in _moments(outlook):
        before = gone
        while gone < len(ends) and ends[gone].end_s <= at_s:
            occupied.release(ends[gone])
            gone += 1
        if gone > before:
            slot = occupied.slot(needs, rank=rank)
        if slot is None:
            continue
        found = _promise(outlook, occupied, job, slot, needs, at_s, time_s, fits)
        if found is not None:
            return found
    return _promise_without_time(outlook, job, needs)


def _moments(outlook: Outlook) -> list[float]:
    """When something changes: a job should end, a step of the budget begins."""
    moments = {outlook.now}
    moments.update(hold.end_s for hold in outlook.holds)
    moments.update(step.start_s for step in outlook.budget.steps)
    if outlook.other is not None:
        moments.update((outlook.other.start_s, outlook.other.end_s))
    return sorted(at_s for at_s in moments if outlook.now <= at_s < math.inf)


def _promise(
    outlook: Outlook,
    occupied: Occupancy,
    job: str,
    slot: Slot,
    needs: Needs,
    at_s: float,
    time_s: float,
    fits: Stretch,
) -> Reservation | None:
    lasts_s = time_s * slot.factor / outlook.watts.pace(slot, needs)
    own = _own(outlook, job, slot, needs, at_s + lasts_s)
    there = [hold for hold in outlook.holds if hold.end_s > at_s]
    load_w = outlook.watts.load_w([*there, own])
    other = outlook.other
    if other is not None and other.start_s <= at_s < other.end_s:
        load_w += other.extra_w
    limit_w = outlook.budget.lowest_w(at_s, fits.until(at_s, own.end_s))
    if load_w > limit_w:
        return None
    if other is not None and at_s < other.start_s and not other.outlasts(own.end_s):
        if other.load_w + own.extra_w > other.limit_w:
            return None
        # Jobs that start now beside both must leave room for both.
        other.load_w += own.extra_w
    return _noted(outlook, own, at_s, there, load_w, limit_w, occupied)


def _promise_without_time(outlook: Outlook, job: str, needs: Needs) -> Reservation | None:
    """A promise to a job that waits for others whose time nobody knows.

    What is free is kept for it, except for jobs that are known to end; otherwise a stream of small
    jobs would pass it for ever.
    """
    staying = [hold for hold in outlook.holds if hold.stays]
    ends = sorted(outlook.holds, key=lambda hold: hold.end_s)
    rank = {device: hold.end_s for hold in ends for device in hold.slot.devices}
    slot = Occupancy(outlook.box, staying).slot(needs, rank=rank)
    if slot is None:
        return None
    own = _own(outlook, job, slot, needs, math.inf)
    limit_w = outlook.budget.watts_at(math.inf)
    if outlook.watts.load_w([*staying, own]) > limit_w:
        return None
    endless = [hold for hold in outlook.holds if hold.end_s == math.inf]
    load_w = outlook.watts.load_w([*endless, own])
    if outlook.other is not None and outlook.other.end_s == math.inf:
        load_w += outlook.other.extra_w
    occupied = Occupancy(outlook.box, endless)
    return _noted(outlook, own, math.inf, endless, load_w, limit_w, occupied)


def _own(outlook: Outlook, job: str, slot: Slot, needs: Needs, end_s: float) -> Hold:
    watts = outlook.watts
    return Hold(job, slot, end_s, watts.extra_w(slot, needs), card=watts.card(slot))


def _noted(
    outlook: Outlook,
    own: Hold,
    start_s: float,
    there: Sequence[Hold],
    load_w: float,
    limit_w: float,
    occupied: Occupancy,
) -> Reservation:
    """The reservation of `own`, with `there` beside it when it starts."""
    slot = own.slot
    kept: dict[str, int] = {}
    if slot.kind is DeviceKind.GPU:
        whole = {gpu.id for gpu in outlook.box.gpus if not gpu.carves_live}
        # A card that is carved only while nothing runs: what stands beside it matters as well.
        kept = {id: FULL if id in whole else mask_of(slot) for id in slot.devices}
    sliced = {hold.card for hold in (*there, own) if hold.card}
    found = Reservation(
        own.job, slot, start_s, own.end_s, own.extra_w, load_w, limit_w, kept, sliced
    )
    if slot.kind is DeviceKind.CPU:
        host = next(host for host in occupied.hosts if host.name == slot.node)
        found.spare_cores = host.cores - slot.cores
        found.spare_memory_gib = host.memory_gib - slot.memory_gib
    return found
