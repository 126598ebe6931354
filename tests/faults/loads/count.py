"""Count: a chain of hashes, one link a step, checkpointed.

The last link tells whether every step ran once and in order, however often it was killed. With
`litter` it leaves a process behind that has made itself a daemon (its own session).
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from functools import partial
from pathlib import Path

from faults.audit import say, witness
from pydantic import Field

from tenfold.catalogue.contract import WorkloadParams
from tenfold.terms.needs import Needs
from tenfold.terms.outcome import Result, Verdict

RESUMES = True
SIZES = {}
REQUIRES = ()


class Params(WorkloadParams):
    steps: int = Field(12, ge=1, description="Links of the chain.", json_schema_extra={"unit": ""})
    step_ms: float = Field(
        30.0, ge=0, description="Time a link takes.", json_schema_extra={"unit": "ms"}
    )
    save_kib: int = Field(
        8, ge=0, description="Ballast of a checkpoint.", json_schema_extra={"unit": "KiB"}
    )
    litter: bool = Field(
        False, description="Whether to leave a daemon behind.", json_schema_extra={"unit": ""}
    )


def needs(params, device):
    return Needs(memory_gib=0.05, time_s=params.steps * params.step_ms / 1000, basis="as asked")


def link(before: str, step: int) -> str:
    return hashlib.sha256(f"{before}{step}".encode()).hexdigest()


def save(folder: Path, step: int, chain: str, kib: int) -> None:
    """Two files: the state, and ballast whose content follows from it."""
    ballast = (chain.encode() * 16)[:1024] * kib
    (folder / "ballast").write_bytes(ballast)
    state = {"step": step, "chain": chain, "ballast": hashlib.sha256(ballast).hexdigest()}
    (folder / "state.json").write_text(json.dumps(state))


def load(folder: Path) -> tuple[int, str]:
    """Raises AssertionError where the checkpoint does not hold together."""
    state = json.loads((folder / "state.json").read_text())
    ballast = (folder / "ballast").read_bytes()
    assert hashlib.sha256(ballast).hexdigest() == state["ballast"], "ballast of another state"
    expected = ""
    for step in range(state["step"] + 1):
        expected = link(expected, step)
    assert expected == state["chain"], "the chain is not the one of this step"
    return state["step"], state["chain"]


def leave_daemon() -> None:
    """A grandchild in a session of its own, as a workload's server might do."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(3600)
        os._exit(0)
    os.wait()


def run(job, params):
    held = witness(job.id, job.attempt, job.folder / "witness")
    found = job.resume()
    first, chain = (0, "") if found is None else load(found.folder)
    if found is not None:
        assert found.step == first, "the checkpoint's name and content differ"
        first += 1
    say("begin", job.id, job.attempt, step=first)
    if params.litter:
        leave_daemon()
    for step in job.progress(range(first, params.steps), total=params.steps):
        say("step", job.id, job.attempt, step=step)
        time.sleep(params.step_ms / 1000)
        chain = link(chain, step)
        job.checkpoint(
            partial(save, step=step, chain=chain, kib=params.save_kib), step, every_s=0.0
        )
        say("checkpoint", job.id, job.attempt, step=step)
    say("end", job.id, job.attempt)
    os.close(held)
    return Result(f"{params.steps} links", {"chain": chain, "steps": params.steps})


def check(params, result):
    chain = ""
    for step in range(params.steps):
        chain = link(chain, step)
    return Verdict(chain == result.figures["chain"], "the chain is that of an unbroken run")
