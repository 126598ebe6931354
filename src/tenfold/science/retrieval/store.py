"""The index on disk: one SQLite file with documents, chunks, words and vectors.

Words are an FTS5 table of our own terms (`words.terms`), contentless: it keeps no second copy of
the text, so a row leaves it by the same terms again. Vectors are float16 beside their chunk, so
that a document is in or out in one transaction.

What is removed leaves no trace in the file: `secure_delete` overwrites rows, FTS5's segments are
merged (until then a removed word stands in an older segment), and `VACUUM` writes the file anew,
since a page that was rebalanced may keep old bytes in its free part. There is no write-ahead log,
which would hold old pages while somebody reads.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tenfold.science.retrieval.chunks import Chunk
from tenfold.science.retrieval.vectors import Vectors
from tenfold.science.retrieval.words import terms
from tenfold.terms.refusal import refusal

FILE = "index.sqlite"
VERSION = "1"  # of the terms, the chunks and the tables: another one is made anew
WAIT_S = 60.0  # for another's write to end

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS documents (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, hash TEXT NOT NULL, bytes INTEGER NOT NULL,
    modified_ns INTEGER NOT NULL, title TEXT NOT NULL, chunks INTEGER NOT NULL,
    seconds REAL NOT NULL, error TEXT NOT NULL, note TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS chunks (
    id INTEGER PRIMARY KEY, document INTEGER NOT NULL, title TEXT NOT NULL, place TEXT NOT NULL,
    text TEXT NOT NULL, vector BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS chunks_of_document ON chunks (document);
CREATE TABLE IF NOT EXISTS history (
    at_s REAL NOT NULL, stage TEXT NOT NULL, figures TEXT NOT NULL
);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (
    title, body, content = '', tokenize = "unicode61 remove_diacritics 0"
);
"""


@dataclass(frozen=True)
class Row:
    """A document as the index knows it; the manifest is made of these."""

    path: str
    hash: str
    bytes: int
    modified_ns: int
    title: str
    chunks: int
    seconds: float
    error: str = ""
    note: str = ""


def connect(folder: Path, create: bool = False) -> sqlite3.Connection:
    """Opens the file of an index; Refusal where there is none, or it is damaged or not ours."""
    path = folder / FILE
    if create:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    elif not path.is_file():
        raise refusal(
            "index.missing",
            folder=folder,
            why=f"It has no {FILE}." if folder.is_dir() else "There is no such folder.",
        )
    # autocommit: transactions are begun by hand. Threads take turns in `Index`.
    base = sqlite3.connect(path, timeout=WAIT_S, isolation_level=None, check_same_thread=False)
    try:
        base.execute("PRAGMA journal_mode = DELETE")
        base.execute("PRAGMA secure_delete = ON")
        if create:
            base.executescript(SCHEMA)
        base.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()
    except sqlite3.DatabaseError as error:
        base.close()
        raise refusal("index.damaged", folder=folder, why=error, file=FILE) from error
    return base


@contextmanager
def transaction(base: sqlite3.Connection) -> Iterator[None]:
    base.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        base.execute("ROLLBACK")
        raise
    base.execute("COMMIT")


def meta(base: sqlite3.Connection, key: str) -> str:
    found = base.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return str(found[0]) if found else ""


def set_meta(base: sqlite3.Connection, key: str, value: str) -> None:
    base.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))


def add(base: sqlite3.Connection, row: Row, chunks: Sequence[Chunk], vectors: Vectors) -> None:
    """One document and its chunks. Within a transaction."""
    cursor = base.execute(
        "INSERT INTO documents (path, hash, bytes, modified_ns, title, chunks, seconds, error,"
        " note) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            row.path,
            row.hash,
            row.bytes,
            row.modified_ns,
            row.title,
            row.chunks,
            row.seconds,
            row.error,
            row.note,
        ),
    )
    document = cursor.lastrowid
    for chunk, vector in zip(chunks, vectors.astype(np.float16), strict=True):
        number = base.execute(
            "INSERT INTO chunks (document, title, place, text, vector) VALUES (?, ?, ?, ?, ?)",
            (document, chunk.title, chunk.place, chunk.text, vector.tobytes()),
        ).lastrowid
        base.execute(
            "INSERT INTO words (rowid, title, body) VALUES (?, ?, ?)",
            (number, *_columns(chunk.title, chunk.place, chunk.text)),
        )


def remove(base: sqlite3.Connection, path: str) -> bool:
    """Whether the document was there. Within a transaction; `erase` must follow some time."""
    found = base.execute("SELECT id FROM documents WHERE path = ?", (path,)).fetchone()
    if found is None:
        return False
    rows = base.execute("SELECT id, title, place, text FROM chunks WHERE document = ?", found)
    for number, title, place, text in rows.fetchall():
        base.execute(
            "INSERT INTO words (words, rowid, title, body) VALUES ('delete', ?, ?, ?)",
            (number, *_columns(title, place, text)),
        )
    base.execute("DELETE FROM chunks WHERE document = ?", found)
    base.execute("DELETE FROM documents WHERE id = ?", found)
    # Told in the same transaction, so that a kill before `erase` is made good by the next run.
    set_meta(base, "unerased", "yes")
    return True


def erase(base: sqlite3.Connection) -> None:
    """Makes the file hold nothing of what was removed. Outside a transaction."""
    base.execute("INSERT INTO words (words) VALUES ('optimize')")
    set_meta(base, "unerased", "")
    base.execute("VACUUM")


def unerased(base: sqlite3.Connection) -> bool:
    return meta(base, "unerased") == "yes"


def rows(base: sqlite3.Connection) -> Iterator[Row]:
    """All documents, those that could not be read among them."""
    for found in base.execute(
        "SELECT path, hash, bytes, modified_ns, title, chunks, seconds, error, note"
        " FROM documents ORDER BY path"
    ):
        yield Row(*found)


def _columns(title: str, place: str, text: str) -> tuple[str, str]:
    """What FTS5 is given: terms with spaces between them. Headings stand in the place."""
    headings = place.rpartition(" > ")[0]
    return " ".join(terms(f"{title} {headings}")), " ".join(terms(text))
