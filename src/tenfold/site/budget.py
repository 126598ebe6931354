"""From the owner's settings, a reading and the clock to the budget's steps.

A step begins wherever something changes within the coming eight days: quiet hours, the night, a
price, the year's ration; the last one holds for ever. Its watts are the least that the owner's
limit, circuits, power supplies, cooling, quiet hours and the year allow, and `why` names which.
Until a reading says otherwise, what holds now is taken to hold for all the days.

The tick calls it several times a second. What the calendar tells is made once a day, and the steps
once for each set of limits.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from tenfold.site import circuits, heat
from tenfold.site.calendar import Stretch, mean_price, stretches, usual_week
from tenfold.site.clock import wall
from tenfold.site.settings import SiteConfig, Spent
from tenfold.site.yearly import Ration, rations
from tenfold.terms.budget import Budget, BudgetStep
from tenfold.terms.reading import Missing, Reading
from tenfold.terms.refusal import refusal

DAY_S = 86_400.0
AHEAD_S = 8 * DAY_S
# A Monday, 00:00 UTC: a plan's week begins there.
_MONDAY_S = 4 * DAY_S

Limit = tuple[float, str]  # (W, what sets it)
_NO_LIMIT: Limit = (math.inf, "")
_UNCOUNTED = Spent()


def budget(config: SiteConfig, reading: Reading, now: float, spent: Spent = _UNCOUNTED) -> Budget:
    """What the site allows from `now` (s since the epoch) on. `spent`: since the year began."""
    same, day = _Same(config), int(now // DAY_S)
    until_s = now + AHEAD_S
    found = rations(config, spent, now, _mean_price(same, day)) if _has_ration(config) else ()
    return _from(_steps(same, day, _limit(config, reading), found), now, until_s)


def week_budget(config: SiteConfig, start_s: float, days: float) -> Budget:
    """Of a plan, whose clock counts seconds since a Monday, 00:00, and is never put forward or
    back: dated prices become the mean of their hour of the week, and the year's ration comes
    without anything saved up. The last step, `days` after `start_s`, holds for ever."""
    usual = usual_week(config)
    from_s, until_s = start_s + _MONDAY_S, start_s + _MONDAY_S + days * DAY_S
    found = stretches(usual, from_s, until_s)
    price = mean_price(usual.tariff, found, until_s)
    evenly = tuple(
        replace(one, near_w=one.after_w) for one in rations(usual, _UNCOUNTED, from_s, price)
    )
    steps = _cut(found, _limit(usual, Reading(from_s, ())), evenly)
    return Budget(tuple(replace(one, start_s=one.start_s - _MONDAY_S) for one in steps))


def check_idle(config: SiteConfig, idle_w: float, now: float) -> None:
    """The Refusal `site.idle` where the place does not even allow the idle box: nothing would ever
    start, and the limit could not be held."""
    steps = budget(config, Reading(now, ()), now).steps
    low = min(steps, key=lambda step: step.watts)
    if low.watts >= idle_w:
        return
    when = "now on" if low is steps[0] else wall(low.start_s, config.zone).strftime("%a %H:%M on")
    raise refusal("site.idle", watts=low.watts, idle_w=idle_w, when=when, limit=low.why)


def limits(config: SiteConfig, reading: Reading) -> list[Limit]:
    """What limits the box at every hour, each in watts at the wall with its name."""
    working, inlet_c = _place(reading)
    found = [
        (config.watts, "the owner's limit"),
        _circuit(config, working),
        (_supplies_w(config, working), "power supplies"),
        (heat.allowed_w(config.cooling), "cooling"),
    ]
    if inlet_c is not None:
        share = heat.too_warm(config.cooling, inlet_c)
        if share < 1.0:
            least_w = min(watts for watts, _ in found)
            # Of a place without any limit nothing can be taken back.
            found.append((share * least_w if least_w < math.inf else math.inf, "warm inlet air"))
    return [limit for limit in found if limit[0] < math.inf]


def _limit(config: SiteConfig, reading: Reading) -> Limit:
    return min(limits(config, reading), default=_NO_LIMIT, key=lambda one: one[0])


def _place(reading: Reading) -> tuple[int | None, float | None]:
    """Power supplies that work, and the inlet's air, where somebody tells."""
    if reading.place is None:
        return None, None
    working, inlet_c = reading.place.supplies, reading.place.inlet_c
    return (
        None if isinstance(working, Missing) else int(working),
        None if isinstance(inlet_c, Missing) else inlet_c,
    )


