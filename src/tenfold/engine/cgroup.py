"""A cgroup for each attempt, where this machine lets us make one (version 2, and our own is
writable: a systemd unit with Delegate=yes, or root).

It holds what the token in the environment cannot: a process that was started with an emptied
environment and left its session. The runner joins it first thing (`runner.cgroup`) and notes it in
its attempt's folder, so a later daemon finds it too. Where there is none, the token alone counts.
"""

from __future__ import annotations

import hashlib
from pathlib import Path


def parent(home: Path, cgroups: Path = Path("/proc/self/cgroup")) -> Path | None:
    """The folder below which attempts of `home` get theirs; None where that is not to be had.

    Empty ones that an earlier daemon left there are removed.
    """
    mount = _mount()
    if mount is None:
        return None
    for line in cgroups.read_text().splitlines():
        if line.startswith("0::"):
            name = hashlib.sha256(str(home).encode()).hexdigest()[:12]
            ours = mount / line[3:].lstrip("/") / f"tenfold-{name}"
            return ours if _is_usable(ours) else None
    return None


def make(parent: Path, token: str) -> Path | None:
    """A cgroup for the attempt with this token."""
    path = parent / token
    try:
        path.mkdir()
    except OSError:
        return None
    return path


def leave(parent: Path) -> None:
    """At an orderly end: remove the folder of this home, unless attempts go on in it."""
    try:
        for old in parent.iterdir():
            if old.is_dir() and not _is_populated(old):
                old.rmdir()
        parent.rmdir()
    except OSError:
        return  # something lives there; the next daemon finds it


def end(path: Path) -> bool:
    """SIGKILL whatever is in the cgroup `path` and remove it; False while something is left."""
    try:
        if _is_populated(path):
            (path / "cgroup.kill").write_text("1")
            return False
        path.rmdir()
    except (FileNotFoundError, NotADirectoryError):
        return True  # it is gone
    except OSError:
        return False
    return True


def _mount() -> Path | None:
    try:
        mounts = Path("/proc/self/mounts").read_text()
    except OSError:
        return None
    for line in mounts.splitlines():
        words = line.split()
        if len(words) > 2 and words[2] == "cgroup2":
            return Path(words[1])
    return None


def _is_usable(path: Path) -> bool:
    """Whether we can make groups in it, and the kernel can kill one whole (5.14 and later)."""
    probe = path / "probe"
    try:
        path.mkdir(exist_ok=True)
        for old in path.iterdir():
            if old.is_dir() and not _is_populated(old):
                old.rmdir()
        probe.mkdir()
        usable = (probe / "cgroup.kill").exists()
        probe.rmdir()
    except OSError:
        return False
    return usable


def _is_populated(path: Path) -> bool:
    return "populated 1" in (path / "cgroup.events").read_text()
