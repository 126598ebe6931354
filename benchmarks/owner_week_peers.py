"""The peers of `owner_week.py`: layouts that never change, with a clock and a rule of their own."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations_with_replacement

from tenfold.engine.plan import Plan, PlanJob
from tenfold.terms.box import Box, DeviceKind
from tenfold.terms.job import Kind
from tenfold.terms.mig import SLICES, Geometry, Placement, Profile

COMPUTE = 7  # compute slices of a card
HOUR_S = 3600.0


@dataclass(frozen=True)
class Stay:
    """One attempt: its cards, none for a share of the host."""

    job: str
    cards: tuple[str, ...]
    start_s: float
    end_s: float  # inf: it runs on


@dataclass
class Play:
    """What a policy did with the week."""

    stays: list[Stay] = field(default_factory=list)
    started_s: dict[str, float] = field(default_factory=dict)
    ended_s: dict[str, float] = field(default_factory=dict)

    @property
    def last_s(self) -> float:
        return max(self.ended_s.values())


def lasts_s(job: PlanJob) -> float:
    """Inf for a service."""
    time_s = job.spec.needs.time_s
    return math.inf if time_s is None or job.spec.kind is Kind.SERVICE else time_s


def profile_of(box: Box, job: PlanJob) -> Profile | None:
    """Of the slice it asks for."""
    geometry = box.gpus[0].mig
    assert geometry is not None
    return geometry.profile(job.spec.needs.slice) if job.spec.needs.slice else None


def start_of(plan: Plan) -> float:
    return min(job.at_s for job in plan.jobs)


@dataclass(frozen=True)
class Unit:
    """A place of a static layout: a whole card, or an instance."""

    card: str
    profile: Profile | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Memory and compute slices."""
        if self.profile is None:
            return (SLICES, COMPUTE)
        return (self.profile.size, self.profile.compute)


def static_layouts(box: Box) -> Iterable[tuple[str, list[Unit]]]:
    """Eight or nine whole cards and any partitions of the rest, alike or not."""
    cards, geometry = box.gpus, box.gpus[0].mig
    assert geometry is not None
    for carved in (1, 2):
        whole = [Unit(card.id) for card in cards[carved:]]
        for some in combinations_with_replacement(partitions(geometry), carved):
            name = " | ".join("+".join(one.name for one in profiles) for profiles in some)
            pairs = zip(cards, some, strict=False)
            slices = [Unit(card.id, one) for card, profiles in pairs for one in profiles]
            yield f"{len(whole)} whole | {name}", slices + whole


def partitions(geometry: Geometry) -> list[tuple[Profile, ...]]:
    """What one card can be carved into with room for no more; the whole card is not among them."""
    plain = [p for p in geometry.profiles if not p.with_media and p.compute < COMPUTE]
    places = [(place, profile) for profile in plain for place in profile.placements]
    found: dict[tuple[str, ...], tuple[Profile, ...]] = {}

    def carve(chosen: tuple[Placement, ...], profiles: tuple[Profile, ...], index: int) -> None:
        if not any(geometry.legal((*chosen, place)) for place, _ in places):
            largest = sorted(profiles, key=lambda one: (-one.compute, -one.size))
            found.setdefault(tuple(one.name for one in largest), tuple(largest))
        for number, (place, profile) in enumerate(places[index:], index):
            if geometry.legal((*chosen, place)):
                carve((*chosen, place), (*profiles, profile), number + 1)

    carve((), (), 0)
    return list(found.values())


Order = Callable[[PlanJob, float], tuple[float, ...]]


def _fifo(job: PlanJob, now: float) -> tuple[float, ...]:
    return (job.at_s, float(job.id))


def _ranked(job: PlanJob, now: float) -> tuple[float, ...]:
    """A deadline counts from an hour, or the job's own time, before the latest start."""
    spec, own_s = job.spec, lasts_s(job)
    rank = float((Kind.SERVICE, Kind.INTERACTIVE, Kind.BATCH).index(spec.kind))
    latest_s = math.inf if spec.deadline_s is None else spec.deadline_s - own_s
    near = latest_s < math.inf and latest_s - now <= max(HOUR_S, own_s)
    return (rank, -spec.priority, not near, latest_s if near else 0.0, *_fifo(job, now))


ORDERS: dict[str, Order] = {"fifo": _fifo, "ranked": _ranked}


def static(plan: Plan, units: Sequence[Unit], order: str, *, spills: bool) -> Play:
    """The week on these units. With `spills` a job of a slice may take a whole card as well."""
    return _Static(plan, units, ORDERS[order], spills).play


