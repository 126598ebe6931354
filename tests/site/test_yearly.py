"""The year's ration: a bucket that never gives more than has run in."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tenfold.site.settings import SiteConfig, Spent
from tenfold.site.yearly import rations

DAY = 86_400.0
CONFIG = SiteConfig(yearly_kwh=8760.0, zone="UTC")  # 1000 W all year
NEW_YEAR_S = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


def near_w(now: float, kwh: float, since_s: float | None = NEW_YEAR_S) -> float:
    (found,) = rations(CONFIG, Spent(kwh, since_s=since_s), now, None)
    assert found.after_w == 1000.0
    return found.near_w


def test_a_new_year_and_a_new_count_begin_with_the_ration() -> None:
    assert near_w(NEW_YEAR_S, 0.0) == 1000.0
    assert near_w(NEW_YEAR_S + 100 * DAY, 0.0, None) == 1000.0
    # What was counted from before the new year is not given again.
    assert near_w(NEW_YEAR_S, 0.0, NEW_YEAR_S - 100 * DAY) == 1000.0


def test_unspent_ration_is_kept_for_a_week() -> None:
    told = [near_w(NEW_YEAR_S + days * DAY, 0.0) for days in (1, 3, 7, 8, 200)]
    assert told == [2000.0, 4000.0, 8000.0, 8000.0, 8000.0]


def test_what_was_overspent_is_taken_back_and_never_below_nothing() -> None:
    assert near_w(NEW_YEAR_S + DAY, 36.0) == 500.0
    assert near_w(NEW_YEAR_S + DAY, 900.0) == 0.0


def test_a_leap_year_has_a_day_more() -> None:
    leap_s = datetime(2028, 1, 1, tzinfo=UTC).timestamp()
    (found,) = rations(SiteConfig(yearly_kwh=8784.0, zone="UTC"), Spent(), leap_s, None)
    assert found.near_w == 1000.0


def test_the_step_stands_on_a_whole_hour() -> None:
    ends = {
        rations(CONFIG, Spent(since_s=NEW_YEAR_S), NEW_YEAR_S + DAY + n, None)[0].until_s
        for n in range(1, 3600, 60)
    }
    assert ends == {NEW_YEAR_S + 2 * DAY + 3600.0}


@pytest.mark.parametrize("appetite_w", [400.0, 1500.0, 9000.0])
def test_whoever_keeps_to_it_stays_within_the_year(appetite_w: float) -> None:
    """A year by the hour; two idle months in the middle."""
    kwh = 0.0
    for hour in range(365 * 24):
        now = NEW_YEAR_S + hour * 3600.0
        idle = 100 * 24 <= hour < 160 * 24
        kwh += 0.0 if idle else min(appetite_w, near_w(now, kwh)) / 1000.0
        assert kwh <= hour + 1.0 + 1e-6  # no more than has run in
    assert kwh <= 8760.0
    if appetite_w == 9000.0:
        assert kwh > 8760.0 * 0.98  # and what there is, is used


def test_money_and_kwh_both_hold() -> None:
    both = SiteConfig(yearly_kwh=8760.0, yearly_money=876.0, zone="UTC")
    spent = Spent(0.0, 0.0, NEW_YEAR_S)
    told = {one.why: one.near_w for one in rations(both, spent, NEW_YEAR_S, 0.2)}
    assert told == {"the year's kWh": 1000.0, "the year's money": 500.0}
    assert len(rations(both, spent, NEW_YEAR_S, None)) == 1  # nobody knows a price
    assert len(rations(both, spent, NEW_YEAR_S, -0.1)) == 1
