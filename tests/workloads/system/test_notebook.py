"""`system.notebook`: JupyterLab from its own environment."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tenfold.folder.durable import read_lines
from tenfold.folder.paths import CurrentFile, JobFile, JobFolder, StopFile
from tenfold.terms.box import Device, DeviceKind, Slot
from tenfold.terms.job import JobSpec, Kind, StopFor
from tenfold.terms.outcome import Ending
from tenfold.workloads.system.notebook import ENVIRONMENT, Params, argv, needs

BUILT = Path(os.environ.get("TENFOLD_TEST_ENVIRONMENTS", "/nonexistent")) / ENVIRONMENT


def made(home: Path) -> JobFolder:
    folder = JobFolder(home / "jobs" / "1")
    params = {"root_dir": str(home)}
    spec = JobSpec("system.notebook", params, kind=Kind.INTERACTIVE)
    folder.write_job(JobFile("1", spec))
    slot = Slot("here", ("cpu",), DeviceKind.CPU, 1, 1.0)
    folder.write_current(CurrentFile(1, secrets.token_hex(16), slot))
    return folder


def started(home: Path, folder: JobFolder) -> subprocess.Popen[bytes]:
    environ = {
        **os.environ,
        "TENFOLD_ATTEMPT": folder.read_current().token,
        "HOME": str(home),  # what Jupyter itself writes
    }
    runner = [sys.executable, "-m", "tenfold.runner", str(folder.path), "1"]
    return subprocess.Popen(runner, env=environ)


def test_only_here_and_with_limits(tmp_path: Path) -> None:
    call = argv(Params(root_dir=str(tmp_path), idle_minutes=1.5), 8888)
    assert "--ServerApp.ip=127.0.0.1" in call
    assert "--ServerApp.port=8888" in call
    assert f"--ServerApp.root_dir={tmp_path}" in call
    assert "--ServerApp.shutdown_no_activity_timeout=90" in call
    assert not [word for word in call if "token" in word]


def test_needs() -> None:
    device = Device("cpu", DeviceKind.CPU, "a CPU", "here", 8.0, cores=4)
    asked = needs(Params(), device)
    assert (asked.cores, asked.memory_gib, asked.gpus) == (1, 1.0, 0)


def test_without_its_environment_it_says_how_to_build_it(tmp_path: Path) -> None:
    folder = made(tmp_path)
    assert started(tmp_path, folder).wait(60) == 0
    outcome = folder.read_outcome(1)
    assert outcome is not None and outcome.ending is Ending.FAILED
    assert outcome.refusal is not None and outcome.refusal["code"] == "env.unknown"
    assert outcome.refusal["next"] == "tenfold env build notebook"
    assert not folder.events(1).read_text().count("token=")


@pytest.mark.skipif(
    not BUILT.exists(),
    reason="no environment `notebook` in $TENFOLD_TEST_ENVIRONMENTS: JupyterLab itself not run",
)
def test_the_link_opens_jupyterlab(tmp_path: Path) -> None:
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments" / ENVIRONMENT).symlink_to(BUILT)
    folder = made(tmp_path)
    runner = started(tmp_path, folder)
    try:
        link = _link(folder)
        with urllib.request.urlopen(link, timeout=30) as page:
            assert page.status == 200
            assert b"JupyterLab" in page.read()
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(re.sub(r"/lab\?.*", "/api/contents", link), timeout=30)
        assert refused.value.code == 403
        refused.value.close()
    finally:
        folder.write_stop(StopFile(1, StopFor.CANCEL))
        runner.terminate()
        assert runner.wait(60) == 0
    outcome = folder.read_outcome(1)
    assert outcome is not None and outcome.ending is Ending.STOPPED


def _link(folder: JobFolder) -> str:
    """From the note, once the health is good."""
    end_s = time.monotonic() + 60
    while time.monotonic() < end_s:
        lines = read_lines(folder.events(1).read_bytes())[0] if folder.events(1).exists() else []
        if any(line["kind"] == "health" and line["healthy"] for line in lines):
            (note,) = [line["text"] for line in lines if line["kind"] == "note"]
            return str(note.removeprefix("JupyterLab: "))
        time.sleep(0.05)
    raise AssertionError(folder.log(1).read_text())
