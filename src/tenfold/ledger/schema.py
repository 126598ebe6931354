"""The tables, and how an older file becomes a newer one.

`meta.version` counts the migrations that ran. A file from a newer Tenfold is refused and left
untouched.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tenfold.terms.refusal import refusal

MIGRATIONS = (
    """
    CREATE TABLE jobs (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        parent TEXT,
        request_key TEXT,
        state TEXT NOT NULL,
        submitted_s REAL NOT NULL,
        changed_s REAL NOT NULL,
        spec TEXT NOT NULL,
        standing TEXT NOT NULL
    );
    CREATE INDEX jobs_by_state ON jobs (state);
    CREATE INDEX jobs_by_parent ON jobs (parent) WHERE parent IS NOT NULL;
    CREATE UNIQUE INDEX jobs_by_key ON jobs (request_key) WHERE request_key IS NOT NULL;
    CREATE TABLE attempts (
        job TEXT NOT NULL,
        number INTEGER NOT NULL,
        token TEXT NOT NULL,
        slot TEXT NOT NULL,
        promised_s REAL NOT NULL,
        entered_s REAL,
        ended_s REAL,
        outcome TEXT,
        read_to INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (job, number)
    ) WITHOUT ROWID;
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY,
        at_s REAL NOT NULL,
        job TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        kind TEXT NOT NULL,
        data TEXT NOT NULL
    );
    CREATE INDEX events_by_job ON events (job, seq);
    CREATE TABLE metrics (
        job TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        step INTEGER NOT NULL,
        at_s REAL NOT NULL,
        name TEXT NOT NULL,
        value REAL
    );
    CREATE INDEX metrics_by_job ON metrics (job, name, step);
    CREATE TABLE artifacts (
        job TEXT NOT NULL,
        path TEXT NOT NULL,
        kind TEXT NOT NULL,
        title TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        at_s REAL NOT NULL,
        PRIMARY KEY (job, path)
    ) WITHOUT ROWID;
    """,
    """
    CREATE TABLE runs (
        seq INTEGER PRIMARY KEY,
        likeness TEXT NOT NULL,
        used TEXT NOT NULL
    );
    CREATE INDEX runs_by_likeness ON runs (likeness, seq);
    """,
    """
    CREATE TABLE energy (
        hour_s INTEGER NOT NULL,
        job TEXT NOT NULL,
        basis TEXT NOT NULL,
        joules REAL NOT NULL,
        priced_j REAL NOT NULL,
        money REAL NOT NULL,
        gpu_s REAL NOT NULL,
        seconds REAL NOT NULL,
        PRIMARY KEY (hour_s, job, basis)
    ) WITHOUT ROWID;
    CREATE INDEX energy_by_job ON energy (job);
    """,
    """
    CREATE INDEX artifacts_by_time ON artifacts (at_s, job, path);
    CREATE INDEX artifacts_by_kind ON artifacts (kind, at_s, job, path);
    CREATE INDEX jobs_by_end ON jobs (changed_s)
        WHERE state IN ('cancelled', 'failed', 'succeeded');
    """,
    """
    CREATE TABLE draw (
        minute_s INTEGER PRIMARY KEY,
        joules REAL,
        seconds REAL NOT NULL,
        basis TEXT NOT NULL
    );
    """,
)


def open_for_writing(path: Path) -> sqlite3.Connection:
    """The one write connection, migrated. Refusals: `ledger.newer`, `ledger.damaged`."""
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA busy_timeout = 10000")
        _refuse_newer(connection, path)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA wal_autocheckpoint = 4000")
        _migrate(connection)
    except sqlite3.DatabaseError as error:
        raise refusal("ledger.damaged", home=path.parent, why=f"SQLite says: {error}.") from error
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, check_same_thread=False)
    connection.execute("PRAGMA busy_timeout = 10000")
    connection.row_factory = sqlite3.Row
    return connection


def _version(connection: sqlite3.Connection) -> int:
    there = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone()
    if there is None:
        return 0
    row = connection.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()
    return int(row[0]) if row else 0


def _refuse_newer(connection: sqlite3.Connection, path: Path) -> None:
    found = _version(connection)
    if found > len(MIGRATIONS):
        connection.close()
        raise refusal("ledger.newer", home=path.parent, found=found, known=len(MIGRATIONS))


def _migrate(connection: sqlite3.Connection) -> None:
    """Each migration and its new version number are one transaction."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"
    )
    for number in range(_version(connection) + 1, len(MIGRATIONS) + 1):
        connection.execute("BEGIN IMMEDIATE")
        for statement in MIGRATIONS[number - 1].split(";"):
            if statement.strip():
                connection.execute(statement)
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('version', ?)", (str(number),))
        connection.execute("COMMIT")
