"""log.txt: all that an attempt and its processes print, kept below a limit.

Everything writes to one descriptor opened with O_APPEND. A thread looks at the size; beyond the
limit the middle goes: the first MiB (how it began) and the last four (how it ended) stay, with a
line between that tells how much was dropped. A reader by offset finds the file shorter then.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

MIB = 1 << 20
LIMIT_MIB = 64.0
HEAD_BYTES = 1 * MIB
TAIL_BYTES = 4 * MIB
LOOK_S = 0.5


def redirect(path: Path) -> None:
    """From here on, what this process and its children print goes to `path`."""
    sys.stdout.flush()
    sys.stderr.flush()
    empty = os.open(os.devnull, os.O_RDONLY)
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(empty, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(empty)
    os.close(log)
    for stream in (sys.stdout, sys.stderr):  # a person follows it, so line by line
        stream.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr]


def say(text: str) -> None:
    """A line of our own among what the workload prints."""
    sys.stderr.write(f"[tenfold] {text}\n")
    sys.stderr.flush()


def limit_bytes(environ: Mapping[str, str]) -> int:
    return int(float(environ.get("TENFOLD_LOG_LIMIT_MIB") or LIMIT_MIB) * MIB)


def watch(path: Path, limit: int) -> None:
    """Keep `path` below `limit` as long as this process lives."""
    sleeper = threading.Event()

    def look() -> None:
        while not sleeper.wait(LOOK_S):
            cut(path, limit)

    threading.Thread(target=look, name="log", daemon=True).start()


def cut(path: Path, limit: int) -> None:
    """Drop the middle of a file beyond `limit`. Of a small limit the same parts stay, smaller."""
    head = min(HEAD_BYTES, limit // 8)
    tail = min(TAIL_BYTES, limit // 2)
    # An attempt may not fail for its log: a disk without room for the line leaves it long.
    with contextlib.suppress(OSError):
        _cut(path, limit, head, tail)


def _cut(path: Path, limit: int, head: int, tail: int) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        size = os.fstat(descriptor).st_size
        if size <= limit:
            return
        kept = os.pread(descriptor, tail, size - tail)
        line = f"\n[tenfold: {size - head - tail} bytes were dropped here]\n".encode()
        end = head + os.pwrite(descriptor, line + kept, head)
        # What was printed meanwhile follows; the last look before the cut leaves but a blink.
        while late := os.pread(descriptor, MIB, size):
            size += len(late)
            end += os.pwrite(descriptor, late, end)
        os.ftruncate(descriptor, end)
    finally:
        os.close(descriptor)
