"""What a workload under test says of itself, past the product: one line a fact, in one file.

A line is one write() to a file opened O_APPEND, so lines of many processes never mix and their
order is the order of the facts. `witness` is a lock that the product knows nothing of.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

AUDIT = "FAULTS_AUDIT"  # the file
MARK = "FAULTS_MARK"  # in the environment of every process of a run


def say(kind: str, job: str, attempt: int, **facts: Any) -> None:
    line = {"at": time.time(), "pid": os.getpid(), "kind": kind, "job": job, "attempt": attempt}
    descriptor = os.open(
        os.environ[AUDIT], os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600
    )
    try:
        os.write(descriptor, json.dumps({**line, **facts}).encode() + b"\n")
    finally:
        os.close(descriptor)


def witness(job: str, attempt: int, path: Path) -> int:
    """Holds `path` as long as this process or anything it forks lives; says `violation` if
    something of another attempt still holds it. (flock, not the product's record lock.)"""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        say("violation", job, attempt, path=str(path))
    return descriptor


def lines(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists():
        for line in path.read_text().splitlines():
            yield json.loads(line)
