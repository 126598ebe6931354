"""Starts runners: by the fork server where it is up, else as a fresh interpreter.

The fork server is a process of its own with the heavy imports done (see `runner.forkserver`); this
is the daemon's end of its socket. Its death costs only speed: the next launch is a fresh
interpreter, and another server is started meanwhile.
"""

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


class Launcher:
    """`python -m tenfold.runner FOLDER N`, quickly. Used by the tick's thread only."""

    def __init__(self) -> None:
        self._server: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._ready = False
        self._children: list[subprocess.Popen[bytes]] = []
        self._rest_until_s = 0.0
        self._start_server()

    def launch(self, folder: Path, attempt: int, environment: dict[str, str]) -> int | None:
        """The runner's pid; None if it is not known whether one was started."""
        self._reap()
        if self._server is None and time.monotonic() > self._rest_until_s:
            self._start_server()
        if self._is_ready():
            answer = self._ask({"folder": str(folder), "attempt": attempt, "env": environment})
            if answer is None:
                self._drop_server()
                return None
            if "pid" in answer:
                return int(answer["pid"])
        return self._fresh(folder, attempt, environment)

    @property
    def server_pid(self) -> int | None:
        """For whoever wants to know (status, tests)."""
        return self._server.pid if self._server and self._server.poll() is None else None

    def close(self) -> None:
        self._drop_server()

    def _start_server(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environment = {**os.environ, TOKEN_VARIABLE: "0" * 32}
        with theirs:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "tenfold.runner.forkserver", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        ours.settimeout(ANSWER_S)
        self._socket = ours
        self._ready = False

    def _is_ready(self) -> bool:
        """Whether the server has said that its imports are done; never waits for it."""
        if self._ready or self._socket is None:
            return self._ready
        self._socket.setblocking(False)
        try:
            said = self._socket.recv(65536)
        except BlockingIOError:
            return False
        except OSError:
            said = b""
        finally:
            self._socket.settimeout(ANSWER_S)
        if not said:
            self._rest_until_s = time.monotonic() + REST_S
            self._drop_server()
            return False
        self._ready = bool(json.loads(said).get("ready"))
        return self._ready

    def _ask(self, request: dict[str, Any]) -> dict[str, Any] | None:
        assert self._socket is not None
        try:
            self._socket.send(json.dumps(request).encode())
            said = self._socket.recv(65536)
        except OSError:
            return None
        answer = json.loads(said) if said else None
        return answer if isinstance(answer, dict) else None

    def _drop_server(self) -> None:
        if self._socket is not None:
            self._socket.close()  # it exits when its end closes
        if self._server is not None:
            self._children.append(self._server)
        self._server, self._socket, self._ready = None, None, False

    def _fresh(self, folder: Path, attempt: int, environment: dict[str, str]) -> int:
        child = subprocess.Popen(
            [sys.executable, "-m", "tenfold.runner", str(folder), str(attempt)],
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._children.append(child)
        return child.pid

    def _reap(self) -> None:
        """Collect what ended, so that no zombie keeps a pid."""
        self._children = [child for child in self._children if child.poll() is None]
