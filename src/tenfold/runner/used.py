"""What this attempt has taken so far: time, CPU time, memory.

Where the attempt has a cgroup of its own the kernel knows the peak of all its processes together.
Elsewhere it is the largest single process, which for a command with several is too little; a
runner that was forked counts what it shares with the fork server, which is a little too much.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

from tenfold.terms.outcome import Used

GIB = 2**30
_KIB_IN_GIB = 2**20


def used(started_s: float, cgroup: Path | None) -> Used:
    """Since `started_s`, seconds since the epoch."""
    ours = resource.getrusage(resource.RUSAGE_SELF)
    theirs = resource.getrusage(resource.RUSAGE_CHILDREN)
    core_s = ours.ru_utime + ours.ru_stime + theirs.ru_utime + theirs.ru_stime
    largest_gib = max(ours.ru_maxrss, theirs.ru_maxrss) / _KIB_IN_GIB
    together_gib = _peak_gib(cgroup)
    return Used(
        time_s=time.time() - started_s,
        core_s=core_s,
        host_gib=largest_gib if together_gib is None else together_gib,
        gpu_gib=_gpu_gib(),
    )


def _peak_gib(cgroup: Path | None) -> float | None:
    try:
        return int((cgroup / "memory.peak").read_text()) / GIB if cgroup else None
    except (OSError, ValueError):
        return None  # an older kernel, or no memory controller there


def _gpu_gib() -> float | None:
    """What torch took of the GPU; asked only where the workload has used it, since asking would
    start CUDA."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return None
    taken = (torch.cuda.max_memory_reserved(n) for n in range(torch.cuda.device_count()))
    return max(taken, default=0) / GIB
