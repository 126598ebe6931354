"""What a person may answer to the questions of `tenfold site init`, as values; a ValueError says in
words what is asked for. The ranges are those of the daemon, which reads the file (a test holds them
together)."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable
from typing import Any

from tenfold.cli.words import one_line

Read = Callable[[str], Any]
BTU_H_PER_W = 3.412142
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
_NUMBER = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*([a-z/%]*)")


def number(low: float, high: float, unit: str = "") -> Read:
    def read(said: str) -> float:
        value, told = _split(said)
        if told not in ("", unit.lower()) or not low <= value <= high:
            raise ValueError(f"It takes a number from {low:g} to {high:,.10g}.")
        return value

    return read


def whole(low: int, high: int) -> Read:
    def read(said: str) -> int:
        value = number(low, high)(said)
        if value != int(value):
            raise ValueError(f"It takes a whole number from {low} to {high}.")
        return int(value)

    return read


def watts(said: str) -> float:
    value, unit = _split(said)
    if unit not in ("", "w", "kw"):
        raise ValueError("It takes watts: 3000, or 3 kW.")
    value *= 1000.0 if unit == "kw" else 1.0
    if 0 < value < 50:
        raise ValueError(f"{value:g} looks like kW: write {value:g} kW if that is meant.")
    if not 50 <= value <= 1e6:
        raise ValueError("It takes watts, from 50 to 1,000,000.")
    return value


def heat(said: str) -> dict[str, float]:
    """Fields of [cooling]. Watts are written as BTU/h too: it was asked for the unit, and the
    daemon need not doubt it."""
    value, unit = _split(said)
    if unit in ("btu", "btu/h") and 170 <= value <= 3_400_000:
        return {"btu_h": value}
    if unit not in ("w", "kw"):
        raise ValueError("It takes a number with its unit: 3500 W, 3.5 kW or 12000 BTU/h.")
    value = watts(said)
    return {"watts": value, "btu_h": round(value * BTU_H_PER_W)}


def share(low: float) -> Read:
    def read(said: str) -> float:
        value, unit = _split(said)
        value /= 100.0 if unit == "%" else 1.0
        if not low <= value <= 1:
            raise ValueError(f"It takes a share from {low:g} to 1: 0.8, or 80 %.")
        return value

    return read


def above_zero(said: str) -> float:
    value, unit = _split(said)
    if unit not in ("", "kwh") or not 0 < value < 1e12:
        raise ValueError("It takes a number above 0.")
    return value


def price(said: str) -> float:
    """It may be below 0."""
    value, unit = _split(said)
    if unit or not abs(value) < 1e9:
        raise ValueError("It takes the price of one kWh, a number: 0.31.")
    return value


def hours(said: str) -> tuple[str, str]:
    """`22:00-07:00`, which end."""
    match = _HOURS.fullmatch(said)
    if match is None or int(match[1]) > 23 or int(match[3]) > 23 or int(match[2]) > 59:
        raise ValueError("It takes two times of day: 22:00-07:00.")
    start, end = (
        f"{int(hour):02d}:{minute}" for hour, minute in (match.groups()[:2], match.groups()[2:])
    )
    if int(match[4]) > 59 or start == end:
        raise ValueError("It takes two different times of day: 22:00-07:00.")
    return start, end


def days(said: str) -> str:
    words = said.lower().replace(" ", "")
    parts = [part.split("-") for part in words.split(",")]
    if words != "all" and not all(len(p) <= 2 and set(p) <= set(_DAYS) for p in parts):
        raise ValueError("It takes days such as mon-fri, or sat,sun.")
    return words


def one_of(*words: str) -> Read:
    def read(said: str) -> str:
        if said.lower() not in words:
            raise ValueError(f"It takes one of {', '.join(words)}.")
        return said.lower()

    return read


def name(said: str) -> str:
    if len(said) > 60:
        raise ValueError("It takes a short name.")
    return one_line(said)


def zone(said: str) -> str:
    try:
        zoneinfo.ZoneInfo(said)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("It takes a time zone such as Europe/Berlin or Asia/Taipei.") from error
    return said


def _split(said: str) -> tuple[float, str]:
    """A number and its unit."""
    match = _NUMBER.fullmatch(said.lower().strip())
    if match is None:
        point = " with a point for decimals" if "," in said else ""
        raise ValueError(f"It takes a number{point}.")
    return float(match[1]), match[2]
