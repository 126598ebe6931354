"""What an owner may ask for, and what overtakes what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tenfold.engine.orders import Orders, Request
from tenfold.ledger.ledger import Ledger
from tenfold.terms.box import Box, Device, DeviceKind, Node, Slot
from tenfold.terms.job import Job, JobSpec, Kind, StopFor, When
from tenfold.terms.order import Order, can
from tenfold.terms.outcome import Ending, Outcome
from tenfold.terms.refusal import Refusal
from tenfold.terms.states import Change, State

SLOT = Slot("host", ("cpu",), DeviceKind.CPU, 1, 0.5)
BOX = Box("b", (Node("host", (Device("cpu", DeviceKind.CPU, "c", "host", 8.0, cores=4),)),))


class Asked:
    """The orders of one ledger, answered at once."""

    def __init__(self, path: Path) -> None:
        self.ledger = Ledger(path)
        describer: Any = None  # plain commands ask for none
        self.orders = Orders(self.ledger, BOX, describer)

    def __getattr__(self, order: str) -> Any:
        return lambda job: getattr(self.orders, order)(job.id, 9.0).result()

    def submit(self, state: State = State.QUEUED, **fields: Any) -> Job:
        fields = {"resumes": True, **fields}
        job = self.orders.submit([JobSpec("a.b", **fields)], 1.0).result()[0]
        return job if state is State.QUEUED else self.brought(job, state)

    def brought(self, job: Job, state: State) -> Job:
        self.ledger.write(lambda t: t.promise(job.id, SLOT, "f" * 32, 2.0))
        self.change(job, Change.ENTER)
        if state is State.RUNNING:
            return self.read(job)
        ends = {State.SUCCEEDED: Change.SUCCEED, State.FAILED: Change.FAIL}
        if state in ends:
            self.change(job, ends[state])
            return self.read(job)
        stops = {
            State.CANCELLED: (StopFor.CANCEL, Change.CANCEL),
            State.PAUSED: (StopFor.PAUSE, Change.PAUSE),
            State.ASLEEP: (StopFor.SLEEP, Change.SLEEP),
        }
        stop_for, change = stops[state]
        self.change(job, Change.STOP, stop_for=stop_for)
        self.change(job, change, stop_for=None)
        return self.read(job)

    def change(self, job: Job, change: Change, **fields: Any) -> None:
        self.ledger.write(lambda t: t.change(job.id, change, 3.0, **fields))

    def read(self, job: Job) -> Job:
        return self.ledger.reader().job(job.id)


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[Asked]:
    found = Asked(tmp_path / "ledger.sqlite")
    yield found
    found.ledger.close()


def refused(asked: Asked, order: str, job: Job) -> str:
    before = asked.read(job)
    with pytest.raises(Refusal) as told:
        getattr(asked, order)(job)
    assert asked.read(job) == before
    return told.value.code


def test_cancel_overtakes_pause_and_pause_does_not_overtake_cancel(asked: Asked) -> None:
    job = asked.submit(State.RUNNING)
    assert asked.pause(job).stop_for is StopFor.PAUSE
    cancelled = asked.cancel(job)
    assert (cancelled.state, cancelled.stop_for) == (State.YIELDING, StopFor.CANCEL)
    assert asked.pause(job) == cancelled
    assert asked.cancel(job) == cancelled


def test_pause_overtakes_a_yield(asked: Asked) -> None:
    job = asked.submit(State.RUNNING)
    asked.change(job, Change.STOP, stop_for=StopFor.YIELD)
    assert asked.pause(job).stop_for is StopFor.PAUSE


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED])
def test_a_bad_end_may_be_tried_again(asked: Asked, state: State) -> None:
    job = asked.submit(state)
    asked.ledger.write(lambda t: t.update(job.id, crashes=4, last_step=7))
    again = asked.retry(job)
    assert (again.state, again.crashes, again.last_step) == (State.QUEUED, 0, 7)


@pytest.mark.parametrize(
    "state", [State.QUEUED, State.RUNNING, State.PAUSED, State.ASLEEP, State.SUCCEEDED]
)
def test_nothing_else_may_be_tried_again(asked: Asked, state: State) -> None:
    assert refused(asked, "retry", asked.submit(state)) == "job.change"


@pytest.mark.parametrize("order", ["cancel", "pause", "resume"])
@pytest.mark.parametrize("state", [State.SUCCEEDED, State.FAILED, State.CANCELLED])
def test_what_is_over_takes_no_other_order(asked: Asked, order: str, state: State) -> None:
    assert refused(asked, order, asked.submit(state)) == "job.change"


def test_a_queued_job_pauses_and_cancels_at_once(asked: Asked) -> None:
    assert asked.pause(asked.submit()).state is State.PAUSED
    assert asked.cancel(asked.submit()).state is State.CANCELLED
    paused = asked.submit(State.PAUSED)
    assert asked.resume(paused).state is State.QUEUED
    assert asked.cancel(asked.submit(State.PAUSED)).state is State.CANCELLED


def test_a_paused_service_sleeps(asked: Asked) -> None:
    service = asked.submit(State.RUNNING, kind=Kind.SERVICE)
    assert asked.pause(service).stop_for is StopFor.SLEEP
    asleep = asked.submit(State.ASLEEP, kind=Kind.SERVICE)
    assert refused(asked, "pause", asleep) == "job.change"
    assert asked.resume(asleep).state is State.QUEUED


def test_a_plain_command_is_not_paused_while_it_runs(asked: Asked) -> None:
    spec = JobSpec("system.command", {"argv": ["true"]})
    running, queued = asked.orders.submit([spec, spec], 1.0).result()
    running = asked.brought(running, State.RUNNING)
    assert refused(asked, "pause", running) == "job.pause"
    assert asked.pause(queued).state is State.PAUSED
    assert asked.cancel(running).stop_for is StopFor.CANCEL


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED])
def test_nothing_waits_for_what_ended_badly(asked: Asked, state: State) -> None:
    before = asked.submit(state)
    with pytest.raises(Refusal) as told:
        asked.submit(after=(before.id,))
    assert told.value.code == "job.after" and state.value in told.value.why


def test_waiting_for_success_is_let_in_and_for_nobody_is_not(asked: Asked) -> None:
    done = asked.submit(State.SUCCEEDED)
    assert asked.submit(after=(done.id,)).state is State.QUEUED
    for unknown in ("99", "", "\ud800"):
        with pytest.raises(Refusal) as told:
            asked.submit(after=(unknown,))
        assert told.value.code == "job.after"


def test_cancelling_what_others_wait_for_fails_them(asked: Asked) -> None:
    first = asked.submit()
    second = asked.submit(after=(first.id,))
    asked.cancel(first)
    assert asked.read(second).state is State.FAILED


def test_orders_go_down_to_children_that_are_open(asked: Asked) -> None:
    parent = asked.submit(State.RUNNING)
    children = {
        state: asked.submit(state, parent=parent.id, key=state.value)
        for state in (State.QUEUED, State.RUNNING, State.PAUSED, State.SUCCEEDED)
    }
    asked.pause(parent)
    states = {key: asked.read(child).state for key, child in children.items()}
    assert states == {
        State.QUEUED: State.PAUSED,
        State.RUNNING: State.YIELDING,
        State.PAUSED: State.PAUSED,
        State.SUCCEEDED: State.SUCCEEDED,
    }
    asked.change(parent, Change.PAUSE, stop_for=None)
    asked.resume(parent)
    assert asked.read(children[State.QUEUED]).state is State.QUEUED
    saving = asked.read(children[State.RUNNING])
    assert (saving.state, saving.stop_for) == (State.YIELDING, StopFor.YIELD)
    asked.cancel(parent)
    assert asked.read(children[State.QUEUED]).state is State.CANCELLED
    assert asked.read(children[State.RUNNING]).stop_for is StopFor.CANCEL
    assert asked.read(children[State.SUCCEEDED]).state is State.SUCCEEDED


def test_a_priority_goes_down_to_children_that_are_open(asked: Asked) -> None:
    parent = asked.submit(State.RUNNING)
    spec = JobSpec("a.b", parent=parent.id, key="one")
    child, over = (
        asked.ledger.write(lambda t, key=key: t.submit(replace(spec, key=key), 2.0))
        for key in ("one", "two")
    )
    asked.cancel(over)
    asked.orders.prioritize(parent.id, 9, 5.0).result()
    told = {job.id: asked.read(job).spec.priority for job in (parent, child, over)}
    assert told == {parent.id: 9, child.id: 9, over.id: 0}
    assert asked.read(parent).state is State.RUNNING and asked.read(parent).slot == SLOT


def test_what_stops_with_its_parent_holds_its_pause_up(asked: Asked) -> None:
    """A plain command that runs as a child: neither is paused, and neither is offered it."""
    parent = asked.submit(State.RUNNING)
    spec = JobSpec("system.command", {"argv": ["true"]}, parent=parent.id, key="one")
    child = asked.ledger.write(lambda t: t.submit(spec, 2.0))
    assert Order.PAUSE in can(asked.read(parent), [child])
    child = asked.brought(child, State.RUNNING)
    assert Order.PAUSE not in can(asked.read(parent), [child])
    assert refused(asked, "pause", parent) == "job.pause"
    cancelled = asked.cancel(parent)
    assert can(cancelled) == [Order.PRIORITY]


def test_a_retried_job_forgets_how_it_ended_and_who_it_waited_for(asked: Asked) -> None:
    job = asked.submit(State.RUNNING)
    outcome = Outcome(1, Ending.FAILED, 1.0, 2.0)
    asked.change(job, Change.FAIL, outcome=outcome, awaits=("1.x",))
    assert asked.retry(job).awaits == ()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"params": {"argv": []}}, "command.empty"),
        ({"params": {"argv": "true"}}, "command.empty"),
        ({"params": {"argv": ["true"], "shell": True}}, "command.field"),
        ({"params": {"argv": ["true"], "port": 70_000}}, "command.value"),
        ({"params": {"argv": ["true"]}, "cores": 5}, "job.too-large"),
        ({"params": {"argv": ["true"]}, "memory_gib": 9.0}, "job.too-large"),
        ({"params": {"argv": ["true"]}, "gpus": 1}, "job.too-large"),
        ({"params": {"argv": ["true"]}, "key": ""}, "wire.shape"),
        ({"params": {"argv": ["true"]}, "key": "a/b"}, "wire.shape"),
        ({"params": {"argv": ["true"]}, "key": "x" * 65}, "wire.shape"),
    ],
)
def test_a_command_is_checked_at_the_door(asked: Asked, fields: Any, code: str) -> None:
    with pytest.raises(Refusal) as told:
        asked.orders.prepare(Request("system.command", **fields), 0.0)
    assert told.value.code == code


def test_a_command_becomes_what_was_asked(asked: Asked) -> None:
    request = Request(
        "system.command", {"argv": ["sh", "-c", "x" * 200]}, retry=2, yields=True, cores=3
    )
    spec = asked.orders.prepare(request, 0.0)
    assert (spec.retry, spec.resumes, spec.needs.cores) == (2, True, 3)
    assert spec.name.startswith("sh -c xxx") and len(spec.name) == 80


def test_a_launched_command_has_a_rank_a_core(asked: Asked) -> None:
    params = {"argv": ["train.py"], "launch": "torchrun"}
    assert asked.orders.prepare(Request("system.command", params, cores=3), 0.0).needs.ranks == 3
    plain = Request("system.command", {"argv": ["train.py"]}, cores=3)
    assert asked.orders.prepare(plain, 0.0).needs.ranks == 1


def spec_of(request: Request, when: When = When.ANYTIME, tmp: Path | None = None) -> JobSpec:
    assert tmp is not None
    ledger = Ledger(tmp / "hours.sqlite")
    describer: Any = None
    try:
        return Orders(ledger, BOX, describer, when).prepare(request, 1.0)
    finally:
        ledger.close()


def command(**fields: Any) -> Request:
    return Request("system.command", {"argv": ["true"]}, cores=1, **fields)


@pytest.mark.parametrize(
    ("usual", "asked", "kind", "found"),
    [
        (When.ANYTIME, None, None, When.ANYTIME),
        (When.CHEAP, None, None, When.CHEAP),
        (When.CHEAP, When.NIGHT, None, When.NIGHT),
        (When.CHEAP, When.ANYTIME, None, When.ANYTIME),
        (When.CHEAP, None, Kind.INTERACTIVE, When.ANYTIME),
        (When.CHEAP, When.ANYTIME, Kind.SERVICE, When.ANYTIME),
    ],
)
def test_the_hours_of_a_job_are_its_own_or_for_batch_the_sites(
    tmp_path: Path, usual: When, asked: When | None, kind: Kind | None, found: When
) -> None:
    assert spec_of(command(when=asked, kind=kind), usual, tmp_path).when is found


def test_hours_of_a_job_that_somebody_waits_for_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as no:
        spec_of(command(when=When.CHEAP, kind=Kind.SERVICE), tmp=tmp_path)
    assert no.value.code == "job.when" and "cheap" in no.value.what


def test_the_kind_of_work_is_said_or_is_compute(tmp_path: Path) -> None:
    assert spec_of(command(), tmp=tmp_path).needs.load == "compute"
    assert spec_of(command(load="decode"), tmp=tmp_path).needs.load == "decode"
