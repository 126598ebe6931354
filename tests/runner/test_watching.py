"""Health is told on a change; idleness is counted in CPU seconds."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tenfold.runner.watching import Health, Idleness, tree_cpu_s


@pytest.fixture
def served() -> Iterator[HTTPServer]:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/well" else 500)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_health_over_http(served: HTTPServer) -> None:
    told: list[tuple[bool, str]] = []
    for path in ("/well", "ill"):
        health = Health(served.server_port, path, lambda *said: told.append(said))
        health.look()
        health.look()
    assert told == [(True, "GET /well answered 200"), (False, "GET ill answered 500")]


def test_health_by_connection() -> None:
    told: list[bool] = []
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        health = Health(listener.getsockname()[1], "", lambda healthy, why: told.append(healthy))
        health.look()
        listener.listen()
        health.look()
    health.look()
    health.look()
    assert told == [False, True, False]


def test_idle_after_so_long_without_use() -> None:
    now_s, cpu_s = 0.0, 0.0
    idle = Idleness(60.0, cpu_s=lambda pid: cpu_s, clock=lambda: now_s)
    ended_s = None
    for second in range(1, 300):
        now_s = float(second)
        # Busy at 50 % for 100 s, then at 0.5 % of a core, which is nobody.
        cpu_s += 0.5 if second <= 100 else 0.005
        if idle.reached(1):
            ended_s = now_s
            break
    assert ended_s is not None and 160 <= ended_s <= 170


def test_the_seconds_of_a_tree() -> None:
    before_s = tree_cpu_s(os.getpid())
    assert before_s > 0
    assert sum(number * number for number in range(300_000)) > 0
    assert tree_cpu_s(os.getpid()) >= before_s
    assert tree_cpu_s(2**22 + 1) == 0.0
