"""The claim: an attempt waits for the runner before it, and not for ever."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tenfold.runner import claim as claim_file
from tenfold.runner.claim import claim, make_room

WAITS = """
def run(job, params):
    while True:
        job.log(1, waited=1)
        time.sleep(0.05)
"""


def test_a_new_attempt_does_not_run_beside_the_old(
    lab: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claim_file, "LOCK_TRIES", 2)
    folder = lab.job(lab.workload("waits", WAITS))
    runner = lab.start(folder)
    lab.until(lambda: lab.events(folder, "metrics"))
    lab.promise(folder, 2)
    assert claim(folder, 2) is None
    assert not folder.attempt(2).exists()
    runner.kill()
    runner.wait()
    held = claim(folder, 2)
    assert held is not None and held.number == 2
    assert folder.attempt(2).is_dir()
    os.close(held.lock)


def test_a_promise_withdrawn_while_it_waits(lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = lab.job("system.command")
    monkeypatch.setattr(claim_file.lock, "take", lambda path: None)
    monkeypatch.setattr(claim_file.time, "sleep", lambda seconds: lab.promise(folder, 2))
    assert claim(folder, 1) is None
    assert not folder.attempt(1).exists()


def test_what_a_workload_finds(lab: Any) -> None:
    folder = lab.job("system.command")
    held = claim(folder, 1)
    assert held is not None
    make_room(held)
    assert held.home == lab.home
    for path in (folder.work, folder.checkpoints, folder.artifacts):
        assert path.is_dir()
    os.close(held.lock)
