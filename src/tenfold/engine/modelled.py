"""The engine of a declared box: jobs advance by their estimate on a clock that may run faster.

It runs no workload code and keeps nothing in memory: what a job is doing follows from the ledger
and the clock alone, so a killed daemon changes nothing. Everything it shows is labelled modelled.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tenfold.engine.sighting import Sighting
from tenfold.terms.job import Attempt, Job, Kind, worked_s
from tenfold.terms.outcome import Ending, Outcome, Result

ASSUMED_S = 600.0  # where nobody estimated a time
PAUSE_S = 5.0  # from a stop to an empty slot (operating-layer facts: 5 to 30 s for real jobs)


class ModelledEngine:
    def look(self, jobs: Sequence[tuple[Job, Attempt]], now_s: float) -> list[Sighting]:
        return [
            Sighting(
                job.id,
                attempt.number,
                entered=now_s - attempt.promised_s >= attempt.slot.carve_s,
                outcome=_outcome(job, attempt, now_s),
            )
            for job, attempt in jobs
        ]

    def start(self, job: Job, attempt: Attempt, children: dict[str, dict[str, object]]) -> None:
        """Nothing to start: the promise in the ledger is the model."""

    def stop(self, job: Job, attempt: Attempt, now_s: float) -> None:
        """Nothing to stop: `look` ends it when its pause is over."""

    def wants(self, job: Job) -> list[dict[str, Any]]:
        return []

    def close(self) -> None:
        """Nothing is held."""


def _outcome(job: Job, attempt: Attempt, now_s: float) -> Outcome | None:
    if job.stop_for is not None:
        if now_s - job.changed_s < PAUSE_S:
            return None
        return Outcome(attempt.number, Ending.STOPPED, attempt.promised_s, now_s)
    if job.spec.kind is not Kind.BATCH:
        return None  # services run until they are stopped
    assumed = job.spec.needs.time_s is None
    whole_s = ASSUMED_S if job.spec.needs.time_s is None else job.spec.needs.time_s
    slot = attempt.slot
    takes_s = whole_s * slot.factor * (1.0 - (job.done or 0.0))
    over_s = worked_s(job, now_s) - takes_s
    if over_s < 0:
        return None
    basis = "assumed, nobody estimated it" if assumed else "by its estimate"
    on = f"a {slot.slice.profile} of {slot.devices[0]}" if slot.slice else ", ".join(slot.devices)
    result = Result(
        f"Modelled: it would have taken {takes_s:.0f} s on {on} ({basis}). Nothing was computed.",
        {"modelled_s": takes_s},
    )
    ended_s = now_s - over_s / (1.0 if job.pace is None else job.pace.speed)
    return Outcome(attempt.number, Ending.SUCCEEDED, attempt.promised_s, ended_s, result=result)
