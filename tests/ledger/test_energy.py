"""The table of energy: a write adds, the questions sum up, an older file gets the table."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tenfold.ledger.ledger import Ledger
from tenfold.ledger.schema import MIGRATIONS
from tenfold.terms.energy import HOST, IDLE, Basis, Energy, EnergyRow
from tenfold.terms.job import JobSpec

ONE = Energy(10.0, 8.0, 0.5, 3.0, 2.0)
HOUR = 3600


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    found = Ledger(tmp_path / "ledger.sqlite")
    yield found
    found.close()


def row(of: str, hour: int = 1, basis: Basis = Basis.COUNTER, energy: Energy = ONE) -> EnergyRow:
    return EnergyRow(of, basis, energy, hour * HOUR)


def write(ledger: Ledger, *rows: EnergyRow) -> None:
    ledger.write(lambda t: t.add_energy(rows))


def test_a_write_adds_to_what_is_there(ledger: Ledger) -> None:
    write(ledger, row("1"), row("1", hour=2), row("1", basis=Basis.MODELLED), row("2"))
    write(ledger, row("1"))
    reader = ledger.reader()
    assert reader.energy_of("1") == {Basis.COUNTER: ONE + ONE + ONE, Basis.MODELLED: ONE}
    assert reader.energy_of("9") == {}
    reader.close()


def test_by_hour_jobs_are_together_and_idle_and_host_apart(ledger: Ledger) -> None:
    write(ledger, row("1"), row("2"), row(IDLE), row(HOST, basis=Basis.UNKNOWN), row("1", hour=3))
    reader = ledger.reader()
    assert reader.energy_by_hour(0) == [
        row("", energy=ONE + ONE),
        row(HOST, basis=Basis.UNKNOWN),
        row(IDLE),
        row("", hour=3),
    ]
    assert reader.energy_by_hour(2 * HOUR) == [row("", hour=3)]
    reader.close()


def test_by_job_and_by_workload(ledger: Ledger) -> None:
    for name, workload in (("mine", "a.b"), ("", "a.b"), ("", "c.d")):
        ledger.write(lambda t, n=name, w=workload: t.submit(JobSpec(w, name=n), 1.0))  # type: ignore[misc]
    write(ledger, row("1"), row("2", hour=2), row("3"), row(IDLE), row("1", hour=0))
    reader = ledger.reader()
    by_job = {one.of: one.energy for one in reader.energy_by_job(HOUR)}
    assert by_job == {"1": ONE, "2": ONE, "3": ONE, IDLE: ONE}
    by_workload = {one.of: one.energy for one in reader.energy_by_workload(HOUR)}
    assert by_workload == {"a.b": ONE + ONE, "c.d": ONE}
    assert reader.called(["1", "3", "9"]) == {"1": ("mine", "a.b"), "3": ("", "c.d")}
    reader.close()


def test_all_since_a_time_and_since_when(ledger: Ledger) -> None:
    reader = ledger.reader()
    assert reader.energy_since(0) == (Energy(), None)
    write(ledger, row("1"), row(IDLE, hour=5), row(HOST, hour=7))
    assert reader.energy_since(0) == (ONE + ONE + ONE, HOUR)
    assert reader.energy_since(2 * HOUR) == (ONE + ONE, 5 * HOUR)
    reader.close()


def test_an_older_ledger_gets_the_table_and_keeps_its_jobs(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    old = sqlite3.connect(path)
    number = next(n for n, text in enumerate(MIGRATIONS) if "TABLE energy" in text)
    old.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")
    for text in MIGRATIONS[:number]:
        old.executescript(text)
    old.execute("INSERT INTO meta VALUES ('version', ?)", (str(number),))
    old.execute(
        "INSERT INTO jobs (id, state, submitted_s, changed_s, spec, standing)"
        """ VALUES ('1', 'queued', 1, 1, '{"workload": "a.b"}', '{}')"""
    )
    old.commit()
    old.close()
    ledger = Ledger(path)
    assert [job.id for job in ledger.open_jobs()] == ["1"]
    write(ledger, row("1"))
    reader = ledger.reader()
    assert reader.energy_of("1") == {Basis.COUNTER: ONE}
    reader.close()
    ledger.close()
