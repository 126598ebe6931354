"""Thread counts of libraries that were loaded before the slot was known.

The fork server loads numpy and torch with one thread, and they read the environment only when
they are loaded. A library that is not loaded yet will read it by itself.
"""

from __future__ import annotations

import ctypes
import sys


def set_threads(count: int) -> None:
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(count)
    if "numpy" in sys.modules:
        _set_openblas(count)


def _set_openblas(count: int) -> None:
    """numpy carries its own OpenBLAS and has no call for its threads; where it was built with
    another library there is nothing to set."""
    for path in _mapped("openblas"):
        library = ctypes.CDLL(path)
        for name in ("scipy_openblas_set_num_threads64_", "scipy_openblas_set_num_threads"):
            if hasattr(library, name):
                getattr(library, name)(ctypes.c_int(count))
                break


def _mapped(part: str) -> set[str]:
    """Paths of the shared libraries in this process that have `part` in their name."""
    with open("/proc/self/maps", encoding="utf-8") as lines:
        paths = {line.split(maxsplit=5)[-1].strip() for line in lines if ".so" in line}
    return {path for path in paths if part in path.rpartition("/")[2]}
