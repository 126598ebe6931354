"""How the end of an attempt changes its job: the retry rules, in one place and pure.

- Success and an error of the workload's own are final. A plain command that fails may be tried
  again (`--retry N`).
- A crash (killed, lost rank, power cut) is tried again `retry` times in a row; a new checkpoint
  starts the count afresh. An attempt that never began counts against a limit of its own, so that a
  command without `--retry` is not lost because its runner was killed while starting.
- After a stop, what the stop was for decides; a stop that nobody asked for (the machine goes down)
  puts a job that resumes back into the queue.
"""

from __future__ import annotations

from dataclasses import dataclass

from tenfold.terms.command import COMMAND
from tenfold.terms.job import Job, Kind, StopFor
from tenfold.terms.outcome import Ending, Outcome
from tenfold.terms.states import Change

STARTS_TRIED = 5  # attempts in a row that may die before they begin

_AFTER_STOP = {
    StopFor.YIELD: Change.REQUEUE,
    StopFor.PAUSE: Change.PAUSE,
    StopFor.SLEEP: Change.SLEEP,
    StopFor.CANCEL: Change.CANCEL,
}


@dataclass(frozen=True)
class JobEnding:
    change: Change
    reason: str
    crashes: int


def ending(job: Job, outcome: Outcome, entered: bool) -> JobEnding:
    """The change that `outcome` makes to `job`, and why."""
    if outcome.ending is Ending.SUCCEEDED and job.spec.kind is Kind.SERVICE and job.stop_for:
        # A service that returns because it was asked to stop has stopped, not finished.
        return JobEnding(_AFTER_STOP[job.stop_for], f"stopped to {job.stop_for.value}", 0)
    if outcome.ending is Ending.SUCCEEDED:
        return JobEnding(Change.SUCCEED, outcome.result.summary if outcome.result else "", 0)
    if job.stop_for is StopFor.CANCEL:
        return JobEnding(Change.CANCEL, "cancelled by its owner", 0)
    if outcome.ending is Ending.DISK_FULL:
        return JobEnding(Change.PAUSE, _words(outcome), job.crashes)
    if outcome.ending is Ending.AWAITS_CHILDREN:
        if job.stop_for is None:
            return JobEnding(Change.REQUEUE, "waits for its children", 0)
        return JobEnding(_AFTER_STOP[job.stop_for], f"stopped to {job.stop_for.value}", 0)
    if outcome.ending is Ending.FAILED:
        if job.spec.workload == COMMAND and job.stop_for is None:
            return _again(job, _words(outcome), job.spec.retry)
        return JobEnding(Change.FAIL, _words(outcome), 0)
    if job.stop_for is not None:  # stopped in time, or ended when its grace was over
        return JobEnding(_AFTER_STOP[job.stop_for], f"stopped to {job.stop_for.value}", 0)
    if outcome.ending is Ending.STOPPED and job.spec.resumes:
        return JobEnding(Change.REQUEUE, "stopped from outside; it goes on from its checkpoint", 0)
    limit = job.spec.retry if entered else max(job.spec.retry, STARTS_TRIED)
    return _again(job, _words(outcome) or "the attempt crashed", limit)


def _again(job: Job, why: str, limit: int) -> JobEnding:
    crashes = job.crashes + 1
    if crashes > limit:
        return JobEnding(Change.FAIL, why, crashes)
    return JobEnding(Change.REQUEUE, f"{why} (try {crashes} of {limit} again)", crashes)


def _words(outcome: Outcome) -> str:
    if outcome.refusal:
        return f"{outcome.refusal['what']} {outcome.refusal['why']}"
    return outcome.error or ""
