"""Children of a job: asked for in wants.jsonl, answered in current.json.

A parent that starts anew asks for the same children again; the key tells that they are the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from tenfold.folder.durable import append_line, read_lines
from tenfold.runner.claim import Claim, sync_names
from tenfold.terms.outcome import Outcome
from tenfold.terms.refusal import refusal
from tenfold.terms.wire import from_json, to_json

# The key becomes part of the child's id, and so of a folder's name.
_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")


def want(held: Claim, workload: str, params: Mapping[str, Any], key: str, size: str | None) -> None:
    """Ask for one child, once. Durable when this returns."""
    if held.job.spec.parent is not None:
        raise refusal("workload.depth", id=held.job.id)
    if not _KEY.fullmatch(key):
        raise ValueError(f"the key of a child is letters, digits, - and _; got {key!r}")
    if key in wanted(held):
        return
    values = params.model_dump(mode="json") if isinstance(params, BaseModel) else dict(params)
    sync_names(held)
    line = {"key": key, "workload": workload, "params": to_json(values), "size": size}
    append_line(held.folder.wants, line)


def wanted(held: Claim) -> tuple[str, ...]:
    """Keys of all children asked for, by this attempt or one before."""
    if not held.folder.wants.exists():
        return ()
    lines, _ = read_lines(held.folder.wants.read_bytes())
    return tuple(dict.fromkeys(line["key"] for line in lines))


def all_ended(held: Claim) -> bool:
    return all(key in held.current.children for key in wanted(held))


def outcomes(held: Claim) -> dict[str, Outcome]:
    """Of all children, by key, when all have ended."""
    return {key: from_json(Outcome, held.current.children[key]) for key in wanted(held)}
