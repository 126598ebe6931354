"""Numbers as a person reads and writes them: durations, watts, memory, slots. No I/O."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from tenfold.terms.refusal import refusal
from tenfold.terms.short import device_words

NOT_AVAILABLE = "n/a"

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MOMENT = re.compile(r"(?:([A-Za-z]{3,9})\s+)?(\d{1,2}):(\d{2})")
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[dhms])+|\d+(?:\.\d+)?")


def seconds(text: str) -> float:
    """`90`, `30s`, `2h`, `1h30m` in seconds."""
    plain = text.strip().lower()
    if not _DURATION.fullmatch(plain):
        raise refusal("cli.duration", text=text)
    if plain[-1].isdigit():
        return float(plain)
    return sum(float(n) * _SECONDS[u] for n, u in re.findall(r"([\d.]+)([dhms])", plain))


def moment(text: str, now_s: float) -> float:
    """`18:30` (the next one), `Fri 07:00`, `2026-12-24T18:00`, `+2h`: seconds since the epoch, in
    this machine's time zone. A clock that is put forward or back in between is followed."""
    plain = text.strip()
    if plain.startswith("+"):
        return now_s + seconds(plain[1:])
    now = datetime.fromtimestamp(now_s)
    match = _MOMENT.fullmatch(plain)
    if match is None:
        try:
            return datetime.fromisoformat(plain).timestamp()
        except (ValueError, OverflowError, OSError):
            raise refusal("cli.moment", text=text) from None
    day, hour, minute = match[1], int(match[2]), int(match[3])
    if hour > 23 or minute > 59 or (day and day[:3].capitalize() not in _DAYS):
        raise refusal("cli.moment", text=text)
    ahead = (_DAYS.index(day[:3].capitalize()) - now.weekday()) % 7 if day else 0
    at = now.replace(hour=hour, minute=minute, second=0, microsecond=0) + timedelta(days=ahead)
    if at <= now:
        at += timedelta(days=7 if day else 1)
    return at.timestamp()


def duration(spent_s: float | None) -> str:
    """Two units at most: `3.2 s`, `4 min 05 s`, `2 h 10 min`, `3 d 4 h`."""
    if spent_s is None:
        return NOT_AVAILABLE
    if spent_s < 9.95:
        return f"{max(0.0, spent_s):.1f} s"
    whole = round(spent_s)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"


def clock(at_s: float) -> str:
    """`Tue 18:30` of seconds since a Monday, 00:00."""
    minute = int(at_s // 60)
    return f"{_DAYS[minute // 1440 % 7]} {minute // 60 % 24:02d}:{minute % 60:02d}"


def measured(value: Any) -> float | None:
    """A number of a Reading; None for a Missing."""
    known = isinstance(value, int | float) and value != float("inf")
    return float(value) if known else None


def amount(value: Any, unit: str, digits: int = 0) -> str:
    """`310 W`; n/a where it is not known."""
    number = measured(value)
    return NOT_AVAILABLE if number is None else f"{number:,.{digits}f} {unit}".replace(",", " ")


def gib(memory_gib: float) -> str:
    return f"{memory_gib:.0f} GiB" if memory_gib >= 100 else f"{memory_gib:.3g} GiB"


def one_line(text: str) -> str:
    """A name may hold anything; on a terminal it may neither break lines nor give orders."""
    return "".join(c if c.isprintable() else " " for c in text)


def plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def number(value: float) -> str:
    """At most six digits, and no zeros for show."""
    return f"{value:,.0f}".replace(",", " ") if abs(value) >= 1e5 else f"{value:.6g}"


def slot_words(slot: dict[str, Any] | None) -> str:
    if not slot:
        return ""
    if slot["kind"] == "cpu":
        return plural(slot["cores"], "core")
    cards = ", ".join(device_words(device) for device in slot["devices"])
    if slot.get("slice"):
        return f"{slot['slice']['profile']} of {cards}"
    return f"{gib(slot['memory_gib'])} of {cards}" if slot.get("fraction") else cards


def needs_words(needs: dict[str, Any]) -> str:
    if needs["slice"]:
        place = f"a {needs['slice']} slice"
    elif needs.get("shared"):
        place = "a shared GPU"
    elif needs["gpus"]:
        place = plural(needs["gpus"], "GPU")
    else:
        place = plural(needs["cores"], "core")
    return f"{place}, {gib(needs['memory_gib'])}"


def progress_words(progress: dict[str, Any]) -> str:
    """`1 200 of 5 000 steps, 31 steps/s, 2 min left`."""
    done, total = progress["done"], progress.get("total")
    unit = progress.get("unit") or "step"
    text = f"{number(done)} of {number(total)} {unit}s" if total else plural(done, unit)
    if progress.get("rate"):
        rate = float(f"{progress['rate']:.3g}")
        text += f", {number(rate)} {unit}s/s"
    if progress.get("eta_s") is not None:
        text += f", {duration(progress['eta_s'])} left"
    return text
