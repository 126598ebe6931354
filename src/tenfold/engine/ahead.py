"""The plan ahead: who should run where and when, if nobody else comes and every estimate is right.

The simulator runs forward from how things stand. That takes as long as the queue is, so it plays
only the first of those that wait, of GPU jobs and of CPU shares as many as are asked for, and never
longer than PLAY_S; what is left out could at most be filled in between. One plan is made at a time,
and it stands for a while.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from tenfold.engine.house import House
from tenfold.engine.services import resting
from tenfold.placement.hours import due
from tenfold.placement.packing import by_slice
from tenfold.placement.queue import NOT_DUE, in_order
from tenfold.placement.simulate import Record, Stay, forward
from tenfold.terms.box import DeviceKind
from tenfold.terms.job import Job, When
from tenfold.terms.states import State
from tenfold.terms.wire import to_json

PLAY_S = 1.0  # at most, for one plan
STANDS_S = 5.0  # so long is a plan told again
REST = 10.0  # a plan that took longer stands so many times as long as it took
MOST_KEPT = 8  # plans, each for another question
MOST_HOURS = 24.0 * 14
MOST_JOBS = 1000

Clock = Callable[[], float]


class Ahead:
    """Safe in any thread. `clock` is the time that passes here, not that of the box."""

    def __init__(self, house: House, clock: Clock = time.monotonic, play_s: float = PLAY_S) -> None:
        self._house = house
        self._clock = clock
        self._play_s = play_s
        self._turn = threading.Lock()
        self._known: dict[tuple[float, int], tuple[float, dict[str, Any]]] = {}

    def plan(self, hours: float, most: int) -> dict[str, Any]:
        """The next `hours`: what runs, and the first `most` of what waits, by their start."""
        with self._turn:
            began_s = self._clock()
            known = self._known.get((hours, most))
            if known is not None and began_s < known[0]:
                return known[1]
            answer = self._played(hours, most, began_s + self._play_s)
            ended_s = self._clock()
            stands_s = max(STANDS_S, REST * (ended_s - began_s))
            if len(self._known) >= MOST_KEPT:
                self._known.clear()
            self._known[hours, most] = (ended_s + stands_s, answer)
            return answer

    def _played(self, hours: float, most: int, stop_s: float) -> dict[str, Any]:
        house = self._house
        now_s = house.clock()
        until_s = now_s + hours * 3600.0
        box, latest = house.box, house.latest
        jobs, _ = resting(house.ledger.open_jobs(), now_s)
        record = Record()
        if latest is not None:
            played = first_in_line(jobs, most, now_s)

            def enough(so_far: Record) -> bool:
                return len(so_far.started_s) >= most or self._clock() >= stop_s

            record = forward(box, latest[1], played, now_s, until_s, enough)
        shown = _shown(record, jobs, most, until_s)
        queued = sum(job.state is State.QUEUED for job in jobs)
        waiting = {bar["id"] for bar in shown if bar["state"] == State.QUEUED}
        return {
            "now_s": now_s,
            "until_s": until_s,
            "jobs": shown,
            "left_out": queued - len(waiting),
            "modelled": box.modelled,
        }


def first_in_line(jobs: Sequence[Job], most: int, now_s: float) -> list[Job]:
    """All that do not wait for a slot, and of those that do the first `most` of each kind; without
    those that wait for somebody who is left out. Who waits for children waits for these."""
    by = due(jobs, now_s) if any(job.spec.when is not When.ANYTIME for job in jobs) else NOT_DUE
    room = {DeviceKind.GPU: most, DeviceKind.CPU: most}
    open_ids = {job.id for job in jobs}
    chosen: dict[str, Job] = {}
    for job in in_order(jobs, now_s, by):
        if job.state is not State.QUEUED:
            chosen[job.id] = job
            continue
        needs = job.spec.needs
        kind = DeviceKind.GPU if needs.gpus or by_slice(needs) else DeviceKind.CPU
        if room[kind] > 0:
            room[kind] -= 1
            after = tuple(id for id in (*job.spec.after, *job.awaits) if id in open_ids)
            chosen[job.id] = replace(job, spec=replace(job.spec, after=after), awaits=())
    while lost := [job.id for job in chosen.values() if _waits_in_vain(job, chosen)]:
        for id in lost:
            del chosen[id]
    return list(chosen.values())


def _waits_in_vain(job: Job, chosen: Iterable[str]) -> bool:
    return job.state is State.QUEUED and any(id not in chosen for id in job.spec.after)


def _shown(record: Record, jobs: Sequence[Job], most: int, until_s: float) -> list[dict[str, Any]]:
    """A bar for every stay, by start; a job that is to yield and go on has several."""
    by_id = {job.id: job for job in jobs}
    stays = sorted(record.stays, key=lambda stay: (stay.start_s, stay.job))
    waiting = [s.job for s in stays if s.start_s < until_s and by_id[s.job].slot is None]
    kept = set(list(dict.fromkeys(waiting))[:most])
    kept |= {job.id for job in jobs if job.slot is not None}
    return [_bar(by_id[s.job], s, until_s) for s in stays if s.job in kept and s.start_s < until_s]


def _bar(job: Job, stay: Stay, until_s: float) -> dict[str, Any]:
    spec, slot = job.spec, stay.slot
    known = stay.end_s < math.inf
    return {
        "id": job.id,
        "name": spec.name or spec.workload,
        "state": job.state.value,
        "workload": spec.workload,
        "priority": spec.priority,
        "start_s": stay.start_s,
        "end_s": stay.end_s if known else until_s,
        "known": known,
        "devices": list(slot.devices),
        "slice": to_json(slot.slice),
        "share": slot.fraction,
        "cores": slot.cores,
    }
