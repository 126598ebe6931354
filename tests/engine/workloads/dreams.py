"""Dreams: checkpoints once, then sleeps until it is asked to stop."""

import time

from tenfold.catalogue.contract import WorkloadParams
from tenfold.terms.needs import Needs
from tenfold.terms.outcome import Result

RESUMES = True
SIZES = {}
REQUIRES = ()


class Params(WorkloadParams):
    pass


def needs(params, device):
    return Needs(memory_gib=0.05, time_s=600.0)


def run(job, params):
    found = job.resume()
    if found is not None:
        return Result("it went on", {"from": found.step})
    while True:
        job.checkpoint(lambda folder: (folder / "x").write_text("x"), 7, every_s=3600.0)
        time.sleep(0.02)
