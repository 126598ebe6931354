"""How far a job has come, and when it should end: by what it tells, else by its estimate."""

from __future__ import annotations

import math
from typing import Any

from tenfold.placement.queue import held_until, time_s
from tenfold.terms.job import Job, Kind, worked_s
from tenfold.terms.states import ENDED, LIVE, State


def share(job: Job, told: dict[str, Any] | None, now_s: float) -> float | None:
    """0 to 1; None where nobody knows, and for a service. `told` is its newest progress."""
    if job.state is State.SUCCEEDED:
        return 1.0
    if job.spec.kind is Kind.SERVICE or job.state in ENDED:
        return None
    if job.state not in LIVE or job.slot is None:
        return job.done
    if told is not None and (whole := _number(told.get("total"))):
        return _within((_number(told.get("done")) or 0.0) / whole)
    lasts_s = job.spec.needs.time_s
    if not lasts_s:
        return job.done
    return _within((job.done or 0.0) + worked_s(job, now_s) / (lasts_s * job.slot.factor))


def end_s(job: Job, told: dict[str, Any] | None, now_s: float) -> float | None:
    """When a running job should end, in seconds since the epoch; None where nobody knows."""
    if job.state not in LIVE or job.slot is None or job.spec.kind is Kind.SERVICE:
        return None
    if told is not None and (left_s := _number(told.get("eta_s"))) is not None:
        return max(now_s, (_number(told.get("at")) or now_s) + left_s)
    if time_s(job) == math.inf:
        return None
    return held_until(job, job.slot, now_s)


def _number(value: Any) -> float | None:
    """Progress comes from a workload, which may say anything."""
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if known and abs(value) < 2**63 else None


def _within(part: float) -> float:
    return min(1.0, max(0.0, part))
