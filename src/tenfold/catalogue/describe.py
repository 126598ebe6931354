"""All that can be said of a workload before it runs: its params, needs and what it lacks here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tenfold.catalogue import extras
from tenfold.catalogue.listing import Entry, listing
from tenfold.catalogue.loading import load
from tenfold.catalogue.params import resolved
from tenfold.terms.box import Device
from tenfold.terms.wire import to_json


def listed(home: Path) -> list[dict[str, Any]]:
    """The catalogue, a JSON object an entry, with nothing imported."""
    return [_head(entry) for entry in listing(home)]


def described(
    name: str, given: Mapping[str, Any] | None, size: str | None, device: Device | None, home: Path
) -> dict[str, Any]:
    """One workload as a JSON object; with `needs` where a device is given. Where nothing is `given`
    and it has a param without a default, as a plain command has, it has neither params nor needs.

    Raises a Refusal, and whatever the workload itself raises while it is imported or asked."""
    workload = load(name, home)
    missing = extras.missing(workload.requires)
    answer = {
        **_head(workload.entry),
        "doc": workload.doc,
        "schema": workload.params.model_json_schema(),
        "sizes": workload.sizes,
        "requires": list(workload.requires),
        "missing": list(missing),
        "install": extras.install_command(missing) if missing else None,
        "resumes": workload.resumes,
        "kind": workload.kind.value,
    }
    if given is None and any(f.is_required() for f in workload.params.model_fields.values()):
        return answer
    params = resolved(workload, given or {}, size)
    answer["params"] = params.model_dump(mode="json")
    if device is not None:
        answer["needs"] = to_json(workload.needs(params, device))
    return answer


def _head(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "title": entry.title,
        "group": entry.group,
        "path": str(entry.path),
        "file_hash": entry.file_hash,
    }
