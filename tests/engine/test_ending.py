"""The retry rules: what the end of an attempt makes of its job."""

from __future__ import annotations

import pytest

from tenfold.engine.ending import STARTS_TRIED, ending
from tenfold.terms.job import Job, JobSpec, StopFor
from tenfold.terms.outcome import Ending, Outcome
from tenfold.terms.states import Change, State


def job(
    workload: str = "a.b",
    retry: int = 0,
    crashes: int = 0,
    stop_for: StopFor | None = None,
    resumes: bool = True,
) -> Job:
    spec = JobSpec(workload, retry=retry, resumes=resumes)
    state = State.YIELDING if stop_for else State.RUNNING
    return Job("1", spec, state, 0.0, 0.0, 1, crashes=crashes, stop_for=stop_for)


def outcome(ending_: Ending) -> Outcome:
    return Outcome(1, ending_, 0.0, 1.0)


@pytest.mark.parametrize("stop_for", [None, *StopFor])
def test_success_is_success_even_if_a_stop_was_asked(stop_for: StopFor | None) -> None:
    end = ending(job(stop_for=stop_for), outcome(Ending.SUCCEEDED), True)
    assert end.change is Change.SUCCEED


@pytest.mark.parametrize(
    ("stop_for", "change"),
    [
        (StopFor.YIELD, Change.REQUEUE),
        (StopFor.PAUSE, Change.PAUSE),
        (StopFor.SLEEP, Change.SLEEP),
        (StopFor.CANCEL, Change.CANCEL),
    ],
)
@pytest.mark.parametrize("how", [Ending.STOPPED, Ending.CRASHED])
def test_after_a_stop_what_it_was_for_decides(
    stop_for: StopFor, change: Change, how: Ending
) -> None:
    """Also where it had to be killed when its grace was over; that is no crash of its own."""
    end = ending(job(stop_for=stop_for, crashes=1), outcome(how), True)
    assert (end.change, end.crashes) == (change, 0)


def test_crashes_in_a_row_are_counted_and_end() -> None:
    assert ending(job(retry=2, crashes=0), outcome(Ending.CRASHED), True).change is Change.REQUEUE
    assert ending(job(retry=2, crashes=1), outcome(Ending.CRASHED), True).change is Change.REQUEUE
    assert ending(job(retry=2, crashes=2), outcome(Ending.CRASHED), True).change is Change.FAIL


def test_a_plain_command_is_not_tried_again_by_itself() -> None:
    plain = job("system.command", resumes=False)
    assert ending(plain, outcome(Ending.CRASHED), True).change is Change.FAIL
    assert ending(plain, outcome(Ending.FAILED), True).change is Change.FAIL
    assert ending(plain, outcome(Ending.STOPPED), True).change is Change.FAIL
    asked = job("system.command", retry=1, resumes=False)
    assert ending(asked, outcome(Ending.FAILED), True).change is Change.REQUEUE


def test_one_that_never_began_has_a_limit_of_its_own() -> None:
    plain = job("system.command", resumes=False)
    assert ending(plain, outcome(Ending.CRASHED), False).change is Change.REQUEUE
    worn = job("system.command", crashes=STARTS_TRIED, resumes=False)
    assert ending(worn, outcome(Ending.CRASHED), False).change is Change.FAIL


def test_an_error_of_the_workload_is_final() -> None:
    assert ending(job(retry=9), outcome(Ending.FAILED), True).change is Change.FAIL


def test_a_full_disk_pauses_and_costs_no_try() -> None:
    end = ending(job(retry=1, crashes=1), outcome(Ending.DISK_FULL), True)
    assert (end.change, end.crashes) == (Change.PAUSE, 1)


def test_a_stop_that_nobody_asked_for_puts_a_resuming_job_back() -> None:
    assert ending(job(), outcome(Ending.STOPPED), True).change is Change.REQUEUE


def test_a_cancelled_parent_does_not_wait_for_its_children() -> None:
    asked = job(stop_for=StopFor.CANCEL)
    assert ending(asked, outcome(Ending.AWAITS_CHILDREN), True).change is Change.CANCEL
    paused = job(stop_for=StopFor.PAUSE)
    assert ending(paused, outcome(Ending.AWAITS_CHILDREN), True).change is Change.PAUSE
    assert ending(job(), outcome(Ending.AWAITS_CHILDREN), True).change is Change.REQUEUE
