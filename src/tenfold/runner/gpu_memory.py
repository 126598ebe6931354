"""The memory of a GPU that an attempt has: held to it, and told where it was not enough.

Of a shared card torch keeps a process to its fraction; other libraries know no such limit, so the
daemon watches what they take. The fraction leaves room for the context that CUDA makes beside what
torch allocates.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tenfold.terms.box import Slot

CONTEXT_GIB = 0.5
LEAST = 0.01  # of a card
TAIL_BYTES = 1 << 16

# As PyTorch, CUDA's driver API, JAX (XLA), CuPy and Warp word it.
_SAYINGS = (
    "CUDA out of memory",
    "CUDA error: out of memory",
    "CUDA_ERROR_OUT_OF_MEMORY",
    "cudaErrorMemoryAllocation",
    "RESOURCE_EXHAUSTED: Out of memory",
    "cupy.cuda.memory.OutOfMemoryError",
    "bytes on device 'cuda",
)
_CLASSES = ("torch.OutOfMemoryError", "torch.cuda.OutOfMemoryError")


def fraction(slot: Slot) -> float | None:
    """Of the card's memory that torch may allocate; None where it has the card, or slice, alone."""
    if slot.fraction is None:
        return None
    card_gib = slot.memory_gib / slot.fraction
    return max(LEAST, min(1.0, (slot.memory_gib - CONTEXT_GIB) / card_gib))


def hold(slot: Slot) -> None:
    """Keep the torch of this process to its fraction, if it is loaded and finds the card. One that
    is loaded later reads it from the environment (`variables`)."""
    share, torch = fraction(slot), sys.modules.get("torch")
    if share is not None and torch is not None and torch.cuda.is_available():
        torch.cuda.set_per_process_memory_fraction(share)


def ran_out(error: BaseException) -> bool:
    """Whether `error`, or what it was raised from, is a GPU without memory."""
    link: BaseException | None = error
    while link is not None:
        kind = type(link)
        named = f"{kind.__module__}.{kind.__qualname__}"
        if named in _CLASSES or _says(f"{named}: {link}"):
            return True
        link = link.__cause__ or link.__context__
    return False


def told(log: Path) -> bool:
    """Whether the end of what a process printed says so."""
    try:
        with open(log, "rb") as file:
            file.seek(max(0, log.stat().st_size - TAIL_BYTES))
            return _says(file.read().decode("utf-8", "replace"))
    except OSError:
        return False


def _says(text: str) -> bool:
    return any(saying in text for saying in _SAYINGS)
