"""The slices of a card in MIG mode, read only.

A MIG device is a GPU instance with a compute instance. An instance that has none yet does not show;
where it lies on the card is told to root only.
"""

from __future__ import annotations

import re
from math import ceil, floor
from typing import Any

from tenfold.hardware.nvml.card import GIB
from tenfold.hardware.nvml.library import Library
from tenfold.terms.reading import GpuSlice, Measured, Missing

_PROFILE = re.compile(r"\d+g\.\d+gb\S*")
_EIGHTHS = 8  # memory slices of a card


def slices(library: Library, handle: Any) -> tuple[GpuSlice, ...] | Missing:
    """None on a card that is not in MIG mode."""
    mode = library.ask("nvmlDeviceGetMigMode", handle)
    if isinstance(mode, Missing):
        return mode
    if not mode[0]:
        return ()
    most = library.ask("nvmlDeviceGetMaxMigDeviceCount", handle)
    if isinstance(most, Missing):
        return most
    # Not every number up to the most that there could be has one.
    handles = (library.ask("nvmlDeviceGetMigDeviceHandleByIndex", handle, n) for n in range(most))
    return tuple(_slice(library, handle, mig) for mig in handles if not isinstance(mig, Missing))


def _slice(library: Library, card: Any, mig: Any) -> GpuSlice:
    uuid = library.ask("nvmlDeviceGetUUID", mig)
    instance = library.ask("nvmlDeviceGetGpuInstanceId", mig)
    number = -1 if isinstance(instance, Missing) else int(instance)
    told = library.ask("nvmlDeviceGetAttributes", mig)
    own_gib: Measured = told if isinstance(told, Missing) else told.memorySizeMB / 1024
    start, size = _placement(library, card, number)
    return GpuSlice(
        id=f"unknown: {uuid.why}" if isinstance(uuid, Missing) else uuid,
        profile=_profile(library, card, mig, told),
        instance=number,
        memory_gib=own_gib,
        start=start,
        size=size,
    )


def _placement(library: Library, card: Any, number: int) -> tuple[Measured, Measured]:
    instance = library.ask("nvmlDeviceGetGpuInstanceById", card, number)
    if isinstance(instance, Missing):
        return instance, instance
    info = library.ask("nvmlGpuInstanceGetInfo", instance)
    if isinstance(info, Missing):
        return info, info
    return info.placement.start, info.placement.size


def _profile(library: Library, card: Any, mig: Any, told: Any) -> str:
    """From its name; else as NVIDIA names them, by compute slices and its share of the memory."""
    name = library.ask("nvmlDeviceGetName", mig)
    named = None if isinstance(name, Missing) else _PROFILE.search(name)
    if named:
        return named[0]
    memory = library.ask("nvmlDeviceGetMemoryInfo", card)
    if isinstance(told, Missing) or isinstance(memory, Missing):
        return "unknown"
    memory_gib = memory.total / GIB
    eighths = round(_EIGHTHS * told.memorySizeMB / 1024 / memory_gib)
    return profile_name(told.gpuInstanceSliceCount, eighths, memory_gib)


def profile_name(compute_slices: int, memory_slices: int, memory_gib: float) -> str:
    """`3g.40gb`: the memory is that share of the card's whole gigabytes, rounded."""
    return f"{compute_slices}g.{floor(memory_slices / _EIGHTHS * ceil(memory_gib) + 0.5)}gb"
