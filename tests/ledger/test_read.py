"""Questions to the ledger: the newest, one state, the open ones, curves, history."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tenfold.ledger.ledger import Ledger
from tenfold.ledger.read import Reader
from tenfold.ledger.transaction import Transaction
from tenfold.terms.job import Job, JobSpec
from tenfold.terms.outcome import Artifact
from tenfold.terms.refusal import Refusal
from tenfold.terms.states import Change


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    found = Ledger(tmp_path / "ledger.sqlite")
    yield found
    found.close()


@pytest.fixture
def reader(ledger: Ledger) -> Iterator[Reader]:
    found = ledger.reader()
    yield found
    found.close()


def submit(ledger: Ledger, count: int, **fields: str) -> list[Job]:
    return ledger.write(lambda t: [t.submit(JobSpec("a.b", **fields), 1.0) for _ in range(count)])


def cancel(ledger: Ledger, jobs: list[Job], at_s: float = 2.0) -> None:
    ledger.write(
        lambda t: [t.change(job.id, Change.CANCEL, at_s + n) for n, job in enumerate(jobs)]
    )


def ids(jobs: list[Job]) -> list[str]:
    return [job.id for job in jobs]


def test_an_unknown_job_is_refused(reader: Reader) -> None:
    with pytest.raises(Refusal) as told:
        reader.job("7")
    assert told.value.code == "job.unknown"


def test_the_newest_are_told_oldest_first(ledger: Ledger, reader: Reader) -> None:
    cancel(ledger, submit(ledger, 5)[1:3])
    assert ids(reader.jobs(3)) == ["3", "4", "5"]
    assert ids(reader.jobs(10, "cancelled")) == ["2", "3"]
    assert ids(reader.jobs(1, "cancelled")) == ["3"]
    assert reader.jobs(10, "running") == []


def test_the_open_ones_and_the_last_that_ended(ledger: Ledger, reader: Reader) -> None:
    """Ended last, not submitted last; the open ones are all told, however old."""
    jobs = submit(ledger, 8)
    cancel(ledger, [jobs[6], jobs[5], jobs[4], jobs[1]])
    assert ids(reader.recent(2)) == ["1", "2", "3", "4", "5", "8"]
    assert ids(reader.recent(0)) == ["1", "3", "4", "8"]


def test_counts_and_children(ledger: Ledger, reader: Reader) -> None:
    (parent,) = submit(ledger, 1)
    submit(ledger, 1, parent=parent.id, key="b")
    submit(ledger, 1, parent=parent.id, key="a")
    cancel(ledger, [parent])
    assert ids(reader.children(parent.id)) == ["1.b", "1.a"]
    assert reader.counts() == {"cancelled": 1, "queued": 2}


def test_of_a_step_that_ran_twice_the_last_run_counts(ledger: Ledger, reader: Reader) -> None:
    (job,) = submit(ledger, 1)

    def curves(attempt: int, *steps: int) -> None:
        def work(t: object) -> None:
            at = t.update(job.id, attempt=attempt)  # type: ignore[attr-defined]
            for step in steps:
                values = {"loss": float(10 * attempt + step), "b": 0.0}
                t.metrics(at, step, float(step), values)  # type: ignore[attr-defined]

        ledger.write(work)

    curves(1, 1, 2, 3)
    curves(2, 3, 4)
    found = reader.metrics(job.id)
    assert list(found) == ["b", "loss"]
    assert found["loss"] == [(1, 1.0, 11.0), (2, 2.0, 12.0), (3, 3.0, 23.0), (4, 4.0, 24.0)]


def test_a_thinned_curve_keeps_its_ends_and_what_sticks_out(ledger: Ledger, reader: Reader) -> None:
    (job,) = submit(ledger, 1)
    values = {step: float(step % 7) for step in range(1000)}
    values[333], values[777] = 99.0, -99.0

    def write(transaction: Transaction) -> None:
        for step, value in values.items():
            transaction.metrics(job, step, 1000.0 + step, {"loss": value, "few": value})

    ledger.write(write)
    thin = reader.metrics(job.id, points=40)["loss"]
    assert len(thin) <= 40
    assert thin == sorted(thin) and len({step for step, _, _ in thin}) == len(thin)
    assert all(point == (point[0], 1000.0 + point[0], values[point[0]]) for point in thin)
    assert (thin[0][0], thin[-1][0]) == (0, 999)
    assert {(333, 1333.0, 99.0), (777, 1777.0, -99.0)} <= set(thin)
    assert len(reader.metrics(job.id, points=4)["loss"]) == 4
    assert len(reader.metrics(job.id, points=1000)["loss"]) == 1000
    newer = reader.metrics(job.id, since_s=1900.0)["few"]
    assert [step for step, _, _ in newer] == list(range(901, 1000))


def test_the_last_that_ended_come_by_their_end(ledger: Ledger, reader: Reader) -> None:
    jobs = submit(ledger, 5)
    cancel(ledger, [jobs[3], jobs[0], jobs[4]])
    assert ids(reader.last_ended(2)) == ["5", "1"]
    plan = "EXPLAIN QUERY PLAN SELECT seq FROM jobs INDEXED BY jobs_by_end WHERE state IN"
    rows = ledger.reader()._connection.execute(
        f"{plan} ('cancelled', 'failed', 'succeeded') ORDER BY changed_s DESC LIMIT 2"
    )
    assert not any("TEMP B-TREE" in row["detail"] for row in rows)


def test_the_open_jobs_come_with_the_last_event_they_know(ledger: Ledger, reader: Reader) -> None:
    cancel(ledger, submit(ledger, 3)[:1])
    seq, jobs = ledger.open_jobs_at()
    assert seq == reader.last_event() == 4 and ids(jobs) == ["2", "3"]
    ledger.write(lambda t: t.prioritize("2", 5, 9.0))
    assert ledger.open_jobs_at()[0] == 5
    ledger.write(lambda t: t.prioritize("2", 5, 9.0))  # it has that already
    assert ledger.open_jobs_at()[0] == 5
    assert reader.job("2").spec.priority == 5 and reader.job("2").changed_s == 1.0


def test_history_since_a_number_of_one_job_and_by_pages(ledger: Ledger, reader: Reader) -> None:
    first, second = submit(ledger, 2)
    cancel(ledger, [second])
    assert [(e.seq, e.job) for e in reader.events()] == [(1, "1"), (2, "2"), (3, "2")]
    assert [e.seq for e in reader.events(1)] == [2, 3]
    assert [e.seq for e in reader.events(0, second.id)] == [2, 3]
    assert [e.seq for e in reader.events(0, limit=2)] == [1, 2]
    assert reader.events(0, "99") == []
    assert reader.last_event() == 3
    assert reader.events(0, first.id)[0].data == {"change": "submit", "state": "queued"}


def test_what_happens_to_the_box_is_in_no_jobs_history(ledger: Ledger, reader: Reader) -> None:
    submit(ledger, 1)
    heard: list[str] = []
    ledger.listen(lambda events: heard.extend(event.kind for event in events))
    told = {"device": "gpu0", "step": "cap", "why": "it is hot"}
    ledger.write(lambda t: t.note_box("card", 7.0, told))
    *_, event = reader.events()
    assert (event.job, event.attempt, event.kind, event.at_s) == ("", 0, "card", 7.0)
    assert event.data == told and event.seq == reader.last_event() and heard == ["card"]
    assert [event.kind for event in reader.events(job_id="1")] == ["change"]


def test_an_artifact_told_twice_is_one(ledger: Ledger, reader: Reader) -> None:
    (job,) = submit(ledger, 1)
    for title in ("old", "new"):
        shown = Artifact("artifacts/a.png", "image", title)
        ledger.write(lambda t, shown=shown: t.artifact(job, shown, 1.0))  # type: ignore[misc]
    assert reader.artifacts(job.id) == [Artifact("artifacts/a.png", "image", "new")]


def test_an_empty_ledger_answers(reader: Reader) -> None:
    assert reader.jobs() == reader.recent() == reader.events() == []
    assert reader.counts() == {} and reader.last_event() == 0
    assert reader.metrics("1") == {} and reader.attempts("1") == []


def test_a_reader_does_not_wait_for_the_writer(ledger: Ledger, reader: Reader) -> None:
    submit(ledger, 1)

    def work(transaction: object) -> list[str]:
        transaction.submit(JobSpec("a.b"), 1.0)  # type: ignore[attr-defined]
        return ids(reader.jobs())

    assert ledger.write(work) == ["1"]
    assert ids(reader.jobs()) == ["1", "2"]
