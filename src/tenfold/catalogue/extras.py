"""Which modules an extra brings, so that a missing one is seen without importing it.

`tests/catalogue/test_extras.py` holds this table and pyproject.toml together.
"""

from __future__ import annotations

import importlib.util

MODULES: dict[str, tuple[str, ...]] = {
    "gang": ("numpy", "torch"),
    "simulate": ("matplotlib", "numpy", "warp"),
}


def missing(requires: tuple[str, ...]) -> tuple[str, ...]:
    """The extras of `requires` of which a module is not there, in their order."""
    return tuple(extra for extra in requires if not _there(extra))


def install_command(extras: tuple[str, ...]) -> str:
    return f"pip install 'tenfold[{','.join(extras)}]'"


def _there(extra: str) -> bool:
    modules = MODULES.get(extra)
    if modules is None:
        return False
    return all(importlib.util.find_spec(module) is not None for module in modules)
