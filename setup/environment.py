"""The folder .venv: whether it is whole, and how it is made.

    .half           there from the first moment until the first install is complete
    .EXTRA          the sources that EXTRA was last installed from; there only after it was complete

A folder with .half in it is from a setup that was broken off. A package that uv was putting there
may look installed and not be, so nothing of such a folder is kept; what was downloaded is in uv's
cache and is not fetched again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from refusal import Refusal

EXTRAS = ("demo", "test")
SOURCES = ("pyproject.toml", "constraints.txt")
_IMPORTS = "import tenfold.version"


def digest(root: Path) -> str:
    found = hashlib.sha256()
    for name in SOURCES:
        found.update((root / name).read_bytes())
    return found.hexdigest()


def is_ready(venv: Path, extra: str, sources: str) -> bool:
    """Whether nothing is to be done: `extra` was installed from `sources`, and Python starts."""
    try:
        stamped = (venv / f".{extra}").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return False
    return stamped == sources and is_sound(venv) and _succeeds(venv, _IMPORTS)


def is_sound(venv: Path) -> bool:
    """Whether it can be built upon: no half of something, and its Python and uv start."""
    if (venv / ".half").exists() or not os.access(venv / "bin" / "uv", os.X_OK):
        return False
    return _succeeds(venv, "import pip")


def is_known(venv: Path) -> bool:
    """Whether a setup came to its end there; if not, what is in it cannot be relied on."""
    return any((venv / f".{extra}").exists() for extra in EXTRAS)


def make(venv: Path, target: str) -> None:
    """A new one, with nothing in it but pip."""
    if venv.exists():
        shutil.rmtree(venv, ignore_errors=True)
    try:
        venv.mkdir(exist_ok=True)
        (venv / ".half").touch()
    except OSError as error:
        raise Refusal("venv", why=f"{error}", venv=venv, target=target) from error
    made = subprocess.run([sys.executable, "-m", "venv", str(venv)], capture_output=True, text=True)
    if made.returncode != 0:
        lines = (made.stdout + made.stderr).strip().splitlines()
        why = lines[-1] if lines else f"It ended with exit status {made.returncode}."
        raise Refusal("venv", why=why, venv=venv, target=target)


def stamp(venv: Path, extra: str, sources: str) -> None:
    """It is complete. The stamp comes before .half goes: killed between, it is made again."""
    beside = venv / f".{extra}.new"
    beside.write_text(sources + "\n", encoding="ascii")
    os.replace(beside, venv / f".{extra}")
    (venv / ".half").unlink(missing_ok=True)


def _succeeds(venv: Path, code: str) -> bool:
    try:
        done = subprocess.run([venv / "bin" / "python", "-c", code], capture_output=True)
    except OSError:
        return False
    return done.returncode == 0
