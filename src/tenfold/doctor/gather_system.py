"""Limits, memory, clock and counters, from /proc and /sys."""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

import psutil

import tenfold
from tenfold.doctor.facts import System

GIB = 2**30


def system(home: Path, proc: Path = Path("/proc"), sys: Path = Path("/sys")) -> System:
    files, files_hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    locked = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]
    swap = psutil.swap_memory()
    return System(
        shm_gib=_size_gib(Path("/dev/shm")),
        files=files,
        files_hard=files_hard,
        processes=resource.getrlimit(resource.RLIMIT_NPROC)[0],
        locked_mib=locked / 2**20 if locked >= 0 else -1.0,
        overcommit=number(_text(proc / "sys/vm/overcommit_memory")),
        watches=number(_text(proc / "sys/fs/inotify/max_user_watches")),
        cgroup=no_cgroup(_text(proc / "self/cgroup"), _text(proc / "self/mounts")),
        memory_gib=psutil.virtual_memory().total / GIB,
        swap_gib=swap.total / GIB,
        swap_used_gib=swap.used / GIB,
        clock_behind_s=_newest_s(home) - time.time(),
        rapl=energy_readable(sys / "class/powercap"),
    )


def no_cgroup(own: str, mounts: str) -> str:
    """Why the daemon, started from here, could not make a cgroup for each job."""
    mounted = [line.split()[1] for line in mounts.splitlines() if line.split()[2:3] == ["cgroup2"]]
    if not mounted:
        return "this kernel or container mounts no cgroups of version 2"
    for line in own.splitlines():
        if line.startswith("0::"):
            folder = Path(mounted[0]) / line[3:].lstrip("/")
            return "" if os.access(folder, os.W_OK) else f"{folder} belongs to somebody else"
    return "this process is in none"


def energy_readable(powercap: Path) -> bool | None:
    counters = list(powercap.glob("*/energy_uj"))
    if not counters:
        return None
    return all(os.access(counter, os.R_OK) for counter in counters)


def number(text: str) -> int | None:
    return int(text) if text.strip().isdecimal() else None


def _size_gib(folder: Path) -> float | None:
    try:
        held = os.statvfs(folder)
    except OSError:
        return None
    return held.f_blocks * held.f_frsize / GIB


def _newest_s(home: Path) -> float:
    """When the newest of the package and the ledger was written."""
    written = [0.0]
    for path in (Path(tenfold.__file__), home / "ledger.sqlite"):
        try:
            written.append(path.stat().st_mtime)
        except OSError:
            continue
    return max(written)


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
