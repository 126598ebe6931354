"""The trace of powercut.c: every change of the files below a root, in the order it happened.

`environment(variables, root, trace)` makes a process and all its children write it, `note` puts a
line of the test's own into the same order, `records` reads it.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from faults.shims import preload

HEAD = struct.Struct("<IIiiQqqII")


class Op(IntEnum):
    OPENED = 1
    WRITTEN = 2
    SIZED = 3
    ALLOCATED = 4
    RENAMED = 5
    UNLINKED = 6
    MADE = 7
    REMOVED = 8
    LINKED = 9
    SYMLINKED = 10
    SYNCING = 11
    SYNCED = 12
    MAPPED = 13
    NOTED = 100


@dataclass(frozen=True)
class Record:
    op: Op
    pid: int
    tid: int
    inode: int
    offset: int
    length: int
    a: str
    b: str
    data: bytes


def environment(variables: MutableMapping[str, str], root: Path, trace: Path) -> None:
    """Children with `variables` are traced. `root` must exist and be empty, `trace` lie outside."""
    preload(variables, "powercut")
    variables["POWERCUT_ROOT"] = str(root.resolve())
    variables["POWERCUT_TRACE"] = str(trace)


def note(trace: Path, text: str) -> None:
    """A line of the test's own: it stands after every change that was made before this call."""
    data = text.encode()
    head = HEAD.pack(HEAD.size + len(data), Op.NOTED, os.getpid(), 0, 0, 0, 0, 0, 0)
    descriptor = os.open(trace, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, head + data)
    finally:
        os.close(descriptor)


def records(trace: Path) -> list[Record]:
    """The trace, without a last record that is not whole."""
    content = trace.read_bytes()
    found = []
    at = 0
    while at + HEAD.size <= len(content):
        size, op, pid, tid, inode, offset, length, size_a, size_b = HEAD.unpack_from(content, at)
        if at + size > len(content):
            break
        a = at + HEAD.size
        b = a + size_a
        data = b + size_b
        found.append(
            Record(
                Op(op),
                pid,
                tid,
                inode,
                offset,
                length,
                os.fsdecode(content[a:b]),
                os.fsdecode(content[b:data]),
                content[data : at + size],
            )
        )
        at += size
    return found


def notes_until(trace: list[Record], stop: int) -> Iterator[str]:
    for record in trace[:stop]:
        if record.op is Op.NOTED:
            yield record.data.decode()
