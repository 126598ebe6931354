"""A full disk pauses a job instead of failing it, and its outcome finds room."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from tenfold.folder.paths import JobFolder
from tenfold.runner import outcome as outcome_file
from tenfold.runner.claim import RESERVE_BYTES, Claim, claim, make_room
from tenfold.runner.frame import is_disk_full
from tenfold.terms.outcome import Ending, Outcome, Result


def test_a_save_without_room_ends_as_disk_full(lab: Any) -> None:
    body = """
    def run(job, params):
        def save(folder):
            (folder / "state").write_text("ok")
            if step == 2:
                raise OSError(28, "No space left on device")
        for step in (1, 2):
            job.checkpoint(save, step, every_s=0)
    """
    folder = lab.job(lab.workload("fills", body))
    outcome = lab.run(folder)
    assert outcome.ending is Ending.DISK_FULL
    assert outcome.refusal["code"] == "disk.full"
    assert "tenfold resume 1" in outcome.refusal["next"]
    assert outcome.last_step == 1
    assert os.listdir(folder.checkpoints) == ["step-000000001"]


def test_a_disk_that_is_full_from_the_start(lab: Any) -> None:
    folder = lab.job(lab.workload("none", "def run(job, params):\n    raise AssertionError\n"))
    sitecustomize = lab.home / "site" / "sitecustomize.py"
    sitecustomize.parent.mkdir()
    sitecustomize.write_text(
        "import os\n"
        "def full(*a):\n    raise OSError(28, 'No space left on device')\n"
        "os.posix_fallocate = full\n"
    )
    outcome = lab.run(folder, env={"PYTHONPATH": str(sitecustomize.parent)})
    assert outcome.ending is Ending.DISK_FULL


def test_a_library_that_hides_the_cause(tmp_path: Path) -> None:
    try:
        try:
            raise OSError(errno.EDQUOT, "Disk quota exceeded")
        except OSError as error:
            raise RuntimeError("file write failed") from error
    except RuntimeError as error:
        assert is_disk_full(error, tmp_path)
    assert not is_disk_full(RuntimeError("file write failed"), tmp_path)
    assert not is_disk_full(OSError(errno.ENOENT, "no such file"), tmp_path)


@pytest.fixture
def held(lab: Any) -> Claim:
    folder: JobFolder = lab.job("system.command")
    claimed = claim(folder, 1)
    assert claimed is not None
    make_room(claimed)
    return claimed


def test_the_reserve_gives_way(held: Claim, monkeypatch: pytest.MonkeyPatch) -> None:
    assert held.reserve.stat().st_size == RESERVE_BYTES
    assert held.reserve.stat().st_blocks * 512 >= RESERVE_BYTES
    write = outcome_file.write_json

    def without_room(path: Path, value: Any) -> None:
        if held.reserve.exists() or len(str(value)) > RESERVE_BYTES:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, value)

    monkeypatch.setattr(outcome_file, "write_json", without_room)
    assert outcome_file.record(held, Outcome(1, Ending.STOPPED, 0.0, 1.0))
    written = held.folder.read_outcome(1)
    assert written is not None and written.ending is Ending.STOPPED


def test_a_success_too_large_to_record_is_run_again(
    held: Claim, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = outcome_file.write_json

    def without_room(path: Path, value: Any) -> None:
        if len(str(value)) > RESERVE_BYTES:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, value)

    monkeypatch.setattr(outcome_file, "write_json", without_room)
    large = Result("large", {"text": "x" * RESERVE_BYTES})
    assert outcome_file.record(held, Outcome(1, Ending.SUCCEEDED, 0.0, 1.0, result=large))
    written = held.folder.read_outcome(1)
    assert written is not None and written.ending is Ending.DISK_FULL
    assert written.result is None
