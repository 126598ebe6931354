"""Jobs and attempts as rows, and rows as jobs and attempts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tenfold.terms.box import Slot
from tenfold.terms.job import Attempt, Job
from tenfold.terms.outcome import Outcome
from tenfold.terms.wire import from_json, to_json

JOB_COLUMNS = "id, state, submitted_s, changed_s, spec, standing"
ATTEMPT_COLUMNS = "job, number, token, slot, promised_s, entered_s, ended_s, outcome, read_to"
# What of a job has a column of its own; the rest travels as one JSON value, `standing`.
_OWN_COLUMN = ("id", "spec", "state", "submitted_s", "changed_s")


def packed(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def standing_of(job: Job) -> str:
    """Everything of a job that changes, but for its state."""
    fields = {
        name: to_json(getattr(job, name))
        for name in job.__dataclass_fields__
        if name not in _OWN_COLUMN
    }
    return packed({name: value for name, value in fields.items() if value not in (None, [], "")})


def job_from(row: Mapping[str, Any] | Any) -> Job:
    """`row` has JOB_COLUMNS."""
    fields = {
        **json.loads(row["standing"]),
        "id": row["id"],
        "state": row["state"],
        "submitted_s": row["submitted_s"],
        "changed_s": row["changed_s"],
        "spec": json.loads(row["spec"]),
    }
    return from_json(Job, fields)


def attempt_from(row: Mapping[str, Any] | Any) -> Attempt:
    return Attempt(
        job=row["job"],
        number=row["number"],
        token=row["token"],
        slot=from_json(Slot, json.loads(row["slot"])),
        promised_s=row["promised_s"],
        entered_s=row["entered_s"],
        ended_s=row["ended_s"],
        outcome=from_json(Outcome, json.loads(row["outcome"])) if row["outcome"] else None,
        read_to=row["read_to"],
    )
