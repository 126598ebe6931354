"""From settings to the budget's steps: by hand, and against a slow evaluation minute by minute."""

from __future__ import annotations

import math
import os
import random
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tenfold.site import budget as module
from tenfold.site.budget import budget, check_idle, limits, week_budget
from tenfold.site.config.config import parsed
from tenfold.site.settings import (
    Circuit,
    Cooling,
    CoolingKind,
    PriceRow,
    Quiet,
    SiteConfig,
    Span,
    Spent,
    Supplies,
    Tariff,
)
from tenfold.terms.budget import Budget, BudgetStep
from tenfold.terms.reading import Missing, PlaceReading, Reading
from tenfold.terms.refusal import Refusal

DAY = 86_400.0
BERLIN = ZoneInfo("Europe/Berlin")
NO = Missing("nobody tells")


def at(text: str) -> float:
    """Of an ISO time with its distance to UTC."""
    return datetime.fromisoformat(text).timestamp()


def reading(now: float, **place: float) -> Reading:
    told = {"inlet_c": NO, "supplies": NO, "wall_w": NO} | place
    return Reading(now, (), PlaceReading(**told))


def steps(config: SiteConfig, now: float, spent: Spent | None = None) -> tuple[BudgetStep, ...]:
    return budget(config, Reading(now, ()), now, spent or Spent()).steps


def quiet(config: SiteConfig, now: float) -> list[tuple[float, float]]:
    """Begin and end of each quiet time but the first and last, which the window cuts."""
    found = []
    began = None
    for step in steps(config, now):
        if step.quiet and began is None:
            began = step.start_s
        elif not step.quiet and began is not None:
            found.append((began, step.start_s))
            began = None
    return found


# --- by hand


def test_the_limit_holds_from_now_for_ever() -> None:
    found = budget(SiteConfig(3000.0, tariff=Tariff(0.3)), Reading(1000.0, ()), 1000.0)
    assert found.steps[0].start_s == 1000.0
    assert {(s.watts, s.price_kwh, s.why) for s in found.steps} == {
        (3000, 0.3, "the owner's limit")
    }
    assert found.watts_at(1000.0) == found.watts_at(1e12) == 3000.0
    assert found.lowest_w(1000.0, math.inf) == 3000.0


def test_without_a_limit_everything_is_allowed_and_nothing_binds() -> None:
    found = budget(SiteConfig(), Reading(1000.0, ()), 1000.0)
    assert found.lowest_w(1000.0, math.inf) == math.inf
    assert {step.why for step in found.steps} == {""}


def test_eight_days_and_no_more() -> None:
    config = SiteConfig(zone="UTC")
    now = at("2026-07-01T12:00+00:00")
    found = steps(config, now)
    assert [step.start_s for step in found] == sorted({step.start_s for step in found})
    assert found[-1].start_s == at("2026-07-09T07:00+00:00")  # the night's end of the eighth day
    assert len(found) == 1 + 2 * 8
    assert [step.night for step in found] == [bool(n % 2) for n in range(17)]


def test_what_binds_is_named() -> None:
    now = at("2026-07-01T12:00+00:00")
    config = SiteConfig(
        watts=9000.0,
        circuits=(Circuit("garage", 208.0, 30.0),),
        supplies=Supplies(4, 2700.0, 2, 0.9),
        cooling=Cooling(CoolingKind.ROOM, watts=5500.0),
        zone="UTC",
    )
    assert limits(config, Reading(now, ())) == [
        (9000.0, "the owner's limit"),
        (pytest.approx(4992.0), "circuit garage"),
        (6000.0, "power supplies"),
        (5500.0, "cooling"),
    ]
    assert steps(config, now)[0].why == "circuit garage"
    for field, changed, why, watts in (
        ("watts", 900.0, "the owner's limit", 900.0),
        ("supplies", Supplies(2, 1000.0, 1, 0.8), "power supplies", 1250.0),
        ("cooling", Cooling(CoolingKind.ROOM, watts=700.0), "cooling", 700.0),
    ):
        found = steps(replace(config, **{field: changed}), now)[0]
        assert (found.watts, found.why) == (watts, why)
    loud = replace(config, quiet=(Quiet(Span(from_min=13 * 60, until_min=14 * 60), watts=800.0),))
    (first, hushed, after, *_) = steps(loud, now)
    assert (first.quiet, hushed.watts, hushed.why, hushed.quiet) == (
        False,
        800,
        "quiet hours",
        True,
    )
    assert (after.start_s - hushed.start_s, after.watts) == (3600.0, pytest.approx(4992.0))


