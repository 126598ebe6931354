"""A gang of two ranks on the CPU, over gloo."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from tenfold.folder import lock
from tenfold.terms.outcome import Ending

pytest.importorskip("torch", reason="a gang needs the extra `gang`")

NO_OUTCOME = 4

SUMMING = """
class Params(WorkloadParams):
    steps: int = 4
    fail_at: int = -1
    kill_at: int = -1
    wait_at: int = -1
def run(job, params):
    import torch
    from torch import distributed
    found = job.resume()
    step = found.step if found else 0
    total = torch.tensor([float((found.folder / "total").read_text()) if found else 0.0])
    while step < params.steps:
        step += 1
        part = torch.tensor([float(step * (job.rank + 1))])
        distributed.all_reduce(part)
        total += part
        if job.rank == 1 and step == params.fail_at:
            raise ValueError("rank one has had enough")
        if job.rank == 1 and step == params.kill_at:
            os.kill(os.getpid(), 9)
        job.log(step, total=total.item())
        save = lambda folder: (folder / "total").write_text(str(total.item()))
        job.checkpoint(save, step, every_s=0)
        while step == params.wait_at and not job.stop_asked:
            time.sleep(0.01)
    figures = {"total": total.item(), "rank": job.rank, "world": job.world, "device": job.device,
               "threads": os.environ["OMP_NUM_THREADS"], "shown": os.environ["RANK"]}
    return Result("summed", figures)
"""


def test_two_ranks_sum(lab: Any) -> None:
    folder = lab.job(lab.workload("sums", SUMMING), ranks=2, cores=2)
    outcome = lab.run(folder)
    assert outcome.ending is Ending.SUCCEEDED
    assert outcome.result.figures == {
        "total": 3.0 * (1 + 2 + 3 + 4),
        "rank": 0,
        "world": 2,
        "device": "cpu",
        "threads": "1",
        "shown": "0",
    }
    # Rank 0 writes, the other does not.
    assert [line["step"] for line in lab.events(folder, "metrics")] == [1, 2, 3, 4]
    assert [line["step"] for line in lab.events(folder, "checkpoint")] == [1, 2, 3, 4]
    assert len(lab.events(folder, "began")) == 1
    assert not lab.carriers(folder)


def test_a_stop_is_agreed_and_the_next_attempt_continues(lab: Any) -> None:
    folder = lab.job(lab.workload("sums", SUMMING), {"wait_at": 2}, ranks=2)
    runner = lab.start(folder)
    lab.until(lambda: len(lab.events(folder, "checkpoint")) == 2)
    lab.stop(folder, runner)
    assert runner.wait(60) == 0
    stopped = folder.read_outcome(1)
    assert stopped is not None and stopped.ending is Ending.STOPPED
    assert stopped.last_step == 3
    outcome = lab.run(lab.promise(folder, 2), 2)
    assert outcome.result.figures["total"] == 3.0 * (1 + 2 + 3 + 4)
    assert lab.events(folder, "began", 2)[0]["resumed_step"] == 3


def test_a_rank_that_raises_fails_the_attempt(lab: Any) -> None:
    folder = lab.job(lab.workload("sums", SUMMING), {"fail_at": 2}, ranks=2)
    outcome = lab.run(folder)
    assert outcome.ending is Ending.FAILED
    assert "rank one has had enough" in outcome.refusal["why"]
    assert outcome.last_step == 1
    assert not lab.carriers(folder)


def test_a_rank_that_is_killed_leaves_no_outcome(lab: Any) -> None:
    folder = lab.job(lab.workload("sums", SUMMING), {"kill_at": 2}, ranks=2)
    assert lab.start(folder).wait(60) == NO_OUTCOME
    assert folder.read_outcome(1) is None
    assert lock.holder(folder.lock) is None
    assert not lab.carriers(folder)
    (note,) = lab.events(folder, "note")
    assert "Rank 1 of 2 ended with exit status 137" in note["text"]


def test_the_ranks_die_with_their_runner(lab: Any) -> None:
    folder = lab.job(lab.workload("sums", SUMMING), {"wait_at": 1}, ranks=2)
    runner = lab.start(folder)
    lab.until(lambda: lab.events(folder, "checkpoint"))
    assert len(lab.carriers(folder)) == 3
    os.kill(runner.pid, signal.SIGKILL)
    runner.wait()
    lab.until(lambda: not lab.carriers(folder), "the ranks die")


def test_what_rank_0_says_holds_for_all(lab: Any) -> None:
    body = """
    def run(job, params):
        job._stop._asked = job.rank == 1  # only the other one heard a stop
        (job.folder / f"asked-{job.rank}").write_text(str(job.stop_asked))
        job._stop._asked = False
        if job.rank == 0:
            time.sleep(0.2)  # the other asks first, when nothing is wanted yet
        job.spawn("lab.parent", {}, "a")
        job.gather()
        (job.folder / "too-early").touch()
        return Result("too early")
    """
    folder = lab.job(lab.workload("parent", body), ranks=2)
    assert lab.run(folder).ending is Ending.AWAITS_CHILDREN
    assert not (folder.path / "too-early").exists()
    assert [(folder.path / f"asked-{rank}").read_text() for rank in (0, 1)] == ["False"] * 2
