"""Fills: its checkpoint needs more than the disk has, once the flag is there."""

import os
import time
from pathlib import Path

from tenfold.catalogue.contract import WorkloadParams
from tenfold.terms.needs import Needs
from tenfold.terms.outcome import Result

RESUMES = True
SIZES = {}
REQUIRES = ()


class Params(WorkloadParams):
    pass


def needs(params, device):
    return Needs(memory_gib=0.05)


def save(folder, step):
    flag = Path(os.environ["DISKFULL_FLAG"])
    once = flag.with_suffix(".once")
    if step == 1 and not once.exists():
        once.touch()
        flag.touch()
    (folder / "state").write_bytes(bytes([step]) * 1_000_000)


def run(job, params):
    found = job.resume()
    first = 0 if found is None else found.step + 1
    if found is not None:
        assert (found.folder / "state").read_bytes() == bytes([found.step]) * 1_000_000
    for step in range(first, 3):
        job.checkpoint(lambda folder, step=step: save(folder, step), step, every_s=0.0)
        time.sleep(0.01)
    return Result("done", {"first": first})
