"""The virtual clock: the same decide(), from event to event, on a box that nobody needs to have.

`simulate(box, budget, arrivals)` plays the arrivals and returns a Record: who sat where and when,
every layout of every card over time, watts, energy and what it cost. decide() is told of a job only
when it arrives and knows of its time only what its needs say; how long it really runs is known to
the simulator alone. A job that yields leaves after its pause and continues where it was.

Under a cap a job is as fast, and draws as much, as its card's curves say of its kind of work. What
it does not model: interference between slices, and crashes.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from tenfold.placement.decide import decide
from tenfold.placement.power import CAP_LEAD_S, draw_w, leave_lead_s, may_leave, speed
from tenfold.placement.queue import held_until
from tenfold.terms.box import Box, Device, DeviceKind, Slot
from tenfold.terms.budget import Budget
from tenfold.terms.decision import Decision, Relayout, Wait
from tenfold.terms.job import Job, JobSpec, Kind, Pace, StopFor, When, worked_s
from tenfold.terms.mig import Instance, Placement
from tenfold.terms.states import State

AT_MOST = 20_000  # jobs looked at for one answer of `expected_start`: about a tenth of a second
TICK_S = 1.0  # how late a tick may come
REVIEW_S = 300.0  # decided again after so long even if nothing happens, while something waits


@dataclass(frozen=True)
class Arrival:
    """A job of a plan."""

    id: str
    spec: JobSpec
    at_s: float = 0.0
    lasts_s: float | None = None  # really, on a slot of factor 1; None: as its needs say


@dataclass(frozen=True)
class Stay:
    """One attempt: a job on a slot from its start to its end."""

    job: str
    slot: Slot
    start_s: float
    end_s: float
    done: bool  # else it yielded


@dataclass(frozen=True)
class Layout:
    """All instances of one card, from `at_s` until its next layout."""

    at_s: float
    device: str
    placements: tuple[Placement, ...]


@dataclass
class Record:
    """What a simulation did."""

    arrived_s: dict[str, float] = field(default_factory=dict)
    started_s: dict[str, float] = field(default_factory=dict)  # first starts
    ended_s: dict[str, float] = field(default_factory=dict)
    stays: list[Stay] = field(default_factory=list)
    layouts: list[Layout] = field(default_factory=list)
    promised_s: dict[str, float] = field(default_factory=dict)  # the first start that was told
    waiting: dict[str, str] = field(default_factory=dict)  # of whoever never ran: why
    watts: list[tuple[float, float]] = field(default_factory=list)  # (from, draw of the box)
    most_w: float = 0.0  # what it may have drawn at most: every card in use at its cap
    kwh: float = 0.0
    cost: float | None = None  # None where no step of the budget has a price
    decisions: int = 0
    yields: int = 0
    end_s: float = 0.0

    @property
    def makespan_s(self) -> float:
        return max(self.ended_s.values(), default=0.0) - min(self.arrived_s.values(), default=0.0)


Watch = Callable[[Box, Decision, Sequence[Job], float], None]


def simulate(
    box: Box,
    budget: Budget,
    arrivals: Iterable[Arrival],
    *,
    until_s: float = math.inf,
    at_least_s: float | None = None,
    review_s: float = REVIEW_S,
    watch: Watch | None = None,
) -> Record:
    """Play `arrivals` to the end, or to `until_s`, or until nothing can change any more. With
    `at_least_s` to that moment, and on only for jobs that have not ended, whatever the budget does.

    `watch` sees each decision with the box before it and the jobs it was taken for.
    """
    run = _Run(box, budget, arrivals, until_s, review_s, at_least_s=at_least_s)
    while run.step(watch):
        pass
    return run.record


def expected_start(
    box: Box, budget: Budget, jobs: Sequence[Job], now: float, job_id: str
) -> float | None:
    """When a waiting job starts by the plan: if nobody else comes, and every estimate is right.

    None where that depends on a job whose time nobody knows, or lies too far ahead to be reckoned
    while a person waits for the answer.
    """
    run = _Run(box, budget, (), math.inf, REVIEW_S, now)
    run.begin(jobs)
    began = 0
    while began * len(run.jobs) < AT_MOST and run.step(None):
        began += 1
        if job_id in run.record.started_s:
            return run.record.started_s[job_id]
    return run.record.started_s.get(job_id)


def forward(
    box: Box,
    budget: Budget,
    jobs: Sequence[Job],
    now: float,
    until_s: float,
    enough: Callable[[Record], bool],
) -> Record:
    """From how things stand until `until_s`, until nothing can change any more, or until it is
    `enough`, which is asked at every moment. Its stays are also those of jobs that are not over
    then, with the end that is expected, inf where nobody knows it; of watts and energy it tells
    nothing."""
    run = _Run(box, budget, (), until_s, REVIEW_S, now)
    run.begin(jobs)
    while not enough(run.record):
        following = run.moment(None)
        if following > until_s or following == math.inf:
            break
        run.go_on(following)
    run.note_standing()
    return run.record


@dataclass(order=True)
class _Event:
    at_s: float
    number: int
    job: str = ""
    turn: int = 0  # of the job, that this is the end of; another one since: it comes to nothing


class _Run:
    def __init__(
        self,
        box: Box,
        budget: Budget,
        arrivals: Iterable[Arrival],
        until_s: float,
        review_s: float,
        now: float | None = None,
        at_least_s: float | None = None,
    ) -> None:
        self.at_least_s = at_least_s
        self.box, self.budget, self.until_s, self.review_s = box, budget, until_s, review_s
        self.record = Record()
        self.coming = sorted(arrivals, key=lambda one: (one.at_s, one.id), reverse=True)
        self.jobs: dict[str, Job] = {}
        self.lasts_s: dict[str, float] = {}
        self.events: list[_Event] = []
        self.count = 0
        self.now = self.coming[-1].at_s if self.coming else 0.0
        if now is not None:
            self.now = now
        self.turns: dict[str, int] = {}
        self.leads_s: set[float] = set()
        self.looked: set[float] = set()  # moments at which jobs have their hours
        self.record.watts.append((self.now, _draw_w(box, {})))
        self._look_before_steps(0.0)
        self._look_before_steps(CAP_LEAD_S)

    def begin(self, jobs: Sequence[Job]) -> None:
        """From how things stand: what runs runs on, by its estimate."""
        for job in jobs:
            told_s = job.spec.needs.time_s
            self.lasts_s[job.id] = math.inf if told_s is None else told_s
            if job.state is State.STARTING:
                job = replace(job, state=State.RUNNING)
            self.jobs[job.id] = job
            if job.slot is None or job.state not in (State.RUNNING, State.YIELDING):
                continue
            pause_s = job.spec.needs.pause_s if job.state is State.YIELDING else 0.0
            until_s = held_until(job, job.slot, self.now, self._speed(job, job.slot))
            self._end_at(job, until_s + pause_s)

    def step(self, watch: Watch | None) -> bool:
        """One moment; False when there is none left."""
        following = self.moment(watch)
        if following == math.inf or following > self.until_s:
            self._finish()
            return False
        self.go_on(following)
        return True

    def moment(self, watch: Watch | None) -> float:
        """Decide for the present, and carry it out; when something happens next."""
        while self.coming and self.coming[-1].at_s <= self.now:
            self._arrive(self.coming.pop())
        words = watch is not None
        decision = self._decide(words)
        if watch is not None:
            watch(self.box, decision, tuple(self.jobs.values()), self.now)
        self._carry_out(decision)
        return self._next()

    def _decide(self, words: bool) -> Decision:
        jobs = tuple(self.jobs.values())
        return decide(self.box, self.budget, jobs, self.now, words=words)

    def _arrive(self, arrival: Arrival) -> None:
        needs = arrival.spec.needs
        lasts_s = needs.time_s if arrival.lasts_s is None else arrival.lasts_s
        self.lasts_s[arrival.id] = math.inf if lasts_s is None else lasts_s
        self.jobs[arrival.id] = Job(
            arrival.id, arrival.spec, State.QUEUED, arrival.at_s, arrival.at_s
        )
        self.record.arrived_s[arrival.id] = arrival.at_s
        for at_s in (arrival.spec.not_before_s, _urgent_s(arrival.spec)):
            if at_s is not None and at_s > self.now:
                self._look_at(at_s)
        if may_leave(self.jobs[arrival.id]):
            self._look_before_steps(leave_lead_s(self.jobs[arrival.id]))

    def _carry_out(self, decision: Decision) -> None:
        self.record.decisions += 1
        for leave in decision.yields:
            job = self.jobs[leave.job]
            self._yield(job)
        if decision.relayouts:
            self.box = _carved(self.box, decision.relayouts)
            self._note_layouts(decision.relayouts)
        caps = {cap.device: cap.watts for cap in decision.caps}
        if caps:
            self.box = _with(
                self.box, lambda gpu: replace(gpu, cap_w=caps[gpu.id]) if gpu.id in caps else gpu
            )
            self._change_pace()
        for start in decision.starts:
            self._start(self.jobs[start.job], start.slot)
        for wait in decision.waits:
            self._note_wait(wait)
        if decision.starts or caps:
            self._note_watts()

    def _note_wait(self, wait: Wait) -> None:
        if wait.expected_s is None:
            return
        if self.jobs[wait.job].spec.when is When.ANYTIME:
            self.record.promised_s.setdefault(wait.job, wait.expected_s)
        elif wait.expected_s not in self.looked:  # from then on it may start, which is no promise
            self.looked.add(wait.expected_s)
            self._look_at(wait.expected_s)

    def _start(self, job: Job, slot: Slot) -> None:
        job = replace(
            job,
            state=State.RUNNING,
            slot=slot,
            started_s=self.now,
            changed_s=self.now,
            attempt=job.attempt + 1,
        )
        begins_s, rate = self.now + slot.carve_s, self._speed(job, slot)
        job = replace(job, pace=None if rate == 1.0 else Pace(begins_s, rate, 0.0))
        self.jobs[job.id] = job
        self.record.started_s.setdefault(job.id, self.now)
        if job.spec.kind is not Kind.SERVICE:
            self._end_at(job, begins_s + self._left_s(job) * slot.factor / rate)

    def _speed(self, job: Job, slot: Slot) -> float:
        """As the caps of its cards are now."""
        if slot.kind is DeviceKind.CPU:
            return 1.0
        cards = {gpu.id: gpu for gpu in self.box.gpus}
        known = [cards[id] for id in slot.devices if id in cards]
        load = job.spec.needs.load
        return min((speed(gpu, gpu.cap_w, load) for gpu in known), default=1.0)

    def _change_pace(self) -> None:
        """The caps have changed: some of those that run get on at another speed from here on."""
        for job in list(self.jobs.values()):
            if job.slot is None or job.state is not State.RUNNING or job.started_s is None:
                continue
            rate = self._speed(job, job.slot)
            if rate == (1.0 if job.pace is None else job.pace.speed):
                continue
            begins_s = max(self.now, job.started_s + job.slot.carve_s)
            factor = job.slot.factor
            behind_s = worked_s(job, self.now)
            self.jobs[job.id] = job = replace(job, pace=Pace(begins_s, rate, behind_s))
            if job.spec.kind is not Kind.SERVICE:
                left_s = self._left_s(job) * factor - behind_s
                self._end_at(job, begins_s + max(0.0, left_s) / rate)

    def _yield(self, job: Job) -> None:
        self.record.yields += 1
        self.jobs[job.id] = replace(
            job, state=State.YIELDING, stop_for=StopFor.YIELD, changed_s=self.now
        )
        self._end_at(self.jobs[job.id], self.now + job.spec.needs.pause_s)

    def _left_s(self, job: Job) -> float:
        return self.lasts_s[job.id] * (1.0 - (job.done or 0.0))

    def _end_at(self, job: Job, at_s: float) -> None:
        """When it leaves its slot; what was known of that before comes to nothing."""
        turn = self.turns[job.id] = self.turns.get(job.id, 0) + 1
        if at_s < math.inf:
            self.count += 1
            heapq.heappush(self.events, _Event(at_s, self.count, job.id, turn))

    def _look_before_steps(self, lead_s: float) -> None:
        if lead_s in self.leads_s:
            return
        self.leads_s.add(lead_s)
        for step in self.budget.steps:
            at_s = step.start_s - lead_s + (TICK_S if lead_s else 0.0)
            if at_s > self.now:
                self._look_at(at_s)

    def _look_at(self, at_s: float) -> None:
        self.count += 1
        heapq.heappush(self.events, _Event(at_s, self.count))

    def _next(self) -> float:
        """When something happens next."""
        while self.events and not self._stands(self.events[0]):
            heapq.heappop(self.events)
        ahead = [self.events[0].at_s] if self.events else []
        if self.at_least_s is not None:
            if self.now < self.at_least_s:
                ahead.append(self.at_least_s)
            elif not self.coming and all(
                job.spec.kind is Kind.SERVICE for job in self.jobs.values()
            ):
                return math.inf
        if self.coming:
            ahead.append(self.coming[-1].at_s)
        running = any(event.job for event in self.events)
        if running and any(job.state is State.QUEUED for job in self.jobs.values()):
            ahead.append(self.now + self.review_s)
        return min(ahead, default=math.inf)

    def _stands(self, event: _Event) -> bool:
        if not event.job:
            return True
        job = self.jobs.get(event.job)
        return job is not None and job.slot is not None and self.turns[job.id] == event.turn

    def go_on(self, until_s: float) -> None:
        """The clock goes on; what ends by then has ended."""
        self.now = until_s
        ended = False
        while self.events and self.events[0].at_s <= until_s:
            event = heapq.heappop(self.events)
            if event.job and self._stands(event):
                self._leave(self.jobs[event.job])
                ended = True
        if ended:
            self._note_watts()

    def _leave(self, job: Job) -> None:
        assert job.slot is not None and job.started_s is not None
        finished = job.state is State.RUNNING
        self.record.stays.append(Stay(job.id, job.slot, job.started_s, self.now, finished))
        if finished:
            del self.jobs[job.id]
            self.record.ended_s[job.id] = self.now
            return
        behind_s = worked_s(job, job.changed_s) / job.slot.factor
        lasts_s = self.lasts_s[job.id]
        done = (job.done or 0.0) + (behind_s / lasts_s if 0 < lasts_s < math.inf else 0.0)
        self.jobs[job.id] = replace(
            job, state=State.QUEUED, slot=None, stop_for=None, done=min(done, 1.0), pace=None
        )

    def _finish(self) -> None:
        record = self.record
        record.end_s = self.now if self.until_s == math.inf else self.until_s
        record.waiting = {wait.job: wait.why for wait in self._decide(words=True).waits}
        for job in self.jobs.values():
            if job.slot is not None and job.started_s is not None:
                record.stays.append(Stay(job.id, job.slot, job.started_s, record.end_s, False))
        _reckon(record, self.budget)

    def note_standing(self) -> None:
        """The stays of those that have a slot now, until they should leave it."""
        ends_s = {event.job: event.at_s for event in self.events if self._stands(event)}
        for job in self.jobs.values():
            if job.slot is not None and job.started_s is not None:
                end_s = ends_s.get(job.id, math.inf)
                self.record.stays.append(Stay(job.id, job.slot, job.started_s, end_s, False))

    def _note_watts(self) -> None:
        loads: dict[str, list[str]] = {}
        for job in self.jobs.values():
            if job.slot is not None and job.slot.kind is DeviceKind.GPU:
                for device in job.slot.devices:
                    loads.setdefault(device, []).append(job.spec.needs.load)
        most_w = self.box.host_w
        most_w += sum(gpu.cap_w if gpu.id in loads else gpu.idle_w for gpu in self.box.gpus)
        self.record.most_w = max(self.record.most_w, most_w)
        drawn_w = _draw_w(self.box, loads)
        if drawn_w != self.record.watts[-1][1]:
            self.record.watts.append((self.now, drawn_w))

    def _note_layouts(self, relayouts: Sequence[Relayout]) -> None:
        changed = {relayout.device for relayout in relayouts}
        for gpu in self.box.gpus:
            if gpu.id in changed:
                placements = tuple(one.placement for one in gpu.instances)
                self.record.layouts.append(Layout(self.now, gpu.id, placements))


def _urgent_s(spec: JobSpec) -> float | None:
    """When a deadline begins to count (see `queue`); an hour early does no harm."""
    if spec.deadline_s is None:
        return None
    lasts_s = spec.needs.time_s or 0.0
    return spec.deadline_s - lasts_s - max(3600.0, lasts_s)


def _draw_w(box: Box, loads: Mapping[str, Sequence[str]]) -> float:
    """Host and fans, and every GPU as its work draws under its cap, or idle."""
    return box.host_w + sum(
        draw_w(gpu, gpu.cap_w, loads[gpu.id]) if gpu.id in loads else gpu.idle_w for gpu in box.gpus
    )


def _carved(box: Box, relayouts: Sequence[Relayout]) -> Box:
    by_device = {relayout.device: relayout for relayout in relayouts}

    def change(gpu: Device) -> Device:
        relayout = by_device.get(gpu.id)
        if relayout is None:
            return gpu
        left = [one for one in gpu.instances if one.placement not in relayout.destroy]
        made = [Instance(place) for place in relayout.create]
        both = sorted([*left, *made], key=lambda one: one.placement.start)
        return replace(gpu, instances=tuple(both))

    return _with(box, change)


def _with(box: Box, change: Callable[[Device], Device]) -> Box:
    nodes = [
        replace(node, devices=tuple(change(device) for device in node.devices))
        for node in box.nodes
    ]
    return replace(box, nodes=tuple(nodes))


def _reckon(record: Record, budget: Budget) -> None:
    """Energy, and its cost where the budget has prices."""
    priced = any(step.price_kwh is not None for step in budget.steps)
    cost = 0.0
    marks = sorted(
        {at_s for at_s, _ in record.watts}
        | {step.start_s for step in budget.steps if step.start_s < record.end_s}
        | {record.end_s}
    )
    place = 0
    for from_s, until_s in pairwise(marks):
        if from_s < record.watts[0][0]:
            continue
        while place + 1 < len(record.watts) and record.watts[place + 1][0] <= from_s:
            place += 1
        kwh = record.watts[place][1] * (until_s - from_s) / 3.6e6
        record.kwh += kwh
        cost += kwh * (budget.at(from_s).price_kwh or 0.0)
    record.cost = cost if priced else None
