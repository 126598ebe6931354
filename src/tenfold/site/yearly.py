"""A year's kWh or money as a limit in watts.

A bucket: the ration runs in evenly from the start of the year, or of the count where that is later;
what is not spent is kept, at most a week of it. The bucket may be emptied within the coming day,
so no more than the ration is ever spent; what comes after that day is reckoned with the ration
alone. So a job longer than a day has to do with the ration.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tenfold.site.clock import year
from tenfold.site.settings import SiteConfig, Spent

BANKED_S = 7 * 86_400.0  # of the ration
AHEAD_S = 86_400.0
_HOUR_S = 3600.0
_J_PER_KWH = 3.6e6


@dataclass(frozen=True)
class Ration:
    """In whole watts, so that what follows from it is not made anew with every joule."""

    near_w: float
    until_s: float
    after_w: float
    why: str


def rations(
    config: SiteConfig, spent: Spent, now: float, mean_price: float | None
) -> tuple[Ration, ...]:
    """One for each cap that the owner named. Money becomes kWh by `mean_price`; without one, or
    where energy costs nothing, money limits nothing."""
    found = []
    if config.yearly_kwh is not None:
        cap_j = config.yearly_kwh * _J_PER_KWH
        found.append(_ration(config, cap_j, spent.kwh * _J_PER_KWH, spent, now, "the year's kWh"))
    if config.yearly_money is not None and mean_price is not None and mean_price > 0:
        j_per_money = _J_PER_KWH / mean_price
        cap_j, spent_j = config.yearly_money * j_per_money, spent.money * j_per_money
        found.append(_ration(config, cap_j, spent_j, spent, now, "the year's money"))
    return tuple(found)


def _ration(
    config: SiteConfig, cap_j: float, spent_j: float, spent: Spent, now: float, why: str
) -> Ration:
    begin_s, end_s = year(now, config.zone)
    ration_w = cap_j / (end_s - begin_s)
    since_s = max(begin_s, now if spent.since_s is None else spent.since_s)
    banked_j = min(ration_w * max(0.0, now - since_s) - spent_j, ration_w * BANKED_S)
    # To a whole hour, so that the step does not move with every tick.
    until_s = math.ceil((now + AHEAD_S) / _HOUR_S) * _HOUR_S
    near_w = ration_w + banked_j / (until_s - now)
    return Ration(max(0.0, near_w) // 1, until_s, ration_w // 1, why)
