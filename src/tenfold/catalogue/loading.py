"""Imports one workload and holds it to the contract. The daemon never does this."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from tenfold.catalogue.contract import WorkloadParams
from tenfold.catalogue.listing import Entry, listing, lookup
from tenfold.terms.box import Device
from tenfold.terms.job import Kind
from tenfold.terms.needs import Needs
from tenfold.terms.outcome import Result, Verdict
from tenfold.terms.refusal import Refusal, refusal


@dataclass(frozen=True)
class Workload:
    """A workload file that was imported and has what the contract asks."""

    entry: Entry
    doc: str
    params: type[WorkloadParams]
    sizes: dict[str, dict[str, Any]]
    requires: tuple[str, ...]
    resumes: bool
    launches: bool  # starts its own processes on all its devices, so it is called once
    kind: Kind
    needs: Callable[[WorkloadParams, Device], Needs]
    run: Callable[[Any, WorkloadParams], Result]  # `serve` where it serves
    check: Callable[[WorkloadParams, Result], Verdict] | None


def find(name: str, home: Path) -> Entry:
    """The listed workload of that name; a Refusal names the nearest."""
    found = lookup(name, home)
    if found is not None:
        return found
    entries = [entry.name for entry in listing(home)]
    near = difflib.get_close_matches(name, entries, n=1, cutoff=0.5)
    if not near:  # the part after the group may be all that a person remembers
        near = [full for full in entries if full.split(".")[-1] == name.split(".")[-1]]
    sentence = f"The nearest is '{near[0]}'." if near else f"There are {len(entries)} in the list."
    raise refusal("workload.unknown", name=name, near=sentence)


def load(name: str, home: Path) -> Workload:
    """Import it. Raises a Refusal (`workload.unknown`, `workload.broken`), and whatever the file
    itself raises while it is imported."""
    entry = find(name, home)
    return _held(entry, _imported(entry))


def _imported(entry: Entry) -> ModuleType:
    if entry.module:
        return importlib.import_module(entry.module)
    module_name = f"tenfold_own.{entry.name}"
    spec = importlib.util.spec_from_file_location(module_name, entry.path)
    assert spec is not None and spec.loader is not None  # a .py path always has both
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module  # pydantic looks annotations up there
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[module_name]
        raise
    return module


def _held(entry: Entry, module: ModuleType) -> Workload:
    doc = (module.__doc__ or "").strip()
    if not doc:
        raise _broken(entry, "It has no docstring; its first line is the title.")
    params = getattr(module, "Params", None)
    if not (isinstance(params, type) and issubclass(params, WorkloadParams)):
        raise _broken(entry, "It has no `class Params(WorkloadParams)`.")
    runs: Any = getattr(module, "run", None)
    serves: Any = getattr(module, "serve", None)
    if callable(runs) == callable(serves):
        raise _broken(entry, "It has to have either `run(job, params)` or `serve(job, params)`.")
    if not callable(getattr(module, "needs", None)):
        raise _broken(entry, "It has no `needs(params, device)`.")
    sizes = getattr(module, "SIZES", {})
    if not isinstance(sizes, dict) or not all(isinstance(size, dict) for size in sizes.values()):
        raise _broken(entry, "SIZES is not a dict of dicts.")
    requires = getattr(module, "REQUIRES", ())
    if not isinstance(requires, tuple):
        raise _broken(entry, "REQUIRES is not a tuple of extras.")
    usual = Kind.SERVICE if callable(serves) else Kind.BATCH
    try:
        kind = Kind(getattr(module, "KIND", usual))
    except ValueError as error:
        raise _broken(entry, "KIND is none of batch, service, interactive.") from error
    return Workload(
        entry=entry,
        doc=doc,
        params=params,
        sizes=sizes,
        requires=requires,
        resumes=bool(getattr(module, "RESUMES", False)),
        launches=bool(getattr(module, "LAUNCHES", False)),
        kind=kind,
        needs=module.needs,
        run=serves if callable(serves) else runs,
        check=getattr(module, "check", None),
    )


def _broken(entry: Entry, why: str) -> Refusal:
    return refusal("workload.broken", name=entry.name, why=why, path=str(entry.path))
