"""The table of what cards and host drew together, minute by minute, for KEPT_S.

One row for a minute in which somebody looked; where a look came later, its row stands for all the
time up to it, so that a fast clock writes no more rows than it looks.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from tenfold.terms.energy import Basis, Drawn

KEPT_S = 8 * 86_400.0
_WORSE = " ".join(basis.value for basis in Basis)  # later words are known worse


def add(connection: sqlite3.Connection, rows: Iterable[Drawn], now_s: float) -> None:
    """Joules of an unknown time make those of its minute unknown; it keeps the worst basis."""
    connection.executemany(
        "INSERT INTO draw (minute_s, joules, seconds, basis) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (minute_s) DO UPDATE SET joules = joules + excluded.joules,"
        " seconds = seconds + excluded.seconds,"
        " basis = CASE WHEN instr(?, excluded.basis) > instr(?, basis)"
        " THEN excluded.basis ELSE basis END",
        [
            (row.minute_s, row.joules, row.seconds, row.basis.value, _WORSE, _WORSE)
            for row in rows
            if row.minute_s >= now_s - KEPT_S
        ],
    )
    connection.execute("DELETE FROM draw WHERE minute_s < ?", (now_s - KEPT_S,))


def since(connection: sqlite3.Connection, since_s: float) -> list[Drawn]:
    """By time; also what had begun before."""
    rows = connection.execute(
        "SELECT minute_s, joules, seconds, basis FROM draw WHERE minute_s + seconds > ?"
        " ORDER BY minute_s",
        (since_s,),
    )
    return [
        Drawn(row["minute_s"], row["seconds"], row["joules"], Basis(row["basis"])) for row in rows
    ]
