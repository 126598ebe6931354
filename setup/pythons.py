"""Whether this Python will do, and which other one here would.

Read by Pythons as old as 3.6, as `refusal` and `__main__` are, so that they can say what is wrong.
"""

import os
import re
import shutil
import subprocess
from typing import List, Set, Tuple

from refusal import Refusal

OLDEST = (3, 11)


def check(version: Tuple[int, ...], executable: str, search: str, target: str) -> None:
    if version[:2] >= OLDEST:
        return
    needed = ".".join(map(str, OLDEST))
    newer = newer_on(search)
    if newer:
        next_step = f"make PYTHON={newer[0]} {target}"
        if newer[1:]:
            next_step += f" (here are also {', '.join(newer[1:])})"
    else:
        next_step = f"install Python {needed}, then make PYTHON=python{needed} {target}"
        if shutil.which("apt-get", path=search):
            package = f"python{needed} python{needed}-venv"
            next_step = f"sudo apt-get install {package} && make PYTHON=python{needed} {target}"
    shown = ".".join(map(str, version[:3]))
    raise Refusal("python.old", python=executable, version=shown, needed=needed, next=next_step)


def newer_on(search: str) -> List[str]:
    """Names such as python3.12 on the PATH `search` that are new enough and do start."""
    minors: Set[int] = set()
    for folder in search.split(os.pathsep):
        try:
            names = [re.match(r"python3\.(\d+)$", name) for name in os.listdir(folder)]
        except OSError:
            continue
        minors.update(int(name.group(1)) for name in names if name)
    named = [f"python3.{minor}" for minor in sorted(minors) if (3, minor) >= OLDEST]
    return [name for name in named if _starts(shutil.which(name, path=search))]


def _starts(path) -> bool:  # type: ignore[no-untyped-def]
    """A version manager leaves names that start nothing."""
    try:
        done = subprocess.run(
            [path, "-c", "pass"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=10,
        )
    except (OSError, TypeError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
