"""Needs learn: what past runs of the same thing took replaces what was estimated, with a margin.

The same thing is the same workload or command with the same params on a slot of the same shape.
No run is learned from unless it succeeded in one go. A declared box computes nothing, so nothing is
learned there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace

from tenfold.engine.pace import at_full_speed
from tenfold.terms.job import Job, JobSpec
from tenfold.terms.needs import Needs
from tenfold.terms.outcome import Ending, Outcome, Used

NEWEST = 5  # runs that are looked at
MEMORY_MARGIN = 1.15
MEMORY_FLOOR_GIB = 0.25  # a process that took nothing to speak of may take this next time
TIME_MARGIN = 1.2


def likeness(spec: JobSpec) -> str:
    """The same for runs that should take the same."""
    needs = spec.needs
    told = [spec.workload, spec.params, spec.size, needs.gpus, needs.slice, needs.cores]
    if needs.shared:  # else as it always was: what was learned before is still known
        told.append("shared")
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]


def lesson(job: Job, outcome: Outcome) -> Used | None:
    """What this end of an attempt of `job` teaches, as if no power limit had held it down; None
    where it is no measure of a whole run."""
    whole = outcome.ending is Ending.SUCCEEDED and job.attempt == 1 and not job.stop_for
    if not whole or outcome.used is None:
        return None
    return at_full_speed(job, outcome, outcome.used)


def learned(needs: Needs, runs: Sequence[Used]) -> Needs:
    """`needs` with what `runs` took, newest first."""
    newest = runs[:NEWEST]
    if not newest:
        return needs
    memory_gib = _memory_gib(needs, newest)
    return replace(
        needs,
        time_s=TIME_MARGIN * max(run.time_s for run in newest),
        memory_gib=needs.memory_gib if memory_gib is None else memory_gib,
        basis=f"measured in {len(newest)} like it, with a margin",
    )


def _memory_gib(needs: Needs, runs: Sequence[Used]) -> float | None:
    """Of a GPU, or of the host's share. None where one of the runs did not measure it."""
    on_gpu = bool(needs.gpus or needs.slice or needs.shared)
    taken = [run.gpu_gib if on_gpu else run.host_gib for run in runs]
    known = [gib for gib in taken if gib is not None]
    if len(known) < len(taken):
        return None
    return max(MEMORY_FLOOR_GIB, MEMORY_MARGIN * max(known))
