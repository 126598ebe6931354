"""A home in a temporary folder, jobs in it as the daemon would write them, and real runners."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tenfold.folder.durable import read_lines
from tenfold.folder.paths import CurrentFile, JobFile, JobFolder, StopFile
from tenfold.terms.box import DeviceKind, Slot
from tenfold.terms.job import JobSpec, StopFor
from tenfold.terms.needs import Needs
from tenfold.terms.outcome import Outcome

WAIT_S = 60.0  # a test that waits so long has failed

HEAD = '''"""{name}: a workload of the tests."""
import os, signal, subprocess, sys, time
from pathlib import Path
from tenfold.catalogue.contract import WorkloadParams
from tenfold.terms.needs import Needs
from tenfold.terms.outcome import Result, Verdict
from tenfold.terms.refusal import Refusal
RESUMES = True
class Params(WorkloadParams):
    steps: int = 10
def needs(params, device):
    return Needs()
'''


@dataclass
class Lab:
    """What the daemon does for a runner, by hand."""

    home: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def workload(self, name: str, body: str) -> str:
        folder = self.home / "workloads" / "lab"
        folder.mkdir(parents=True, exist_ok=True)
        text = HEAD.format(name=name.title()) + textwrap.dedent(body)
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
        return f"lab.{name}"

    def job(
        self,
        workload: str,
        params: dict[str, Any] | None = None,
        id: str = "1",
        ranks: int = 1,
        cores: int = 1,
        **spec: Any,
    ) -> JobFolder:
        folder = JobFolder(self.home / "jobs" / id)
        needs = Needs(ranks=ranks, cores=cores)
        asked = JobSpec(workload=workload, params=params or {}, needs=needs, **spec)
        folder.write_job(JobFile(id, asked))
        return self.promise(folder, 1, cores)

    def promise(
        self,
        folder: JobFolder,
        attempt: int,
        cores: int = 1,
        children: dict[str, dict[str, object]] | None = None,
    ) -> JobFolder:
        slot = Slot("here", ("cpu",), DeviceKind.CPU, cores, 1.0)
        current = CurrentFile(attempt, secrets.token_hex(16), slot, children or {})
        folder.write_current(current)
        return folder

    def start(
        self, folder: JobFolder, attempt: int = 1, env: dict[str, str] | None = None
    ) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tenfold.runner", str(folder.path), str(attempt)],
            env={**os.environ, **self.environ(folder), **(env or {})},
            text=True,
        )
        self.started.append(process)
        return process

    def environ(self, folder: JobFolder) -> dict[str, str]:
        return {
            "TENFOLD_ATTEMPT": folder.read_current().token,
            "TENFOLD_HOME": str(self.home),
            "OMP_NUM_THREADS": "1",
        }

    def run(
        self, folder: JobFolder, attempt: int = 1, env: dict[str, str] | None = None
    ) -> Outcome:
        status = self.start(folder, attempt, env).wait(WAIT_S)
        assert status == 0, self.log(folder, attempt)
        outcome = folder.read_outcome(attempt)
        assert outcome is not None
        return outcome

    def stop(self, folder: JobFolder, process: subprocess.Popen[str], attempt: int = 1) -> None:
        folder.write_stop(StopFile(attempt, StopFor.PAUSE))
        process.terminate()

    def until(self, true: Callable[[], Any], what: str = "") -> Any:
        """Wait for a state of another process; what it was at last."""
        end_s = time.monotonic() + WAIT_S
        while not (value := true()):
            assert time.monotonic() < end_s, f"waited {WAIT_S} s in vain: {what}"
            time.sleep(0.01)
        return value

    def carriers(self, folder: JobFolder) -> list[int]:
        """Processes that show the attempt's token, as the daemon looks for leftovers."""
        token = folder.read_current().token.encode()
        found = []
        for path in Path("/proc").glob("[0-9]*"):
            try:
                if token in (path / "environ").read_bytes():
                    found.append(int(path.name))
            except OSError:
                continue  # it ended, or is not ours
        return found

    def events(self, folder: JobFolder, kind: str, attempt: int = 1) -> list[dict[str, Any]]:
        path = folder.events(attempt)
        if not path.exists():
            return []
        lines, _ = read_lines(path.read_bytes())
        return [line for line in lines if line["kind"] == kind]

    def log(self, folder: JobFolder, attempt: int = 1) -> str:
        path = folder.log(attempt)
        return path.read_text(errors="replace") if path.exists() else ""


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    made = Lab(tmp_path / "home")
    yield made
    for process in made.started:
        process.kill()
        process.wait()
