"""The plan ahead as blocks in lanes: which card, which part of it, from when to when.

`lanes(devices)` are the box's cards and its CPU; `blocks(plan, lanes)` puts every stay of
GET /api/ahead where it stands: a whole card over the full height of its lane, a slice at its place
0 to 7 of the card's eight, those who share a card or the CPU one above the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

SLICES = 8  # memory slices of a card


@dataclass(frozen=True)
class Lane:
    id: str
    is_cpu: bool


@dataclass(frozen=True)
class Block:
    """`low` and `high` are parts of its lane's height, 0 to 1. `jobs` are several where those
    beside one another would each be too thin to be seen."""

    lane: str
    low: float
    high: float
    start_s: float
    end_s: float
    jobs: tuple[str, ...]
    name: str
    profile: str
    known: bool


def lanes(devices: Iterable[Mapping[str, Any]]) -> list[Lane]:
    """As the box names its devices; the CPU last."""
    found = [Lane(str(one["id"]), one["kind"] == "cpu") for one in devices]
    return sorted(found, key=lambda lane: lane.is_cpu)


def blocks(plan: Mapping[str, Any], among: Sequence[Lane]) -> list[Block]:
    """In each lane by start. Stays on devices that the box does not have are left out."""
    cpus = {lane.id for lane in among if lane.is_cpu}
    known = {lane.id for lane in among}
    found: list[Block] = []
    beside: dict[str, list[Block]] = defaultdict(list)
    for stay in plan["jobs"]:
        for device in stay["devices"]:
            if device not in known:
                continue
            block = _block(stay, device)
            shares = device in cpus or (stay["share"] is not None and stay["slice"] is None)
            (beside[device] if shares else found).append(block)
    for sharing in beside.values():
        found += _stacked(sharing)
    order = {lane.id: n for n, lane in enumerate(among)}
    return sorted(found, key=lambda block: (order[block.lane], block.start_s, block.low))


def merged(found: Sequence[Block], thin_s: float) -> list[Block]:
    """Those shorter than `thin_s` that follow one another in the same place become one."""
    grown: dict[tuple[str, float, float, bool], Block] = {}
    over: list[Block] = []
    for block in found:
        place = (block.lane, block.low, block.high, block.known)
        last = grown.pop(place, None)
        if block.end_s - block.start_s >= thin_s:
            over += [block] if last is None else [last, block]
        elif last is None:
            grown[place] = block
        elif block.start_s - last.end_s < thin_s:
            grown[place] = replace(last, end_s=block.end_s, jobs=last.jobs + block.jobs)
        else:
            over.append(last)
            grown[place] = block
    return over + list(grown.values())


def _block(stay: Mapping[str, Any], device: str) -> Block:
    place = stay["slice"]
    low, high = 0.0, 1.0
    if place is not None:
        low, high = place["start"] / SLICES, (place["start"] + place["size"]) / SLICES
    return Block(
        lane=device,
        low=low,
        high=high,
        start_s=stay["start_s"],
        end_s=stay["end_s"],
        jobs=(str(stay["id"]),),
        name=stay["name"],
        profile="" if place is None else place["profile"],
        known=stay["known"],
    )


def _stacked(sharing: Sequence[Block]) -> list[Block]:
    """Each in the first row that is free at its start; all rows are equally high."""
    ends: list[float] = []
    rows: list[tuple[Block, int]] = []
    for block in sorted(sharing, key=lambda one: one.start_s):
        row = next((n for n, end_s in enumerate(ends) if end_s <= block.start_s), len(ends))
        ends[row : row + 1] = [block.end_s]
        rows.append((block, row))
    high = 1 / max(len(ends), 1)
    return [replace(block, low=row * high, high=(row + 1) * high) for block, row in rows]
