"""The real program against a real daemon: `tenfold("jobs", "--json")` in a home of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

SMALL = '''"""Small: counts, and judges what it counted."""

from pathlib import Path

from pydantic import Field

from tenfold.catalogue.contract import WorkloadParams
from tenfold.terms.needs import Needs
from tenfold.terms.outcome import Result, Verdict


class Params(WorkloadParams):
    count: int = Field(
        3, description="How far it counts.", ge=1, le=50, json_schema_extra={"unit": "steps"}
    )
    file: Path | None = Field(None, description="A file of yours.")
    loud: bool = Field(False, description="Whether it shouts.")


SIZES = {"smoke": {"count": 2}}
REQUIRES = ()
RESUMES = False


def needs(params, device):
    return Needs(time_s=1.0, basis="a guess")


def run(job, params):
    done = sum(1 for _ in job.progress(range(params.count)))
    (job.artifacts / "count.txt").write_text(str(done))
    job.artifact("count.txt", "text", "What it counted")
    return Result(f"It counted to {done}.", {"done": done, "file": str(params.file)})


def check(params, result):
    return Verdict(result.figures["done"] < 5, "It counted to less than five.")
'''


class Program:
    """`tenfold WORDS` as a process, in one home."""

    def __init__(self, home):
        self.home = home
        self.port = _free_port()
        self.variables = {**os.environ, "TENFOLD_HOME": str(home), "TENFOLD_PORT": str(self.port)}
        for name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
            self.variables.pop(name, None)

    def start(self, *words, **more):
        return subprocess.Popen(
            [sys.executable, "-m", "tenfold.cli", *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**self.variables, **more.pop("env", {})},
            **more,
        )

    def __call__(self, *words, status=0, **more):
        with self.start(*words, **more) as process:
            out, err = process.communicate(timeout=60)
        assert process.returncode == status, (words, out, err)
        return SimpleNamespace(out=out, err=err, json=_json(out))

    def daemon_pid(self):
        return json.loads((self.home / "daemon.json").read_text())["pid"]

    def until(self, seen, limit_s=20.0):
        """Until `seen()` is true; then what it said."""
        end_s = time.monotonic() + limit_s
        while time.monotonic() < end_s:
            value = seen()
            if value:
                return value
            time.sleep(0.05)
        raise AssertionError("it did not come")

    def until_state(self, job, state):
        self.until(lambda: self("explain", job, "--json").json["job"]["state"] == state)

    def close(self):
        for view in self("jobs", "--json").json:
            if view["state"] not in ("succeeded", "failed", "cancelled"):
                self("cancel", view["id"])
                self.until_state(view["id"], "cancelled")
        self("down")


@pytest.fixture
def bare(tmp_path):
    """A home without a daemon; whatever is started there is ended."""
    program = Program(tmp_path / "home")
    yield program
    if (program.home / "daemon.json").exists():
        program.close()


@pytest.fixture(scope="session")
def tenfold(tmp_path_factory):
    """A home with a daemon and one workload of the owner's."""
    home = tmp_path_factory.mktemp("cli") / "home"
    mine = home / "workloads" / "mine"
    mine.mkdir(parents=True)
    (mine / "small.py").write_text(SMALL)
    program = Program(home)
    program("up")
    yield program
    program.close()


@pytest.fixture
def kill():
    return lambda pid: os.kill(pid, signal.SIGKILL)


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _json(text):
    try:
        return json.loads(text)
    except ValueError:
        return None
