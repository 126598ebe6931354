"""Hours that come again, on the place's own clock: which are they, what do several of them leave
out, where do two of them meet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tenfold.site.settings import ALL_DAYS, Span

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DAY_MIN = 24 * 60
WEEK_MIN = 7 * DAY_MIN


def covers(span: Span, day: int, minute: int) -> bool:
    """Whether the clock's `minute` of `day` (0: Monday) is within."""
    if span.from_min < span.until_min:
        return day in span.days and span.from_min <= minute < span.until_min
    return (day in span.days and minute >= span.from_min) or (
        (day - 1) % 7 in span.days and minute < span.until_min
    )


def left_out(spans: Sequence[Span]) -> tuple[int, int] | None:
    """The first minutes of the week that none covers, [from, until); None: they cover all."""
    free = [n for n, covered in enumerate(_covered(spans)) if not covered]
    if not free:
        return None
    last = free[0]
    for minute in free:
        if minute > last + 1:
            break
        last = minute
    return free[0], last + 1


def meet(one: Span, other: Span) -> int | None:
    """The first minute of the week that both cover."""
    both = zip(_covered([one]), _covered([other]), strict=True)
    return next((n for n, (here, there) in enumerate(both) if here and there), None)


def week_words(minute: int) -> str:
    """`Tue 18:30`, of a minute of the week."""
    return f"{DAYS[minute // DAY_MIN % 7]} {minute // 60 % 24:02d}:{minute % 60:02d}"


def span_words(span: Span) -> str:
    """`Mon, Tue 07:00-19:00`."""
    hours = "-".join(f"{n // 60:02d}:{n % 60:02d}" for n in (span.from_min, span.until_min))
    if span.from_min == span.until_min:
        hours = "all day" if span.from_min == 0 else f"{hours} the next day"
    if span.days == ALL_DAYS:
        return hours if hours != "all day" else "every hour"
    return f"{', '.join(DAYS[day] for day in sorted(span.days))} {hours}"


def _covered(spans: Iterable[Span]) -> list[bool]:
    """Of each minute of the week: whether one covers it."""
    found = [False] * WEEK_MIN
    for span in spans:
        length = (span.until_min - span.from_min) % DAY_MIN or DAY_MIN
        for day in span.days:
            begin = day * DAY_MIN + span.from_min
            for minute in range(begin, begin + length):
                found[minute % WEEK_MIN] = True
    return found
