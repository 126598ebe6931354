"""Beacon: a service that says it is healthy until it is asked to stop."""

from __future__ import annotations

import os
import time

from faults.audit import say, witness

from tenfold.catalogue.contract import WorkloadParams
from tenfold.terms.needs import Needs
from tenfold.terms.outcome import Result

RESUMES = False
SIZES = {}
REQUIRES = ()


class Params(WorkloadParams):
    pass


def needs(params, device):
    return Needs(memory_gib=0.05, basis="as asked")


def serve(job, params):
    held = witness(job.id, job.attempt, job.folder / "witness")
    say("begin", job.id, job.attempt, step=0)
    job.health(True, "")
    while not job.stop_asked:
        time.sleep(0.05)
    say("end", job.id, job.attempt)
    os.close(held)
    return Result("asked to stop")
