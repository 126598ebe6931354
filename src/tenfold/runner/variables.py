"""The environment variables of a slot: which devices, how many threads, whose attempt.

The daemon sets them when it starts a runner; the runner sets them again from the folder, so that
it does the same when a person starts it.
"""

from __future__ import annotations

from tenfold.folder.paths import TOKEN_VARIABLE
from tenfold.runner.claim import Claim
from tenfold.runner.gpu_memory import fraction
from tenfold.terms.box import DeviceKind, Slot
from tenfold.terms.command import COMMAND

# Every library counts its threads by a variable of its own. Two jobs with as many threads as the
# machine has cores slow each other down several times over.
THREADS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "RAYON_NUM_THREADS",
    "POLARS_MAX_THREADS",
)


def slot_variables(held: Claim) -> dict[str, str]:
    slot = held.current.slot
    return {
        TOKEN_VARIABLE: held.current.token,
        "TENFOLD_JOB": held.folder.id,
        "TENFOLD_HOME": str(held.home),
        "CUDA_VISIBLE_DEVICES": visible(slot),
        **thread_variables(slot.cores),
        **_memory_variables(held),
    }


def _memory_variables(held: Claim) -> dict[str, str]:
    """Of a shared card. Only for workloads: a command may bring an older torch, which ends at once
    over an option that it does not know."""
    share = fraction(held.current.slot)
    if share is None or held.job.spec.workload == COMMAND:
        return {}
    return {"PYTORCH_CUDA_ALLOC_CONF": f"per_process_memory_fraction:{share:.4f}"}


def visible(slot: Slot) -> str:
    """Empty for a CPU share, so that nothing falls upon somebody else's GPU."""
    if slot.kind is not DeviceKind.GPU:
        return ""
    return slot.instance or ",".join(slot.devices)  # a slice has a UUID of its own


def thread_variables(cores: int) -> dict[str, str]:
    return {name: str(max(1, cores)) for name in THREADS}
