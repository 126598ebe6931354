"""The steps of a budget: how long each holds, which prices are cheap; and their table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from html import escape
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from tenfold.web.amounts import money, number
from tenfold.web.words import Words

DAY_S = 86_400.0
CLEARLY = 0.1  # of the mean

Step = Mapping[str, Any]


def spans(steps: Sequence[Step], until_s: float) -> Iterator[tuple[Step, float, float]]:
    """Each step with its beginning and end."""
    for step, after in pairwise([*steps, {"start_s": until_s}]):
        if after["start_s"] > step["start_s"]:
            yield step, float(step["start_s"]), float(after["start_s"])


def cheap_below(steps: Sequence[Step], until_s: float) -> float | None:
    """Prices under it are cheap: clearly below the mean of the time that has a price. None where
    no step has one, or all have the same."""
    priced = [
        (step["price_kwh"], end_s - at_s)
        for step, at_s, end_s in spans(steps, until_s)
        if step["price_kwh"] is not None
    ]
    if len({price for price, _ in priced}) < 2:
        return None
    mean = sum(price * long for price, long in priced) / sum(long for _, long in priced)
    return float(mean - CLEARLY * abs(mean))


def steps_table(t: Words, draw: Mapping[str, Any], currency: str, zone: str = "") -> str:
    """The same steps in words."""
    clock = ZoneInfo(zone) if zone else None
    limit = cheap_below(draw["budget"], draw["now_s"] + DAY_S)
    rows = []
    for step, at_s, _ in spans(draw["budget"], draw["now_s"] + DAY_S):
        hours = [t("site.quiet_hours")] if step["quiet"] else []
        hours += [t("site.night_hours")] if step["night"] else []
        if limit is not None and step["price_kwh"] is not None and step["price_kwh"] < limit:
            hours.append(t("site.cheap_hours"))
        cells = (
            datetime.fromtimestamp(at_s, clock).strftime("%H:%M"),
            watts_words(t, step["watts"]),
            money(step["price_kwh"], currency),
            ", ".join(hours),
            str(step["why"]),
        )
        rows.append(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>")
    heads = ("from", "allowed", "price", "hours", "because")
    head = "".join(f'<th scope="col">{escape(t("site.steps_" + one))}</th>' for one in heads)
    return (
        f'<table class="plain num"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def watts_words(t: Words, watts: float | None) -> str:
    return t("site.no_limit") if watts is None else f"{number(watts, 4)} W"
