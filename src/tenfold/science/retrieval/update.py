"""Brings an index to the state of a folder: what is new is read, what is gone leaves no trace.

    base = prepare(index, documents, embedder, embedder_folder, note)
    for row in update(base, files, folder, embedder): row.path, row.chunks, row.error

Whether a file has changed is told by its hash, not by its time. Documents are committed in groups;
a run that is killed loses the last group, and the next run reads that again. Broken files get a
row with the reason, and are not tried again before they change.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tenfold.science.retrieval import store
from tenfold.science.retrieval.chunks import Chunk, cut
from tenfold.science.retrieval.documents import MOST_FILE_BYTES, Unreadable
from tenfold.science.retrieval.reading import Reading
from tenfold.science.retrieval.store import Row
from tenfold.science.retrieval.vectors import Embedder, Vectors
from tenfold.science.retrieval.walk import Found
from tenfold.terms.refusal import refusal

COMMIT_S = 2.0  # a group of documents; while it is written, readers still see the state before


@dataclass
class Change:
    """What one update did, in documents."""

    new: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    failed: int = 0

    def words(self) -> str:
        return (
            f"{self.new} new, {self.changed} changed, {self.removed} gone, {self.unchanged}"
            f" unchanged, {self.failed} not readable"
        )


def prepare(
    index: Path,
    documents: Path,
    embedder: Embedder,
    embedder_folder: Path | None,
    note: Callable[[str], None],
) -> sqlite3.Connection:
    """The index's file, made if it is not there; emptied where it was made in another way.

    Refuses an index of another folder of documents: it would lose all of them.
    """
    base = store.connect(index, create=True)
    wanted = {"version": store.VERSION, "embedder": embedder.name, "documents": str(documents)}
    found = {key: store.meta(base, key) for key in wanted}
    if found["documents"] not in ("", wanted["documents"]):
        base.close()
        raise refusal("index.other", index=index, made=found["documents"], documents=documents)
    if found["version"] and found != wanted:
        note("The index was made in another way (version or embedder): all of it is made anew.")
        for row in list(store.rows(base)):
            with store.transaction(base):
                store.remove(base, row.path)
    with store.transaction(base):
        for key, value in wanted.items():
            store.set_meta(base, key, value)
        store.set_meta(base, "embedder_folder", str(embedder_folder or ""))
    return base


def update(
    base: sqlite3.Connection,
    files: Sequence[Found],
    folder: Path,
    embedder: Embedder,
    change: Change,
    reading: Reading | None = None,
) -> Generator[Row, None, None]:
    """Yields a row for each file as it is done; counts into `change`. Ends with a clean file."""
    known = {row.path: row for row in store.rows(base)}
    for path in sorted(known.keys() - {found.path for found in files}):
        with store.transaction(base):
            store.remove(base, path)
        change.removed += 1
    with reading or Reading() as reader:
        base.execute("BEGIN IMMEDIATE")
        try:
            began_s = time.monotonic()
            for found in files:
                yield _one(base, found, folder, embedder, reader, known.get(found.path), change)
                if time.monotonic() - began_s > COMMIT_S:
                    base.execute("COMMIT")
                    base.execute("BEGIN IMMEDIATE")
                    began_s = time.monotonic()
        finally:
            # Also where the caller ends in the middle: each document in it is whole.
            if base.in_transaction:
                base.execute("COMMIT")
    if store.unerased(base):
        store.erase(base)


def _one(
    base: sqlite3.Connection,
    found: Found,
    folder: Path,
    embedder: Embedder,
    reading: Reading,
    known: Row | None,
    change: Change,
) -> Row:
    began_s = time.perf_counter()
    row = Row(found.path, "", found.bytes, found.modified_ns, "", 0, 0.0, found.passed_over)
    content = b""
    if not found.passed_over:
        try:
            content = _content(folder / found.path)
            row = replace(row, hash=hashlib.sha256(content).hexdigest(), bytes=len(content))
        except OSError as error:
            row = replace(row, error=f"cannot be opened ({error.strerror})")
    if known is not None and (known.hash, known.error) == (row.hash, row.error or known.error):
        change.unchanged += not known.error
        change.failed += bool(known.error)
        return known
    row, chunks = (row, []) if row.error else _read(row, content, reading)
    vectors = _vectors(chunks, embedder)
    row = replace(row, chunks=len(chunks), seconds=time.perf_counter() - began_s)
    if known is not None:
        store.remove(base, found.path)
    store.add(base, row, chunks, vectors)
    if row.error:
        change.failed += 1
    elif known is None:
        change.new += 1
    else:
        change.changed += 1
    return row


def _content(path: Path) -> bytes:
    """Not of what has become a link since the folder was looked through, nor more than is read."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        return file.read(MOST_FILE_BYTES)


def _read(row: Row, content: bytes, reading: Reading) -> tuple[Row, list[Chunk]]:
    if not content.strip():
        return replace(row, error="empty"), []
    try:
        document = reading.read(row.path, content)
    except Unreadable as error:
        return replace(row, error=str(error)), []
    chunks = list(cut(document))
    if not chunks:
        return replace(row, error="no text in it"), []
    return replace(row, title=document.title, note=document.note), chunks


def _vectors(chunks: Sequence[Chunk], embedder: Embedder) -> Vectors:
    if not chunks:
        return np.zeros((0, embedder.dimensions), np.float32)
    return embedder.encode([f"{chunk.title}\n{chunk.text}" for chunk in chunks])
