"""How the end of an attempt changes its job: the retry rules, in one place and pure.

- Success and an error of the workload's own are final. A plain command that fails may be tried
  again (`--retry N`).
- A crash (killed, lost rank, power cut) is tried again `retry` times in a row; a new checkpoint
  starts the count afresh. An attempt that never began counts against a limit of its own, so that a
  command without `--retry` is not lost because its runner was killed while starting.
- A service that crashes, ends with an error or does not answer any more is started again, for ever
  or `--retry N` times in a row, after a pause that doubles each time. One that answered for a while
  counts afresh. A Refusal that only a person can heal (no such command) ends it.
- Out of memory on a slice, or on a shared card: once more with more of it (`enlarge`).
- An error of its own on a card that was lost or broke meanwhile is a crash: it is tried again
  elsewhere, at least once where it continues from a checkpoint.
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

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 300.0  # before a service is started again
STEADY_S = 60.0  # a service that answered for so long begins its count of crashes anew
# What a person has not to correct first.
_OWN_FAULT = frozenset({"command.exit", "workload.raised", "job.ranks"})

_AFTER_STOP = {
    StopFor.YIELD: Change.REQUEUE,
    StopFor.PAUSE: Change.PAUSE,
    StopFor.SLEEP: Change.SLEEP,
    StopFor.CANCEL: Change.CANCEL,
    StopFor.RESTART: Change.REQUEUE,
}


@dataclass(frozen=True)
class JobEnding:
    change: Change
    reason: str
    crashes: int
    pause_s: float | None = None  # before it is started again


def ending(
    job: Job, outcome: Outcome, entered: bool, card_lost: bool = False, more: bool = False
) -> JobEnding:
    """The change that `outcome` makes to `job`, and why. `card_lost`: a card of its slot is gone or
    broke; `more`: it will be given more of a GPU."""
    is_service = job.spec.kind is Kind.SERVICE
    if more:
        return JobEnding(Change.REQUEUE, f"{_words(outcome)} It is tried once with more.", 0)
    if job.stop_for is StopFor.RESTART and is_service:
        return _restarted(job, outcome, job.reason, job.spec.retry)
    if outcome.ending is Ending.SUCCEEDED and is_service and job.stop_for:
        # A service that returns because it was asked to stop has stopped, not finished.
        return _stopped(job, job.stop_for)
    if outcome.ending is Ending.SUCCEEDED:
        return JobEnding(Change.SUCCEED, outcome.result.summary if outcome.result else "", 0)
    if job.stop_for is StopFor.CANCEL:
        return JobEnding(Change.CANCEL, "cancelled by its owner", 0)
    if outcome.ending is Ending.DISK_FULL:
        return JobEnding(Change.PAUSE, _words(outcome), job.crashes)
    if outcome.ending is Ending.AWAITS_CHILDREN:
        if job.stop_for is None:
            return JobEnding(Change.REQUEUE, "waits for its children", 0)
        return _stopped(job, job.stop_for)
    if outcome.ending is Ending.FAILED and not (is_service and job.stop_for):
        code = outcome.refusal["code"] if outcome.refusal else "workload.raised"
        if card_lost and code in _OWN_FAULT and job.stop_for is None and not is_service:
            why = f"a card of its slot was lost or failed: {_words(outcome)}"
            return _again(job, why, max(int(job.spec.resumes), job.spec.retry or 0))
        if is_service and code in _OWN_FAULT:
            return _restarted(job, outcome, _words(outcome), job.spec.retry)
        if job.spec.workload == COMMAND and job.stop_for is None and not is_service:
            return _again(job, _words(outcome), job.spec.retry or 0)
        return JobEnding(Change.FAIL, _words(outcome), 0)
    if job.stop_for is not None:  # stopped in time, or ended when its grace was over
        return _stopped(job, job.stop_for)
    if outcome.ending is Ending.STOPPED and job.spec.resumes:
        return JobEnding(Change.REQUEUE, "stopped from outside; it goes on from its checkpoint", 0)
    why = _words(outcome) or "the attempt crashed"
    limit = job.spec.retry
    if limit is not None and not entered:
        limit = max(limit, STARTS_TRIED)
    return _restarted(job, outcome, why, limit) if is_service else _again(job, why, limit or 0)


def _stopped(job: Job, stop_for: StopFor) -> JobEnding:
    why = f": {job.reason}" if stop_for is StopFor.SLEEP and job.reason else ""
    return JobEnding(_AFTER_STOP[stop_for], f"stopped to {stop_for.value}{why}", 0)


def _restarted(job: Job, outcome: Outcome, why: str, limit: int | None) -> JobEnding:
    steady = job.healthy_s is not None and outcome.ended_s - job.healthy_s >= STEADY_S
    crashes = 1 if steady else job.crashes + 1
    if limit is not None and crashes > limit:
        return JobEnding(Change.FAIL, why, crashes)
    # More than 2**30 s is beyond the longest pause anyway, and beyond a float some day.
    pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(30, crashes - 1))
    return JobEnding(Change.REQUEUE, f"{why} (crash {crashes} in a row)", crashes, pause_s)


def _again(job: Job, why: str, limit: int) -> JobEnding:
    crashes = job.crashes + 1
    if crashes > limit:
        return JobEnding(Change.FAIL, why, crashes)
    return JobEnding(Change.REQUEUE, f"{why} (try {crashes} of {limit} again)", crashes)


def _words(outcome: Outcome) -> str:
    if outcome.refusal:
        return f"{outcome.refusal['what']} {outcome.refusal['why']}"
    return outcome.error or ""
