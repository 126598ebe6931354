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

Where all that waits for a GPU are children of one parent, what counts is when the last of them
ends, and nothing else: then `batch` says who starts.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tenfold.placement.batch import LOOKS, MOST, Card, Task, plan, share
from tenfold.placement.packing import Packing, by_slice, speed
from tenfold.placement.queue import time_left_s, waits_for
from tenfold.placement.slots import Hold, Host, Kept, Occupancy, mask_of, slice_slot
from tenfold.terms.box import Box, Device, Slot
from tenfold.terms.job import Job, Kind, worked_s
from tenfold.terms.mig import SLICES, Placement
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

    def goals(self) -> Iterable[Slot]:
        """Where those that run and have to move will go."""
        for card in self.cards:
            for member, place in zip(card.members, card.places, strict=True):
                if member.stands is not None and member.stands != place:
                    profile = card.pack.geometry.profile(place.profile)
                    assert profile is not None
                    yield slice_slot(card.host, card.gpu, profile, place, member.job.spec.needs)

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
    behind_s = 0.0
    if slot is not None and job.started_s is not None:
        until_s = job.changed_s if job.state is State.YIELDING else now
        behind_s = worked_s(job, until_s) / slot.factor
    if left_s == math.inf:
        return max(UNKNOWN_S, behind_s)
    return max(left_s - behind_s, LATE * left_s, 1.0)


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


# -- children of one parent -----------------------------------------------------------------------

OVERDUE_S = 1.0  # who is beyond its time is not gone yet


def siblings(box: Box, ordered: Sequence[Job], open_ids: set[str], now: float) -> bool:
    """Whether all that wait for a GPU are children of one parent whose times are known."""
    parents: set[str] = set()
    for job in ordered:
        if job.state is not State.QUEUED or waits_for(job, open_ids, now) is not None:
            continue
        spec, needs = job.spec, job.spec.needs
        if not needs.gpus and not by_slice(needs):
            continue
        sized = needs.speeds and needs.gpus <= 1 and needs.slice is None
        if not sized or spec.parent is None or spec.kind is not Kind.BATCH:
            return False
        parents.add(spec.parent)
        if len(parents) > 1 or needs.time_s is None:
            return False
    return bool(parents) and all(gpu.mig is not None and gpu.carves_live for gpu in box.gpus)


def batch_slots(
    jobs: Sequence[Job], occupied: Occupancy, holds: Sequence[Hold], now: float
) -> tuple[dict[str, Slot], list[Job]]:
    """The slots of those that the plan of their batch starts now, in this order; and who has no
    place on any card before somebody ends whose time nobody knows."""
    gpus = [(host, gpu) for host in occupied.hosts for gpu in host.gpus]
    cards = [_card(gpu, occupied, holds, now) for _, gpu in gpus]
    longest = sorted(jobs, key=lambda job: -time_left_s(job))[: MOST * len(cards)]
    shares = share(cards, [_task(job, cards) for job in longest])
    needs = {job.id: job.spec.needs for job in longest}
    slots: dict[str, Slot] = {}
    for (host, gpu), card, tasks in zip(gpus, cards, shares, strict=True):
        if min(card.free_s) > 0:
            continue
        for seat in plan(card, tasks, LOOKS // len(cards)).seats:
            profile = card.geometry.profile(seat.place.profile)
            if seat.start_s <= 0 and profile is not None:
                slots[seat.task] = slice_slot(host, gpu, profile, seat.place, needs[seat.task])
    dealt = {task.id for tasks in shares for task in tasks}
    return slots, [job for job in longest if job.id not in dealt]


def _card(gpu: Device, occupied: Occupancy, holds: Sequence[Hold], now: float) -> Card:
    """Somebody else's instances are never free."""
    assert gpu.mig is not None
    taken = occupied.taken.get(gpu.id, 0)
    free_s = [math.inf if taken >> cell & 1 else 0.0 for cell in range(SLICES)]
    standing = {one.placement for one in gpu.instances if not one.foreign}
    for hold in holds:
        if gpu.id not in hold.slot.devices:
            continue
        standing |= {hold.slot.slice} if hold.slot.slice else set()
        for cell in range(SLICES):
            if mask_of(hold.slot) >> cell & 1:
                free_s[cell] = max(hold.end_s - now, OVERDUE_S)
    return Card(gpu.mig, tuple(free_s), tuple(sorted(standing, key=lambda one: one.start)))


def _task(job: Job, cards: Sequence[Card]) -> Task:
    # Work that is all but done still takes something.
    needs, left_s = job.spec.needs, max(time_left_s(job), 0.001)
    seconds = {
        profile.name: left_s / rate
        for card in cards
        for profile in card.geometry.profiles
        if (rate := speed(needs, profile.compute)) > 0
    }
    return Task(job.id, seconds, needs.memory_gib)
