"""What the API shows of a job, an attempt, an event; and how any answer becomes JSON."""

from __future__ import annotations

import json
import math
from typing import Any

from fastapi.responses import JSONResponse

from tenfold.ledger.transaction import Event
from tenfold.terms.job import Job
from tenfold.terms.wire import to_json


class Answer(JSONResponse):
    """JSON that can always be written, whatever a workload left in a field: a number that JSON
    does not have is null, text that UTF-8 does not have is escaped. Else one odd job would make
    every list that it is in unreadable."""

    def render(self, content: Any) -> bytes:
        return dumped(content).encode()


def dumped(value: Any) -> str:
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    except ValueError:
        return json.dumps(_finite(value), allow_nan=False, separators=(",", ":"))


def job_view(
    job: Job, progress: dict[str, Any] | None = None, url: str | None = None
) -> dict[str, Any]:
    """`url` is where a service is found."""
    view: dict[str, Any] = to_json(job)
    view["name"] = job.spec.name or job.spec.workload
    view["progress"] = progress
    view["url"] = url
    return view


def event_view(event: Event) -> dict[str, Any]:
    """Its own fields go over those of its data, which may come from a workload."""
    own = {
        "seq": event.seq,
        "at_s": event.at_s,
        "job": event.job,
        "attempt": event.attempt,
        "kind": event.kind,
    }
    return {**event.data, **own}


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
