"""Builds a C shim once per version of its source, and puts it into the environment of a child.

The shared objects lie in `build/faults` of the checkout, named by a hash of the source, so that
two runs at once do not disturb one another. Needs a C compiler called `cc`; Linux only.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import MutableMapping
from pathlib import Path

SOURCES = Path(__file__).parent
BUILT = SOURCES.parents[1] / "build" / "faults"


def shim(name: str) -> Path:
    """The shared object of `NAME.c`, built if this version of it was not built before."""
    source = SOURCES / f"{name}.c"
    parts = [source, *sorted(SOURCES.glob("*.h"))]
    digest = hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()[:16]
    built = BUILT / f"{name}-{digest}.so"
    if built.exists():
        return built
    BUILT.mkdir(parents=True, exist_ok=True)
    half = BUILT / f".{name}-{digest}.{os.getpid()}.half"
    command = ["cc", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    subprocess.run([*command, "-o", str(half), str(source), "-ldl"], check=True)
    os.rename(half, built)
    return built


def preload(environment: MutableMapping[str, str], name: str) -> None:
    """Add a shim to LD_PRELOAD, keeping what stands there."""
    path = str(shim(name))
    there = environment.get("LD_PRELOAD", "").split()
    if path not in there:
        environment["LD_PRELOAD"] = " ".join([path, *there])
