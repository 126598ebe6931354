"""Two ranks on the CPU, through the daemon: stopped together, lost together, going on together."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from engine.conftest import ended, log_of, until
from faults.daemon import PrivateDaemon

from tenfold.folder import lock
from tenfold.folder.paths import JobFolder


def gang(daemon: PrivateDaemon, steps: int) -> str:
    return daemon.submit(workload="load.gang", params={"steps": steps, "step_ms": 30})


def ranks(daemon: PrivateDaemon, job: str) -> list[int]:
    """Rank processes of its living attempt: children of the runner that holds the lock."""
    runner = lock.holder(JobFolder(daemon.home / "jobs" / job).lock)
    assert runner is not None
    listed = Path(f"/proc/{runner}/task/{runner}/children").read_text().split()
    return [int(pid) for pid in listed]


def step_reached(daemon: PrivateDaemon, job: str, step: int) -> None:
    until_s = time.monotonic() + 30
    while (until(daemon, job, "running")["last_step"] or 0) < step:
        assert time.monotonic() < until_s, log_of(daemon, job)
        time.sleep(0.02)


def figures(daemon: PrivateDaemon, job: str) -> float:
    done = ended(daemon, job)
    assert done["state"] == "succeeded", done["outcome"]
    assert done["outcome"]["verdict"]["holds"] is True
    return float(done["outcome"]["result"]["figures"]["total"])


def total(steps: int) -> float:
    """What two ranks add up: each step gives 10 * step from both, and the ranks' numbers 0 + 1."""
    return sum(20.0 * step + 1 for step in range(steps))


def test_a_pause_is_agreed_and_both_go_on_from_the_same_step(daemon: PrivateDaemon) -> None:
    job = gang(daemon, 40)
    step_reached(daemon, job, 3)
    both = ranks(daemon, job)
    assert len(both) == 2
    (slot,) = daemon.api.get("/api/box")["slots"]
    assert slot["slot"]["cores"] == 2
    daemon.api.post(f"/api/jobs/{job}/pause")
    paused = until(daemon, job, "paused")
    step = paused["last_step"]
    assert 3 <= step < 39 and paused["outcome"]["ending"] == "stopped"
    assert not any(Path(f"/proc/{pid}").exists() for pid in both)
    daemon.api.post(f"/api/jobs/{job}/resume")
    assert figures(daemon, job) == total(40)
    history = daemon.api.get(f"/api/jobs/{job}/explain")["history"]
    assert [e["resumed_step"] for e in history if e["kind"] == "began"] == [None, step]
    steps = [e["step"] for e in history if e["kind"] == "checkpoint"]
    assert steps == list(range(40))


def test_one_dead_rank_ends_the_attempt_and_the_job_goes_on(daemon: PrivateDaemon) -> None:
    job = gang(daemon, 40)
    step_reached(daemon, job, 3)
    before = ranks(daemon, job)
    os.kill(before[1], signal.SIGKILL)
    assert figures(daemon, job) == total(40)
    page = daemon.api.get(f"/api/jobs/{job}")
    assert [a["outcome"]["ending"] for a in page["attempts"]] == ["crashed", "succeeded"]
    assert not any(Path(f"/proc/{pid}").exists() for pid in before)
    history = daemon.api.get(f"/api/jobs/{job}/explain")["history"]
    resumed = [e["resumed_step"] for e in history if e["kind"] == "began"]
    assert resumed[0] is None and resumed[1] >= 3


def test_a_gang_is_cancelled_whole(daemon: PrivateDaemon) -> None:
    job = gang(daemon, 2000)
    step_reached(daemon, job, 1)
    both = ranks(daemon, job)
    daemon.api.post(f"/api/jobs/{job}/cancel")
    assert ended(daemon, job)["state"] == "cancelled"
    assert not any(Path(f"/proc/{pid}").exists() for pid in both)
