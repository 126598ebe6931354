"""Numbers and moments in words: watts, degrees, memory, how long, when."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

from tenfold.web.words import Words

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400


def known(value: Any) -> float | None:
    """A reading as a number; None where the API says `{"missing": why}`."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def why_missing(value: Any) -> str:
    return str(value.get("missing", "")) if isinstance(value, dict) else ""


def number(value: float | None, digits: int = 3) -> str:
    """`12.3`, `1,240`, `0.00012`; a dash for what is not known."""
    if value is None:
        return "–"
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def amount(value: float | None, unit: str, digits: int = 3) -> str:
    return "–" if value is None else f"{number(value, digits)} {unit}"


def kwh(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value * 1000:.3g} Wh" if value < 0.1 else f"{value:,.3g} kWh"


def size(count: float | None) -> str:
    """Of a file: `812 B`, `14.2 kB`, `5 MB`."""
    if count is None:
        return "–"
    for unit, step in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= step:
            return f"{count / step:.3g} {unit}"
    return f"{count:.0f} B"


def money(value: float | None, currency: str | None) -> str:
    if value is None:
        return "–"
    text = f"{value:,.2f}" if value >= 0.1 or value == 0 else f"{value:.2g}"
    return f"{text} {currency or ''}".strip()


def long(t: Words, seconds: float | None) -> str:
    """How long: `40 s`, `12 min`, `3 h 20 min`, `2 d 4 h`."""
    if seconds is None or not math.isfinite(seconds):
        return "–"
    seconds = max(0.0, seconds)
    if seconds < MINUTE_S:
        return t("amounts.seconds", n=f"{seconds:.0f}" if seconds >= 10 else f"{seconds:.2g}")
    if seconds < HOUR_S:
        return t("amounts.minutes", n=round(seconds / MINUTE_S))
    if seconds < 2 * DAY_S:
        hours, minutes = divmod(round(seconds / MINUTE_S), 60)
        if not minutes:
            return t("amounts.hours", n=hours)
        return t("amounts.hours_minutes", h=hours, m=minutes)
    days, hours = divmod(round(seconds / HOUR_S), 24)
    return t("amounts.days_hours", d=days, h=hours)


def moment(at_s: float | None, now_s: float) -> str:
    """When: `14:05` today, `Tue 14:05` within a week, else the date; of the daemon's own zone."""
    if at_s is None:
        return "–"
    at = datetime.fromtimestamp(at_s)
    if at.date() == datetime.fromtimestamp(now_s).date():
        return at.strftime("%H:%M")
    return at.strftime("%m-%d %H:%M")
