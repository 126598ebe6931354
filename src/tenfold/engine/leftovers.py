"""Ends what an attempt left behind: every process that carries its token in its environment.

The token is handed down by fork and exec alike, so a process that left its group and session
(setsid) still has it. What it does not reach is a process with an emptied environment (`env -i`)
that outlives its parent; where the machine has cgroups for us, `cgroup` reaches that as well.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Collection

from tenfold.folder.paths import TOKEN_VARIABLE

_MARK = f"{TOKEN_VARIABLE}=".encode()
_TOKEN_LENGTH = 32


def left(tokens: Collection[str]) -> dict[str, list[int]]:
    """token -> pids of living processes that carry it. One walk through /proc for all tokens."""
    found: dict[str, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            token = _token(int(name))
            if token in tokens:
                found.setdefault(token, []).append(int(name))
    return found


def end(tokens: Collection[str]) -> set[str]:
    """SIGKILL whatever carries one of `tokens`; the tokens of which something was still there."""
    found = left(tokens)
    for token, pids in found.items():
        for pid in pids:
            _kill(pid, token)
    return set(found)


def end_all(token: str, tries: int = 200) -> None:
    """`end`, until nothing carries `token`: what is dying may still have started something."""
    while end({token}) and tries:
        tries -= 1
        time.sleep(0.005)


def job_of(pid: int, home: str) -> str | None:
    """The job of the daemon of `home` that a process belongs to; None for anybody else's."""
    pairs = (entry.partition(b"=") for entry in _environ(pid).split(b"\0"))
    told = {os.fsdecode(key): os.fsdecode(value) for key, _, value in pairs}
    return told.get("TENFOLD_JOB") if told.get("TENFOLD_HOME") == home else None


def _environ(pid: int) -> bytes:
    """Empty for others' processes, for what is gone, and for zombies."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return file.read()
    except OSError:
        return b""


def _token(pid: int) -> str:
    """The attempt token in a process's environment; empty for others' processes and zombies."""
    environ = _environ(pid)
    at = environ.find(_MARK)
    if at < 0 or (at > 0 and environ[at - 1] != 0):
        return ""
    return environ[at + len(_MARK) :][:_TOKEN_LENGTH].decode("ascii", "replace")


def _kill(pid: int, token: str) -> None:
    """By pidfd, with a second look at the token, so that a reused pid is never hit."""
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return
    try:
        if _token(pid) == token:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
    except ProcessLookupError:
        pass  # gone in between
    finally:
        os.close(handle)
