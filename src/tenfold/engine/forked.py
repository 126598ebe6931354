"""The daemon's end of one fork server (the other end is `runner.forkserver`)."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tenfold.folder.paths import TOKEN_VARIABLE

ANSWER_S = 10.0  # how long a fork may take before the server counts as dead
REST_S = 10.0  # before another server is tried after one that died before it was ready


class ForkServer:
    """Started at once, and again after it died; never waited for. Used by one thread only."""

    def __init__(self, variables: dict[str, str]) -> None:
        self._variables = variables
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._ready = False
        self._rest_until_s = 0.0
        self._old: list[subprocess.Popen[bytes]] = []
        self._start()

    @property
    def pid(self) -> int | None:
        """Of the server that is up; None where there is none now."""
        up = self._process is not None and self._process.poll() is None
        return self._process.pid if self._process is not None and up else None

    def ready(self) -> bool:
        """Whether it can be asked now; a dead one is replaced meanwhile."""
        self._old = [process for process in self._old if process.poll() is None]
        if self._process is None and time.monotonic() > self._rest_until_s:
            self._start()
        if not self._ready and self._socket is not None:
            self._ready = self._has_said_so(self._socket)
        return self._ready

    def fork(self, folder: Path, attempt: int, environment: dict[str, str]) -> dict[str, Any]:
        """`{"pid": ...}` or `{"error": ...}`; empty if it died, whether it forked or not."""
        assert self._socket is not None
        request = {"folder": str(folder), "attempt": attempt, "env": environment}
        try:
            self._socket.send(json.dumps(request).encode())
        except OSError as error:  # it was dead before, so it forked nothing
            self.close()
            self._start()
            return {"error": f"no server: {error}"}
        try:
            said = self._socket.recv(65536)
        except OSError:
            said = b""
        if not said:
            self.close()
            return {}
        answer: dict[str, Any] = json.loads(said)
        return answer

    def close(self) -> None:
        """It exits when our end of the socket closes; what it forked lives on."""
        if self._socket is not None:
            self._socket.close()
        if self._process is not None:
            self._old.append(self._process)
        self._process, self._socket, self._ready = None, None, False

    def _start(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "tenfold.runner.forkserver", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env={**os.environ, **self._variables, TOKEN_VARIABLE: "0" * 32},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        ours.settimeout(ANSWER_S)
        self._socket, self._ready = ours, False

    def _has_said_so(self, connection: socket.socket) -> bool:
        """Its first message says that its imports are done."""
        connection.setblocking(False)
        try:
            said = connection.recv(65536)
        except BlockingIOError:
            return False
        except OSError:
            said = b""
        finally:
            connection.settimeout(ANSWER_S)
        if not said:  # it died before it was ready
            self._rest_until_s = time.monotonic() + REST_S
            self.close()
            return False
        return bool(json.loads(said).get("ready"))
