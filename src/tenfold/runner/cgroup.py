"""Joins the cgroup that the daemon made for this attempt, if it made one (see `engine.cgroup`)."""

from __future__ import annotations

import os
from pathlib import Path

from tenfold.folder.paths import CGROUP_VARIABLE, JobFolder


def join(folder: JobFolder, number: int) -> None:
    """Everything that this process starts from here on is in it too."""
    named = os.environ.pop(CGROUP_VARIABLE, "")
    if not named:
        return
    try:
        (Path(named) / "cgroup.procs").write_text("0")
        folder.cgroup(number).write_text(named)
    except OSError:
        return  # the token still tells what is ours
