"""Power caps: how busy cards divide what the budget leaves above their lowest caps.

Watts go where they buy the most speed. Every card's curve is a chain of straight pieces; the pieces
are filled by what a watt gains on them, best first, and pieces that gain the same are filled alike.
Curves are concave above the knee, so this is the division with the largest sum of speeds. A gang
goes at the pace of its slowest card, so its cards stand at one share. Whoever is waited for counts
more: services, interactive jobs, and jobs that are ahead of their order for a deadline.

Unused cards go back to their maximum once there is room for every card's; until then they stand at
their lowest, so that nobody who comes by unseen draws more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from tenfold.placement.power import CAP_LEAD_S, Watts, highest_cap_w, lowest_cap_w
from tenfold.placement.slots import Hold
from tenfold.terms.box import Box, Device, DeviceKind
from tenfold.terms.budget import Budget
from tenfold.terms.curve import Curve
from tenfold.terms.decision import Cap
from tenfold.terms.job import Job, Kind

WAITED_FOR = 2.0  # a watt for somebody who is waited for counts twice
SLACK_W = 5.0  # a cap is not raised for less: a call to the driver for a watt is none worth making
# A card without a curve: all of its watts are worth the same, less than a known gain and more than
# none.
_UNKNOWN_GAIN = 0.5


@dataclass(frozen=True)
class _Unit:
    """Cards that stand at one share: a gang's, or one card with whoever is on it."""

    gpus: tuple[Device, ...]
    loads: frozenset[str]
    weight: float
    most_w: float = math.inf  # of one card, where its job asks for no more

    def bounds(self, gpu: Device) -> tuple[float, float]:
        """A job that asks for less than the knee gets it, down to what the card takes: whoever
        measures a curve has to see what lies below."""
        low_w, high_w = lowest_cap_w(gpu), highest_cap_w(gpu)
        if self.most_w == math.inf:
            return low_w, high_w
        most_w = max(math.ceil(gpu.cap_min_w), min(high_w, math.floor(self.most_w)))
        return min(low_w, most_w), most_w


def caps(
    box: Box,
    watts: Watts,
    budget: Budget,
    holds: Sequence[Hold],
    jobs: Mapping[str, Job],
    now: float,
) -> tuple[Cap, ...]:
    """The caps that have to change; `jobs` are those of `holds`, as far as they are known."""
    settable = {gpu.id: gpu for gpu in box.gpus if gpu.cap_max_w > 0}
    units = _units(settable, holds, jobs)
    held = {gpu.id for unit in units for gpu in unit.gpus}
    # Somebody else's work has its part as well.
    units += [
        _Unit((gpu,), frozenset({"compute"}), 1.0)
        for gpu in settable.values()
        if gpu.others and gpu.id not in held
    ]
    busy = {gpu.id for unit in units for gpu in unit.gpus}
    limit_w = budget.lowest_w(now, now + CAP_LEAD_S)
    room_w = limit_w - watts.load_w(holds)
    span_w = sum(_span_w(unit) for unit in units)
    if room_w >= span_w:
        levels = {gpu.id: unit.bounds(gpu)[1] for unit in units for gpu in unit.gpus}
    else:
        levels = _divided(units, max(0.0, room_w))
    idle = [gpu for gpu in settable.values() if gpu.id not in busy]
    idle_w = sum(highest_cap_w(gpu) * gpu.overdraw - gpu.idle_w for gpu in idle)
    roomy = room_w >= span_w + idle_w
    levels |= {gpu.id: highest_cap_w(gpu) if roomy else lowest_cap_w(gpu) for gpu in idle}
    return tuple(
        Cap(id, levels[id]) for id, gpu in settable.items() if _differs(gpu, levels[id], limit_w)
    )


def _differs(gpu: Device, level_w: float, limit_w: float) -> bool:
    if level_w > gpu.cap_w and level_w < highest_cap_w(gpu) and limit_w < math.inf:
        return level_w - gpu.cap_w >= SLACK_W
    return level_w != gpu.cap_w


