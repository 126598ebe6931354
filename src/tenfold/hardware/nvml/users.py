"""Who has something on a card: processes for computing and for drawing, ours and anybody's."""

from __future__ import annotations

from typing import Any

from tenfold.hardware.nvml.card import GIB
from tenfold.hardware.nvml.library import Library
from tenfold.hardware.nvml.words import TOO_OLD
from tenfold.terms.reading import GpuProcess, Measured, Missing

_MEMORY_UNKNOWN = Missing("the driver does not tell it of this process")


def processes(library: Library, handle: Any) -> tuple[GpuProcess, ...] | Missing:
    """By pid. In a container the driver may tell pids of the host, which have no name here."""
    found: dict[int, Measured] = {}
    missing: list[Missing] = []
    for kind in ("Compute", "Graphics"):
        told = library.ask(f"nvmlDeviceGet{kind}RunningProcesses_v3", handle)
        if told == TOO_OLD:  # before driver 510
            told = library.ask(f"nvmlDeviceGet{kind}RunningProcesses_v2", handle)
        if isinstance(told, Missing):
            missing.append(told)
            continue
        for process in told:
            # One that computes and draws stands in both lists, with the same memory.
            used = process.usedGpuMemory
            found[process.pid] = _MEMORY_UNKNOWN if used is None else used / GIB
    if not found and len(missing) == 2:
        return missing[0]
    return tuple(GpuProcess(pid, name(pid), used) for pid, used in sorted(found.items()))


def name(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/comm") as file:
            return file.read().strip()
    except OSError:
        return ""
