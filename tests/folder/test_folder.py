"""The job folder: durable writes, torn lines, the record lock."""

from __future__ import annotations

import errno
import os
import signal
import time
from pathlib import Path

import pytest

from tenfold.folder import durable, lock
from tenfold.folder.paths import JobFile, JobFolder, StopFile
from tenfold.terms.job import JobSpec, StopFor
from tenfold.terms.refusal import Refusal


def test_a_write_that_fails_leaves_the_old_file_and_no_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "outcome.json"
    durable.write_json(path, {"n": 1})

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError):
        durable.write_json(path, {"n": 2})
    assert path.read_text() == '{"n":1}'
    assert os.listdir(tmp_path) == ["outcome.json"]


def test_a_torn_last_line_waits_and_a_damaged_one_is_passed_over() -> None:
    values, end = durable.read_lines(b'{"a":1}\nnot json\n{"b":2}\n{"torn":')
    assert values == [{"a": 1}, {"b": 2}]
    assert end == len(b'{"a":1}\nnot json\n{"b":2}\n')


def test_damaged_files_are_told_in_words(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path / "7")
    folder.write_job(JobFile("7", JobSpec("a.b")))
    (folder.path / "job.json").write_text('{"id":"7","spec":')
    with pytest.raises(Refusal) as told:
        folder.read_job()
    assert told.value.code == "job.folder" and "job.json" in told.value.why
    with pytest.raises(Refusal):
        folder.read_current()


def test_a_stop_is_for_one_attempt(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path)
    assert folder.read_stop(1) is None
    folder.write_stop(StopFile(1, StopFor.PAUSE))
    assert folder.read_stop(1) == StopFile(1, StopFor.PAUSE)
    assert folder.read_stop(2) is None


def test_the_lock_lives_as_long_as_its_process_and_not_its_children(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert lock.holder(path) is None
    read, write = os.pipe()
    holder = os.fork()
    if holder == 0:
        lock.take(path)
        if os.fork() == 0:  # a child that outlives its parent: with flock it would keep the lock
            os.write(write, b"x")
            time.sleep(3)
            os._exit(0)
        time.sleep(3)
        os._exit(0)
    os.read(read, 1)
    assert lock.holder(path) == holder
    assert lock.take(path) is None
    os.kill(holder, signal.SIGKILL)
    os.waitpid(holder, 0)
    assert lock.holder(path) is None
    descriptor = lock.take(path)
    assert descriptor is not None
    os.close(descriptor)
    os.close(write)
    os.close(read)
