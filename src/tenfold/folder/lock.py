"""The record lock of a job folder: held exactly as long as the attempt's runner lives.

An fcntl record lock, not flock: it belongs to one process, so a child that the runner forked, or
a daemon that such a child became, does not keep it. Two rules follow, and both are easy to break:
open the lock file once per process (closing any descriptor of it drops the lock), and never hand
it to a child.
"""

from __future__ import annotations

import fcntl
import os
import struct
from pathlib import Path

_FLOCK = struct.Struct("@hhqqi")  # struct flock: type, whence, start, length, pid (64-bit Linux)


def take(path: Path) -> int | None:
    """The descriptor that holds the lock, or None if another process has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def holder(path: Path) -> int | None:
    """The pid that holds the lock, or None. Must not be called by the holder itself."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        ask = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        kind, _, _, _, pid = _FLOCK.unpack(
            fcntl.fcntl(descriptor, fcntl.F_GETLK, ask.ljust(32, b"\0"))[: _FLOCK.size]
        )
    finally:
        os.close(descriptor)
    return pid if kind != fcntl.F_UNLCK else None
