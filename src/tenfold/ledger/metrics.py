"""Curves of a job: whole, of what is new, or thinned so that their shape holds.

A curve is a list of (step, at_s, value). Of a step that ran twice (after a crash) the last run
counts, which is the one that was written last.
"""

from __future__ import annotations

import sqlite3

Point = tuple[int, float, float]
Curves = dict[str, list[Point]]

LEAST = 4  # points of a thinned curve: its ends, and one bucket's lowest and highest

_KEPT = (
    "SELECT name, step, at_s, value, max(rowid) FROM metrics"
    " WHERE job = :job AND name = :name AND at_s > :since_s GROUP BY step"
)
# A bucket is a piece of the steps, all as long. The other columns are those of the row that has the
# lowest or the highest value: SQLite promises that of a query with one min() or max().
_THINNED = f"""
    WITH kept AS MATERIALIZED ({_KEPT}),
    ends AS MATERIALIZED (SELECT min(step) AS first, max(step) AS last FROM kept)
    SELECT step, at_s, value FROM (
        SELECT step, at_s, min(value) AS value FROM kept, ends
            GROUP BY (step - first) * :buckets / (last - first + 1)
        UNION SELECT step, at_s, max(value) FROM kept, ends
            GROUP BY (step - first) * :buckets / (last - first + 1)
        UNION SELECT step, at_s, value FROM kept, ends WHERE step IN (first, last)
    ) ORDER BY step
"""


def curves(
    connection: sqlite3.Connection,
    job_id: str,
    since_s: float = float("-inf"),
    points: int | None = None,
) -> Curves:
    """By name. With `points` each has at most so many (LEAST or more): its first and last, and the
    lowest and highest of every bucket between."""
    names = connection.execute("SELECT DISTINCT name FROM metrics WHERE job = ?", (job_id,))
    found: Curves = {}
    for (name,) in names.fetchall():
        values = {"job": job_id, "name": name, "since_s": since_s}
        curve = _curve(connection, values, points)
        if curve:
            found[name] = curve
    return found


def _curve(
    connection: sqlite3.Connection, values: dict[str, str | float], points: int | None
) -> list[Point]:
    query = f"SELECT step, at_s, value FROM ({_KEPT}) ORDER BY step"
    if points is not None:
        (count,) = connection.execute(
            "SELECT count(*) FROM (SELECT DISTINCT step FROM metrics"
            " WHERE job = :job AND name = :name AND at_s > :since_s LIMIT :points + 1)",
            {**values, "points": points},
        ).fetchone()
        if count > points:
            query = _THINNED
            values = {**values, "buckets": (points - 2) // 2}
    return [tuple(row) for row in connection.execute(query, values)]
