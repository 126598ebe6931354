"""Times of a week file: `Mon 09:00`, `18:30`, `+2h` as moments, `90`, `30m`, `1h30m` as durations.

Moments are seconds since the Monday, 00:00, of the week that is planned.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

DAY_S = 86_400.0
WEEK_S = 7 * DAY_S
MOST_S = 366 * DAY_S
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

MOMENTS = "It takes a day and a time such as 'Mon 09:00', a time such as '18:30', or '+2h'."
DURATIONS = "It takes a duration such as '30m', '6h' or '1h30m', or seconds; a year at most."

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": DAY_S}
_DURATION = re.compile(r"(?:\d{1,9}(?:\.\d+)?[dhms])+|\d{1,9}(?:\.\d+)?")
_MOMENT = re.compile(r"(?:([a-z]{3,9})\s+)?(\d{1,2}):(\d{2})")
_LONG = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True)
class Moment:
    """One of: so long after something, a time of the day, a time of a day of the week."""

    after_s: float | None = None
    clock_s: float = 0.0
    day: int | None = None
    said: str = "+0s"  # as a person wrote it

    def at_s(self, start_s: float, base_s: float) -> float:
        """Which moment is meant in a plan from `start_s` on. A day of the week is the first one in
        the plan; a time of the day the first one, and `+2h` two hours, after `base_s`."""
        if self.after_s is not None:
            return base_s + self.after_s
        if self.day is not None:
            at_s = self.day * DAY_S + self.clock_s
            return at_s if at_s >= start_s else at_s + WEEK_S
        at_s = base_s // DAY_S * DAY_S + self.clock_s
        return at_s if at_s >= base_s else at_s + DAY_S


def moment(value: object) -> Moment:
    """ValueError, in words, where it is none."""
    text = value.strip().lower() if isinstance(value, str) else ""
    if text.startswith("+"):
        return Moment(_span_s(text[1:], MOMENTS), said=text)
    match = _MOMENT.fullmatch(text)
    if match is None or int(match[2]) > 23 or int(match[3]) > 59:
        raise ValueError(MOMENTS)
    clock_s = int(match[2]) * 3600.0 + int(match[3]) * 60.0
    if match[1] is None:
        return Moment(clock_s=clock_s, said=text)
    days = [n for n, day in enumerate(_LONG) if match[1] in (day, day[:3])]
    if not days:
        raise ValueError(f"'{match[1]}' is no day: they are {', '.join(DAYS)}.")
    return Moment(clock_s=clock_s, day=days[0], said=text.capitalize())


def duration_s(value: object) -> float:
    """ValueError, in words, where it is none or nothing."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = f"{value:g}"
    spent_s = _span_s(value.strip().lower() if isinstance(value, str) else "", DURATIONS)
    if not 0 < spent_s <= MOST_S:
        raise ValueError(DURATIONS)
    return spent_s


def words(at_s: float) -> str:
    """`Tue 18:30`."""
    minute = int(at_s // 60)
    return f"{day(at_s)} {minute // 60 % 24:02d}:{minute % 60:02d}"


def day(at_s: float) -> str:
    return DAYS[int(at_s // DAY_S) % 7]


def is_weekday(at_s: float) -> bool:
    return at_s // DAY_S % 7 < 5


def _span_s(text: str, why: str) -> float:
    if not _DURATION.fullmatch(text):
        raise ValueError(why)
    if text[-1].isdigit():
        return float(text)
    return sum(float(n) * _SECONDS[unit] for n, unit in re.findall(r"([\d.]+)([dhms])", text))
