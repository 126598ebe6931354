"""The time axis: where its lines stand and what they say, in the daemon's own zone."""

from __future__ import annotations

from datetime import datetime, timedelta

from tenfold.web.words import Words

HOUR_S = 3600
WEEK = 7  # from so many days on a weekday says too little
STEPS_H = (0.5, 1, 2, 3, 6, 12, 24)
LEAST_PX = 62.0  # between the words of two lines


def step_h(span_s: float, width_px: float) -> float:
    """Hours between two lines, so that their words have room."""
    room = max(1.0, width_px / LEAST_PX)
    return next((step for step in STEPS_H if span_s / HOUR_S / step <= room), 48)


def ticks(start_s: float, end_s: float, every_h: float) -> list[float]:
    """Round moments of local time after `start_s`, before `end_s`."""
    day = datetime.fromtimestamp(start_s).replace(hour=0, minute=0, second=0, microsecond=0)
    found = []
    # From midnight anew each day, so that lines stay on round hours where clocks change.
    while (began_s := day.timestamp()) < end_s:
        after = day + timedelta(days=max(1, int(every_h // 24)))
        at_s = began_s
        while at_s < min(after.timestamp(), end_s):
            if at_s > start_s:
                found.append(at_s)
            at_s += every_h * HOUR_S
        day = after
    return found


def tick_words(t: Words, at_s: float) -> str:
    """`14:00`; at midnight the day."""
    at = datetime.fromtimestamp(at_s)
    if at.hour or at.minute:
        return at.strftime("%H:%M")
    return day_words(t, at)


def day_words(t: Words, at: datetime) -> str:
    weekday = t("queue.weekdays").split()[at.weekday()]
    month = t("queue.months").split()[at.month - 1]
    return t("queue.day", weekday=weekday, month=month, day=at.day)


def when(t: Words, at_s: float, now_s: float) -> str:
    """`14:05` today, `Tue 14:05` within a week, else with the whole day."""
    at = datetime.fromtimestamp(at_s)
    clock = at.strftime("%H:%M")
    days = (at.date() - datetime.fromtimestamp(now_s).date()).days
    if days == 0:
        return clock
    if abs(days) < WEEK:
        return f"{t('queue.weekdays').split()[at.weekday()]} {clock}"
    return f"{day_words(t, at)} {clock}"
