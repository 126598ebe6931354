"""A plan's answer in words, for the terminal and the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tenfold.cli.words import NOT_AVAILABLE, amount, clock, duration

COLUMNS = 63  # of a strip: nine a day in a week
_BLOCKS = "▁▂▃▄▅▆▇█"


def share(value: float | None) -> str:
    return NOT_AVAILABLE if value is None else f"{value:.0%}"


def money(figures: dict[str, Any]) -> str:
    return "" if figures["cost"] is None else f", costs {figures['cost']:,.2f}"


def peak_words(figures: dict[str, Any]) -> str:
    if figures["peak_w"] is None:
        return f"{NOT_AVAILABLE}: nobody knows the watts of this box"
    return f"{amount(figures['peak_w'], 'W')} at most"


def waiting_words(figures: dict[str, Any]) -> str:
    if figures["waiting_mean_s"] is None:
        return NOT_AVAILABLE
    if figures["waiting_most_s"] < 1.0:
        return "none"
    mean, p95 = duration(figures["waiting_mean_s"]), duration(figures["waiting_p95_s"])
    most = duration(figures["waiting_most_s"])
    return f"{mean} on average; 95 of 100 jobs {p95} or less, {most} at most"


def late_words(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """(name, what became of it) of every job that did not end, or not in time."""
    told = []
    for row in answer["rows"]:
        if row["state"] == "never ran":
            told.append((row["name"], f"never ran: {row['why'] or 'nobody knows why'}"))
        elif row["state"] == "never ended":
            told.append((row["name"], f"started {clock(row['started_s'])} and never ended"))
        elif row["late"]:
            over_s = row["ended_s"] - row["deadline_s"]
            said = f"{duration(over_s)} after {clock(row['deadline_s'])}"
            told.append((row["name"], f"done {said}"))
    return told


def strips(answer: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(name, strip): the days, then each card, as high as its compute is given to jobs."""
    start_s, end_s = answer["start_s"], answer["end_s"]
    width_s = max(end_s - start_s, 1.0) / COLUMNS
    yield "", _days(start_s, width_s)
    for card in (one["id"] for one in answer["devices"] if one["kind"] == "gpu"):
        given = [0.0] * COLUMNS
        for stay in answer["stays"]:
            if card in stay["devices"]:
                _give(given, stay, start_s, width_s)
        yield card, "".join(_block(value) for value in given)


def _give(given: list[float], stay: dict[str, Any], start_s: float, width_s: float) -> None:
    first = int((stay["start_s"] - start_s) / width_s)
    for column in range(first, COLUMNS):
        from_s = start_s + column * width_s
        both_s = min(stay["end_s"], from_s + width_s) - max(stay["start_s"], from_s)
        if both_s <= 0:
            return
        given[column] += stay["share"] * both_s / width_s


def _block(value: float) -> str:
    if value < 0.02:
        return "·"
    return _BLOCKS[min(len(_BLOCKS) - 1, int(value * len(_BLOCKS)))]


def _days(start_s: float, width_s: float) -> str:
    """A day's name where it begins, where there is room."""
    text = ""
    for column in range(COLUMNS):
        at_s = start_s + column * width_s
        new = column == 0 or at_s // 86_400 != (at_s - width_s) // 86_400
        if new and len(text) <= column and column + 3 <= COLUMNS:
            text += " " * (column - len(text)) + clock(at_s)[:3]
            if column == 0 and (at_s + 5 * width_s) // 86_400 != at_s // 86_400:
                text = ""  # it is nearly over: its name would be in the way of the next
    return text
