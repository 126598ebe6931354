"""The largest limit, the same for every card, under which a box keeps to so many watts."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from tenfold.site.verdict.drawing import Drawing
from tenfold.site.verdict.figure import Figure, computed, unknown


@dataclass(frozen=True)
class Cap:
    """The largest limit, the same for every card, under which the box keeps to one watt figure."""

    allowed: Figure  # W of the whole box
    whole: bool  # no card has to be held down
    cap: Figure  # W a card; unknown where not even the lowest fits
    speed: Figure  # share of full speed under it
    box: Figure  # W of the box at worst under it
    running: Figure  # cards that can run; less than all where the lowest limit does not fit


def cap_within(drawing: Drawing, allowed: Figure, fits: Callable[[float], bool]) -> Cap:
    """The largest whole-watt cap a card for which `fits(watts of the box)`."""
    count = len(drawing.cards)
    if fits(drawing.worst_w()):
        return Cap(
            allowed,
            True,
            computed(_highest_w(drawing), "W", "the cards' highest limit", "the box has no card"),
            computed(1.0, "share", "no card is held down"),
            computed(drawing.worst_w(), "W", "the worst case"),
            computed(count, "cards", "all of them"),
        )
    lowest_w = _lowest_w(drawing)
    if lowest_w is None or not fits(drawing.worst_w(lowest_w)):
        return _some(drawing, allowed, fits)
    low, high = lowest_w, math.ceil(_highest_w(drawing) or 0.0)
    while high - low > 1:  # `low` fits, `high` does not
        middle = (low + high) // 2
        low, high = (middle, high) if fits(drawing.worst_w(middle)) else (low, middle)
    return Cap(
        allowed,
        False,
        computed(low, "W", "the largest whole watt a card that fits"),
        computed(drawing.speed(low), "share", curve_source(drawing)),
        computed(drawing.worst_w(low), "W", f"host and fans, and {count} cards at {low} W"),
        computed(count, "cards", "all of them"),
    )


def below(watts: float) -> Callable[[float], bool]:
    """A limit that is one number of watts."""
    return lambda box_w: box_w <= watts + 1e-6


def _some(drawing: Drawing, allowed: Figure, fits: Callable[[float], bool]) -> Cap:
    """Not even the lowest limit fits: how many cards do, with the rest idle."""
    counts = range(len(drawing.cards), -1, -1)
    running = next((n for n in counts if fits(drawing.some_w(n))), None)
    if running is None:
        why = "not even the idle box fits"
        return Cap(
            allowed,
            False,
            unknown("W", why),
            unknown("share", why),
            unknown("W", why),
            computed(0, "cards", why),
        )
    why = "the lowest limit of all cards does not fit"
    told = f"cards at their lowest limit ({_lowest_words(drawing)}), the rest idle"
    return Cap(
        allowed,
        False,
        unknown("W", why),
        unknown("share", why),
        computed(drawing.some_w(running), "W", f"{running} {told}"),
        computed(running, "cards", told),
    )


def curve_source(drawing: Drawing) -> str:
    told = dict.fromkeys(
        "no curve, so as its limit" if card.curve is None else card.curve.source
        for card in drawing.cards
    )
    return "; ".join(told)


def _lowest_w(drawing: Drawing) -> int | None:
    """The limit below which no card goes any lower."""
    return math.ceil(min(card.lowest_w for card in drawing.cards)) if drawing.cards else None


def _highest_w(drawing: Drawing) -> float | None:
    return max((card.highest_w for card in drawing.cards), default=None)


def _lowest_words(drawing: Drawing) -> str:
    each = sorted({card.lowest_w for card in drawing.cards})
    return " or ".join(f"{watts:g} W" for watts in each)
