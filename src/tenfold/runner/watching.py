"""What a process with a port is watched for: whether it answers, and whether anybody uses it."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Callable

import psutil

ANSWER_S = 1.0  # how long an answer may take
IDLE_SHARE = 0.01  # of one core; below it a process tree counts as unused
IDLE_LOOK_S = 5.0


class Health:
    """Asks 127.0.0.1:`port`, by HTTP where there is a `path`; `tell(healthy, why)` on a change."""

    def __init__(self, port: int, path: str, tell: Callable[[bool, str], None]) -> None:
        self._port = port
        self._path = path
        self._tell = tell
        self._last: bool | None = None

    def look(self) -> None:
        healthy, why = answers(self._port, self._path) if self._path else accepts(self._port)
        if healthy != self._last:
            self._last = healthy
            self._tell(healthy, why)


class Idleness:
    """Whether a process tree used less than 1 % of a core for `limit_s`.

    `cpu_s(pid)` are the CPU seconds of the whole tree so far; `clock` counts seconds.
    """

    def __init__(
        self,
        limit_s: float,
        cpu_s: Callable[[int], float] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit_s = limit_s
        self._cpu_s = cpu_s or tree_cpu_s
        self._clock = clock
        self._used_s = self._looked_s = clock()
        self._before: float | None = None

    def reached(self, pid: int) -> bool:
        now_s = self._clock()
        span_s = now_s - self._looked_s
        if span_s < IDLE_LOOK_S:
            return False
        cpu_s = self._cpu_s(pid)
        # A child that ended takes its seconds out of the sum; that it ended is use as well.
        if self._before is None or abs(cpu_s - self._before) >= IDLE_SHARE * span_s:
            self._used_s = now_s
        self._before, self._looked_s = cpu_s, now_s
        return now_s - self._used_s >= self._limit_s


def accepts(port: int) -> tuple[bool, str]:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_S):
            return True, f"port {port} accepts connections"
    except OSError as error:
        return False, f"port {port}: {error.strerror or error}"


def answers(port: int, path: str) -> tuple[bool, str]:
    """Healthy below status 400."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_S)
    try:
        connection.request("GET", f"/{path.lstrip('/')}")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return False, f"GET {path}: {error}"
    finally:
        connection.close()
    return status < 400, f"GET {path} answered {status}"


def tree_cpu_s(pid: int) -> float:
    """CPU seconds of a process and all its living descendants."""
    total = 0.0
    try:
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            times = process.cpu_times()
            total += times.user + times.system
    except psutil.NoSuchProcess:
        pass  # it ended while we looked; the next look sees the rest
    return total
