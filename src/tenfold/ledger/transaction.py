"""What one piece of work may do to the ledger. Every change of a state goes through `change`."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from tenfold.ledger import draw, energy
from tenfold.ledger.rows import (
    JOB_COLUMNS,
    job_from,
    packed,
    standing_of,
)
from tenfold.terms.box import Slot
from tenfold.terms.energy import Drawn, EnergyRow
from tenfold.terms.job import Attempt, Job, JobSpec, child_id
from tenfold.terms.needs import Needs
from tenfold.terms.outcome import Artifact, Outcome, Used
from tenfold.terms.refusal import refusal
from tenfold.terms.states import Change, State, after
from tenfold.terms.wire import to_json

T = TypeVar("T")


@dataclass(frozen=True)
class Event:
    """One line of history. `seq` is 0 for what is shown live and not kept (progress)."""

    seq: int
    at_s: float
    job: str  # empty for what happens to the box itself
    attempt: int
    kind: str
    data: dict[str, Any]


class Transaction:
    """Writes through one connection inside the writer's BEGIN; collects what it changed."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        earlier: list[Transaction],
        numbers: Iterator[int],
    ) -> None:
        self._connection = connection
        self._numbers = numbers  # for new jobs; one that comes to nothing leaves a gap
        self._earlier = earlier  # of the same commit: not yet on the disk, but true
        self.jobs: dict[str, Job] = {}
        self.events: list[Event] = []

    def attempt(self, work: Callable[[Transaction], T]) -> T:
        """Do `work`, or undo all of it."""
        self._connection.execute("SAVEPOINT piece")
        try:
            value = work(self)
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK TO piece")
                self._connection.execute("RELEASE piece")
            self.jobs.clear()
            self.events.clear()
            raise
        self._connection.execute("RELEASE piece")
        return value

    def job(self, job_id: str) -> Job:
        """The job as this transaction sees it; a Refusal (`job.unknown`) if there is none."""
        for pending in (self, *reversed(self._earlier)):
            if job_id in pending.jobs:
                return pending.jobs[job_id]
        row = self._connection.execute(
            f"SELECT {JOB_COLUMNS} FROM jobs WHERE id = ?", (job_id,)
        ).fetchone()
        if row is None:
            raise refusal("job.unknown", id=job_id)
        return job_from(row)

    def exists(self, job_id: str) -> bool:
        return (
            self._connection.execute("SELECT 1 FROM jobs WHERE id = ?", (job_id,)).fetchone()
            is not None
        )

    def children(self, job_id: str) -> list[Job]:
        rows = self._connection.execute(
            "SELECT id FROM jobs WHERE parent = ? ORDER BY seq", (job_id,)
        ).fetchall()
        return [self.job(row["id"]) for row in rows]

    def waiting_for(self, job_id: str) -> list[Job]:
        """Queued jobs that name `job_id` in `after` or `awaits`."""
        rows = self._connection.execute(
            "SELECT id FROM jobs WHERE state IN ('queued', 'paused') AND"
            " (instr(spec, ?) > 0 OR instr(standing, ?) > 0)",
            (f'"{job_id}"', f'"{job_id}"'),
        ).fetchall()
        found = [self.job(row["id"]) for row in rows]
        return [job for job in found if job_id in job.spec.after or job_id in job.awaits]

    def submit(self, spec: JobSpec, now_s: float) -> Job:
        """A new queued job; the same job again if its key was seen before."""
        if spec.key:
            row = self._connection.execute(
                "SELECT id FROM jobs WHERE request_key = ?", (_request_key(spec),)
            ).fetchone()
            if row is not None:
                return self.job(row["id"])
        job = Job(self._new_id(spec), spec, State.QUEUED, now_s, now_s)
        self._connection.execute(
            "INSERT INTO jobs (id, parent, request_key, state, submitted_s, changed_s, spec,"
            " standing) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                job.id,
                spec.parent,
                _request_key(spec) if spec.key else None,
                job.state.value,
                now_s,
                now_s,
                packed(to_json(spec)),
                standing_of(job),
            ),
        )
        self.jobs[job.id] = job
        self.note(job, "change", now_s, {"change": "submit", "state": job.state.value})
        return job

    def change(
        self, job_id: str, change: Change, now_s: float, reason: str = "", **fields: Any
    ) -> Job:
        """One row of the state table, one event. `fields` are other fields of Job to replace."""
        job = self.job(job_id)
        state = after(job.state, change)
        job = dataclasses.replace(job, state=state, changed_s=now_s, reason=reason, **fields)
        self._put(job)
        detail = {"change": change.value, "state": state.value, "reason": reason}
        self.note(job, "change", now_s, detail)
        return job

    def update(self, job_id: str, **fields: Any) -> Job:
        """Replace fields of a job that are not its state (checkpoint step, crashes, awaits)."""
        job = dataclasses.replace(self.job(job_id), **fields)
        self._put(job)
        return job

    def enlarge(self, job_id: str, needs: Needs, now_s: float) -> Job:
        """An attempt showed that the job needs more than its spec says."""
        before = self.job(job_id)
        spec = dataclasses.replace(before.spec, needs=needs)
        job = dataclasses.replace(before, spec=spec, enlarged=True)
        self._connection.execute(
            "UPDATE jobs SET spec = ? WHERE id = ?", (packed(to_json(spec)), job_id)
        )
        self._put(job)
        self.note(job, "note", now_s, {"text": f"From now on it asks for more: {needs.basis}."})
        return job

    def prioritize(self, job_id: str, priority: int, now_s: float) -> Job:
        """No change of its state, so what began with that stands: only who is looked at first."""
        before = self.job(job_id)
        if before.spec.priority == priority:
            return before
        job = dataclasses.replace(before, spec=dataclasses.replace(before.spec, priority=priority))
        self._connection.execute(
            "UPDATE jobs SET spec = ? WHERE id = ?", (packed(to_json(job.spec)), job_id)
        )
        self.jobs[job_id] = job
        reason = f"priority {priority}, it was {before.spec.priority}"
        detail = {"change": "priority", "state": job.state.value, "reason": reason}
        self.note(job, "change", now_s, {**detail, "priority": priority})
        return job

    def promise(self, job_id: str, slot: Slot, token: str, now_s: float) -> Attempt:
        """A new attempt on `slot`: the job is `starting` from here on, whatever happens to us."""
        number = self.job(job_id).attempt + 1
        self.change(
            job_id,
            Change.START,
            now_s,
            attempt=number,
            slot=slot,
            started_s=now_s,
            stop_for=None,
            awaits=(),
            pace=None,
            cap_w=None,
        )
        attempt = Attempt(job_id, number, token, slot, now_s)
        self._connection.execute(
            "INSERT INTO attempts (job, number, token, slot, promised_s) VALUES (?, ?, ?, ?, ?)",
            (job_id, number, token, packed(to_json(slot)), now_s),
        )
        return attempt

    def enter(self, job_id: str, number: int, now_s: float) -> None:
        self._connection.execute(
            "UPDATE attempts SET entered_s = ? WHERE job = ? AND number = ?",
            (now_s, job_id, number),
        )

    def end_attempt(self, job_id: str, outcome: Outcome, now_s: float) -> bool:
        """Record how an attempt ended; False if that was known already (then do nothing more)."""
        cursor = self._connection.execute(
            "UPDATE attempts SET ended_s = ?, outcome = ? WHERE job = ? AND number = ?"
            " AND outcome IS NULL",
            (now_s, packed(to_json(outcome)), job_id, outcome.attempt),
        )
        return cursor.rowcount == 1

    def ran(self, likeness: str, used: Used) -> None:
        """What a whole run took, for the needs of those like it."""
        self._connection.execute(
            "INSERT INTO runs (likeness, used) VALUES (?, ?)", (likeness, packed(to_json(used)))
        )

    def read_to(self, job_id: str, number: int, offset: int) -> None:
        self._connection.execute(
            "UPDATE attempts SET read_to = ? WHERE job = ? AND number = ?",
            (offset, job_id, number),
        )

    def metrics(self, job: Job, step: int, at_s: float, values: dict[str, float]) -> None:
        self._connection.executemany(
            "INSERT INTO metrics (job, attempt, step, at_s, name, value) VALUES (?, ?, ?, ?, ?, ?)",
            [(job.id, job.attempt, step, at_s, name, value) for name, value in values.items()],
        )
        self.live(job, "metrics", at_s, {"step": step, "values": values})

    def artifact(self, job: Job, artifact: Artifact, at_s: float) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO artifacts VALUES (?, ?, ?, ?, ?, ?)",
            (job.id, artifact.path, artifact.kind, artifact.title, job.attempt, at_s),
        )
        shown = {"path": artifact.path, "artifact_kind": artifact.kind, "title": artifact.title}
        self.note(job, "artifact", at_s, shown)

    def note(self, job: Job, kind: str, at_s: float, data: dict[str, Any]) -> None:
        """An event that is kept."""
        cursor = self._connection.execute(
            "INSERT INTO events (at_s, job, attempt, kind, data) VALUES (?, ?, ?, ?, ?)",
            (at_s, job.id, job.attempt, kind, packed(data)),
        )
        self.events.append(Event(cursor.lastrowid or 0, at_s, job.id, job.attempt, kind, data))

    def note_box(self, kind: str, at_s: float, data: dict[str, Any]) -> None:
        """An event that is kept and belongs to no job: its `job` is empty."""
        cursor = self._connection.execute(
            "INSERT INTO events (at_s, job, attempt, kind, data) VALUES (?, '', 0, ?, ?)",
            (at_s, kind, packed(data)),
        )
        self.events.append(Event(cursor.lastrowid or 0, at_s, "", 0, kind, data))

    def live(self, job: Job, kind: str, at_s: float, data: dict[str, Any]) -> None:
        """An event that is only shown to those who watch now."""
        self.events.append(Event(0, at_s, job.id, job.attempt, kind, data))

    def add_energy(self, rows: Iterable[EnergyRow]) -> None:
        """On top of what is there already."""
        energy.add(self._connection, rows)

    def add_drawn(self, rows: Iterable[Drawn], now_s: float) -> None:
        """On top of what is there already; what is too old at `now_s` goes."""
        draw.add(self._connection, rows, now_s)

    def first_start_s(self, job_id: str) -> float | None:
        """When its first attempt was promised."""
        row = self._connection.execute(
            "SELECT min(promised_s) AS first_s FROM attempts WHERE job = ?", (job_id,)
        ).fetchone()
        return None if row["first_s"] is None else float(row["first_s"])

    def remember(self, key: str, value: Any) -> None:
        """A fact about the whole home, such as the origin of a modelled clock."""
        self._connection.execute(
            "INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, json.dumps(value))
        )

    def _put(self, job: Job) -> None:
        self._connection.execute(
            "UPDATE jobs SET state = ?, changed_s = ?, standing = ? WHERE id = ?",
            (job.state.value, job.changed_s, standing_of(job), job.id),
        )
        self.jobs[job.id] = job

    def _new_id(self, spec: JobSpec) -> str:
        if spec.parent is not None:
            return child_id(spec.parent, spec.key or "")
        return str(next(self._numbers))


def _request_key(spec: JobSpec) -> str:
    return f"{spec.parent or ''}/{spec.key}"
