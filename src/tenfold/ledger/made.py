"""What jobs have made, newest first, a page at a time."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass


@dataclass(frozen=True)
class Made:
    """One registered artifact, with the job that made it."""

    job: str
    name: str  # of the job
    workload: str
    path: str  # relative to the job folder
    kind: str
    title: str
    at_s: float

    @property
    def place(self) -> Place:
        return (self.at_s, self.job, self.path)


Place = tuple[float, str, str]  # where a page ends: the next begins behind it


def newest(
    connection: sqlite3.Connection,
    limit: int,
    kind: str | None = None,
    since_s: float = 0.0,
    before: Place | None = None,
) -> list[Made]:
    where = ["at_s >= ?"]
    values: list[str | float] = [since_s]
    if kind is not None:
        where.append("artifacts.kind = ?")
        values.append(kind)
    if before is not None:
        where.append("(at_s, artifacts.job, path) < (?, ?, ?)")
        values += before
    rows = connection.execute(
        "SELECT artifacts.job, path, artifacts.kind, title, at_s,"
        " json_extract(spec, '$.name') AS name, json_extract(spec, '$.workload') AS workload"
        f" FROM artifacts JOIN jobs ON jobs.id = artifacts.job WHERE {' AND '.join(where)}"
        " ORDER BY at_s DESC, artifacts.job DESC, path DESC LIMIT ?",
        (*values, limit),
    )
    return [
        Made(
            r["job"],
            r["name"] or r["workload"],
            r["workload"],
            r["path"],
            r["kind"],
            r["title"],
            r["at_s"],
        )
        for r in rows
    ]
