"""Which jobs the list shows, and in which order: those that run, then those that wait by who
starts first, then those that ended, the newest first."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

ALL = "all"
# What each choice above the list shows.
SHOWN = {
    "running": ("running", "starting", "yielding"),
    "waiting": ("queued", "paused", "asleep"),
    "done": ("succeeded",),
    "failed": ("failed", "cancelled"),
}
_GROUP = {state: n for n, states in enumerate(SHOWN.values()) for state in states}
_WAITING = {state: n for n, state in enumerate(SHOWN["waiting"])}
ENDED = (*SHOWN["done"], *SHOWN["failed"])

Row = Mapping[str, Any]


def counted(counts: Mapping[str, int]) -> dict[str, int]:
    """How many jobs each choice has, of all there are."""
    found = {name: sum(counts.get(state, 0) for state in states) for name, states in SHOWN.items()}
    return {**found, ALL: sum(found.values())}


def starts(plan: Mapping[str, Any] | None) -> dict[str, float]:
    """When those that wait start, by the plan ahead."""
    found: dict[str, float] = {}
    for stay in plan["jobs"] if plan else ():
        if stay["state"] == "queued":
            found.setdefault(stay["id"], stay["start_s"])
    return found


def expected_s(row: Row, planned: Mapping[str, float]) -> float | None:
    """When it should start: as the scheduler promised, else as the plan ahead has it."""
    if row["state"] != "queued":
        return None
    told: float | None = row["expected_s"]
    return told if told is not None else planned.get(row["id"])


def ordered(rows: Iterable[Row], planned: Mapping[str, float]) -> list[Row]:
    return sorted(rows, key=lambda row: _key(row, planned))


def chosen(rows: Iterable[Row], show: str, text: str, titles: Mapping[str, str]) -> list[Row]:
    """Those in the states of `show` that have every word of `text` in what a reader sees."""
    states = SHOWN.get(show)
    words = text.casefold().split()
    return [
        row
        for row in rows
        if (states is None or row["state"] in states) and (not words or _has(row, words, titles))
    ]


def held(before: Sequence[str], rows: Sequence[Row]) -> list[Row]:
    """In the order of `before`, new ones at the end: while a reader is about to press something
    nothing moves."""
    by_id = {row["id"]: row for row in rows}
    known = set(before)
    kept = [by_id[id] for id in before if id in by_id]
    return kept + [row for row in rows if row["id"] not in known]


def _has(row: Row, words: Sequence[str], titles: Mapping[str, str]) -> bool:
    name = row["workload"]
    said = f"{row['name']} #{row['id']} {name} {titles.get(name, '')}".casefold()
    return all(word in said for word in words)


def _key(row: Row, planned: Mapping[str, float]) -> tuple[float, ...]:
    state = row["state"]
    group = _GROUP.get(state, len(SHOWN))
    if state in SHOWN["running"]:
        return group, row["started_s"] or math.inf, row["submitted_s"]
    if state in SHOWN["waiting"]:
        at_s = expected_s(row, planned)
        late = math.inf if at_s is None else at_s
        return group, _WAITING[state], late, -row["priority"], row["submitted_s"]
    # All that ended together, whichever way.
    return _GROUP["succeeded"], -row["changed_s"]
