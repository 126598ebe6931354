"""What is installed, found without importing any of it: torch alone would take seconds."""

from __future__ import annotations

import os
import re
import shutil
import sys
from importlib.metadata import PackageNotFoundError, distribution, version
from importlib.util import find_spec
from pathlib import Path

from tenfold.catalogue.extras import MODULES, missing
from tenfold.doctor.facts import Build, Software

_TORCH_CUDA = re.compile(r"^cuda\b[^=]*=\s*['\"]([\d.]+)['\"]", re.MULTILINE)
_WARP_CUDA = re.compile(r"use CUDA Toolkit (\d+\.\d+)")  # a sentence of its own description


def software() -> Software:
    return Software(
        python=sys.version_info[:3],
        executable=sys.executable,
        missing=missing(tuple(MODULES)),
        torch=torch(),
        warp=warp(),
        warp_cache=unkept(warp_cache(dict(os.environ))),
        uv=_uv(),
    )


def torch() -> Build | None:
    """From torch/version.py: the name of a build on the package index does not tell its CUDA."""
    spec = find_spec("torch")
    if spec is None or not spec.submodule_search_locations:
        return None
    try:
        text = (Path(spec.submodule_search_locations[0]) / "version.py").read_text()
        return torch_build(text, version("torch"))
    except (OSError, PackageNotFoundError):
        return None


def torch_build(text: str, installed: str) -> Build:
    named = re.search(r"^__version__ = ['\"](.+?)['\"]", text, re.MULTILINE)
    cuda = _TORCH_CUDA.search(text)
    return Build(named[1] if named else installed, cuda[1] if cuda else None)


def warp() -> Build | None:
    try:
        found = distribution("warp-lang")
    except PackageNotFoundError:
        return None
    return warp_build(found.metadata.get_payload() or "", found.version)  # type: ignore[attr-defined]


def warp_build(description: str, installed: str) -> Build:
    """Every Linux wheel carries CUDA inside; one for an older CUDA says so in its version."""
    suffix = re.search(r"\+cu(\d\d)", installed)
    if suffix:
        return Build(installed, f"{suffix[1]}.0")
    told = _WARP_CUDA.search(description)
    return Build(installed, told[1] if told else None)


def warp_cache(environ: dict[str, str]) -> Path:
    """The folder that Warp keeps kernels below (warp/_src/build.py, init_kernel_cache)."""
    if environ.get("WARP_CACHE_PATH"):
        return Path(environ["WARP_CACHE_PATH"])
    base = environ.get("XDG_CACHE_HOME") or Path(environ.get("HOME", "/")) / ".cache"
    return Path(base) / "warp"


def unkept(folder: Path) -> str:
    """Why nothing could be written to `folder`, which need not exist yet; empty if it could."""
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir():
        return f"{there} is not a folder"
    return "" if os.access(there, os.W_OK | os.X_OK) else f"{folder} cannot be written"


def _uv() -> str:
    beside = Path(sys.executable).parent / "uv"
    return str(beside) if beside.exists() else shutil.which("uv") or ""
