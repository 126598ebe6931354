"""Gang: two ranks on the CPU that add up their steps over gloo, checkpointed together."""

from __future__ import annotations

import json
import os
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
RANKS = 2


class Params(WorkloadParams):
    steps: int = Field(6, ge=1, description="Sums.", json_schema_extra={"unit": ""})
    step_ms: float = Field(
        20.0, ge=0, description="Time between sums.", json_schema_extra={"unit": "ms"}
    )


def needs(params, device):
    return Needs(cores=RANKS, ranks=RANKS, memory_gib=0.5, time_s=5.0, basis="as asked")


def save(folder: Path, text: str) -> None:
    (folder / "state.json").write_text(text)


def run(job, params):
    import time

    import torch
    import torch.distributed as dist

    held = witness(job.id, job.attempt, job.folder / f"witness-{job.rank}")
    found = job.resume()
    first, total = 0, 0.0
    if found is not None:
        state = json.loads((found.folder / "state.json").read_text())
        first, total = state["step"] + 1, state["total"]
    say("begin", job.id, job.attempt, step=first, rank=job.rank)
    for step in range(first, params.steps):
        if job.rank == 0:
            say("step", job.id, job.attempt, step=step, rank=0)
        time.sleep(params.step_ms / 1000)
        value = torch.tensor([float(step * 10 + job.rank)])
        dist.all_reduce(value)
        total += value.item()
        job.checkpoint(
            partial(save, text=json.dumps({"step": step, "total": total})),
            step,
            every_s=0.0,
        )
        if job.rank == 0:
            say("checkpoint", job.id, job.attempt, step=step, rank=0)
    say("end", job.id, job.attempt, rank=job.rank)
    os.close(held)
    return Result("added up", {"total": total})


def check(params, result):
    wanted = sum(RANKS * 10.0 * step + 1.0 for step in range(params.steps))
    return Verdict(result.figures["total"] == wanted, f"the sum is {wanted}")