def _circuit(config: SiteConfig, working: int | None) -> Limit:
    watts, name = circuits.allowed_w(config.circuits, config.supplies, working)
    return watts, f"circuit {name}"


def _supplies_w(config: SiteConfig, working: int | None) -> float:
    """At the wall: they draw more than they give."""
    supplies = config.supplies
    if supplies is None:
        return math.inf
    count = supplies.count - supplies.spare
    if working is not None:
        count = min(count, working)
    return count * supplies.watts / supplies.efficiency


def _has_ration(config: SiteConfig) -> bool:
    return config.yearly_kwh is not None or config.yearly_money is not None


# --- steps


@dataclass(frozen=True, eq=False)
class _Same:
    """Settings as the key of a cache, by identity: to hash a year of prices takes longer than all
    the rest of a tick's budget."""

    config: SiteConfig

    def __hash__(self) -> int:
        return id(self.config)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.config is self.config


@lru_cache(maxsize=16)
def _stretches(same: _Same, day: int) -> tuple[Stretch, ...]:
    """From the beginning of a day (UTC) to eight days after its end."""
    return stretches(same.config, day * DAY_S, (day + 1) * DAY_S + AHEAD_S)


@lru_cache(maxsize=16)
def _mean_price(same: _Same, day: int) -> float | None:
    found = _stretches(same, day)
    return mean_price(same.config.tariff, found, (day + 1) * DAY_S + AHEAD_S)


@lru_cache(maxsize=8)
def _steps(
    same: _Same, day: int, limit: Limit, found: tuple[Ration, ...]
) -> tuple[BudgetStep, ...]:
    return tuple(_cut(_stretches(same, day), limit, found))


def _cut(calendar: tuple[Stretch, ...], limit: Limit, found: Iterable[Ration]) -> list[BudgetStep]:
    """The calendar with watts on it, cut as well where a ration's first day ends."""
    cuts = {one.until_s for one in found if one.near_w != one.after_w}
    starts = {stretch.start_s: stretch for stretch in calendar}
    for at_s in cuts:
        before = [one for one in calendar if one.start_s <= at_s]
        if before:
            starts.setdefault(at_s, replace(before[-1], start_s=at_s))
    steps: list[BudgetStep] = []
    for at_s in sorted(starts):
        step = _step(starts[at_s], limit, found)
        if not steps or replace(step, start_s=steps[-1].start_s) != steps[-1]:
            steps.append(step)
    return steps


def _step(stretch: Stretch, limit: Limit, found: Iterable[Ration]) -> BudgetStep:
    all_of = [limit, (stretch.quiet_w, "quiet hours")]
    all_of += [
        (one.near_w if stretch.start_s < one.until_s else one.after_w, one.why) for one in found
    ]
    watts, why = min(all_of, key=lambda one: one[0])
    return BudgetStep(
        start_s=stretch.start_s,
        watts=watts,
        price_kwh=stretch.price_kwh,
        night=stretch.night,
        quiet=stretch.quiet,
        why=why if watts < math.inf else "",
    )


def _from(steps: tuple[BudgetStep, ...], now: float, until_s: float) -> Budget:
    """Those that hold between the two."""
    first = bisect_right(steps, now, key=lambda step: step.start_s)
    last = bisect_right(steps, until_s, key=lambda step: step.start_s)
    current = replace(steps[max(0, first - 1)], start_s=now)
    return Budget((current, *steps[first:last]))
