"""The real helper with rights in a process of its own, on the stand-in for NVIDIA's library."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

from faults.nvml.standin import StandIn
from tenfold.rights.unit import HELPER

SYSTEM_PYTHON = "/usr/bin/python3"


class Helper:
    """`uid` is the owner's."""

    def __init__(self, folder: Path, stand_in: StandIn, uid: int) -> None:
        self.socket, self.state = folder / "socket", folder / "state.json"
        self.stand_in, self.uid = stand_in, uid
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        python = SYSTEM_PYTHON if Path(SYSTEM_PYTHON).exists() else "python3"
        self.socket.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [python, "-I", "-S", str(HELPER), str(self.uid), str(self.socket), str(self.state)],
            env=self.stand_in.environment,
            stderr=subprocess.PIPE,
        )
        while self.process.poll() is None:
            try:
                self._reached()
                return
            except OSError:
                time.sleep(0.01)
        raise AssertionError(self.end())

    def _reached(self) -> None:
        """It listens before it puts back what is left, and takes connections afterwards."""
        lease = Lease(self.socket)
        with contextlib.suppress(ConnectionError):  # a helper of somebody else's
            lease.send(b"?\n")
        lease.close()

    def end(self, number: int = signal.SIGTERM) -> str:
        """What it wrote."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.communicate(timeout=30)[1].decode()

    def restored(self, but: str = "") -> None:
        """Until it has put back everything, `but` of this card: it says so in its state."""
        for _ in range(2000):
            if json.loads(self.state.read_text())[0].keys() <= {but}:
                return
            time.sleep(0.005)
        raise AssertionError(f"not put back: {self.state.read_text()}")


class Lease:
    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        try:
            self.socket.connect(str(path))
        except OSError:
            self.socket.close()
            raise
        self.lines = self.socket.makefile("rb")

    def ask(self, *asked: Any) -> dict[str, Any]:
        return self.send(json.dumps(asked).encode() + b"\n")

    def send(self, line: bytes) -> dict[str, Any]:
        """An empty answer: it does not listen to us."""
        self.socket.sendall(line)
        answer: dict[str, Any] = json.loads(self.lines.readline() or b"{}")
        return answer

    def close(self) -> None:
        self.lines.close()
        self.socket.close()
