"""Tenfold: one person's supercomputer.

    import tenfold

    box = tenfold.connect()
    job = box.run("simulate.cavity", size="smoke")
    job.wait()
    print(job.result.summary)

The names here are loaded when they are first used, so that importing one room of Tenfold does not
pay for another.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tenfold.client.box import connect
    from tenfold.terms.refusal import Refusal
    from tenfold.version import VERSION as __version__

__all__ = ["Refusal", "__version__", "connect"]

_HOMES = {
    "connect": ("tenfold.client.box", "connect"),
    "Refusal": ("tenfold.terms.refusal", "Refusal"),
    "__version__": ("tenfold.version", "VERSION"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'tenfold' has no attribute '{name}'")
    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)