def test_quiet_hours_that_allow_more_than_the_wall_are_quiet_all_the_same() -> None:
    span = Span(from_min=13 * 60, until_min=14 * 60)
    config = SiteConfig(2000.0, quiet=(Quiet(span, watts=3000.0),), zone="UTC")
    found = budget(config, Reading(0.0, ()), at("2026-07-01T13:30+00:00")).steps[0]
    assert (found.quiet, found.watts, found.why) == (True, 2000.0, "the owner's limit")


def test_noise_becomes_watts() -> None:
    span = Span(from_min=22 * 60, until_min=7 * 60)
    config = SiteConfig(
        noise=((1000.0, 40.0), (4000.0, 52.0)), quiet=(Quiet(span, dba=46.0),), zone="UTC"
    )
    found = budget(config, Reading(0.0, ()), at("2026-07-01T23:00+00:00")).steps[0]
    assert found.watts == pytest.approx(2000.0)  # half way on a scale of logarithms


# --- the clock is put


def test_a_night_is_an_hour_shorter_in_spring_and_longer_in_autumn() -> None:
    rows = (Quiet(Span(from_min=22 * 60, until_min=7 * 60), watts=900.0),)
    config = SiteConfig(quiet=rows, zone="Europe/Berlin")
    spring = quiet(config, at("2026-03-27T12:00+01:00"))
    assert spring[1] == (at("2026-03-28T22:00+01:00"), at("2026-03-29T07:00+02:00"))
    assert spring[1] == (1774731600.0, 1774760400.0)  # eight hours
    autumn = quiet(config, at("2026-10-23T12:00+02:00"))
    assert autumn[1] == (1792872000.0, 1792908000.0)  # ten
    assert [until - begin for begin, until in autumn[:3]] == [9 * 3600.0, 10 * 3600.0, 9 * 3600.0]


def test_an_hour_that_never_comes_is_not_quiet() -> None:
    rows = (Quiet(Span(from_min=2 * 60, until_min=3 * 60), watts=900.0),)
    config = SiteConfig(quiet=rows, zone="Europe/Berlin")
    found = quiet(config, at("2026-03-28T00:00+01:00"))
    assert found[:2] == [
        (at("2026-03-28T02:00+01:00"), at("2026-03-28T03:00+01:00")),
        (at("2026-03-30T02:00+02:00"), at("2026-03-30T03:00+02:00")),
    ]


def test_hours_that_begin_where_the_clock_jumps() -> None:
    rows = (Quiet(Span(from_min=2 * 60 + 30, until_min=5 * 60), watts=900.0),)
    found = quiet(SiteConfig(quiet=rows, zone="Europe/Berlin"), at("2026-03-29T00:00+01:00"))
    assert found[0] == (1774746000.0, at("2026-03-29T05:00+02:00"))  # from 03:00, the first after


def test_an_hour_that_comes_twice_is_quiet_twice() -> None:
    rows = (Quiet(Span(from_min=2 * 60, until_min=3 * 60), watts=900.0),)
    found = quiet(SiteConfig(quiet=rows, zone="Europe/Berlin"), at("2026-10-25T00:00+02:00"))
    assert found[0] == (1792886400.0, 1792893600.0)  # 02:00 summer time to 03:00 winter time
    rows = (Quiet(Span(from_min=2 * 60, until_min=2 * 60 + 30), watts=900.0),)
    found = quiet(SiteConfig(quiet=rows, zone="Europe/Berlin"), at("2026-10-25T00:00+02:00"))
    assert found[:2] == [(1792886400.0, 1792888200.0), (1792890000.0, 1792891800.0)]


