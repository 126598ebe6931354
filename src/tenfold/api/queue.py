"""/api/queue and /api/ahead: every job in a compact row, and the plan of what comes.

A row says no more than a list shows; a job as a whole is at /api/jobs/ID.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from tenfold.api.views import Answer
from tenfold.engine import headway
from tenfold.engine.ahead import MOST_HOURS, MOST_JOBS, Ahead
from tenfold.engine.house import House
from tenfold.terms.box import DeviceKind, Slot
from tenfold.terms.decision import Wait
from tenfold.terms.job import Job
from tenfold.terms.order import can
from tenfold.terms.short import device_words
from tenfold.terms.states import State

MOST_ENDED = 10_000

routes = APIRouter(prefix="/api", tags=["queue"])


@routes.get("/queue", summary="Every job that has not ended and the last that have, in short")
def queue(
    request: Request,
    ended: Annotated[int, Query(ge=0, le=MOST_ENDED)] = 100,
) -> Answer:
    """`seq` is the last kept event that it knows of: /api/events since then tells all changes."""
    house: House = request.app.state.house
    seq, open_jobs = house.ledger.open_jobs_at()
    reader = house.ledger.reader()
    try:
        counts = reader.counts()
        over = reader.last_ended(ended)
    finally:
        reader.close()
    gone = {job.id for job in over}
    rows = _Rows(house, [job for job in open_jobs if job.id not in gone])
    shown = [rows.row(job) for job in (*rows.open, *over)]
    return Answer({"now_s": rows.now_s, "seq": seq, "counts": counts, "jobs": shown})


@routes.get("/ahead", summary="Who should run where and when, if nobody else comes")
def ahead(
    request: Request,
    hours: Annotated[float, Query(gt=0, le=MOST_HOURS)] = 24.0,
    jobs: Annotated[int, Query(ge=0, le=MOST_JOBS)] = 300,
) -> Answer:
    """By every estimate. It is reckoned for a second at most, and the same for some seconds."""
    found: Ahead = request.app.state.ahead
    return Answer(found.plan(hours, jobs))


class _Rows:
    """What rows have in common, looked up once."""

    def __init__(self, house: House, open_jobs: Sequence[Job]) -> None:
        self.open = open_jobs
        self.now_s = house.clock()
        self._progress = house.progress
        self._urls = house.services.urls()
        waits = () if house.latest is None else house.latest[2].waits
        self._waits = {wait.job: wait for wait in waits}
        self._children: dict[str, list[Job]] = defaultdict(list)
        for job in open_jobs:
            if job.spec.parent is not None:
                self._children[job.spec.parent].append(job)

    def row(self, job: Job) -> dict[str, Any]:
        spec, slot = job.spec, job.slot
        told = self._progress.get(job.id)
        wait = self._waits.get(job.id) if job.state is State.QUEUED else None
        return {
            "id": job.id,
            "name": spec.name or spec.workload,
            "workload": spec.workload,
            "kind": spec.kind.value,
            "state": job.state.value,
            "priority": spec.priority,
            "size": spec.size,
            "parent": spec.parent,
            "submitted_s": job.submitted_s,
            "started_s": job.started_s,
            "changed_s": job.changed_s,
            "place": None if slot is None else place_words(slot),
            "devices": [] if slot is None else list(slot.devices),
            "share": headway.share(job, told, self.now_s),
            "eta_s": headway.end_s(job, told, self.now_s),
            "why": _why(job, wait),
            "expected_s": None if wait is None else wait.expected_s,
            "can": [order.value for order in can(job, self._children.get(job.id, ()))],
            "url": self._urls.get(job.id),
        }


def place_words(slot: Slot) -> str:
    """`gpu0, gpu1`, `gpu0 2g.20gb`, `CPU, 4 cores`."""
    if slot.kind is DeviceKind.CPU:
        return f"CPU, {slot.cores} {'core' if slot.cores == 1 else 'cores'}"
    cards = ", ".join(map(device_words, slot.devices))
    if slot.slice is not None:
        return f"{cards} {slot.slice.profile}"
    return cards if slot.fraction is None else f"{cards}, {slot.memory_gib:.3g} GiB of it"


def _why(job: Job, wait: Wait | None) -> str:
    if wait is not None:
        return wait.why
    return job.reason or unseen(job)


def unseen(job: Job) -> str:
    """Of a job that the last look at the queue did not know yet."""
    return "It is new: the next look at the queue decides." if job.state is State.QUEUED else ""
