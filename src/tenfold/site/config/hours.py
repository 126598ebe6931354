"""Days and times of day in site.toml, and its [[quiet]]."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import time
from pathlib import Path
from typing import Any

from tenfold.site.config.fields import Section, tables, watts
from tenfold.site.config.heat import dba
from tenfold.site.hours import DAY_MIN, DAYS, left_out
from tenfold.site.settings import ALL_DAYS, Quiet, Span

SPAN = ("days", "from", "until")
QUIET = (*SPAN, "dba", "watts")
_LONG = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")
_TAKES_DAYS = 'It takes days such as "mon-fri", "sat,sun" or ["mon", "wed"].'
_TAKES_CLOCK = 'It takes a time of day such as "22:00".'


def span(told: Section) -> Span:
    """Of the fields days, from and until; what is not said is every day, and midnight."""
    return Span(_days(told), _clock(told, "from"), _clock(told, "until"))


def night(told: Section) -> Span | None:
    """Of the field night: "22:00-07:00"."""
    if not told.has("night"):
        return None
    value = told.told["night"]
    parts = value.split("-") if isinstance(value, str) else []
    found = [_minute(part) for part in parts]
    if len(found) != 2 or found[0] is None or found[1] is None or found[0] == found[1]:
        raise told.wrong("night", 'It takes two times of day: "22:00-07:00".')
    return Span(from_min=found[0], until_min=found[1] % DAY_MIN)


def quiet(told: Any, points: Sequence[tuple[float, float]], path: Path) -> tuple[Quiet, ...]:
    if told is None:
        return ()
    found = tables(told, "quiet", QUIET, path)
    read = [_quiet(one, points) for one in found]
    if read and left_out([one.span for one in read]) is None:
        why = "Together these rows cover the whole week: quiet hours have to end. "
        why += "For a limit at every hour there is watts in [site]."
        raise found[-1].wrong("until", why)
    return tuple(read)


def _quiet(told: Section, points: Sequence[tuple[float, float]]) -> Quiet:
    if told.has("dba") == told.has("watts"):
        raise told.wrong("dba", "It takes one of dba and watts: how loud the box may be then.")
    if not (told.has("from") and told.has("until")):
        raise told.missing("until" if told.has("from") else "from", "Say from and until.")
    loudest = dba(told, "dba")
    if loudest is not None and not points:
        why = "How many watts that is, is known only with two points in [noise] that you measured; "
        raise told.wrong("dba", f"{why}until then write watts.")
    return Quiet(span(told), loudest, watts(told, "watts", "what the box may draw then"))


def _days(told: Section) -> frozenset[int]:
    if not told.has("days"):
        return ALL_DAYS
    value = told.told["days"]
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(one, str) for one in words):
        raise told.wrong("days", _TAKES_DAYS)
    found: set[int] = set()
    for word in ",".join(words).lower().split(","):
        found |= _day_words(told, word.strip())
    return frozenset(found)


def _day_words(told: Section, word: str) -> frozenset[int]:
    """`sat`, or `sun-thu`, which goes over the week's end."""
    if word == "all":
        return ALL_DAYS
    ends = [_day(part.strip()) for part in word.split("-")]
    first, last = ends[0], ends[-1]
    if len(ends) > 2 or first is None or last is None:
        raise told.wrong("days", f"{_TAKES_DAYS} Days are {', '.join(DAYS).lower()}.")
    return frozenset((first + n) % 7 for n in range((last - first) % 7 + 1))


def _day(word: str) -> int | None:
    found = [n for n, name in enumerate(_LONG) if word in (name, name[:3])]
    return found[0] if found else None


def _clock(told: Section, field: str) -> int:
    """Minutes after midnight; 24:00 is midnight too."""
    value = told.told.get(field, "00:00")
    if isinstance(value, time):  # TOML has times of its own: 22:00:00
        value = f"{value.hour:02d}:{value.minute:02d}" if not value.second else ""
    minute = _minute(value)
    if minute is None:
        raise told.wrong(field, _TAKES_CLOCK)
    return minute % DAY_MIN


def _minute(value: Any) -> int | None:
    match = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or int(match[2]) > 59 or int(match[1]) * 60 + int(match[2]) > DAY_MIN:
        return None
    return int(match[1]) * 60 + int(match[2])
