"""Which modules an extra brings, so that a missing one is seen without importing it.

`tests/catalogue/test_extras.py` holds this table and pyproject.toml together.
"""

from __future__ import annotations

import importlib.util
import json
import shlex
import sys
from importlib.metadata import distribution
from urllib.parse import unquote, urlparse

MODULES: dict[str, tuple[str, ...]] = {
    "embed": ("sentence_transformers",),
    "finetune": ("accelerate", "datasets", "peft", "transformers", "trl"),
    "gang": ("numpy", "torch"),
    "index": ("numpy", "pypdf"),
    "llm": ("matplotlib", "numpy", "safetensors", "tokenizers", "torch"),
    "serve": ("llguidance", "peft", "transformers"),
    "simulate": ("matplotlib", "numpy", "warp"),
}


def missing(requires: tuple[str, ...]) -> tuple[str, ...]:
    """The extras of `requires` of which a module is not there, in their order."""
    return tuple(extra for extra in requires if not _there(extra))


def install_command(extras: tuple[str, ...]) -> str:
    """A line to paste. No index has this package: it is installed from the folder it came from."""
    folder = source_folder()
    named = f"{folder or 'tenfold'}[{','.join(extras)}]"
    constraints = f" -c {shlex.quote(f'{folder}/constraints.txt')}" if folder else ""
    edit = "-e " if folder else ""
    return f"{sys.executable} -m pip install{constraints} {edit}{shlex.quote(named)}"


def source_folder() -> str | None:
    """The checkout that Tenfold runs from; None where it was copied into Python's packages."""
    told = distribution("tenfold").read_text("direct_url.json")
    about = json.loads(told) if told else {}
    if not about.get("dir_info", {}).get("editable"):
        return None
    return unquote(urlparse(about["url"]).path)


def _there(extra: str) -> bool:
    modules = MODULES.get(extra)
    if modules is None:
        return False
    return all(importlib.util.find_spec(module) is not None for module in modules)
