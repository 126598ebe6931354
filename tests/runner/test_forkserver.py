"""The fork server: fast, single-threaded, and every child shows its own token."""

from __future__ import annotations

import json
import os
import re
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


THREAD = """
import threading, time
threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
"""
LIBRARY = """
import ctypes, subprocess
subprocess.run(["cc", "-shared", "-x", "c", "-o", {path!r}, "-"], input=b"int x;", check=True)
library = ctypes.CDLL({path!r})
"""
KEPT_OPEN = "import os\nos.open({path!r}, os.O_CREAT | os.O_RDWR)\n"


@pytest.mark.parametrize(
    "planted,name,answer",
    [
        (THREAD, "", "2 threads"),
        (LIBRARY, "libcuda.so.1", "the GPU driver is open: {path}"),
        (LIBRARY, "libnvidia-ml.so.1", "the GPU driver is open: {path}"),
        # What a CUDA build of torch maps when it is imported.
        (LIBRARY, "libcudart.so.13", None),
        (LIBRARY, "libcublasLt.so.13", None),
        (KEPT_OPEN, "nvidia0", None),  # no device: it lies elsewhere
    ],
    ids=["thread", "libcuda", "nvml", "libcudart", "libcublasLt", "a file"],
)
def test_it_forks_only_with_one_thread_and_without_the_driver(
    lab: Any,
    server: Callable[..., Server],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    planted: str,
    name: str,
    answer: str | None,
) -> None:
    path = str(tmp_path / name)
    (tmp_path / "planted.py").write_text(planted.format(path=path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    one = server(f"{LIGHT},planted,not_installed_anywhere")
    folder = lab.job(lab.workload("quick", "def run(job, params):\n    return Result('done')\n"))
    said = one.ask(lab, folder)
    if answer is not None:
        assert said == {"error": answer.format(path=path)}
        assert not folder.attempt(1).exists()
    else:
        assert "pid" in said
        assert lab.until(lambda: folder.read_outcome(1)).ending is Ending.SUCCEEDED


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
    assert not re.search("libcuda[.]|libnvidia-", Path(f"/proc/{one.process.pid}/maps").read_text())
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
