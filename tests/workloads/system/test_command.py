"""`system.command`: the owner's own program, run by a real runner."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from tenfold.folder.durable import read_lines
from tenfold.folder.paths import CurrentFile, JobFile, JobFolder, StopFile
from tenfold.terms.box import Device, DeviceKind, Slot
from tenfold.terms.command import COMMAND, LAUNCHERS, Command, command_from
from tenfold.terms.job import JobSpec, Kind, StopFor
from tenfold.terms.needs import Needs
from tenfold.terms.outcome import Ending, Outcome
from tenfold.workloads.system.command import Params, launched, needs, run


def made(home: Path, params: dict[str, Any], **spec: Any) -> JobFolder:
    folder = JobFolder(home / "jobs" / "1")
    folder.write_job(JobFile("1", JobSpec(workload=COMMAND, params=params, **spec)))
    slot = Slot("here", ("cpu",), DeviceKind.CPU, 2, 1.0)
    folder.write_current(CurrentFile(1, secrets.token_hex(16), slot))
    return folder


def started(folder: JobFolder) -> subprocess.Popen[bytes]:
    token = folder.read_current().token
    argv = [sys.executable, "-m", "tenfold.runner", str(folder.path), "1"]
    return subprocess.Popen(argv, env={**os.environ, "TENFOLD_ATTEMPT": token})


def ended(home: Path, *argv: str, **params: Any) -> Outcome:
    folder = made(home, {"argv": argv, **params})
    assert started(folder).wait(60) == 0
    outcome = folder.read_outcome(1)
    assert outcome is not None
    return outcome


def log(home: Path) -> str:
    return JobFolder(home / "jobs" / "1").log(1).read_text()


def test_the_fields_are_those_of_the_term() -> None:
    """The daemon checks a command with `terms.command`, the runner with Params."""
    assert list(Params.model_fields) == [field.name for field in fields(Command)]
    params = Params(argv=("x",))
    command = command_from({"argv": ["x"]})
    for field in fields(Command):
        assert getattr(params, field.name) == getattr(command, field.name)
    for launcher in LAUNCHERS:
        assert Params(argv=("x",), launch=launcher).launch == launcher
    assert all(field.description for field in Params.model_fields.values())


def test_it_runs_in_the_jobs_folder(tmp_path: Path) -> None:
    outcome = ended(tmp_path, "sh", "-c", "pwd; echo $WORD; echo 3 > out", variables=["WORD=a=b"])
    assert outcome.ending is Ending.SUCCEEDED
    assert outcome.exit_code == 0
    assert outcome.result is not None and outcome.result.figures["exit_status"] == 0
    assert outcome.result.figures["largest_process_mib"] > 0.5
    work = tmp_path / "jobs" / "1" / "work"
    assert log(tmp_path) == f"{work}\na=b\n"
    assert (work / "out").read_text() == "3\n"


def test_its_exit_status_is_kept(tmp_path: Path) -> None:
    outcome = ended(tmp_path, "sh", "-c", "echo sorry >&2; exit 7")
    assert outcome.ending is Ending.FAILED
    assert outcome.exit_code == 7
    assert outcome.refusal is not None and outcome.refusal["code"] == "command.exit"
    assert outcome.error is None
    assert log(tmp_path).startswith("sorry\n")


def test_a_folder_of_the_owners(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    ended(tmp_path, "pwd", cwd=str(tmp_path / "here"))
    assert log(tmp_path) == f"{tmp_path}/here\n"


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"argv": ["no-such-program-here"]}, "command.missing"),
        ({"argv": ["true"], "cwd": "/no/such/folder"}, "command.cwd"),
        ({"argv": ["true"], "env": "./no-such-venv"}, "env.unknown"),
        ({"argv": []}, "workload.param"),
    ],
)
def test_what_cannot_run_is_refused(tmp_path: Path, params: dict[str, Any], code: str) -> None:
    outcome = ended(tmp_path, *params.pop("argv"), **params)
    assert outcome.ending is Ending.FAILED
    assert outcome.refusal is not None and outcome.refusal["code"] == code


def test_in_a_conda_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in = tmp_path / "bin" / "conda"
    stand_in.parent.mkdir()
    stand_in.write_text('#!/bin/sh\necho "$@"\nshift 4\nexec "$@"\n')
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", f"{stand_in.parent}{os.pathsep}{os.environ['PATH']}")
    ended(tmp_path, "echo", "hello", env="conda:night")
    assert log(tmp_path) == "run --no-capture-output -n night echo hello\nhello\n"


def test_a_stop_reaches_it(tmp_path: Path) -> None:
    script = "trap 'echo bye; exit 3' TERM; echo up; while :; do sleep 0.05; done"
    folder = made(tmp_path, {"argv": ["sh", "-c", script]})
    runner = started(folder)
    until(lambda: folder.log(1).exists() and "up" in folder.log(1).read_text())
    folder.write_stop(StopFile(1, StopFor.CANCEL))
    runner.terminate()
    assert runner.wait(60) == 0
    outcome = folder.read_outcome(1)
    assert outcome is not None and outcome.ending is Ending.STOPPED
    assert outcome.exit_code == 3
    assert folder.log(1).read_text().endswith("bye\n")


def test_a_service_tells_its_health(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    argv = ["python", "-m", "http.server", "--bind", "127.0.0.1", str(port)]
    folder = made(tmp_path, {"argv": argv, "port": port, "health": "/"}, kind=Kind.SERVICE)
    runner = started(folder)
    until(lambda: any(line["healthy"] for line in health(folder)))
    folder.write_stop(StopFile(1, StopFor.SLEEP))
    runner.terminate()
    assert runner.wait(60) == 0
    assert health(folder)[-1]["why"] == "GET / answered 200"
    outcome = folder.read_outcome(1)
    assert outcome is not None and outcome.ending is Ending.STOPPED


class Asked:
    """A job that only remembers what process it was asked for."""

    id = "1"

    def __init__(self, kind: Kind, slot: Slot, ranks: int = 1) -> None:
        self.spec = JobSpec(COMMAND, kind=kind, needs=Needs(ranks=ranks))
        self.slot = slot
        self.asked: dict[str, Any] = {}

    def serves(self, port: int = 0) -> int:
        return port or 1

    def process(self, argv: tuple[str, ...], **asked: Any) -> int:
        self.asked = {"argv": argv, **asked}
        return 0


@pytest.mark.parametrize(("kind", "minutes"), [(Kind.INTERACTIVE, 5.0), (Kind.SERVICE, 0.0)])
def test_only_an_interactive_job_idles_away(kind: Kind, minutes: float) -> None:
    job = Asked(kind, Slot("here", ("cpu",), DeviceKind.CPU, 2, 1.0))
    run(job, Params(argv=("x",), port=80, idle_minutes=5.0))  # type: ignore[arg-type]
    assert job.asked["idle_minutes"] == minutes
    assert job.asked["port"] == 80


@pytest.mark.parametrize(
    ("argv", "tail"),
    [
        (("python", "train.py", "-x"), ("train.py", "-x")),
        (("python3.11", "train.py"), ("train.py",)),
        (("train.py",), ("train.py",)),
        (("python", "-m", "train"), ("--no-python", "python", "-m", "train")),
        (("./train", "-x"), ("--no-python", "./train", "-x")),
    ],
)
def test_torchrun(argv: tuple[str, ...], tail: tuple[str, ...]) -> None:
    head = ("python", "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2")
    assert launched(Params(argv=argv, launch="torchrun"), 2) == (*head, *tail)
    assert launched(Params(argv=argv), 2) == argv


def test_torchrun_starts_one_a_gpu_or_one_a_rank() -> None:
    params = Params(argv=("train.py",), launch="torchrun")
    for slot, wanted in (
        (Slot("here", ("GPU-a", "GPU-b", "GPU-c"), DeviceKind.GPU, 6, 80.0), 3),
        (Slot("here", ("cpu",), DeviceKind.CPU, 8, 1.0), 4),
    ):
        job = Asked(Kind.BATCH, slot, ranks=4)
        run(job, params)  # type: ignore[arg-type]
        assert f"--nproc-per-node={wanted}" in job.asked["argv"]
        assert job.asked["variables"] == {"OMP_NUM_THREADS": "2"}


def test_needs_fit_the_device() -> None:
    small = Device("cpu", DeviceKind.CPU, "a CPU", "here", 0.5, cores=1)
    asked = needs(Params(argv=("x",)), small)
    assert (asked.cores, asked.gpus, asked.memory_gib) == (1, 0, 0.5)


def health(folder: JobFolder) -> list[dict[str, Any]]:
    if not folder.events(1).exists():
        return []
    lines, _ = read_lines(folder.events(1).read_bytes())
    return [line for line in lines if line["kind"] == "health"]


def until(true: Any) -> None:
    end_s = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end_s
        time.sleep(0.02)
