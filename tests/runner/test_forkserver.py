"""The fork server: fast, single-threaded, and every child shows its own token."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tenfold.folder.paths import TOKEN_VARIABLE, JobFolder
from tenfold.runner.forkserver import PLACEHOLDER, PRELOAD, TOKEN_CHARS
from tenfold.terms.outcome import Ending

LIGHT = "tenfold.runner.attempt,pydantic"


class Server:
    """The daemon's end."""

    def __init__(self, preload: str, token: str = PLACEHOLDER) -> None:
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tenfold.runner.forkserver", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env={**os.environ, "TENFOLD_PRELOAD": preload, TOKEN_VARIABLE: token},
            )
        self.socket.settimeout(60)
        assert self.answer() == {"ready": True}

    def answer(self) -> dict[str, Any]:
        return dict(json.loads(self.socket.recv(65536)))

    def ask(self, lab: Any, folder: JobFolder, attempt: int = 1) -> dict[str, Any]:
        environ = {**os.environ, **lab.environ(folder)}
        request = {"folder": str(folder.path), "attempt": attempt, "env": environ}
        self.socket.send(json.dumps(request).encode())
        return self.answer()


@pytest.fixture
def server() -> Iterator[Callable[..., Server]]:
    made: list[Server] = []

    def start(preload: str = LIGHT, **options: str) -> Server:
        made.append(Server(preload, **options))
        return made[-1]

    yield start
    for one in made:
        one.socket.close()
        one.process.kill()
        one.process.wait()


SEEN = """
def run(job, params):
    if os.fork() == 0:
        os.setsid()
        time.sleep(600)
    while not (job.folder / "go").exists():
        time.sleep(0.01)
    handlers = [signal.getsignal(number) for number in (signal.SIGCHLD, signal.SIGINT)]
    return Result("seen", {
        "token": os.environ["TENFOLD_ATTEMPT"],
        "leader": os.getsid(0) == os.getpid(),
        "reset": handlers == [signal.SIG_DFL, signal.default_int_handler],
        "preload": os.environ.get("TENFOLD_PRELOAD", ""),
        "sockets": [name for name in os.listdir("/proc/self/fd")
                    if os.path.exists(f"/proc/self/fd/{name}")
                    and os.readlink(f"/proc/self/fd/{name}").startswith("socket")],
    })
"""


@pytest.mark.parametrize("token", [PLACEHOLDER, "too-short"])
def test_every_descendant_shows_the_token(
    lab: Any, server: Callable[..., Server], token: str
) -> None:
    """Where the server cannot write over its own, the child starts a fresh interpreter."""
    one = server(token=token)
    folder = lab.job(lab.workload("seen", SEEN))
    pid = one.ask(lab, folder)["pid"]
    lab.until(lambda: len(lab.carriers(folder)) == 2, "the runner and its forked child")
    left = set(lab.carriers(folder)) - {pid}
    forked = b"forkserver" in Path(f"/proc/{pid}/cmdline").read_bytes()
    assert forked == (token == PLACEHOLDER)
    (folder.path / "go").touch()
    outcome = lab.until(lambda: folder.read_outcome(1))
    os.kill(left.pop(), 9)
    assert outcome.result.figures == {
        "token": folder.read_current().token,
        "leader": True,
        "reset": True,
        "preload": os.environ["TENFOLD_PRELOAD"],
        "sockets": [],
    }
    # The server itself is nobody's.
    environ = Path(f"/proc/{one.process.pid}/environ").read_bytes()
    assert f"{TOKEN_VARIABLE}={token}".encode() in environ


def test_it_reaps_and_goes_on(lab: Any, server: Callable[..., Server]) -> None:
    one = server()
    lab.workload("quick", "def run(job, params):\n    return Result('done')\n")
    for number in range(3):
        folder = lab.job("lab.quick", id=str(number))
        pid = one.ask(lab, folder)["pid"]
        assert lab.until(lambda f=folder: f.read_outcome(1)).ending is Ending.SUCCEEDED
        lab.until(lambda p=pid: not os.path.exists(f"/proc/{p}"), "the child is reaped")
    assert len(os.listdir(f"/proc/{one.process.pid}/task")) == 1


def test_jobs_survive_its_kill(lab: Any, server: Callable[..., Server]) -> None:
    one = server()
    folder = lab.job(lab.workload("seen", SEEN))
    pid = one.ask(lab, folder)["pid"]
    lab.until(lambda: len(lab.carriers(folder)) == 2)
    one.process.kill()
    one.process.wait()
    left = set(lab.carriers(folder)) - {pid}
    (folder.path / "go").touch()
    assert lab.until(lambda: folder.read_outcome(1)).ending is Ending.SUCCEEDED
    os.kill(left.pop(), 9)


def test_it_ends_with_the_daemon(server: Callable[..., Server]) -> None:
    one = server()
    one.socket.close()
    assert one.process.wait(10) == 0


def test_it_refuses_to_fork_with_a_thread(
    lab: Any, server: Callable[..., Server], tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "starts_a_thread.py").write_text(
        "import threading, time\n"
        "threading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    one = server(f"{LIGHT},starts_a_thread,not_installed_anywhere")
    folder = lab.job(lab.workload("seen", SEEN))
    assert one.ask(lab, folder) == {"error": "2 threads"}
    assert not folder.attempt(1).exists()


def test_a_request_that_is_none(server: Callable[..., Server]) -> None:
    one = server()
    for packet in (b"{", b"[]", b'{"folder": "x"}'):
        one.socket.send(packet)
        assert "no request" in one.answer()["error"]


def test_the_whole_list_leaves_one_thread(lab: Any, server: Callable[..., Server]) -> None:
    """With all that is preloaded: one thread in the server, the slot's count in a job, and random
    numbers that differ from job to job."""
    pytest.importorskip("numpy")
    one = server(",".join((*PRELOAD, "numpy.random")))
    assert len(os.listdir(f"/proc/{one.process.pid}/task")) == 1
    body = """
    def run(job, params):
        import random
        import numpy
        torch = sys.modules.get("torch")
        return Result("drawn", {
            "numpy": float(numpy.random.rand()),
            "random": random.random(),
            "threads": torch.get_num_threads() if torch else 2,
        })
    """
    lab.workload("draws", body)
    drawn = []
    for number in ("1", "2"):
        folder = lab.job("lab.draws", id=number, cores=2)
        assert "pid" in one.ask(lab, folder)
        drawn.append(lab.until(lambda f=folder: f.read_outcome(1)).result.figures)
    assert drawn[0]["numpy"] != drawn[1]["numpy"]
    assert drawn[0]["random"] != drawn[1]["random"]
    assert drawn[0]["threads"] == drawn[1]["threads"] == 2


def test_tokens_have_the_length_of_the_placeholder(lab: Any) -> None:
    folder = lab.job("system.command")
    assert len(folder.read_current().token) == TOKEN_CHARS == len(PLACEHOLDER)
