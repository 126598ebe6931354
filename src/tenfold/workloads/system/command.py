"""Command: a program of your own on the slot it was given.

It runs in the job's folder `work/` (or `cwd`), in the main environment or the one that `env`
names, and sees only the devices of its slot. `launch=torchrun` starts it once a GPU, or once a
rank of a CPU share. A service finds its port in the variable PORT (a free one where none was
named), and its health is asked while it runs. An interactive one with a `port` is watched in the
same way, and ends after `idle_minutes` without CPU use.

It is not resumed: what a command computes only it can save. A stop sends it SIGTERM and, ten
seconds later, SIGKILL. Its exit status is its verdict, so there is no `check`.

    tenfold run --gpus 2 --launch torchrun -- python train.py
"""

from __future__ import annotations

import re
import resource
import time
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from tenfold.catalogue.contract import Job, WorkloadParams
from tenfold.terms.box import Device, DeviceKind
from tenfold.terms.job import Kind
from tenfold.terms.needs import Needs
from tenfold.terms.outcome import Result
from tenfold.terms.refusal import refusal

SIZES: dict[str, dict[str, Any]] = {}
REQUIRES: tuple[str, ...] = ()
RESUMES = False
LAUNCHES = True  # a launcher of its own starts the ranks

_PYTHON = re.compile(r"python(3(\.\d+)?)?")


class Params(WorkloadParams):
    """The same fields as `terms.command.Command`, which the daemon checks a command with."""

    argv: tuple[str, ...] = Field(min_length=1, description="The program and its arguments.")
    cwd: str = Field("", description="Where it runs; the job's own folder where empty.")
    env: str = Field(
        "",
        description="A venv's folder or an interpreter, `uv`, `conda:NAME`, or the name of a "
        "built environment; the main environment where empty.",
    )
    variables: tuple[str, ...] = Field((), description="Environment variables, as NAME=VALUE.")
    launch: Literal["", "torchrun"] = Field(
        "",
        description="`torchrun` starts it once a GPU, or once a rank of a CPU share.",
        json_schema_extra={"advanced": True},
    )
    port: int = Field(
        0,
        ge=0,
        le=65535,
        description="The port it listens on, of a service or interactive job.",
        json_schema_extra={"advanced": True},
    )
    health: str = Field(
        "",
        description="The path asked over HTTP; where empty the port must accept connections.",
        json_schema_extra={"advanced": True},
    )
    idle_minutes: float = Field(
        0.0,
        ge=0,
        description="An interactive job ends after so long without CPU use; 0 is never.",
        json_schema_extra={"unit": "min", "advanced": True},
    )


def needs(params: Params, device: Device) -> Needs:
    """One core: nobody knows what a program of the owner's needs but they."""
    return Needs(cores=1, memory_gib=min(1.0, device.memory_gib), basis="a command says it itself")


def run(job: Job, params: Params) -> Result:
    began_s = time.monotonic()
    count = ranks(job)
    variables = dict(line.split("=", 1) for line in params.variables)
    if params.launch:  # the ranks share the cores of the slot
        variables.setdefault("OMP_NUM_THREADS", str(max(1, job.slot.cores // count)))
    port = params.port
    if job.spec.kind is Kind.SERVICE:
        port = job.serves(params.port)
        variables.setdefault("PORT", str(port))
    status = job.process(
        launched(params, count),
        env=params.env,
        cwd=Path(params.cwd).expanduser() if params.cwd else None,
        variables=variables,
        port=port,
        health=params.health,
        idle_minutes=params.idle_minutes if job.spec.kind is Kind.INTERACTIVE else 0.0,
    )
    if status != 0:
        raise refusal("command.exit", status=status, id=job.id)
    seconds = time.monotonic() - began_s
    # Linux counts it in KiB; the largest single process of the tree, not their sum.
    largest_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    figures = {"exit_status": status, "seconds": seconds, "largest_process_mib": largest_mib}
    return Result(f"It ended with exit status {status} after {seconds:.1f} s.", figures)


def ranks(job: Job) -> int:
    """How many processes a launcher starts on the slot of `job`."""
    if job.slot.kind is DeviceKind.GPU:
        return len(job.slot.devices)
    return job.spec.needs.ranks


def launched(params: Params, count: int) -> tuple[str, ...]:
    """The argv with its launcher before it."""
    if not params.launch:
        return params.argv
    launcher = ("python", "-m", "torch.distributed.run", "--standalone")
    program = params.argv
    if _PYTHON.fullmatch(program[0]) and len(program) > 1 and program[1].endswith(".py"):
        program = program[1:]  # torchrun starts the interpreter itself
    elif not program[0].endswith(".py"):
        program = ("--no-python", *program)
    return (*launcher, f"--nproc-per-node={count}", *program)
