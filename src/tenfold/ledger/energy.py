"""The table of energy: sums for each hour of local time, each job (or what no job draws), and each
way of knowing. A write adds to them; the questions sum them up."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from tenfold.terms.energy import HOST, IDLE, Basis, Energy, EnergyRow

_SUMS = (
    "sum(joules) AS joules, sum(priced_j) AS priced_j, sum(money) AS money,"
    " sum(gpu_s) AS gpu_s, sum(seconds) AS seconds"
)


def add(connection: sqlite3.Connection, rows: Iterable[EnergyRow]) -> None:
    connection.executemany(
        "INSERT INTO energy (hour_s, job, basis, joules, priced_j, money, gpu_s, seconds)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (hour_s, job, basis) DO UPDATE SET"
        " joules = joules + excluded.joules, priced_j = priced_j + excluded.priced_j,"
        " money = money + excluded.money, gpu_s = gpu_s + excluded.gpu_s,"
        " seconds = seconds + excluded.seconds",
        [
            (
                row.hour_s,
                row.of,
                row.basis.value,
                row.energy.joules,
                row.energy.priced_j,
                row.energy.money,
                row.energy.gpu_s,
                row.energy.seconds,
            )
            for row in rows
        ],
    )


def of_job(connection: sqlite3.Connection, job_id: str) -> dict[Basis, Energy]:
    rows = connection.execute(
        f"SELECT basis, {_SUMS} FROM energy WHERE job = ? GROUP BY basis", (job_id,)
    )
    return {Basis(row["basis"]): _energy(row) for row in rows}


def by_hour(connection: sqlite3.Connection, since_s: float) -> list[EnergyRow]:
    """Each hour's jobs together (`of` is empty), its idle cards and its host; by time."""
    rows = connection.execute(
        f"SELECT hour_s, CASE WHEN job IN (?, ?) THEN job ELSE '' END AS of, basis, {_SUMS}"
        " FROM energy WHERE hour_s >= ? GROUP BY 1, 2, 3 ORDER BY 1",
        (IDLE, HOST, since_s),
    )
    return [EnergyRow(row["of"], Basis(row["basis"]), _energy(row), row["hour_s"]) for row in rows]


def by_job(connection: sqlite3.Connection, since_s: float) -> list[EnergyRow]:
    """Also of IDLE and HOST."""
    rows = connection.execute(
        f"SELECT job AS of, basis, {_SUMS} FROM energy WHERE hour_s >= ? GROUP BY 1, 2",
        (since_s,),
    )
    return [_row(row) for row in rows]


def by_workload(connection: sqlite3.Connection, since_s: float) -> list[EnergyRow]:
    rows = connection.execute(
        f"SELECT json_extract(jobs.spec, '$.workload') AS of, basis, {_SUMS} FROM energy"
        " JOIN jobs ON jobs.id = energy.job WHERE hour_s >= ? GROUP BY 1, 2",
        (since_s,),
    )
    return [_row(row) for row in rows]


def since(connection: sqlite3.Connection, since_s: float) -> tuple[Energy, float | None]:
    """All of it, and when its first hour began; None where nothing was counted."""
    row = connection.execute(
        f"SELECT min(hour_s) AS first_s, {_SUMS} FROM energy WHERE hour_s >= ?", (since_s,)
    ).fetchone()
    return (Energy(), None) if row["first_s"] is None else (_energy(row), float(row["first_s"]))


def _row(row: Mapping[str, Any] | Any) -> EnergyRow:
    return EnergyRow(row["of"], Basis(row["basis"]), _energy(row))


def _energy(row: Mapping[str, Any] | Any) -> Energy:
    return Energy(row["joules"], row["priced_j"], row["money"], row["gpu_s"], row["seconds"])
