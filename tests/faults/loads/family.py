"""Family: a parent that spawns counting children and adds up what they bring."""

from __future__ import annotations

import os

from faults.audit import say, witness
from pydantic import Field

from tenfold.catalogue.contract import WorkloadParams
from tenfold.terms.needs import Needs
from tenfold.terms.outcome import Result, Verdict

RESUMES = True
SIZES = {}
REQUIRES = ()


class Params(WorkloadParams):
    children: int = Field(3, ge=1, description="How many children.", json_schema_extra={"unit": ""})
    steps: int = Field(4, ge=1, description="Steps of a child.", json_schema_extra={"unit": ""})
    step_ms: float = Field(
        20.0, ge=0, description="Time of a child's step.", json_schema_extra={"unit": "ms"}
    )


def needs(params, device):
    return Needs(memory_gib=0.05, time_s=1.0, basis="as asked")


def run(job, params):
    held = witness(job.id, job.attempt, job.folder / "witness")
    say("begin", job.id, job.attempt, step=0)
    for number in range(params.children):
        wanted = {"steps": params.steps + number, "step_ms": params.step_ms}
        job.spawn("load.count", wanted, key=f"c{number}")
    outcomes = job.gather()
    say("end", job.id, job.attempt)
    os.close(held)
    endings = {key: outcome.ending.value for key, outcome in outcomes.items()}
    steps = sum(o.result.figures["steps"] for o in outcomes.values() if o.result)
    return Result("all children are home", {"endings": endings, "steps": steps})


def check(params, result):
    wanted = sum(params.steps + number for number in range(params.children))
    return Verdict(result.figures["steps"] == wanted, f"the children made {wanted} steps")
