"""A private daemon: a home, a port and an environment of its own; started, asked, killed, ended."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from faults.audit import AUDIT, MARK
from faults.shims import preload
from tenfold.client.call import Api
from tenfold.client.home import daemon_pid
from tenfold.terms.refusal import Refusal

TESTS = Path(__file__).parents[1]
LOADS = Path(__file__).parent / "loads"
UP_S = 30.0
DOWN_S = 15.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def variables(folder: Path, cores: int | None = None, source: Path | None = None) -> dict[str, str]:
    """The environment of a daemon below `folder`: its audit, its mark, and how many cores its
    box shows. `source` holds another `tenfold` package to run, instead of the installed one."""
    found = {**os.environ, AUDIT: str(folder / "audit"), MARK: str(folder)}
    paths = [str(TESTS)] if source is None else [str(source), str(TESTS)]
    found["PYTHONPATH"] = os.pathsep.join(paths)
    found["OMP_NUM_THREADS"] = "1"
    found.pop("TENFOLD_ATTEMPT", None)
    if cores is not None:
        preload(found, "cores")
        found["FAULTS_CORES"] = str(cores)
    return found


def install_loads(home: Path) -> None:
    """The test workloads as the owner's own: `load.count` and its like."""
    shutil.copytree(
        LOADS, home / "workloads" / "load", ignore=shutil.ignore_patterns("__pycache__")
    )


class PrivateDaemon:
    """`python -m tenfold.api.daemon` on `folder/home`; what it prints goes to `folder/log`."""

    def __init__(
        self, folder: Path, environment: Mapping[str, str], options: Sequence[str] = ()
    ) -> None:
        self.folder = folder
        self.options = ("--box", "auto", *options)  # the last one of a name counts
        self.home = folder / "home"
        self.environment = {**environment, "TENFOLD_HOME": str(self.home)}
        self.port = free_port()
        self.api = Api(self.home)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Start it and wait until it answers; the seconds that took."""
        began_s = time.monotonic()
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        argv = [sys.executable, "-m", "tenfold.api.daemon", "--home", str(self.home)]
        argv += ["--port", str(self.port), *self.options]
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=self.environment,
                start_new_session=True,
            )
        while time.monotonic() < began_s + UP_S:
            assert self.process.poll() is None, f"the daemon ended; see {self.folder / 'log'}"
            if daemon_pid(self.home) == self.process.pid:
                try:
                    self.api.get("/api/jobs", limit=1)
                    return time.monotonic() - began_s
                except Refusal:
                    pass
            time.sleep(0.01)
        raise AssertionError(f"the daemon did not answer in {UP_S} s; see {self.folder / 'log'}")

    @property
    def up(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        """As an owner does; jobs go on."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(DOWN_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the daemon did not end within {DOWN_S} s of SIGTERM") from None

    def submit(self, **body: Any) -> str:
        """The id of the new job; a Refusal if the daemon is gone or says no."""
        return str(self.api.post("/api/jobs", body)["job"]["id"])

    def jobs(self) -> dict[str, dict[str, Any]]:
        """Every job by id."""
        views = self.api.get("/api/jobs", all=1, limit=1_000_000)["jobs"]
        return {view["id"]: view for view in views}

    def drained(self, wait_s: float) -> bool:
        """Wait until every job has ended."""
        until_s = time.monotonic() + wait_s
        while time.monotonic() < until_s:
            if all(job["state"] in ("succeeded", "failed", "cancelled") for job in self._recent()):
                return True
            time.sleep(0.05)
        return False

    def _recent(self) -> list[dict[str, Any]]:
        return list(self.api.get("/api/jobs")["jobs"])


def marked(mark: str) -> dict[int, dict[str, str]]:
    """Processes of a run that live: pid -> their environment as the kernel shows it."""
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            content = Path(f"/proc/{name}/environ").read_bytes()
        except OSError:
            continue
        pairs = (item.split(b"=", 1) for item in content.split(b"\0") if b"=" in item)
        environ = {os.fsdecode(key): os.fsdecode(value) for key, value in pairs}
        if environ.get(MARK) == mark:
            found[int(name)] = environ
    return found


def kill_marked(mark: str) -> list[int]:
    """Clean up after a run: SIGKILL whatever still carries its mark."""
    pids = list(marked(mark))
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return pids
