"""The outermost frame: whatever a workload does, an outcome comes of it.

The one broad catch of the work half; the traceback goes into the outcome and the log.
"""

from __future__ import annotations

import errno
import json
import math
import os
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tenfold.runner import gpu_memory, log
from tenfold.runner.context import JobContext
from tenfold.runner.stop import AwaitChildren, Stopped
from tenfold.terms.box import DeviceKind
from tenfold.terms.outcome import Ending, Outcome, Result, Verdict
from tenfold.terms.refusal import Refusal, refusal
from tenfold.terms.wire import to_json

# The end of a traceback says most; the outcome has to fit into the reserve on a full disk.
TRACEBACK_CHARS = 16_000

# Below this a library's own "write failed" is taken for a full disk.
FULL_BYTES = 1 << 20


def framed(job: JobContext, act: Callable[[], Outcome | None]) -> Outcome | None:
    """What `act` returns, or the outcome of what it raised."""
    try:
        return act()
    except Stopped:
        return ended(job, Ending.STOPPED)
    except AwaitChildren:
        return ended(job, Ending.AWAITS_CHILDREN)
    except Refusal as refused:
        log.say(str(refused))
        return ended(job, Ending.FAILED, refusal=refused.as_json())
    except BaseException as error:  # noqa: BLE001  (the one place: see above)
        text = traceback.format_exc()[-TRACEBACK_CHARS:]
        if is_disk_full(error, job.folder):
            full = _disk_full(job)
            return ended(job, Ending.DISK_FULL, refusal=full.as_json(), error=text)
        log.say(text)
        if job.slot.kind is DeviceKind.GPU and gpu_memory.ran_out(error):
            little = refusal("gpu.memory", gib=job.slot.memory_gib, id=job.id)
            return ended(job, Ending.FAILED, refusal=little.as_json(), error=text)
        sentence = "".join(traceback.format_exception_only(error)).strip()[-1000:]
        raised = refusal("workload.raised", error=sentence, id=job.id)
        return ended(job, Ending.FAILED, refusal=raised.as_json(), error=text)


def succeeded(job: JobContext, result: Result, verdict: Verdict | None) -> Outcome:
    """Raises TypeError where the result is not one, or has figures that are not JSON values."""
    if not isinstance(result, Result):
        raise TypeError(f"run() returned {type(result).__name__} instead of a Result")
    result = replace(result, figures=plain(result.figures))
    json.dumps(result.figures)
    if verdict is not None:
        figures = plain(verdict.figures)
        verdict = replace(verdict, holds=bool(verdict.holds), figures=figures)
        json.dumps(figures)
    return replace(ended(job, Ending.SUCCEEDED), result=result, verdict=verdict)


def ended(
    job: JobContext,
    ending: Ending,
    refusal: dict[str, Any] | None = None,
    error: str | None = None,
) -> Outcome:
    return Outcome(
        attempt=job.attempt,
        ending=ending,
        started_s=job.started_s,
        ended_s=time.time(),
        # The facts of a workload's own Refusal may be anything.
        refusal=json.loads(json.dumps(plain(refusal), default=str)) if refusal else None,
        error=error,
        exit_code=job.exit_code,
        last_step=job.last_step,
        used=job.used(),
    )


def plain(value: Any) -> Any:
    """`value` for JSON, at any depth. NaN and infinity become null, which JSON has; a scalar of
    numpy or torch becomes its number, since nobody should lose a night's run to its type."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return to_json(value)


def is_disk_full(error: BaseException, path: Path) -> bool:
    """Whether `error`, or what it was raised from, is a disk without room at `path`."""
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, OSError) and link.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        link = link.__cause__ or link.__context__
    # torch and HDF5 report a failed write as an error of their own kind, without errno.
    return isinstance(error, OSError | RuntimeError) and _free_bytes(path) < FULL_BYTES


def _free_bytes(path: Path) -> int:
    disk = os.statvfs(path)
    return disk.f_bavail * disk.f_frsize


def _disk_full(job: JobContext) -> Refusal:
    free_mib = _free_bytes(job.folder) / 2**20
    return refusal(
        "disk.full",
        why=f"{job.folder} has {free_mib:.0f} MiB left. The last whole checkpoint stands.",
        next=f"make room, then: tenfold resume {job.id}",
    )
