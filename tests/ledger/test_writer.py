"""Group commit: what is answered is on the disk, what fails is undone alone."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from tenfold.ledger.ledger import Ledger
from tenfold.ledger.schema import MIGRATIONS, open_for_writing
from tenfold.ledger.transaction import Event, Transaction
from tenfold.terms.box import DeviceKind, Slot
from tenfold.terms.job import Job, JobSpec
from tenfold.terms.outcome import Ending, Outcome
from tenfold.terms.refusal import Refusal
from tenfold.terms.states import Change, State

SLOT = Slot("host", ("cpu",), DeviceKind.CPU, 1, 0.5)


def submit(ledger: Ledger, **fields: object) -> Job:
    spec = JobSpec("system.command", {"argv": ["true"]}, **fields)  # type: ignore[arg-type]
    return ledger.write(lambda t: t.submit(spec, 1.0))


def test_ids_count_up_and_children_are_named_by_their_parent(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    assert submit(ledger).id == "1"
    assert submit(ledger, parent="1", key="left").id == "1.left"
    assert submit(ledger).id == "2"
    ledger.close()
    ledger = Ledger(tmp_path / "ledger.sqlite")
    assert submit(ledger).id == "3"
    assert [job.id for job in ledger.open_jobs()] == ["1", "1.left", "2", "3"]
    ledger.close()


def test_a_repeated_key_is_the_same_job(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    assert submit(ledger, key="abc").id == submit(ledger, key="abc").id == "1"
    assert submit(ledger, parent="1", key="abc").id == "1.abc"
    assert submit(ledger, parent="1", key="abc").id == "1.abc"
    assert len(ledger.reader().events()) == 2
    ledger.close()


def test_one_piece_that_fails_is_undone_and_its_neighbours_stay(tmp_path: Path) -> None:
    """All three share one commit: the writer is held busy until they are posted."""
    ledger = Ledger(tmp_path / "ledger.sqlite")
    busy, go = threading.Event(), threading.Event()

    def hold(transaction: Transaction) -> None:
        busy.set()
        go.wait(5)

    def half(transaction: Transaction) -> None:
        transaction.submit(JobSpec("never.seen"), 1.0)
        transaction.change("99", Change.CANCEL, 1.0)

    ledger.post(hold)
    busy.wait(5)
    first = ledger.post(lambda t: t.submit(JobSpec("a.b"), 1.0))
    broken = ledger.post(half)
    last = ledger.post(lambda t: t.submit(JobSpec("c.d"), 1.0))
    go.set()
    assert first.result().id == "1" and last.result().id == "3"  # "2" came to nothing
    with pytest.raises(Refusal) as told:
        broken.result()
    assert told.value.code == "job.unknown"
    assert [job.spec.workload for job in ledger.reader().jobs()] == ["a.b", "c.d"]
    assert [job.spec.workload for job in ledger.open_jobs()] == ["a.b", "c.d"]
    ledger.close()


def test_pieces_of_one_commit_see_one_another(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    busy, go = threading.Event(), threading.Event()

    def hold(transaction: Transaction) -> None:
        busy.set()
        go.wait(5)

    ledger.post(hold)
    busy.wait(5)
    ledger.post(lambda t: t.submit(JobSpec("a.b"), 1.0))
    cancelled = ledger.post(lambda t: t.change("1", Change.CANCEL, 2.0))
    go.set()
    assert cancelled.result().state is State.CANCELLED
    assert ledger.open_jobs() == []
    ledger.close()


def test_listeners_hear_only_what_is_durable(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    heard: list[tuple[Event, int]] = []
    reader = ledger.reader()
    ledger.listen(lambda events: heard.extend((e, reader.last_event()) for e in events))
    submit(ledger)
    ledger.close()
    assert [(event.kind, event.seq <= last) for event, last in heard] == [("change", True)]


def test_the_table_of_states_holds_and_an_attempt_ends_once(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    submit(ledger)
    with pytest.raises(Refusal):
        ledger.write(lambda t: t.change("1", Change.RESUME, 1.0))
    attempt = ledger.write(lambda t: t.promise("1", SLOT, "t" * 32, 2.0))
    outcome = Outcome(attempt.number, Ending.SUCCEEDED, 2.0, 3.0)
    assert ledger.write(lambda t: t.end_attempt("1", outcome, 3.0)) is True
    assert ledger.write(lambda t: t.end_attempt("1", outcome, 3.0)) is False
    job = ledger.reader().job("1")
    assert (job.state, job.attempt, job.slot) == (State.STARTING, 1, SLOT)
    assert ledger.reader().attempts("1")[0].outcome == outcome
    ledger.close()


def test_a_newer_ledger_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    Ledger(path).close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE meta SET value = '99' WHERE key = 'version'")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(Refusal) as told:
        Ledger(path)
    assert told.value.code == "ledger.newer"
    assert "99" in told.value.why and str(len(MIGRATIONS)) in told.value.why
    assert path.read_bytes() == before


def test_a_file_that_is_no_ledger_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"not a database, but long enough to be read as one" * 40)
    with pytest.raises(Refusal) as told:
        Ledger(path)
    assert told.value.code == "ledger.damaged"


def test_every_commit_is_synced(tmp_path: Path) -> None:
    connection = open_for_writing(tmp_path / "ledger.sqlite")
    assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL
    connection.close()


def test_a_full_disk_refuses_the_submit_and_nothing_else(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    submit(ledger)
    ledger.write(lambda t: t._connection.execute("PRAGMA max_page_count = 30") and None)
    with pytest.raises(Refusal) as told:
        for _ in range(2000):
            submit(ledger)
    assert told.value.code == "disk.full"
    kept = len(ledger.reader().jobs(5000))
    assert kept == len(ledger.open_jobs()) > 1
    ledger.close()
