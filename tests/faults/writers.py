"""Small writers that keep their promise, or break it in a known way; they prove the power cut.

`python -m faults.writers KIND ROOT TRACE` writes item after item below ROOT and notes each one as
promised. `broken(KIND, tree, promised)` names the promises that a tree does not hold.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from faults.trace import note
from tenfold.folder import durable

ITEMS = 40
GOOD = ("durable", "append", "ledger")
BAD = ("no-file-sync", "no-folder-sync", "append-no-sync", "ledger-no-sync")


def content(item: int) -> bytes:
    return f"item {item} ".encode() * (100 + 37 * item)


def _replace(path: Path, data: bytes, sync_file: bool, sync_folder: bool) -> None:
    """What `durable.write_bytes` does, with a step left out."""
    half = path.with_name(f".{path.name}.half")
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    durable.write_all(descriptor, data)
    if sync_file:
        os.fsync(descriptor)
    os.close(descriptor)
    os.rename(half, path)
    if sync_folder:
        durable.sync_folder(path.parent)


def _files(kind: str, root: Path) -> Callable[[int], None]:
    def write(item: int) -> None:
        path = root / f"{item % 7}"  # names are written over, as an outcome or a checkpoint is
        if kind == "durable":
            durable.write_bytes(path, content(item))
        elif kind == "no-file-sync":
            _replace(path, content(item), sync_file=False, sync_folder=True)
        else:
            _replace(path, content(item), sync_file=True, sync_folder=False)

    return write


def _lines(kind: str, root: Path) -> Callable[[int], None]:
    def write(item: int) -> None:
        durable.append_line(root / "lines", content(item).decode(), sync=kind == "append")

    return write


def _ledger(kind: str, root: Path) -> Callable[[int], None]:
    connection = sqlite3.connect(root / "ledger.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {'FULL' if kind == 'ledger' else 'OFF'}")
    connection.execute("PRAGMA wal_autocheckpoint = 20")
    connection.execute("CREATE TABLE items (item INTEGER PRIMARY KEY, content BLOB)")

    def write(item: int) -> None:
        connection.execute("INSERT INTO items VALUES (?, ?)", (item, content(item)))

    return write


def main(kind: str, root: Path, trace: Path) -> None:
    make = _ledger if "ledger" in kind else _lines if "append" in kind else _files
    write = make(kind, root)
    for item in range(ITEMS):
        write(item)
        note(trace, str(item))


def broken(kind: str, tree: Path, promised: Iterable[str]) -> list[int]:
    """The promised items that `tree` does not hold; an item that was written over counts as held
    by any later one."""
    items = [int(text) for text in promised]
    if "ledger" in kind:
        held = _rows(tree / "ledger.sqlite") if items else {}
        return [item for item in items if held.get(item) != content(item)]
    if "append" in kind:
        path = tree / "lines"
        lines = durable.read_lines(path.read_bytes())[0] if path.exists() else []
        return [item for item in items if content(item).decode() not in lines]
    whole = {content(item): item for item in range(ITEMS)}
    newest = {item % 7: item for item in items}
    lost = []
    for name, item in newest.items():
        path = tree / str(name)
        found = whole.get(path.read_bytes(), -1) if path.exists() else -1
        if found < item:
            lost.append(item)
    return lost


def _rows(path: Path) -> dict[int, bytes]:
    try:
        connection = sqlite3.connect(path)
        if connection.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            return {}
        rows = dict(connection.execute("SELECT item, content FROM items").fetchall())
        connection.close()
    except sqlite3.DatabaseError:
        return {}
    return rows


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
