"""Whether this process may be forked: it has one thread and has not opened the GPU driver.

A child of a fork keeps only the thread that forked, so a lock that another one held stays locked
for ever; and it cannot use CUDA if its parent has called `cuInit`. Imports nothing but the
standard library.

A CUDA build of torch maps NVIDIA's toolkit when it is imported (libcudart, libcublas, libcudnn,
libnccl, ...). Those are plain libraries until they are called, so they are no hindrance. What a
first call brings are the driver's own libraries and its device files, on every build
(decisions/what-may-be-forked.md).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

# Beginnings of file names. They come with the driver, not with the toolkit or a wheel: CUDA itself
# with its debugger, and NVML, compilers and the rest, which the driver calls libnvidia-*.
DRIVER_LIBRARIES = ("libcuda.so", "libcudadebugger.so", "libnvidia-")
# /dev/nvidia0, /dev/nvidiactl, /dev/nvidia-uvm, /dev/nvidia-caps; dxg is the GPU of WSL 2.
DRIVER_DEVICES = ("/dev/nvidia", "/dev/dxg")


def hindrance() -> str | None:
    """Why this process may not be forked now; None where it may."""
    count = threads()
    if count != 1:
        return f"{count} threads"
    found = driver_signs(mapped_paths(), opened_paths())
    return f"the GPU driver is open: {', '.join(found)}" if found else None


def driver_signs(mapped: Iterable[str], opened: Iterable[str]) -> list[str]:
    """Which of the paths say that the driver was called."""
    libraries = {path for path in mapped if path.rpartition("/")[2].startswith(DRIVER_LIBRARIES)}
    devices = {path for path in opened if path.startswith(DRIVER_DEVICES)}
    return sorted(libraries | devices)


def threads() -> int:
    return len(os.listdir("/proc/self/task"))


def mapped_paths() -> set[str]:
    """Files that are mapped into this process."""
    lines = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines()
    fields = (line.split(maxsplit=5) for line in lines)
    return {found[5] for found in fields if len(found) == 6 and found[5].startswith("/")}


def opened_paths() -> set[str]:
    """What the descriptors of this process lead to."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            found.add(os.readlink(f"/proc/self/fd/{name}"))
        except OSError:  # the descriptor that listed this folder is closed already
            continue
    return found
