"""Judges what a box drew. Knows nothing of Tenfold: plain numbers in, what is wrong out.

A record holds the site in words of its own, the draw at the wall as a list of (s, W), each until
the next, and the faults that were planted. Time is s since a Monday, 00:00.

- *Steps of the clock* (circuits, quiet hours): the draw is inside them at every moment, whatever
  fault is about, but for what a reading alone can tell: a card that draws more than its limit, a
  process of somebody else, a lost power supply. These may cost GRACE_S, from when they begin, and
  for as long again when what they change is over.
- *A breaker* trips by its heat: it warms with the square of the current and cools by itself. The
  constants make it quicker than the quickest that UL 489 lets pass: it holds 100 % for ever, and
  trips at 135 % after a minute and a half (the standard asks for an hour at most).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

# Two ticks of half a second, what a reading needs to be believed (five seconds under a new limit,
# two readings in a row), three for a lower limit to hold, and the pause in which a job leaves.
GRACE_S = 1.0 + 6.0 + 3.0 + 35.0
READ = ("overshoot", "foreign", "supply")  # faults that no clock tells
DAY_S, WEEK_S = 86_400.0, 7 * 86_400.0

TRIPS_AT = 1.05**2  # heat at which it trips, where 1 is that of its rated current for ever
BREAKER_S = 90.0 / math.log(1.35**2 / (1.35**2 - TRIPS_AT))  # its time constant


@dataclass
class Judgement:
    over_ws: float = 0.0  # W s over what the clock allows, not excused by a reading
    late_ws: float = 0.0  # W s over it after a fault's grace
    excused_ws: float = 0.0  # W s over it within a grace
    longest_s: float = 0.0  # over it in one piece
    breaker: float = 0.0  # the most heat of a breaker, where TRIPS_AT trips it
    wrong: list[str] = field(default_factory=list)


def judged(record: dict[str, Any]) -> Judgement:
    found = Judgement()
    heat = 0.0
    since_s: float | None = None
    for from_s, until_s, watts in _pieces(record):
        allowed_w = allowed(record, from_s)
        heat = _breaker(found, heat, _loaded(record, from_s, watts), until_s - from_s)
        over_w = watts - allowed_w
        if over_w <= 1e-6:
            since_s = None
            continue
        since_s = from_s if since_s is None else since_s
        found.longest_s = max(found.longest_s, until_s - since_s)
        spent = over_w * (until_s - from_s)
        kind = _excuse(record, from_s)
        if kind == "in grace":
            found.excused_ws += spent
        elif kind == "late":
            found.late_ws += spent
            found.wrong.append(f"{from_s:.1f} s: {over_w:.0f} W over, its grace is spent")
        else:
            found.over_ws += spent
            found.wrong.append(f"{from_s:.1f} s: {over_w:.0f} W over {allowed_w:.0f}")
    if found.breaker >= TRIPS_AT:
        found.wrong.append("a breaker trips")
    return found


def allowed(record: dict[str, Any], at_s: float) -> float:
    """What the place allows at this moment, reckoned from its bare facts."""
    site = record["site"]
    least = [site.get("watts", math.inf)]
    working = _working(record, at_s)
    for circuit in site["circuits"]:
        share = _share(site, circuit, working)
        if share > 0:
            root = math.sqrt(3.0) if circuit["phases"] == 3 else 1.0
            least.append(circuit["volts"] * circuit["amps"] * root * 0.8 / share)
    for quiet in site["quiet"]:
        minute = at_s % DAY_S / 60.0
        begin, end = quiet["from_min"], quiet["until_min"]
        inside = begin <= minute < end if begin < end else minute >= begin or minute < end
        if inside:
            least.append(quiet["watts"])
    if site.get("supply_w"):
        least.append(site["supply_w"] * working / site["efficiency"])
    return min(least)


def _working(record: dict[str, Any], at_s: float) -> int:
    lost = sum(
        1
        for fault in record["faults"]
        if fault["kind"] == "supply" and fault["from_s"] <= at_s < fault["until_s"]
    )
    return int(record["site"]["supplies"]) - lost


def _share(site: dict[str, Any], circuit: dict[str, Any], working: int) -> float:
    """Of the box that this circuit carries. Supplies are numbered through the circuits; whichever
    of them is lost, the worst for this circuit is that it was another's."""
    own, total = circuit["supplies"], site["supplies"]
    if working <= 0:
        return 0.0
    return min(1.0, own / working) if working < total else own / total


def _loaded(record: dict[str, Any], at_s: float, watts: float) -> float:
    """The load of the busiest breaker, as a share of its rated amps."""
    site, working = record["site"], _working(record, at_s)
    loads = [0.0]
    for circuit in site["circuits"]:
        root = math.sqrt(3.0) if circuit["phases"] == 3 else 1.0
        rated_w = circuit["volts"] * circuit["amps"] * root
        loads.append(watts * _share(site, circuit, working) / rated_w)
    return max(loads)


def _breaker(found: Judgement, heat: float, load: float, lasts_s: float) -> float:
    """First order towards the square of the load."""
    target = load**2
    after = target + (heat - target) * math.exp(-lasts_s / BREAKER_S)
    found.breaker = max(found.breaker, heat, after)
    return after


def _excuse(record: dict[str, Any], at_s: float) -> str:
    read = [fault for fault in record["faults"] if fault["kind"] in READ]
    for fault in read:
        for mark_s in (fault["from_s"], fault["until_s"], *fault.get("again_s", ())):
            if mark_s <= at_s < mark_s + GRACE_S:
                return "in grace"
    inside = any(fault["from_s"] <= at_s < fault["until_s"] + GRACE_S for fault in read)
    return "late" if inside else ""


def _pieces(record: dict[str, Any]) -> list[tuple[float, float, float]]:
    """(from, until, W), cut wherever what is allowed, or excused, may change."""
    draws: list[list[float]] = record["draws"]
    end_s = record["end_s"]
    marks = {at_s for at_s, _ in draws} | {end_s}
    for fault in record["faults"]:
        for at_s in (fault["from_s"], fault["until_s"], *fault.get("again_s", ())):
            marks |= {at_s, at_s + GRACE_S}
    first_s = draws[0][0]
    day_s = first_s - first_s % DAY_S
    while day_s < end_s:
        for quiet in record["site"]["quiet"]:
            marks |= {day_s + 60.0 * quiet["from_min"], day_s + 60.0 * quiet["until_min"]}
        day_s += DAY_S
    inside = sorted(at_s for at_s in marks if first_s <= at_s <= end_s)
    found, place = [], 0
    for from_s, until_s in pairwise(inside):
        while place + 1 < len(draws) and draws[place + 1][0] <= from_s:
            place += 1
        found.append((from_s, until_s, draws[place][1]))
    return found
