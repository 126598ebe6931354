"""What a program of the owner's tells of the place, in a file that it writes again and again:

    {"at": 1790000000, "inlet_c": 24.5, "supplies": 6, "wall_w": 4210}

`at` is when it looked (s since the epoch). What is not told, or was told too long ago, is Missing.
"""

from __future__ import annotations

import json
import math
from typing import Any

from tenfold.terms.reading import Measured, Missing, PlaceReading

STALE_S = 60.0
# What a sensor can tell; beyond it is broken, or told in another unit.
_RANGES = {"inlet_c": (-40.0, 100.0), "supplies": (0.0, 64.0), "wall_w": (0.0, 1e6)}


def place_reading(text: str, now: float) -> PlaceReading:
    """Of the file's `text`, at `now`."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return _nothing("the place's file is not JSON")
    if not isinstance(told, dict):
        return _nothing("the place's file is no JSON object")
    at_s: Any = told.get("at")
    if not _is_number(at_s):
        return _nothing("the place's file does not say when it was written ('at')")
    if abs(now - at_s) > STALE_S:
        way = "old" if at_s < now else "in the future"
        return _nothing(f"what the place's file tells is {abs(now - at_s):.0f} s {way}")
    return PlaceReading(*(_measured(told, name) for name in _RANGES))


def _measured(told: dict[str, Any], name: str) -> Measured:
    value: Any = told.get(name)
    if value is None:
        return Missing(f"the place's file does not tell '{name}'")
    low, high = _RANGES[name]
    if not _is_number(value) or not low <= value <= high:
        return Missing(f"'{name}' in the place's file is not a number from {low:g} to {high:g}")
    if name == "supplies" and value != int(value):
        return Missing("'supplies' in the place's file is not a whole number")
    return float(value)


def _nothing(why: str) -> PlaceReading:
    return PlaceReading(Missing(why), Missing(why), Missing(why))


def _is_number(value: Any) -> bool:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return known and abs(value) < math.inf  # of NaN neither is true
