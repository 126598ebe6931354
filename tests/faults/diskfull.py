"""A full disk on request: `environment` loads diskfull.c into a process and its children; while the
file `flag` exists, nothing below `root` can be written (see the shim for what still can)."""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path

from faults.shims import preload


def environment(variables: MutableMapping[str, str], root: Path, flag: Path) -> None:
    """`flag` must lie outside of `root`; touch it to fill the disk, unlink it to make room."""
    preload(variables, "diskfull")
    variables["DISKFULL_ROOT"] = str(root.resolve())
    variables["DISKFULL_FLAG"] = str(flag)
