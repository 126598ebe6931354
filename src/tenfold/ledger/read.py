"""Questions to the ledger, on a connection of the asker's own that never waits for the writer."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from typing import Any

from tenfold.ledger import draw, energy, made, metrics
from tenfold.ledger.rows import ATTEMPT_COLUMNS, JOB_COLUMNS, attempt_from, job_from
from tenfold.ledger.transaction import Event
from tenfold.terms.energy import Basis, Drawn, Energy, EnergyRow
from tenfold.terms.job import Attempt, Job
from tenfold.terms.outcome import Artifact, Used
from tenfold.terms.refusal import refusal
from tenfold.terms.states import ENDED
from tenfold.terms.wire import from_json

# As the index `jobs_by_end` says it, word for word: else SQLite does not take that.
_HAS_ENDED = f"state IN ({', '.join(repr(state.value) for state in sorted(ENDED))})"


class Reader:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def close(self) -> None:
        self._connection.close()

    def job(self, job_id: str) -> Job:
        rows = self._jobs("WHERE id = ?", (job_id,))
        if not rows:
            raise refusal("job.unknown", id=job_id)
        return rows[0]

    def jobs(self, limit: int = 1000, state: str | None = None) -> list[Job]:
        """The newest `limit` jobs (in one state, if named), oldest first."""
        if state is None:
            return self._jobs("ORDER BY seq DESC LIMIT ?", (limit,))[::-1]
        return self._jobs("WHERE state = ? ORDER BY seq DESC LIMIT ?", (state, limit))[::-1]

    def recent(self, ended: int = 20) -> list[Job]:
        """Every job that has not ended and the last few that have, by age."""
        return self._jobs(
            f"WHERE seq IN (SELECT seq FROM jobs WHERE NOT ({_HAS_ENDED}) UNION"
            f" SELECT seq FROM (SELECT seq FROM jobs INDEXED BY jobs_by_end WHERE {_HAS_ENDED}"
            " ORDER BY changed_s DESC LIMIT ?))"
            " ORDER BY seq",
            (ended,),
        )

    def last_ended(self, limit: int) -> list[Job]:
        """The last `limit` that have ended, the latest first."""
        return self._jobs(
            f"INDEXED BY jobs_by_end WHERE {_HAS_ENDED} ORDER BY changed_s DESC LIMIT ?", (limit,)
        )

    def children(self, job_id: str) -> list[Job]:
        return self._jobs("WHERE parent = ? ORDER BY seq", (job_id,))

    def counts(self) -> dict[str, int]:
        rows = self._connection.execute("SELECT state, count(*) AS n FROM jobs GROUP BY state")
        return {row["state"]: row["n"] for row in rows}

    def attempts(self, job_id: str) -> list[Attempt]:
        rows = self._connection.execute(
            f"SELECT {ATTEMPT_COLUMNS} FROM attempts WHERE job = ? ORDER BY number", (job_id,)
        )
        return [attempt_from(row) for row in rows]

    def artifacts(self, job_id: str) -> list[Artifact]:
        rows = self._connection.execute(
            "SELECT path, kind, title FROM artifacts WHERE job = ? ORDER BY at_s, path", (job_id,)
        )
        return [Artifact(row["path"], row["kind"], row["title"]) for row in rows]

    def metrics(
        self, job_id: str, since_s: float = float("-inf"), points: int | None = None
    ) -> metrics.Curves:
        """name -> [(step, at_s, value)]; of a step that ran twice (after a crash), the last run."""
        return metrics.curves(self._connection, job_id, since_s, points)

    def made(
        self,
        limit: int,
        kind: str | None = None,
        since_s: float = 0.0,
        before: made.Place | None = None,
    ) -> list[made.Made]:
        """What all jobs have registered as artifacts, newest first."""
        return made.newest(self._connection, limit, kind, since_s, before)

    def events(self, since: int = 0, job_id: str | None = None, limit: int = 10_000) -> list[Event]:
        """Kept events after number `since`, oldest first."""
        where, values = ("AND job = ?", (since, job_id, limit)) if job_id else ("", (since, limit))
        rows = self._connection.execute(
            "SELECT seq, at_s, job, attempt, kind, data FROM events"
            f" WHERE seq > ? {where} ORDER BY seq LIMIT ?",
            values,
        )
        return [
            Event(r["seq"], r["at_s"], r["job"], r["attempt"], r["kind"], json.loads(r["data"]))
            for r in rows
        ]

    def runs(self, likeness: str, limit: int) -> list[Used]:
        """What whole runs of the same thing took, newest first."""
        rows = self._connection.execute(
            "SELECT used FROM runs WHERE likeness = ? ORDER BY seq DESC LIMIT ?", (likeness, limit)
        )
        return [from_json(Used, json.loads(row["used"])) for row in rows]

    def energy_of(self, job_id: str) -> dict[Basis, Energy]:
        return energy.of_job(self._connection, job_id)

    def energy_by_hour(self, since_s: float) -> list[EnergyRow]:
        """Each hour's jobs together (`of` is empty), its idle cards and its host; by time."""
        return energy.by_hour(self._connection, since_s)

    def energy_by_job(self, since_s: float) -> list[EnergyRow]:
        return energy.by_job(self._connection, since_s)

    def energy_by_workload(self, since_s: float) -> list[EnergyRow]:
        return energy.by_workload(self._connection, since_s)

    def energy_since(self, since_s: float) -> tuple[Energy, float | None]:
        """All of it, and when its first hour began; None where nothing was counted."""
        return energy.since(self._connection, since_s)

    def drawn(self, since_s: float) -> list[Drawn]:
        """What cards and host drew together, by time; also what had begun before."""
        return draw.since(self._connection, since_s)

    def called(self, job_ids: Collection[str]) -> dict[str, tuple[str, str]]:
        """id -> (name, workload) of the jobs among these that are known."""
        marks = ",".join("?" for _ in job_ids)
        rows = self._connection.execute(
            "SELECT id, json_extract(spec, '$.name') AS name,"
            f" json_extract(spec, '$.workload') AS workload FROM jobs WHERE id IN ({marks})",
            tuple(job_ids),
        )
        return {row["id"]: (row["name"], row["workload"]) for row in rows}

    def last_event(self) -> int:
        row = self._connection.execute("SELECT max(seq) FROM events").fetchone()
        return int(row[0] or 0)

    def _jobs(self, where: str, values: tuple[Any, ...]) -> list[Job]:
        rows = self._connection.execute(f"SELECT {JOB_COLUMNS} FROM jobs {where}", values)
        return [job_from(row) for row in rows]
