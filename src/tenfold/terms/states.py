"""The life of a job: its states, the changes between them, and the whole table of what may follow.

A change that the table does not name is refused; there is no other place that decides it. Every
change is one ledger transaction and one event. A retry is a new attempt of the same job.
"""

from __future__ import annotations

from enum import StrEnum

from tenfold.terms.refusal import refusal


class State(StrEnum):
    QUEUED = "queued"
    STARTING = "starting"  # promised a slot; its runner has not claimed the attempt yet
    RUNNING = "running"
    YIELDING = "yielding"  # asked to stop; `Job.stop_for` says what comes after
    PAUSED = "paused"
    ASLEEP = "asleep"  # a service that holds no slot until it is woken
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Change(StrEnum):
    START = "start"  # placement gave it a slot
    ENTER = "enter"  # the runner claimed the attempt
    STOP = "stop"  # asked to stop: yield, pause, sleep or cancel
    REQUEUE = "requeue"  # yielded, waits for children, or crashed with a retry left
    PAUSE = "pause"
    SLEEP = "sleep"
    RESUME = "resume"  # by the owner, from paused or asleep
    RETRY = "retry"  # by the owner, from an end that was not success
    SUCCEED = "succeed"
    FAIL = "fail"
    CANCEL = "cancel"


ENDED = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED})
LIVE = frozenset({State.STARTING, State.RUNNING, State.YIELDING})  # these hold a slot

TABLE: dict[tuple[State, Change], State] = {
    (State.QUEUED, Change.START): State.STARTING,
    (State.QUEUED, Change.PAUSE): State.PAUSED,
    (State.QUEUED, Change.CANCEL): State.CANCELLED,
    (State.QUEUED, Change.FAIL): State.FAILED,  # what it waits for failed
    (State.STARTING, Change.ENTER): State.RUNNING,
    (State.STARTING, Change.STOP): State.YIELDING,
    # An attempt can end before anybody saw it running.
    (State.STARTING, Change.REQUEUE): State.QUEUED,
    (State.STARTING, Change.PAUSE): State.PAUSED,
    (State.STARTING, Change.SUCCEED): State.SUCCEEDED,
    (State.STARTING, Change.FAIL): State.FAILED,
    (State.RUNNING, Change.STOP): State.YIELDING,
    (State.RUNNING, Change.REQUEUE): State.QUEUED,
    (State.RUNNING, Change.PAUSE): State.PAUSED,  # the disk filled up under it
    (State.RUNNING, Change.SUCCEED): State.SUCCEEDED,
    (State.RUNNING, Change.FAIL): State.FAILED,
    (State.YIELDING, Change.STOP): State.YIELDING,  # a cancel may overtake a pause
    (State.YIELDING, Change.REQUEUE): State.QUEUED,
    (State.YIELDING, Change.PAUSE): State.PAUSED,
    (State.YIELDING, Change.SLEEP): State.ASLEEP,
    (State.YIELDING, Change.CANCEL): State.CANCELLED,
    (State.YIELDING, Change.SUCCEED): State.SUCCEEDED,  # it finished before it heard
    (State.YIELDING, Change.FAIL): State.FAILED,
    (State.PAUSED, Change.RESUME): State.QUEUED,
    (State.PAUSED, Change.CANCEL): State.CANCELLED,
    (State.ASLEEP, Change.RESUME): State.QUEUED,
    (State.ASLEEP, Change.CANCEL): State.CANCELLED,
    (State.FAILED, Change.RETRY): State.QUEUED,
    (State.CANCELLED, Change.RETRY): State.QUEUED,
}


def after(state: State, change: Change) -> State:
    """The state that `change` leads to from `state`; a Refusal where the table has no such row."""
    following = TABLE.get((state, change))
    if following is None:
        raise refusal("job.change", change=change.value, state=state.value)
    return following
