"""What an owner may ask of a job that is there, and when that is refused.

The one place that says so: `engine.orders` refuses by it, and whoever shows a job offers by it.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from tenfold.terms.command import COMMAND
from tenfold.terms.job import Job, Kind, StopFor
from tenfold.terms.refusal import refusal
from tenfold.terms.states import ENDED, LIVE, TABLE, Change, State


class Order(StrEnum):
    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"
    RETRY = "retry"
    PRIORITY = "priority"


_CHANGES = {
    Order.CANCEL: Change.CANCEL,
    Order.PAUSE: Change.PAUSE,
    Order.RESUME: Change.RESUME,
    Order.RETRY: Change.RETRY,
}
_STOPS = frozenset({Order.CANCEL, Order.PAUSE})  # go down to children, and stop what is live


def check(job: Job, order: Order) -> None:
    """A Refusal where `job` cannot be asked that."""
    code = _refused(job, order)
    if code == "job.change":
        raise refusal(code, change=_CHANGES[order].value, state=job.state.value)
    if code is not None:
        raise refusal(code, id=job.id, state=job.state.value)


def can(job: Job, children: Iterable[Job] = ()) -> list[Order]:
    """What may be asked of `job` and would change anything. `children` are its own, which stop
    with it: where one of them cannot, neither can it."""
    found = [order for order in Order if not _refused(job, order)]
    if overtaken(job):
        found = [order for order in found if order not in _STOPS]
    if Order.PAUSE in found and any(
        goes_down(child, Order.PAUSE) and _refused(child, Order.PAUSE) for child in children
    ):
        found.remove(Order.PAUSE)
    return found


def goes_down(child: Job, order: Order) -> bool:
    """Whether an order to stop that is given to its parent is given to `child` as well."""
    if child.state in ENDED:
        return False
    return order is not Order.PAUSE or child.state is not State.PAUSED


def overtaken(job: Job) -> bool:
    """It is being cancelled, and no other stop overtakes that."""
    return job.stop_for is StopFor.CANCEL


def _refused(job: Job, order: Order) -> str | None:
    """The code of the Refusal."""
    if order is Order.PRIORITY:
        return "job.ended" if job.state in ENDED else None
    if order in _STOPS and job.state in LIVE:
        return "job.pause" if order is Order.PAUSE and _loses_all(job) else None
    return None if (job.state, _CHANGES[order]) in TABLE else "job.change"


def _loses_all(job: Job) -> bool:
    """A plain command has no checkpoint: stopping it would throw its work away."""
    plain = job.spec.workload == COMMAND and job.spec.kind is not Kind.SERVICE
    return plain and not job.spec.resumes