def _units(
    settable: Mapping[str, Device], holds: Sequence[Hold], jobs: Mapping[str, Job]
) -> list[_Unit]:
    on_card: dict[str, list[Hold]] = {}
    gangs: list[Hold] = []
    for hold in holds:
        if hold.slot.kind is not DeviceKind.GPU:
            continue
        if len(hold.slot.devices) > 1:
            gangs.append(hold)
        else:
            on_card.setdefault(hold.slot.devices[0], []).append(hold)
    found = []
    for hold in gangs:
        gpus = tuple(settable[id] for id in hold.slot.devices if id in settable)
        if gpus:
            found.append(_unit(gpus, [hold], jobs))
    found += [_unit((settable[id],), on, jobs) for id, on in on_card.items() if id in settable]
    return found


def _unit(gpus: tuple[Device, ...], holds: Sequence[Hold], jobs: Mapping[str, Job]) -> _Unit:
    on = [jobs[hold.job] for hold in holds if hold.job in jobs]
    asked = [job.cap_w for job in on]
    most_w = max((w for w in asked if w is not None), default=math.inf)
    return _Unit(
        gpus,
        frozenset(job.spec.needs.load for job in on) or frozenset({"compute"}),
        WAITED_FOR if any(job.spec.kind is not Kind.BATCH for job in on) else 1.0,
        math.inf if None in asked else most_w,
    )


def _span_w(unit: _Unit) -> float:
    """From lowest to highest caps, as the wall sees it."""
    both = [(unit.bounds(gpu), gpu.overdraw) for gpu in unit.gpus]
    return sum((high - low) * overdraw for (low, high), overdraw in both)


def _divided(units: Sequence[_Unit], room_w: float) -> dict[str, float]:
    """Levels that take `room_w` above the lowest ones, in whole watts."""
    pieces = [(gain, n, piece) for n, unit in enumerate(units) for gain, piece in _pieces(unit)]
    pieces.sort(key=lambda one: (-one[0], one[1]))
    reached = [0.0] * len(units)  # of each unit's way from lowest to highest
    place = 0
    while place < len(pieces) and room_w > 0:
        same = [one for one in pieces[place:] if one[0] >= pieces[place][0] * (1.0 - 1e-9)]
        place += len(same)
        cost_w = sum(piece * _span_w(units[n]) for _, n, piece in same)
        part = 1.0 if cost_w <= room_w else room_w / cost_w
        for _, n, piece in same:
            reached[n] += part * piece
        room_w -= part * cost_w
    levels = {}
    for unit, way in zip(units, reached, strict=True):
        for gpu in unit.gpus:
            low, high = unit.bounds(gpu)
            # A hair above a whole watt is that watt: sums of shares are not exact.
            levels[gpu.id] = max(low, math.floor(low + min(1.0, way) * (high - low) + 1e-6))
    return levels


def _pieces(unit: _Unit) -> list[tuple[float, float]]:
    """(gain of a watt, share of the way from lowest to highest) of each piece, as the first card's
    curves go."""
    span_w = _span_w(unit)
    if span_w <= 0:
        return []
    gpu = unit.gpus[0]
    worth = len(unit.gpus) * unit.weight / span_w
    shape = _shape(gpu.curves, gpu.cap_max_w, *unit.bounds(gpu), unit.loads)
    return [(worth * gain, piece) for gain, piece in shape]


@lru_cache(maxsize=4096)
def _shape(
    curves: tuple[Curve, ...], cap_max_w: float, low_w: float, high_w: float, loads: frozenset[str]
) -> tuple[tuple[float, float], ...]:
    """(speed gained a whole way, share of the way) of each straight piece."""
    asked = [curve for curve in curves if curve.load in loads] or list(curves[:1])
    if not asked:
        return ((_UNKNOWN_GAIN, 1.0),)
    span_w = high_w - low_w
    inside = {cap * cap_max_w for curve in asked for cap in curve.caps}
    marks = sorted({low_w, high_w} | {at_w for at_w in inside if low_w < at_w < high_w})
    found = []
    for left_w, right_w in pairwise(marks):
        gain = max(one.speed(right_w / cap_max_w) - one.speed(left_w / cap_max_w) for one in asked)
        piece = (right_w - left_w) / span_w
        found.append((max(0.0, gain) / piece, piece))
    return tuple(found)
