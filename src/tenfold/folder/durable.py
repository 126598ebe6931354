"""Files that survive a power cut: write, fsync the file, rename, fsync the folder.

`sync=False` keeps only the rename: readers see the old or the new file, but a power cut may lose
it. That is for files that the daemon can write again from its ledger.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def write_bytes(path: Path, data: bytes, sync: bool = True) -> None:
    """Replace `path` whole. Raises OSError and leaves the old file if the disk is full."""
    half = path.with_name(f".{path.name}.{os.getpid()}.half")
    try:
        descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            write_all(descriptor, data)
            if sync:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(half, path)
    except OSError:
        half.unlink(missing_ok=True)
        raise
    if sync:
        sync_folder(path.parent)


def write_json(path: Path, value: Any, sync: bool = True) -> None:
    write_bytes(path, json.dumps(value, separators=(",", ":")).encode(), sync)


def append_line(path: Path, value: Any, sync: bool = True) -> None:
    """One JSON line at the end. A reader must ignore a last line without its newline."""
    new = sync and not path.exists()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        write_all(descriptor, json.dumps(value, separators=(",", ":")).encode() + b"\n")
        if sync:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if new:
        sync_folder(path.parent)


def read_lines(data: bytes) -> tuple[list[Any], int]:
    """The whole JSON lines in `data`, and how many bytes they take. Lines that are not JSON (torn
    by a power cut, then written over) are skipped."""
    end = data.rfind(b"\n") + 1
    values = []
    for line in data[:end].splitlines():
        try:
            values.append(json.loads(line))
        except ValueError:
            continue
    return values, end


def write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def sync_folder(path: Path) -> None:
    """Make the names in `path` durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(path: Path) -> None:
    """Make every file and folder below `path`, and `path` itself, durable."""
    for folder, _, names in os.walk(path):
        for name in names:
            descriptor = os.open(Path(folder) / name, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        sync_folder(Path(folder))
