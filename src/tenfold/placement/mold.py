"""Jobs that run on slices of several sizes: who gets how much of which card.

A job that tells its speeds may run on any slice, faster on a larger one. Every card is laid out for
the largest sum of (speed / time left): what is nearly done is brought to its end, the rule that
keeps the mean time to completion short, and a longer job takes what is left of the card. A job that
would have to move for it does nothing during its pause; both count over a horizon of two minutes,
so that a move has to gain more than it costs within that time.

The best layout of a card is exact (a dynamic program over its masks); which card a job joins is
greedy: the one where it adds the most. Once nobody waits, one job at a time may move to another
card. Jobs join in the order of the queue, so none is passed over; who is on a card always keeps at
least the smallest slice that it runs on.

A job whose time nobody knows is expected to last as long again as it has run, at least ten minutes.
Cards that are not carved beside running slices are left to the plain rule of `slots`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tenfold.placement.packing import Packing, speed
from tenfold.placement.queue import time_left_s
from tenfold.placement.slots import Host, Kept, Occupancy, mask_of, slice_slot
from tenfold.terms.box import Device, Slot
from tenfold.terms.job import Job, Kind
from tenfold.terms.mig import Placement
from tenfold.terms.states import State

UNKNOWN_S = 600.0
LATE = 0.05  # of its time that a job beyond its estimate is still expected to take
HORIZON_S = 120.0
# Moving to another card costs so many pauses: what it frees and what it crowds is only estimated.
FAR = 3.0
TRIES = 8  # jobs that fit nowhere before the rest of the queue is not tried
RESTED_S = 10.0  # a job runs at least so long, and its pause, before it is asked to move


ELSEWHERE = Placement("", 0, 0)  # on another card
_Layout = tuple[float, tuple[Placement, ...]]  # what it is worth, and where each job sits


@dataclass(frozen=True)
class _Member:
    job: Job
    left_s: float  # on a whole card
    pause_s: float = 0.0  # for leaving where it stands
    stands: Placement | None = None


@dataclass
class _Card:
    host: Host
    gpu: Device
    pack: Packing
    blocked: int  # by whoever cannot be moved
    held: int  # by anybody, at this moment
    members: list[_Member] = field(default_factory=list)
    value: float = 0.0
    places: tuple[Placement, ...] = ()  # of the members


class Mold:
    """The cards that can be laid out anew, while a decision is made."""

    def __init__(self, occupied: Occupancy, live: Sequence[Job], kept: Kept, now: float) -> None:
        self.now = now
        self.leaving: list[Job] = []
        by_id = {job.id: job for job in live}
        self.cards: list[_Card] = []
        for host in occupied.hosts:
            for gpu in host.gpus:
                if gpu.mig is None or not gpu.carves_live:
                    continue
                card = _Card(host, gpu, occupied.packing(gpu.mig), 0, 0)
                card.held = occupied.taken.get(gpu.id, 0) | kept.get(gpu.id, 0)
                card.blocked = card.held
                for id, slot in occupied.tenants.get(gpu.id, {}).items():
                    member = self._member(by_id.get(id), slot)
                    if member is not None:
                        card.blocked &= ~mask_of(slot)
                        card.members.append(member)
                found = _best(card.pack, card.blocked, card.members)
                if found is None:  # what is kept for others is in the way: nobody moves here
                    card.blocked, card.members = card.held, []
                    found = (0.0, ())
                card.value, card.places = found
                self.cards.append(card)

    def _member(self, job: Job | None, slot: Slot) -> _Member | None:
        if job is None or slot.slice is None or not job.spec.needs.speeds:
            return None
        if not job.spec.resumes or job.spec.kind is not Kind.BATCH:
            return None
        left_s = left_on_card_s(job, slot, self.now)
        if job.state is State.YIELDING:
            return _Member(job, left_s)
        pause_s = job.spec.needs.pause_s
        if job.state is not State.RUNNING or job.started_s is None:
            return None
        if self.now - job.started_s < RESTED_S + pause_s:
            return None
        return _Member(job, left_s, pause_s, slot.slice)

    def insert(self, jobs: Sequence[Job], tries: int) -> list[Job]:
        """Let `jobs` join the cards, each the one where it adds the most; those that fit none. All
        are left out once `tries` fitted nowhere."""
        waiting: list[Job] = []
        for number, job in enumerate(jobs):
            if len(waiting) >= tries:
                return [*waiting, *jobs[number:]]
            if not self._join(_Member(job, left_on_card_s(job, None, self.now))):
                waiting.append(job)
        return waiting

    def _join(self, member: _Member) -> bool:
        best: tuple[float, _Card, _Layout] | None = None
        empty: set[tuple[int, int]] = set()  # cards like one that was looked at
        for card in self.cards:
            if not card.members:
                like = (id(card.pack), card.blocked)
                if like in empty:
                    continue
                empty.add(like)
            found = _best(card.pack, card.blocked, [*card.members, member])
            if found is None:
                continue
            gain = found[0] - card.value
            if best is None or gain > best[0] + 1e-12:
                best = (gain, card, found)
        if best is None:
            return False
        _, card, (card.value, card.places) = best
        card.members.append(member)
        return True

    def migrate(self) -> None:
        """Ask the one running job to leave its card that gains the most by another."""
        best: tuple[float, Job] | None = None
        for card in self.cards:
            for member in card.members:
                if member.stands is None or len(card.members) < 2:
                    continue
                gain = self._gain(card, member)
                if gain > (best[0] if best else 0.0):
                    best = (gain, member.job)
        if best is not None:
            self.leaving = [best[1]]  # where it goes is decided once it has left

    def _gain(self, card: _Card, member: _Member) -> float:
        """What all gain if it went to the best other card."""
        rest = _best(card.pack, card.blocked, [one for one in card.members if one is not member])
        if rest is None:
            return 0.0
        moved = _Member(member.job, member.left_s, FAR * member.pause_s, ELSEWHERE)
        gain = 0.0
        for other in self.cards:
            if other is card or len(other.members) >= len(card.members):
                continue
            found = _best(other.pack, other.blocked, [*other.members, moved])
            if found is not None:
                gain = max(gain, rest[0] + found[0] - card.value - other.value)
        return gain

    def joined(self) -> Iterable[tuple[Job, Slot]]:
        """The new jobs with their slots."""
        for card in self.cards:
            for member, place in zip(card.members, card.places, strict=True):
                if member.job.state is State.QUEUED:
                    profile = card.pack.geometry.profile(place.profile)
                    assert profile is not None
                    needs = member.job.spec.needs
                    yield member.job, slice_slot(card.host, card.gpu, profile, place, needs)

    def free(self, slot: Slot) -> bool:
        """Whether the slot is free now; else somebody has to leave first."""
        held = {card.gpu.id: card.held for card in self.cards}
        return not held[slot.devices[0]] & mask_of(slot)

    def movers(self) -> list[Job]:
        """Running jobs whose place in the new layout is another one."""
        return self.leaving + [
            member.job
            for card in self.cards
            for member, place in zip(card.members, card.places, strict=True)
            if member.stands is not None and member.stands != place
        ]


def left_on_card_s(job: Job, slot: Slot | None, now: float) -> float:
    """What is left of a job's time, on a whole card."""
    left_s = time_left_s(job)
    worked_s = 0.0
    if slot is not None and job.started_s is not None:
        until_s = job.changed_s if job.state is State.YIELDING else now
        worked_s = max(0.0, until_s - job.started_s - slot.carve_s) / slot.factor
    if left_s == math.inf:
        return max(UNKNOWN_S, worked_s)
    return max(left_s - worked_s, LATE * left_s, 1.0)