class _Static:
    """One play, from event to event."""

    def __init__(self, plan: Plan, units: Sequence[Unit], order: Order, spills: bool) -> None:
        self.units, self.order, self.spills = units, order, spills
        self.play = Play()
        self.free_s = dict.fromkeys(range(len(units)), 0.0)  # since or from when
        self.cores = sum(one.cores for one in plan.box.devices if one.kind is DeviceKind.CPU)
        self.waiting = list(plan.jobs)
        self.running: list[tuple[float, PlanJob]] = []
        self.able = {job.id: self._able(plan.box, job) for job in plan.jobs}
        moments = {job.at_s for job in plan.jobs}
        moments |= {job.spec.not_before_s or 0.0 for job in plan.jobs}
        moments |= {_urgent_s(job) for job in plan.jobs}
        start_s = start_of(plan)
        self.moments = sorted(at_s for at_s in moments if at_s >= start_s)
        self._run()

    def _able(self, box: Box, job: PlanJob) -> list[int]:
        """Units that hold it, the smallest first."""
        asked = profile_of(box, job)
        found = []
        for number, unit in enumerate(self.units):
            if unit.profile is None:
                holds = asked is None or self.spills
            else:
                holds = asked is not None and _covers(unit.profile, asked)
            if holds:
                found.append(number)
        return sorted(found, key=lambda number: self.units[number].size)

    def _run(self) -> None:
        while self.moments or self.running:
            ahead = self.moments[:1] + [end_s for end_s, _ in self.running]
            now = min(ahead)
            if now == math.inf:
                return
            while self.moments and self.moments[0] <= now:
                self.moments.pop(0)
            for end_s, job in [one for one in self.running if one[0] <= now]:
                self.running.remove((end_s, job))
                self.play.ended_s[job.id] = end_s
                self.cores += _cores(job)
            self._admit(now)

    def _admit(self, now: float) -> None:
        kept: set[int] = set()
        kept_from_s = math.inf
        ready = [job for job in self.waiting if self._is_ready(job, now)]
        for job in sorted(ready, key=lambda job: self.order(job, now)):
            needs = job.spec.needs
            if not needs.gpus and needs.slice is None:
                if _cores(job) <= self.cores:
                    self._start(job, [], now)
                continue
            # What is not kept comes first; who ends in time may have the rest as well.
            chosen = self._free(job, now, kept)
            if chosen is None and now + lasts_s(job) <= kept_from_s:
                chosen = self._free(job, now, set())
            if chosen is not None:
                self._start(job, chosen, now)
            elif not kept:
                kept_from_s, kept = self._promise(job)

    def _is_ready(self, job: PlanJob, now: float) -> bool:
        if job.at_s > now or (job.spec.not_before_s or 0.0) > now:
            return False
        return all(id in self.play.ended_s for id in job.spec.after)

    def _free(self, job: PlanJob, now: float, kept: set[int]) -> list[int] | None:
        free = [n for n in self.able[job.id] if self.free_s[n] <= now and n not in kept]
        count = max(1, job.spec.needs.gpus)
        return free[:count] if len(free) >= count else None

    def _promise(self, job: PlanJob) -> tuple[float, set[int]]:
        """When the job has a place if nobody else comes, and which."""
        count = max(1, job.spec.needs.gpus)
        soonest = sorted(self.able[job.id], key=lambda n: self.free_s[n])[:count]
        if len(soonest) < count or self.free_s[soonest[-1]] == math.inf:
            return math.inf, set()
        return self.free_s[soonest[-1]], set(soonest)

    def _start(self, job: PlanJob, units: Sequence[int], now: float) -> None:
        self.waiting.remove(job)
        end_s = now + lasts_s(job)
        for number in units:
            assert self.free_s[number] <= now
            self.free_s[number] = end_s
        cards = tuple(self.units[number].card for number in units)
        self.play.started_s[job.id] = now
        self.play.stays.append(Stay(job.id, cards, now, end_s))
        self.running.append((end_s, job))
        self.cores -= _cores(job)


def _covers(larger: Profile, asked: Profile) -> bool:
    return larger.compute >= asked.compute and larger.memory_gib >= asked.memory_gib


def _cores(job: PlanJob) -> int:
    """Of the host, beside the cards."""
    needs = job.spec.needs
    return 0 if needs.gpus or needs.slice else needs.cores


def _urgent_s(job: PlanJob) -> float:
    if job.spec.deadline_s is None:
        return -math.inf
    return job.spec.deadline_s - lasts_s(job) - max(HOUR_S, lasts_s(job))


def served_all(plan: Plan, play: Play) -> bool:
    return len(play.started_s) == len(plan.jobs)