def test_days_are_those_on_which_the_hours_begin() -> None:
    rows = (Quiet(Span(frozenset({4}), 22 * 60, 7 * 60), watts=900.0),)
    config = SiteConfig(quiet=rows, zone="Europe/Berlin")
    found = quiet(config, at("2026-06-29T00:00+02:00"))  # a Monday
    assert found == [(at("2026-07-03T22:00+02:00"), at("2026-07-04T07:00+02:00"))]


@pytest.fixture
def berlin() -> Iterator[None]:
    """This machine's own clock there."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Europe/Berlin"
    time.tzset()
    yield
    os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
    time.tzset()


def test_without_a_zone_it_is_this_machines(berlin: None) -> None:
    rows = (Quiet(Span(from_min=2 * 60, until_min=2 * 60 + 30), watts=900.0),)
    for day in ("2026-10-24T12:00+02:00", "2026-03-28T12:00+01:00", "2026-07-01T03:00+00:00"):
        said, own = (SiteConfig(quiet=rows, zone=zone) for zone in ("Europe/Berlin", ""))
        assert steps(said, at(day)) == steps(own, at(day))


# --- against a slow evaluation


def slow(config: SiteConfig, zone: ZoneInfo, moment: float) -> tuple[object, ...]:
    """(watts, price, night, quiet) of the minute that `moment` is in; spans are walked."""
    shown = datetime.fromtimestamp(moment, zone)

    def within(span: Span) -> bool:
        minute = shown.hour * 60 + shown.minute
        length = (span.until_min - span.from_min) % 1440 or 1440
        return any(
            (shown.weekday() - back) % 7 in span.days
            and 0 <= minute + back * 1440 - span.from_min < length
            for back in (0, 1)
        )

    hushed = [row.watts or 0.0 for row in config.quiet if within(row.span)]
    price = next((row.price_kwh for row in config.tariff.rows if within(row.span)), None)
    for at_s, told in config.tariff.dated:
        if at_s <= moment:
            price = told
    price = config.tariff.flat if price is None else price
    return min([config.watts, *hushed]), price, within(config.night), bool(hushed)


def drawn(chance: random.Random, zone: str) -> SiteConfig:
    """Settings of any kind: spans to the minute, over midnight, whole days."""

    def span() -> Span:
        days = frozenset(day for day in range(7) if chance.random() < 0.6)
        return Span(days, chance.randrange(1440), chance.choice([0, 90, chance.randrange(1440)]))

    rows = tuple(PriceRow(span(), n / 10) for n in range(chance.randrange(4)))
    quiet_rows = tuple(Quiet(span(), watts=1000.0 + n) for n in range(chance.randrange(3)))
    return SiteConfig(
        watts=chance.choice([500.0, 3000.0, math.inf]),
        night=span(),
        quiet=quiet_rows,
        tariff=Tariff(chance.choice([None, 0.5]), rows),
        zone=zone,
    )


ZONES = [
    ("Europe/Berlin", "2026-03-25T00:00+00:00"),
    ("Europe/Berlin", "2026-10-21T00:00+00:00"),
    ("America/Los_Angeles", "2026-03-04T00:00+00:00"),
    ("Australia/Lord_Howe", "2026-03-31T00:00+00:00"),  # half an hour
    ("Africa/Cairo", "2026-04-20T00:00+00:00"),  # at midnight
    ("Asia/Kathmandu", "2026-07-01T00:00+00:00"),
]


@pytest.mark.parametrize(("zone", "begin"), ZONES)
def test_it_is_what_a_slow_evaluation_tells(zone: str, begin: str) -> None:
    chance = random.Random(f"{zone} {begin}")
    for _ in range(25):
        config = drawn(chance, zone)
        now = at(begin) + chance.randrange(int(2 * DAY))
        found = budget(config, Reading(now, ()), now)
        moments = [now + chance.random() * 8 * DAY for _ in range(60)]
        moments += [step.start_s for step in found.steps]
        moments += [step.start_s - 1 for step in found.steps[1:]]
        for moment in moments:
            step = found.at(moment)
            told = (step.watts, step.price_kwh, step.night, step.quiet)
            assert told == slow(config, ZoneInfo(zone), moment), datetime.fromtimestamp(moment, UTC)


def test_dated_prices_are_those_of_a_slow_evaluation(tmp_path: Path) -> None:
    chance = random.Random(5)
    begin_s = at("2026-03-26T23:00+00:00")
    dated = [(begin_s + n * 900, round(chance.uniform(-0.1, 0.5), 3)) for n in range(800)]
    text = "".join(f"{at_s:.0f},{price}\n" for at_s, price in dated if chance.random() < 0.9)
    (tmp_path / "p.csv").write_text(text)
    site = '[site]\nzone = "Europe/Berlin"\n[tariff]\nprice = 0.9\ncsv = "p.csv"\n'
    config = parsed(site, tmp_path / "site.toml")
    now = begin_s + 1000.0
    found = budget(config, Reading(now, ()), now)
    prices = {found.at(now + n * 60).price_kwh for n in range(8 * 1440)}
    assert len(prices) > 300 and 0.9 in prices
    for _ in range(400):
        moment = now + chance.random() * 8 * DAY
        assert found.at(moment).price_kwh == slow(config, BERLIN, moment)[1]


def test_where_dated_prices_end_the_price_is_unknown() -> None:
    begin_s = at("2026-03-26T23:00+00:00")
    config = SiteConfig(tariff=Tariff(dated=((begin_s, 0.2), (begin_s + 3600, None))))
    found = budget(config, Reading(begin_s, ()), begin_s)
    assert [found.at(begin_s + n).price_kwh for n in (0, 3599, 3600)] == [0.2, 0.2, None]


# --- readings


def test_supplies_that_are_lost_lower_the_limit() -> None:
    config = SiteConfig(supplies=Supplies(4, 1000.0, 1, 0.8))
    watts = [
        budget(config, reading(0.0, supplies=float(n)), 0.0).steps[0].watts for n in (4, 3, 2, 0)
    ]
    assert watts == [3750.0, 3750.0, 2500.0, 0.0]


def test_supplies_that_are_lost_load_the_circuits_of_the_others() -> None:
    wires = (Circuit("a", 230.0, 16.0, supplies=2), Circuit("b", 230.0, 16.0, supplies=2))
    config = SiteConfig(circuits=wires, supplies=Supplies(4, 9000.0))
    told = [
        budget(config, reading(0.0, supplies=float(n)), 0.0).steps[0].watts for n in (4, 3, 2, 1)
    ]
    carries = 230 * 16 * 0.8
    assert told == pytest.approx([carries * 2, carries * 1.5, carries, carries])


def test_warm_inlet_air_takes_watts_back_by_the_kelvin() -> None:
    config = SiteConfig(
        4000.0, cooling=Cooling(CoolingKind.ROOM, watts=9000.0, inlet_highest_c=27.0)
    )
    told = [
        (step.watts, step.why)
        for c in (20.0, 27.0, 27.2, 28.0, 32.0, 37.0, 60.0)
        if (step := budget(config, reading(0.0, inlet_c=c), 0.0).steps[0])
    ]
    assert [watts for watts, _ in told] == pytest.approx([4000, 4000, 3800, 3600, 2000, 0, 0])
    assert {why for _, why in told[2:]} == {"warm inlet air"}
    tight = replace(config, watts=20_000.0)  # then of the room's 9000
    assert budget(tight, reading(0.0, inlet_c=28.0), 0.0).steps[0].watts == pytest.approx(8100.0)
    nothing_said = SiteConfig(4000.0)
    assert budget(nothing_said, reading(0.0, inlet_c=90.0), 0.0).steps[0].watts == 4000.0
    no_limit = SiteConfig(cooling=Cooling(CoolingKind.ROOM))
    assert budget(no_limit, reading(0.0, inlet_c=90.0), 0.0).steps[0].watts == math.inf


# --- the year


def test_a_years_kwh_are_a_limit_by_the_day() -> None:
    now = at("2026-07-01T00:00+00:00")
    config = SiteConfig(yearly_kwh=8760.0, zone="UTC")  # 1000 W all year
    for spent_kwh, near_w in ((0.0, 8000.0), (181 * 24 - 24.0, 2000.0), (181 * 24 + 12.0, 500.0)):
        spent = Spent(spent_kwh, since_s=at("2026-01-01T00:00+00:00"))
        found = budget(config, Reading(now, ()), now, spent)
        assert found.watts_at(now) == near_w, spent_kwh
        assert found.watts_at(now + DAY - 1) == near_w
        assert found.watts_at(now + DAY) == found.steps[-1].watts == 1000.0
        assert {step.why for step in found.steps} == {"the year's kWh"}


def test_money_becomes_watts_by_the_mean_price() -> None:
    now = at("2026-07-01T00:00+00:00")
    rows = (PriceRow(Span(from_min=0, until_min=720), 0.1), PriceRow(Span(from_min=720), 0.3))
    config = SiteConfig(yearly_money=8760.0 / 5, tariff=Tariff(None, rows), zone="UTC")
    found = budget(config, Reading(now, ()), now, Spent(0.0, 0.0, now))
    assert found.watts_at(now) == pytest.approx(1000.0, abs=1.0)
    assert found.steps[0].why == "the year's money"
    free = replace(config, tariff=Tariff(-0.1))
    assert budget(free, Reading(now, ()), now).watts_at(now) == math.inf


# --- the idle box


def test_a_place_below_the_idle_box_is_refused() -> None:
    config = SiteConfig(
        4000.0, quiet=(Quiet(Span(from_min=22 * 60, until_min=7 * 60), watts=2000.0),), zone="UTC"
    )
    now = at("2026-07-01T12:00+00:00")
    check_idle(config, 2000.0, now)
    with pytest.raises(Refusal) as told:
        check_idle(config, 2200.0, now)
    assert told.value.code == "site.idle"
    assert "allows 2,000 W" in told.value.what and "draws 2,200 W" in told.value.what
    assert "Wed 22:00" in told.value.why and "quiet hours" in told.value.why
    with pytest.raises(Refusal, match=r"now on, by the owner's limit"):
        check_idle(SiteConfig(100.0), 2200.0, now)


# --- a plan's week


def test_a_plans_week_begins_on_monday_and_knows_no_summer_time() -> None:
    rows = (Quiet(Span(frozenset({0}), 22 * 60, 7 * 60), watts=900.0),)
    config = SiteConfig(2000.0, quiet=rows, zone="Europe/Berlin")
    found = week_budget(config, 0.0, 7)
    hushed = [(step.start_s / 3600, step.watts) for step in found.steps if step.quiet]
    assert hushed == [(22.0, 900.0)]
    assert found.steps[0].start_s == 0.0 and found.watts_at(31 * 3600) == 2000.0
    late = week_budget(config, 23 * 3600.0, 7)
    assert (late.steps[0].start_s, late.steps[0].watts) == (23 * 3600.0, 900.0)


def test_a_flat_week_is_as_it_was() -> None:
    found = week_budget(SiteConfig(3000.0, tariff=Tariff(0.3)), 3600.0, 7)
    assert {(step.watts, step.price_kwh) for step in found.steps} == {(3000.0, 0.3)}
    assert found.steps[0].start_s == 3600.0 and found.steps[-1].start_s < 3600.0 + 7 * DAY


def test_dated_prices_become_the_mean_of_their_hour_of_the_week() -> None:
    monday_s = at("2026-03-23T00:00+01:00")  # the clock is put in between
    hours = [monday_s + n * 3600.0 for n in range(14 * 24 - 1)]
    second_s = at("2026-03-30T00:00+02:00")
    dated = tuple(
        (at_s, datetime.fromtimestamp(at_s, BERLIN).hour + (100.0 if at_s >= second_s else 0.0))
        for at_s in hours
    )
    tariff = Tariff(dated=(*dated, (hours[-1] + 3600.0, None)))
    found = week_budget(SiteConfig(tariff=tariff, zone="Europe/Berlin"), 0.0, 7)
    assert [found.at(h * 3600.0 + 60).price_kwh for h in (0, 5, 29, 167)] == [50, 55, 55, 73]
    never = 6 * 24 + 2  # Sunday 02:00 came once only
    assert found.at(never * 3600.0).price_kwh == 102.0


def test_the_years_ration_in_a_plan_comes_without_savings() -> None:
    assert week_budget(SiteConfig(yearly_kwh=8760.0), 0.0, 7).lowest_w(0, 7 * DAY) == 1000.0


# --- what is kept between calls


def test_what_is_kept_is_what_would_be_made_anew() -> None:
    chance = random.Random(7)
    configs = [replace(drawn(chance, "Europe/Berlin"), yearly_kwh=9000.0) for _ in range(4)]
    begin_s = at("2026-10-23T21:00+00:00")

    def made() -> list[Budget]:
        found = []
        for n in range(120):
            now = begin_s + n * 1801.0  # over midnight, and the day the clock is put
            spent = Spent(n * 1.5, since_s=begin_s - 3 * DAY)
            found.append(budget(configs[n % 4], reading(now, supplies=2.0), now, spent))
        return found

    kept = made()
    for n, one in enumerate(kept):
        for cache in (module._stretches, module._steps, module._mean_price):
            cache.cache_clear()
        now = begin_s + n * 1801.0
        spent = Spent(n * 1.5, since_s=begin_s - 3 * DAY)
        assert budget(configs[n % 4], reading(now, supplies=2.0), now, spent) == one
    assert all(one.steps[0].start_s == begin_s + n * 1801.0 for n, one in enumerate(kept))


def test_settings_of_another_place_are_not_taken_for_these() -> None:
    now = 1000.0
    for watts in (1000.0, 2000.0, 3000.0):
        rows = (Quiet(Span(from_min=0, until_min=720), watts=watts),)
        assert (
            budget(SiteConfig(quiet=rows, zone="UTC"), Reading(now, ()), now).watts_at(now) == watts
        )


def test_two_of_the_same_settings_are_two_keys() -> None:
    one, other = SiteConfig(), SiteConfig()
    assert one == other and module._Same(one) != module._Same(other)
    assert module._Same(one) == module._Same(one)


def test_a_call_is_far_below_a_tick() -> None:
    """With a year of quarter hours; the best of a few, since others use this machine too."""
    now = at("2026-07-01T12:00+00:00")
    dated = tuple((now - DAY + n * 900.0, n % 96 / 100) for n in range(35_040))
    config = SiteConfig(tariff=Tariff(dated=dated), yearly_kwh=30_000.0, zone="Europe/Berlin")
    took = []
    for n in range(20):
        began = time.perf_counter()
        budget(config, reading(now, supplies=4.0), now + n / 4, Spent(100 + n / 1e4, since_s=now))
        took.append(time.perf_counter() - began)
    assert min(took) < 1e-3


def test_the_slow_evaluation_itself_by_hand() -> None:
    config = SiteConfig(
        3000.0,
        night=Span(from_min=22 * 60, until_min=7 * 60),
        quiet=(Quiet(Span(frozenset({6}), 23 * 60, 60), watts=500.0),),
        tariff=Tariff(0.5, (PriceRow(Span(from_min=0, until_min=0), 0.1),)),
    )
    monday = datetime(2026, 6, 29, 0, 30, tzinfo=BERLIN)
    assert slow(config, BERLIN, monday.timestamp()) == (500.0, 0.1, True, True)
    later = (monday + timedelta(hours=8)).timestamp()
    assert slow(config, BERLIN, later) == (3000.0, 0.1, False, False)
