"""What the clock alone decides: night, quiet hours, prices, as stretches of time.

A row of hours counts where the place's clock shows them. So an hour that comes twice counts twice,
one that never comes not at all, and quiet hours from 22:00 to 07:00 are an hour longer or shorter
in the night in which the clock is put.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from itertools import pairwise

from tenfold.site.clock import instants, put, wall
from tenfold.site.hours import covers
from tenfold.site.noise import watts_of
from tenfold.site.settings import PriceRow, SiteConfig, Span, Tariff

_UTC = "UTC"


@dataclass(frozen=True)
class Stretch:
    start_s: float  # it lasts to the next one
    price_kwh: float | None
    night: bool
    quiet: bool
    quiet_w: float  # the most that the box may draw, for the noise; inf where nobody minds


def stretches(config: SiteConfig, from_s: float, until_s: float) -> tuple[Stretch, ...]:
    """[from_s, until_s) of seconds since the epoch, cut wherever something changes."""
    quiet = [(row.span, _quiet_w(config, row.watts, row.dba)) for row in config.quiet]
    found: list[Stretch] = []
    for at_s in _marks(config, from_s, until_s):
        shown = wall(at_s, config.zone)
        day, minute = shown.weekday(), shown.hour * 60 + shown.minute
        now_w = [watts for span, watts in quiet if covers(span, day, minute)]
        stretch = Stretch(
            at_s,
            price_at(config.tariff, at_s, day, minute),
            covers(config.night, day, minute),
            bool(now_w),
            min(now_w, default=math.inf),
        )
        if not found or replace(stretch, start_s=found[-1].start_s) != found[-1]:
            found.append(stretch)
    return tuple(found)


def price_at(tariff: Tariff, at_s: float, day: int, minute: int) -> float | None:
    """Money per kWh, at `at_s`, when the clock shows `minute` of `day`."""
    place = bisect_right(tariff.dated, at_s, key=lambda one: one[0])
    if place and tariff.dated[place - 1][1] is not None:
        return tariff.dated[place - 1][1]
    for row in tariff.rows:
        if covers(row.span, day, minute):
            return row.price_kwh
    return tariff.flat


def mean_price(tariff: Tariff, found: tuple[Stretch, ...], until_s: float) -> float | None:
    """Of the stretches up to `until_s` whose price is known; else of all that is dated."""
    ends = [*(stretch.start_s for stretch in found[1:]), until_s]
    known = [
        (stretch.price_kwh, end_s - stretch.start_s)
        for stretch, end_s in zip(found, ends, strict=True)
        if stretch.price_kwh is not None
    ]
    if not known:
        known = [
            (price, end_s - at_s)
            for (at_s, price), (end_s, _) in pairwise(tariff.dated)
            if price is not None
        ]
    lasts_s = sum(for_s for _, for_s in known)
    return sum(price * for_s for price, for_s in known) / lasts_s if lasts_s > 0 else None


def usual_week(config: SiteConfig) -> SiteConfig:
    """For a week without a date: the clock is never put, and dated prices become the mean of each
    hour of the week."""
    tariff = config.tariff
    if not tariff.dated:
        return replace(config, zone=_UTC)
    prices: dict[tuple[int, int], list[float]] = {}
    for (at_s, price), (end_s, _) in pairwise(tariff.dated):
        while price is not None and at_s < end_s:  # a price may hold for many hours
            shown = wall(at_s, config.zone)
            prices.setdefault((shown.weekday(), shown.hour), []).append(price)
            at_s += min(3600.0, end_s - at_s)
    rows = tuple(
        PriceRow(Span(frozenset({day}), hour * 60, (hour + 1) % 24 * 60), sum(known) / len(known))
        for (day, hour), known in sorted(prices.items())
    )
    return replace(config, zone=_UTC, tariff=Tariff(tariff.flat, rows))


def _quiet_w(config: SiteConfig, watts: float | None, dba: float | None) -> float:
    by_noise_w = math.inf if dba is None else watts_of(dba, config.noise)
    return min(math.inf if watts is None else watts, by_noise_w)


def _marks(config: SiteConfig, from_s: float, until_s: float) -> list[float]:
    """Every moment at which something may change; more do no harm."""
    spans = [config.night, *(row.span for row in config.quiet)]
    spans += [row.span for row in config.tariff.rows]
    minutes = {n for span in spans for n in (span.from_min, span.until_min)}
    clocks = [time(n // 60, n % 60) for n in minutes]
    marks = {from_s, *put(config.zone, from_s, until_s)}
    day = wall(from_s, config.zone).date()
    last = wall(until_s, config.zone).date()
    while day <= last:
        for clock in clocks:
            marks.update(instants(datetime.combine(day, clock), config.zone))
        day += timedelta(days=1)
    dated = config.tariff.dated
    begin = bisect_right(dated, from_s, key=lambda one: one[0])
    end = bisect_right(dated, until_s, key=lambda one: one[0])
    marks.update(at_s for at_s, _ in dated[begin:end])
    return sorted(at_s for at_s in marks if from_s <= at_s < until_s)
