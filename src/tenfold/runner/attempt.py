"""One attempt from claim to outcome. Read this first: the rest of the room hangs from here."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import NoReturn

from tenfold.catalogue.contract import WorkloadParams
from tenfold.catalogue.loading import Workload, load
from tenfold.catalogue.params import resolved
from tenfold.folder.paths import JobFolder
from tenfold.runner import cgroup, gpu_memory, log, ranks
from tenfold.runner.checkpoint import Checkpoints
from tenfold.runner.claim import Claim, claim, make_room, sync_names
from tenfold.runner.context import JobContext
from tenfold.runner.frame import ended, framed, succeeded
from tenfold.runner.outcome import record
from tenfold.runner.stop import StopFlag
from tenfold.runner.threads import set_threads
from tenfold.runner.variables import slot_variables
from tenfold.terms.box import DeviceKind
from tenfold.terms.outcome import Ending, Outcome

# Exit statuses of a runner. The daemon goes by the lock and outcome.json; these are for people.
RECORDED = 0  # an outcome was written, whatever it says
NOT_CURRENT = 3  # another attempt may run, or this one ran before
NO_OUTCOME = 4  # counts as crashed


def run_attempt(path: Path, number: int) -> int:
    """Run attempt `number` of the job folder `path`, which is absolute; the exit status."""
    folder = JobFolder(path)
    stop = StopFlag(folder, number)
    stop.listen()
    with contextlib.suppress(PermissionError):  # already the leader of its session, or of a group
        os.setsid()
    held = claim(folder, number)
    if held is None:
        return NOT_CURRENT
    cgroup.join(folder, number)
    job = JobContext(held, stop, time.time())
    outcome = framed(job, lambda: _carried_out(held, job, stop))
    log.cut(folder.log(number), log.limit_bytes(os.environ))
    if outcome is None:
        return NO_OUTCOME
    return RECORDED if record(held, outcome) else NO_OUTCOME


def end_process(status: int) -> NoReturn:
    """Exit now: a workload's own threads must not keep the slot."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


def _carried_out(held: Claim, job: JobContext, stop: StopFlag) -> Outcome | None:
    path, limit = held.folder.log(held.number), log.limit_bytes(os.environ)
    log.redirect(path)
    make_room(held)
    os.chdir(held.folder.work)  # some libraries write files where they are
    os.environ.update(slot_variables(held))
    checkpoints = Checkpoints(held.folder.checkpoints)
    checkpoints.tidy()
    job.begin(checkpoints.newest())
    spec = held.job.spec
    workload = load(spec.workload, held.home)
    if not workload.resumes:
        # It may not run twice: that it began has to survive a power cut.
        sync_names(held)
    params = resolved(workload, spec.params, spec.size)
    world = _ranks(held, workload)
    if world > 1:
        gang = ranks.fork_ranks(held, job, world, lambda: _ran(job, workload, params))
        log.watch(path, limit)  # a thread, so it comes after the forks
        return ranks.followed(gang, job, stop)
    if not workload.launches:
        set_threads(held.current.slot.cores)
        gpu_memory.hold(held.current.slot)
    log.watch(path, limit)
    return _ran(job, workload, params)


def _ran(job: JobContext, workload: Workload, params: WorkloadParams) -> Outcome:
    result = workload.run(job, params)
    if job.rank:  # what the others return is not looked at
        return ended(job, Ending.SUCCEEDED)
    verdict = workload.check(params, result) if workload.check else None
    return succeeded(job, result, verdict)


def _ranks(held: Claim, workload: Workload) -> int:
    if workload.launches:
        return 1
    slot = held.current.slot
    return len(slot.devices) if slot.kind is DeviceKind.GPU else held.job.spec.needs.ranks
