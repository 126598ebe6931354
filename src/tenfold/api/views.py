"""What the API shows of a job, an attempt, an event."""

from __future__ import annotations

from typing import Any

from tenfold.ledger.transaction import Event
from tenfold.terms.job import Job
from tenfold.terms.wire import to_json


def job_view(job: Job, progress: dict[str, Any] | None = None) -> dict[str, Any]:
    view: dict[str, Any] = to_json(job)
    view["name"] = job.spec.name or job.spec.workload
    view["progress"] = progress
    return view


def event_view(event: Event) -> dict[str, Any]:
    return {
        "seq": event.seq,
        "at_s": event.at_s,
        "job": event.job,
        "attempt": event.attempt,
        "kind": event.kind,
        **event.data,
    }