def _best(pack: Packing, blocked: int, members: Sequence[_Member]) -> _Layout | None:
    """The most valuable places of these jobs, and what they are worth; None: they do not fit."""
    states: dict[int, _Layout] = {blocked: (0.0, ())}
    for member in members:
        options = _options(pack, member)
        following: dict[int, _Layout] = {}
        for taken, (value, places) in states.items():
            for mask, worth, place in options:
                if taken & mask:
                    continue
                known = following.get(taken | mask)
                if known is None or value + worth > known[0]:
                    following[taken | mask] = (value + worth, (*places, place))
        states = following
        if not states:
            return None
    return max(states.values(), key=lambda one: one[0])


def _options(pack: Packing, member: _Member) -> list[tuple[int, float, Placement]]:
    """Every placement that the member could have, with what it is worth over the horizon."""
    needs = member.job.spec.needs
    found = []
    for profile in pack.plain:
        rate = speed(needs, profile.compute)
        if rate <= 0 or profile.memory_gib < needs.memory_gib:
            continue
        for place in reversed(profile.placements):  # from the highest start down, among equals
            moves = member.stands is not None and place != member.stands
            works_s = HORIZON_S - (member.pause_s if moves else 0.0)
            found.append((place.mask, rate / member.left_s * works_s, place))
    return found
