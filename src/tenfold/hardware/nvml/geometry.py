"""How a live card can be carved: what its own driver offers, else the table of its model."""

from __future__ import annotations

from collections.abc import Iterator
from ctypes import byref, c_uint
from typing import Any

from tenfold.hardware.mig import GEOMETRIES, DriverProfile, from_driver
from tenfold.hardware.nvml.library import Library
from tenfold.terms.mig import Geometry
from tenfold.terms.reading import Missing

_KINDS = 0x12  # NVML_GPU_INSTANCE_PROFILE_COUNT
_MOST = 32  # placements of one profile: more than a card has memory slices
_Placement: Any = c_uint * 2  # nvmlGpuInstancePlacement_t: start and size


def geometry(library: Library, handle: Any, model: str) -> Geometry | None:
    """`model` is a name in `models`; None for a card that cannot be carved."""
    known = GEOMETRIES.get(model)
    return from_driver(_told(library, handle), known) or known


def _told(library: Library, handle: Any) -> Iterator[DriverProfile]:
    for kind in range(_KINDS):
        info = library.ask("nvmlDeviceGetGpuInstanceProfileInfo", handle, kind)
        if isinstance(info, Missing):
            continue
        count, placements = c_uint(_MOST), (_Placement * _MOST)()
        call = "nvmlDeviceGetGpuInstancePossiblePlacements"
        if isinstance(library.ask(call, handle, info.id, placements, byref(count)), Missing):
            continue
        name = info.name.decode() if isinstance(info.name, bytes) else str(info.name)
        yield DriverProfile(
            name=name,
            id=info.id,
            compute=info.sliceCount,
            memory_mib=info.memorySizeMB,
            sm=info.multiprocessorCount,
            most=info.instanceCount,
            placements=tuple((one[0], one[1]) for one in placements[: count.value]),
            copy_engines=info.copyEngineCount,
            decoders=info.decoderCount,
            jpeg=info.jpegCount,
            flow=info.ofaCount,
        )
