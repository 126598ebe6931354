"""What stands of an attempt: the four cases, and the race with a late runner."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from tenfold.engine.reconcile import Stands, claim, outcome_of, stands
from tenfold.folder import lock
from tenfold.folder.durable import write_json
from tenfold.folder.paths import JobFolder
from tenfold.terms.box import DeviceKind, Slot
from tenfold.terms.job import Attempt
from tenfold.terms.outcome import Ending, Outcome
from tenfold.terms.wire import to_json

ATTEMPT = Attempt("7", 1, "t" * 32, Slot("host", ("cpu",), DeviceKind.CPU, 1, 0.5), 10.0)


def folder(tmp_path: Path) -> JobFolder:
    (tmp_path / "7").mkdir()
    return JobFolder(tmp_path / "7")


def test_launched_but_not_at_the_lock_yet(tmp_path: Path) -> None:
    there = folder(tmp_path)
    assert stands(there, 1, launched_and_up=True) is Stands.STARTING
    assert not there.attempt(1).exists()


def test_a_held_lock_is_alive_whoever_started_it(tmp_path: Path) -> None:
    there = folder(tmp_path)
    read, write = os.pipe()
    runner = os.fork()
    if runner == 0:
        lock.take(there.lock)
        os.write(write, b"x")
        time.sleep(20)
        os._exit(0)
    os.read(read, 1)
    assert stands(there, 1, launched_and_up=False) is Stands.ALIVE
    os.kill(runner, signal.SIGKILL)
    os.waitpid(runner, 0)
    assert stands(there, 1, launched_and_up=False) is Stands.OVER
    os.close(read)
    os.close(write)


def test_nobody_there_is_over_only_once_the_daemon_has_claimed_it(tmp_path: Path) -> None:
    there = folder(tmp_path)
    assert stands(there, 1, launched_and_up=False) is Stands.OVER
    assert there.attempt(1).is_dir()
    assert claim(there, 1) is False  # a late runner finds it taken


def test_a_runner_that_was_quicker_is_alive(tmp_path: Path) -> None:
    there = folder(tmp_path)
    assert claim(there, 1) is True
    assert claim(there, 1) is False


def test_the_recorded_outcome_or_a_crash(tmp_path: Path) -> None:
    there = folder(tmp_path)
    claim(there, 1)
    assert outcome_of(there, ATTEMPT, 20.0).ending is Ending.CRASHED
    recorded = Outcome(1, Ending.SUCCEEDED, 11.0, 12.0)
    write_json(there.outcome(1), to_json(recorded))
    assert outcome_of(there, ATTEMPT, 20.0) == recorded
    there.outcome(1).write_text("{torn")
    damaged = outcome_of(there, ATTEMPT, 20.0)
    assert damaged.ending is Ending.CRASHED
    assert damaged.refusal is not None and damaged.refusal["code"] == "job.folder"
