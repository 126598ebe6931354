"""How fast a card works, and what it draws, under one power limit after another.

    for cap_w in order(caps(200.0, 350.0, 7), seed=1):
        card.set(cap_w)
        taken.append(take(work, meter, cap_w, seconds=8.0, warm_s=2.0, clock=time.monotonic))
    sweep = swept("compute", taken)

Nothing here knows a card: work, meter and clock are given. The highest limit comes first and last;
between the two the card's full speed is taken to change in a straight line, and every other speed
is a share of that line. So a card that grows warm bends no curve, and `Sweep.drift` tells how much
it was. The meter has to tell of this work alone: a second user of the card shows as drift at best.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

# Closer limits would not tell apart, and the daemon raises none for less than 5 W.
LEAST_STEP_W = 8.0

Work = Callable[[], float]  # does a piece of work to its end; how much that was
Clock = Callable[[], float]  # seconds


class Meter(Protocol):
    """One card. None: it does not tell."""

    def energy_j(self) -> float | None:
        """A counter that only grows."""

    def power_w(self) -> float | None: ...


@dataclass(frozen=True)
class Taken:
    """One measurement."""

    cap_w: float
    at_s: float  # the middle of it
    rate: float  # work a second
    watts: float  # mean draw


@dataclass(frozen=True)
class Point:
    cap_w: float
    speed: float  # share of the rate at the highest limit
    watts: float
    rate: float


@dataclass(frozen=True)
class Sweep:
    """Points by rising limit."""

    load: str
    points: tuple[Point, ...]
    drift: float  # of the rate at the highest limit, from the first measurement to the last


def caps(lowest_w: float, highest_w: float, points: int) -> tuple[float, ...]:
    """Limits in whole watts, evenly from lowest to highest; fewer where they would be too close.
    Raises ValueError where not even two lie apart."""
    apart = int((highest_w - lowest_w) // LEAST_STEP_W)
    pieces = min(points - 1, apart)
    if pieces < 1:
        raise ValueError(f"no two limits lie between {lowest_w:g} and {highest_w:g} W")
    step_w = (highest_w - lowest_w) / pieces
    inner = (float(round(lowest_w + n * step_w)) for n in range(1, pieces))
    return (lowest_w, *inner, highest_w)


def order(caps_w: Sequence[float], seed: int) -> tuple[float, ...]:
    """The highest first and last, the others shuffled between: what drifts hits no end alone."""
    *others, highest_w = sorted(caps_w)
    random.Random(seed).shuffle(others)
    return (highest_w, *others, highest_w)


def take(
    work: Work, meter: Meter, cap_w: float, seconds: float, warm_s: float, clock: Clock
) -> Taken:
    """Work for `warm_s` unseen, then for `seconds`. Raises ValueError where no watts are told."""
    warm_until_s = clock() + warm_s
    while clock() < warm_until_s:
        work()
    began_j, began_s = meter.energy_j(), clock()
    done, seen = 0.0, list[float]()
    while True:
        done += work()
        if began_j is None:
            power_w = meter.power_w()
            seen += [] if power_w is None else [power_w]
        spent_s = clock() - began_s
        if spent_s >= seconds:
            break
    return Taken(
        cap_w, began_s + spent_s / 2, done / spent_s, _watts(meter, began_j, spent_s, seen)
    )


def swept(load: str, taken: Sequence[Taken]) -> Sweep:
    """`taken` in the order of `order`: the first and the last are at the highest limit."""
    first, last = taken[0], taken[-1]
    if first.cap_w != last.cap_w or len(taken) < 3:
        raise ValueError("a sweep begins and ends at the highest limit, with others between")
    found = [
        Point(one.cap_w, one.rate / _full(first, last, one.at_s), one.watts, one.rate)
        for one in taken[1:-1]
    ]
    mean_w, mean_rate = (first.watts + last.watts) / 2, (first.rate + last.rate) / 2
    found.append(Point(first.cap_w, 1.0, mean_w, mean_rate))
    points = tuple(sorted(found, key=lambda point: point.cap_w))
    return Sweep(load, points, last.rate / first.rate - 1.0)


def _watts(meter: Meter, began_j: float | None, spent_s: float, seen: list[float]) -> float:
    """By the counter where there is one: it misses nothing between two readings."""
    if began_j is not None:
        ended_j = meter.energy_j()
        if ended_j is not None and ended_j > began_j:
            return (ended_j - began_j) / spent_s
    elif seen:
        return sum(seen) / len(seen)
    raise ValueError("the card tells neither its energy nor its watts")


def _full(first: Taken, last: Taken, at_s: float) -> float:
    part = (at_s - first.at_s) / (last.at_s - first.at_s)
    return first.rate + part * (last.rate - first.rate)
