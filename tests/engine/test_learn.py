"""Needs learn from runs that were whole, and from nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from engine.conftest import ended
from faults.daemon import PrivateDaemon

from tenfold.engine.learn import MEMORY_MARGIN, NEWEST, TIME_MARGIN, learned, lesson, likeness
from tenfold.terms.job import Job, JobSpec, StopFor
from tenfold.terms.needs import Needs
from tenfold.terms.outcome import Ending, Outcome, Result, Used
from tenfold.terms.refusal import Refusal
from tenfold.terms.states import State

TOLD = Needs(cores=2, memory_gib=8.0, time_s=3600.0, basis="roofline")
SPEC = JobSpec("a.b", {"n": 1}, "desk", needs=TOLD)
DONE = Outcome(1, Ending.SUCCEEDED, 0.0, 10.0, Result("fine"), used=Used(10.0, 9.0, 2.0))


def run(time_s: float, host_gib: float = 1.0, gpu_gib: float | None = None) -> Used:
    return Used(time_s, time_s, host_gib, gpu_gib)


def job(**fields: object) -> Job:
    return replace(Job("1", SPEC, State.RUNNING, 0.0, 0.0, attempt=1), **fields)  # type: ignore[arg-type]


def test_without_runs_the_estimate_stands() -> None:
    assert learned(TOLD, []) == TOLD


def test_the_largest_of_the_newest_counts() -> None:
    runs = [run(10, 1), run(30, 2), run(20, 3), run(10), run(10), run(999, 99)]
    assert NEWEST == 5
    found = learned(TOLD, runs)
    assert found.time_s == pytest.approx(30 * TIME_MARGIN)
    assert found.memory_gib == pytest.approx(3 * MEMORY_MARGIN)
    assert "measured in 5" in found.basis and found.cores == 2


def test_memory_of_a_gpu_that_nobody_measured_stays_estimated() -> None:
    on_gpu = replace(TOLD, gpus=1)
    assert learned(on_gpu, [run(10), run(10, gpu_gib=4.0)]).memory_gib == 8.0
    found = learned(on_gpu, [run(10, gpu_gib=4.0), run(10, gpu_gib=6.0)])
    assert found.memory_gib == pytest.approx(6.0 * MEMORY_MARGIN)


def test_a_slice_is_a_gpu_here() -> None:
    on_slice = replace(TOLD, slice="2g.20gb")
    assert learned(on_slice, [run(10, host_gib=30.0)]).memory_gib == 8.0


def test_an_account_of_a_shared_card_is_of_a_gpu_too() -> None:
    """Also where no whole card was asked for; and what ran on a CPU share is nothing like it."""
    shares = replace(TOLD, shared=True)
    assert learned(shares, [run(10, host_gib=30.0)]).memory_gib == 8.0
    assert likeness(replace(SPEC, needs=shares)) != likeness(SPEC)


@pytest.mark.parametrize(
    "taught,outcome",
    [
        (job(), replace(DONE, ending=Ending.CRASHED)),
        (job(), replace(DONE, ending=Ending.STOPPED)),
        (job(attempt=2), DONE),  # the second half of a run
        (job(stop_for=StopFor.YIELD), DONE),
        (job(), replace(DONE, used=None)),  # modelled
    ],
)
def test_half_a_run_teaches_nothing(taught: Job, outcome: Outcome) -> None:
    assert lesson(job(), DONE) == DONE.used
    assert lesson(taught, outcome) is None


def test_likeness() -> None:
    other = [
        replace(SPEC, params={"n": 2}),
        replace(SPEC, size="smoke"),
        replace(SPEC, needs=replace(TOLD, cores=4)),
        replace(SPEC, workload="a.c"),
    ]
    assert len({likeness(spec) for spec in [SPEC, *other]}) == 5
    # How long it was thought to take, and what it is called, make no difference.
    same = replace(SPEC, name="night", needs=replace(TOLD, time_s=1.0, memory_gib=1.0))
    assert likeness(same) == likeness(SPEC)


def test_a_command_that_ran_is_known(daemon: PrivateDaemon) -> None:
    """Through the real daemon: 300 MiB of memory, measured, is what the next one is given."""
    body = {
        "workload": "system.command",
        "params": {"argv": ["python3", "-c", "b = bytearray(300 << 20); b[::4096] = b[::4096]"]},
    }
    first = daemon.api.post("/api/jobs", body)["job"]
    assert first["spec"]["needs"]["time_s"] is None
    assert ended(daemon, first["id"])["state"] == "succeeded"
    second = daemon.api.post("/api/jobs", body)["job"]["spec"]["needs"]
    assert 0.29 * MEMORY_MARGIN < second["memory_gib"] < 0.6
    assert 0 < second["time_s"] < 60 and "measured in 1" in second["basis"]
    asked = daemon.api.post("/api/jobs", {**body, "time_s": 5000.0, "memory_gib": 2.0})["job"]
    assert (asked["spec"]["needs"]["time_s"], asked["spec"]["needs"]["memory_gib"]) == (5000, 2)


def test_too_little_memory_for_a_workload_is_refused_at_the_door(daemon: PrivateDaemon) -> None:
    body = {"workload": "simulate.cavity", "params": {"cells": 1024}, "memory_gib": 0.1}
    with pytest.raises(Refusal) as told:
        daemon.api.post("/api/jobs", body)
    assert told.value.code == "job.memory" and "given 0.1" in told.value.why
