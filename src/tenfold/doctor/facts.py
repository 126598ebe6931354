"""What is known of the machine before anything is judged. Plain values; None is "not known"."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Build:
    """An installed package that brings CUDA, or does not."""

    version: str
    cuda: str | None  # of the toolkit that it was built with; None for a CPU build


@dataclass(frozen=True)
class Software:
    python: tuple[int, int, int]
    executable: str
    missing: tuple[str, ...]  # extras of which a module is not there
    torch: Build | None
    warp: Build | None
    warp_cache: str  # why its kernels cannot be kept; empty if they can
    uv: str  # where it is; empty if it is not there


@dataclass(frozen=True)
class Card:
    name: str
    mig: bool
    throttle: tuple[str, ...]  # what holds its clocks down, in words


@dataclass(frozen=True)
class Gpus:
    pci: int  # NVIDIA's graphics cards on the bus, whatever drives them
    nouveau: bool
    loaded: bool  # NVIDIA's kernel module
    nodes: bool  # /dev/nvidiactl
    persistence: bool  # its daemon
    failed: str  # why the report was not had; empty if it was
    driver: str | None
    cuda: str | None  # the newest that the driver knows
    why: str | None  # there are no cards to ask
    cards: tuple[Card, ...]


@dataclass(frozen=True)
class Place:
    """The home, or the nearest folder above it that exists."""

    path: str
    kind: str  # of file system
    options: tuple[str, ...]
    free_gib: float
    unwritable: str  # why; empty if it can be written
    unlockable: str
    fsync_ms: float | None


@dataclass(frozen=True)
class System:
    shm_gib: float | None
    files: int  # open files of one process; -1 is no limit, here and below
    files_hard: int
    processes: int
    locked_mib: float
    overcommit: int | None
    watches: int | None  # inotify, of one user
    cgroup: str  # why jobs get none of their own; empty if they do
    memory_gib: float
    swap_gib: float
    swap_used_gib: float
    clock_behind_s: float  # how far the newest of our files lies in the future
    rapl: bool | None  # whether the CPU's energy may be read; None where it counts none


@dataclass(frozen=True)
class Daemon:
    version: str  # of Tenfold, as installed
    pid: int | None
    running: str  # version of the daemon that is up, or that left its file
    stale: bool  # a daemon.json without a daemon
    port: int
    port_taken: bool  # by somebody else


@dataclass(frozen=True)
class Facts:
    software: Software
    gpus: Gpus
    place: Place
    system: System
    daemon: Daemon
