"""What was seen becomes changes of the ledger, once, whatever a line holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tenfold.engine.settle import settle
from tenfold.engine.sighting import Sighting
from tenfold.hardware import declared
from tenfold.ledger.ledger import Ledger
from tenfold.terms.box import DeviceKind, Slot
from tenfold.terms.job import Job, JobSpec, StopFor
from tenfold.terms.outcome import Ending, Outcome, Result
from tenfold.terms.refusal import Refusal
from tenfold.terms.states import Change, State

SLOT = Slot("host", ("cpu",), DeviceKind.CPU, 1, 0.5)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    found = Ledger(tmp_path / "ledger.sqlite")
    yield found
    found.close()


def started(ledger: Ledger, **fields: Any) -> Job:
    def work(transaction: Any) -> Job:
        job = transaction.submit(JobSpec("a.b", **fields), 1.0)
        transaction.promise(job.id, SLOT, "f" * 32, 2.0)
        return job

    return ledger.write(work)


def read(ledger: Ledger, job: Job) -> Job:
    return ledger.reader().job(job.id)


def kinds(ledger: Ledger, job: Job) -> list[str]:
    return [e.data.get("change", e.kind) for e in ledger.reader().events(0, job.id)]


def seen(job: Job, *lines: dict[str, Any], **fields: Any) -> Sighting:
    return Sighting(job.id, 1, entered=True, lines=list(lines), read_to=10 * len(lines), **fields)


BOX = declared.box("cpu")


def settled(ledger: Ledger, sightings: list[Sighting], now_s: float) -> list[Sighting]:
    return settle(ledger, sightings, now_s, BOX, lambda devices: False)


DONE = Outcome(1, Ending.SUCCEEDED, 2.0, 4.0, Result("fine"))


def test_entering_is_written_down_once(ledger: Ledger) -> None:
    job = started(ledger)
    assert settled(ledger, [seen(job)], 3.0)
    assert settled(ledger, [seen(job)], 4.0) == []
    assert kinds(ledger, job) == ["submit", "start", "enter"]
    (attempt,) = ledger.reader().attempts(job.id)
    assert (attempt.entered_s, read(ledger, job).state) == (3.0, State.RUNNING)


def test_nothing_new_writes_nothing(ledger: Ledger) -> None:
    job = started(ledger)
    waiting = Sighting(job.id, 1, entered=False)
    assert settled(ledger, [waiting], 3.0) == []
    assert read(ledger, job).state is State.STARTING


def test_an_outcome_seen_twice_counts_once(ledger: Ledger) -> None:
    """In one look, in the next one, and after a retry has made another attempt the current one."""
    job = started(ledger)
    settled(ledger, [seen(job, outcome=DONE), seen(job, outcome=DONE)], 3.0)
    settled(ledger, [seen(job, outcome=DONE)], 4.0)
    assert kinds(ledger, job) == ["submit", "start", "enter", "succeed"]
    assert read(ledger, job).outcome == DONE

    again = started(ledger, retry=3)
    crashed = Outcome(1, Ending.CRASHED, 2.0, 3.0)
    settled(ledger, [seen(again, outcome=crashed)], 3.0)
    ledger.write(lambda t: t.promise(again.id, SLOT, "e" * 32, 4.0))
    settled(ledger, [seen(again, outcome=crashed)], 5.0)
    assert kinds(ledger, again) == ["submit", "start", "enter", "requeue", "start"]
    assert read(ledger, again).crashes == 1


def test_an_end_before_anybody_saw_it_running(ledger: Ledger) -> None:
    job = started(ledger)
    settled(ledger, [seen(job, {"kind": "checkpoint", "step": 4}, outcome=DONE)], 3.0)
    assert read(ledger, job).state is State.SUCCEEDED
    assert read(ledger, job).last_step == 4


def test_a_limit_that_a_workload_asks_for(ledger: Ledger) -> None:
    """Until it takes that back, and until its next start; what is no limit is passed over."""
    job = started(ledger, retry=3)

    def asked(*watts: Any) -> float | None:
        settled(ledger, [seen(job, *({"kind": "cap", "watts": one} for one in watts))], 4.0)
        return read(ledger, job).cap_w

    assert asked(250) == 250.0
    strange = (0, -5, "200", True, [], float("nan"), float("inf"), 10**30, {})
    assert asked(*strange) == 250.0
    settled(ledger, [seen(job, {"kind": "cap"})], 4.0)
    assert read(ledger, job).cap_w == 250.0
    assert asked(300.5, 203.0) == 203.0
    assert asked(None) is None
    assert asked(203.0) == 203.0
    settled(ledger, [seen(job, outcome=Outcome(1, Ending.CRASHED, 2.0, 5.0))], 5.0)
    ledger.write(lambda t: t.promise(job.id, SLOT, "e" * 32, 6.0))
    assert read(ledger, job).cap_w is None


def test_lines_become_what_they_say(ledger: Ledger) -> None:
    job = started(ledger)
    told: list[Any] = []
    ledger.listen(told.extend)
    lines = (
        {"kind": "began", "at": 2.5, "pid": 7, "resumed_step": None},
        {"kind": "progress", "at": 2.6, "done": 1, "total": 9},
        {"kind": "metrics", "at": 2.7, "step": 3, "values": {"loss": 0.5, "bad": "text"}},
        {"kind": "checkpoint", "at": 2.8, "step": 3},
        {"kind": "artifact", "at": 2.9, "path": "artifacts/a", "artifact_kind": "image"},
        {"kind": "health", "at": 3.0, "healthy": True},
        {"kind": "note", "at": 3.1, "text": "hm"},
    )
    settled(ledger, [seen(job, *lines)], 4.0)
    reader = ledger.reader()
    assert kinds(ledger, job)[3:] == ["began", "checkpoint", "artifact", "health", "note"]
    assert reader.metrics(job.id) == {"loss": [(3, 2.7, 0.5)]}
    (artifact,) = reader.artifacts(job.id)
    assert (artifact.path, artifact.kind, artifact.title) == ("artifacts/a", "image", "")
    assert read(ledger, job).last_step == 3
    live = [event for event in told if event.seq == 0]
    assert [event.kind for event in live] == ["progress", "metrics"]
    assert live[0].data == {"at": 2.6, "done": 1, "total": 9}


DAMAGED: list[dict[str, Any]] = [
    {},
    {"kind": None},
    {"kind": ["list"]},
    {"kind": "unheard-of", "at": 1},
    {"kind": "metrics"},
    {"kind": "metrics", "values": [1]},
    {"kind": "metrics", "step": float("nan"), "values": {"a": 1}},
    {"kind": "metrics", "step": 10**30, "values": {"a": 1}},
    {"kind": "metrics", "step": 1, "values": {"a": 10**400, "b": float("inf"), "c": True}},
    {"kind": "metrics", "step": 1, "values": {"\ud800": 1.0}},
    {"kind": "metrics", "at": 10**400, "step": 1, "values": {"a": 1}},
    {"kind": "checkpoint"},
    {"kind": "checkpoint", "step": "3"},
    {"kind": "checkpoint", "step": float("inf")},
    {"kind": "checkpoint", "step": -(2**70)},
    {"kind": "artifact"},
    {"kind": "artifact", "path": 7},
    {"kind": "artifact", "path": "artifacts/\udcff", "title": "\ud800", "artifact_kind": {}},
    {"kind": "health", "at": "noon"},
    {"kind": "note", "at": float("nan"), "text": "\ud800", "job": "99", "seq": 1},
    {"kind": "progress", "done": float("nan")},
]


@pytest.mark.parametrize("line", DAMAGED, ids=str)
def test_a_damaged_line_is_passed_over_and_holds_up_nobody(
    ledger: Ledger, line: dict[str, Any]
) -> None:
    job, other = started(ledger), started(ledger)
    last = {"kind": "checkpoint", "at": 3.0, "step": 1}
    news = settled(ledger, [seen(job, line, last), seen(other, outcome=DONE)], 4.0)
    assert len(news) == 2
    assert read(ledger, job).last_step == 1
    assert read(ledger, other).state is State.SUCCEEDED
    assert all(e.job == job.id for e in ledger.reader().events(0, job.id))


def test_a_checkpoint_starts_the_count_of_crashes_afresh_only_if_it_is_newer(
    ledger: Ledger,
) -> None:
    job = started(ledger)
    ledger.write(lambda t: t.update(job.id, crashes=2, last_step=5))
    settled(ledger, [seen(job, {"kind": "checkpoint", "step": 5})], 3.0)
    assert (read(ledger, job).crashes, read(ledger, job).last_step) == (2, 5)
    settled(ledger, [seen(job, {"kind": "checkpoint", "step": 6})], 3.0)
    assert (read(ledger, job).crashes, read(ledger, job).last_step) == (0, 6)


def test_what_was_read_counts_only_when_it_is_written(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, other = started(ledger), started(ledger)
    line = {"kind": "note", "text": "once"}

    def broken(*_: Any) -> None:
        raise Refusal("disk.full", "Full.", "It is.", "make room")

    with monkeypatch.context() as patch:
        patch.setattr("tenfold.engine.settle._end", broken)
        with pytest.raises(Refusal):
            settled(ledger, [seen(job, line), seen(other, outcome=DONE)], 3.0)
    assert ledger.reader().attempts(job.id)[0].read_to == 0
    assert kinds(ledger, job) == ["submit", "start"]
    settled(ledger, [seen(job, line), seen(other, outcome=DONE)], 4.0)
    assert ledger.reader().attempts(job.id)[0].read_to == 10
    assert kinds(ledger, job) == ["submit", "start", "enter", "note"]


def test_a_failure_fails_what_needed_it_and_so_on(ledger: Ledger) -> None:
    first = started(ledger)
    second = ledger.write(lambda t: t.submit(JobSpec("a.b", after=(first.id,)), 1.0))
    third = ledger.write(lambda t: t.submit(JobSpec("a.b", after=(second.id,)), 1.0))
    paused = ledger.write(lambda t: t.submit(JobSpec("a.b", after=(first.id,)), 1.0))
    ledger.write(lambda t: t.change(paused.id, Change.PAUSE, 2.0))
    free = ledger.write(lambda t: t.submit(JobSpec("a.b", name=f'"{first.id}"'), 1.0))
    failed = Outcome(1, Ending.FAILED, 2.0, 3.0)
    settled(ledger, [seen(first, outcome=failed)], 3.0)
    states = [read(ledger, job).state.value for job in (first, second, third, paused, free)]
    assert states == ["failed", "failed", "failed", "cancelled", "queued"]
    assert first.id in read(ledger, second).reason


def test_a_parent_awaits_only_children_that_are_open(ledger: Ledger) -> None:
    parent = started(ledger)
    over = ledger.write(lambda t: t.submit(JobSpec("a.b", parent=parent.id, key="over"), 1.0))
    ledger.write(lambda t: t.change(over.id, Change.CANCEL, 2.0))
    opened = ledger.write(lambda t: t.submit(JobSpec("a.b", parent=parent.id, key="open"), 1.0))
    wants = [{"key": key} for key in ("over", "open", "unborn", "open")]
    outcome = Outcome(1, Ending.AWAITS_CHILDREN, 2.0, 3.0)
    settled(ledger, [seen(parent, wants=wants, outcome=outcome)], 3.0)
    found = read(ledger, parent)
    assert found.state is State.QUEUED and found.slot is None
    assert found.awaits == (opened.id, f"{parent.id}.unborn")


def test_a_stop_that_came_too_late_changes_nothing(ledger: Ledger) -> None:
    job = started(ledger)
    settled(ledger, [seen(job)], 3.0)
    ledger.write(lambda t: t.change(job.id, Change.STOP, 3.5, stop_for=StopFor.PAUSE))
    settled(ledger, [seen(job, outcome=DONE)], 4.0)
    found = read(ledger, job)
    assert (found.state, found.stop_for) == (State.SUCCEEDED, None)
