"""A real proxy before a real service, both processes of their own; the test is the daemon."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

from faults.daemon import free_port
from tenfold.folder import lock
from tenfold.folder.proxy import ProxyFolder
from tenfold.terms.route import Route, Routes, RouteState

SERVICE = Path(__file__).with_name("service.py")
SMALL_LLM = Path(__file__).parents[1] / "web" / "small_llm.py"
WAIT_S = 20.0


def until(true: Callable[[], Any], wait_s: float = WAIT_S) -> Any:
    end_s = time.monotonic() + wait_s
    while not (value := true()):
        assert time.monotonic() < end_s, "it did not come"
        time.sleep(0.01)
    return value


def accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


class Proxied:
    """`home` has a token; `routes` are followed before the call returns."""

    def __init__(self, home: Path, *options: str) -> None:
        self.home = home
        self.port = free_port()
        self.token = secrets.token_urlsafe(32)
        self.folder = ProxyFolder(home / "proxy")
        self.folder.path.mkdir(parents=True)
        (home / "token").write_text(self.token)
        self.number = 0
        self.options = options
        self.process: subprocess.Popen[bytes] | None = None
        self.services: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        self.process = subprocess.Popen(self._argv())
        until(lambda: accepts(self.port))

    def another(self) -> int:
        """The exit status of a second one for the same home."""
        return subprocess.run(self._argv(), timeout=WAIT_S).returncode

    def _argv(self) -> list[str]:
        argv = [sys.executable, "-m", "tenfold.proxy", "--home", str(self.home)]
        return [*argv, "--port", str(self.port), *self.options]

    def service(self, name: str = "s") -> int:
        """The port of a new service whose folder is `home/NAME`."""
        (self.home / name).mkdir()
        port = free_port()
        argv = [sys.executable, str(SERVICE), str(self.home / name), str(port)]
        self.services.append(subprocess.Popen(argv))
        until(lambda: accepts(port))
        return port

    def model(self, name: str, *models: str) -> int:
        """The port of a new service with these models; `home/NAME` is there once a stream of it was
        left."""
        port = free_port()
        told = {"SMALL_LLM_LEFT": str(self.home / name), "SMALL_LLM_MODELS": ",".join(models)}
        argv = [sys.executable, str(SMALL_LLM), str(port)]
        self.services.append(subprocess.Popen(argv, env={**os.environ, **told}))
        until(lambda: accepts(port))
        return port

    def routes(self, *routes: Route) -> None:
        self.number += 1
        self.folder.write_routes(Routes(self.number, routes))
        pid = lock.holder(self.folder.lock)
        if pid is not None:
            os.kill(pid, signal.SIGHUP)
            until(lambda: self.folder.read_seen().routes == self.number)

    def up(self, port: int, name: str = "s", job: str = "1") -> None:
        self.routes(Route(job, (name, job), RouteState.UP, port))

    def connect(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=WAIT_S)

    def ask(
        self, path: str, method: str = "GET", body: Any = None, token: str | None = "", **more: str
    ) -> tuple[HTTPResponse, bytes]:
        sent = {name.replace("_", "-"): value for name, value in more.items()}
        if token is not None:
            sent["Authorization"] = f"Bearer {token or self.token}"
        with closing(self.connect()) as connection:
            chunked = "Transfer-Encoding" in sent
            connection.request(method, path, body, sent, encode_chunked=chunked)
            answer = connection.getresponse()
            return answer, answer.read()

    def raw(self, text: bytes) -> bytes:
        """Everything that comes back for these bytes, to the end of the connection."""
        with self.socket() as sent:
            sent.sendall(text)
            found = b""
            while data := sent.recv(65536):
                found += data
            return found

    def socket(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=WAIT_S)

    def head(self, line: str = "GET /s/ HTTP/1.1", *more: str) -> bytes:
        own = [f"Host: 127.0.0.1:{self.port}", f"Authorization: Bearer {self.token}"]
        return "\r\n".join([line, *own, *more, "", ""]).encode()

    def end(self) -> None:
        for process in (*self.services, self.process):
            if process is not None:
                process.kill()
                process.wait()
