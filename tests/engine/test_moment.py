"""Watts, noise and price of this moment, by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from engine.test_energy import NONE, box, card, told

from tenfold.engine.moment import NOT_YET, noise_now, price_now, watts_now
from tenfold.site.noise import dba_of
from tenfold.site.settings import Quiet, SiteConfig, Span
from tenfold.terms.budget import Budget, BudgetStep
from tenfold.terms.reading import DeviceReading, PlaceReading, Reading

NOW_S = 4 * 86_400 + 23 * 3600.0  # a Monday, 23:00
ALLOWED = Budget(
    (BudgetStep(0.0, 2000.0, 0.3, why="circuit 1"), BudgetStep(NOW_S + 60, 900.0, 0.3))
)
CURVE = ((500.0, 40.0), (2000.0, 60.0))
QUIET = SiteConfig(
    noise=CURVE, zone="UTC", quiet=(Quiet(Span(from_min=1320, until_min=420), 45.0),)
)


def reading(*cards: DeviceReading, cpu_w: float | None = None) -> Reading:
    host = replace(told(id="cpu"), gpu=None, power_w=NONE if cpu_w is None else cpu_w)
    return Reading(NOW_S, (*cards, host))


def test_cards_and_the_host_that_the_owner_tells() -> None:
    site = SiteConfig(host_watts=700.0)
    watts = watts_now(box(), site, reading(told(300.0)), ALLOWED, NOW_S)
    assert (watts.now, watts.cards, watts.host, watts.missing) == (1000.0, 300.0, 700.0, "")
    assert (watts.budget, watts.why) == (2000.0, "circuit 1")
    assert watts_now(box(), site, reading(told(300.0)), ALLOWED, NOW_S + 60).budget == 900.0


def test_a_host_that_nobody_tells_leaves_the_whole_unknown() -> None:
    watts = watts_now(box(), SiteConfig(), reading(told(300.0)), None, NOW_S)
    assert (watts.now, watts.cards, watts.host, watts.budget) == (None, 300.0, None, None)
    assert "host" in watts.missing
    packages = watts_now(box(), SiteConfig(), reading(told(300.0), cpu_w=90.0), None, NOW_S)
    assert packages.now == 390.0
    two = box(card(), card("GPU-b"))
    dark = watts_now(two, SiteConfig(), reading(told(300.0), told(id="GPU-b")), None, NOW_S)
    assert (dark.now, dark.cards) == (None, None)
    assert watts_now(box(), SiteConfig(), None, None, NOW_S).missing == NOT_YET


def test_a_meter_at_the_wall_knows_best() -> None:
    place = PlaceReading(NONE, NONE, 1200.0)
    site = SiteConfig(host_watts=700.0)
    watts = watts_now(box(), site, replace(reading(told(300.0)), place=place), None, NOW_S)
    assert watts.now == pytest.approx(1200.0)


def test_no_limit_is_none() -> None:
    free = Budget((BudgetStep(0.0, math.inf),))
    assert watts_now(box(), SiteConfig(), reading(told(1.0)), free, NOW_S).budget is None


def test_noise_by_the_owners_curve_and_the_hours() -> None:
    watts = watts_now(box(), SiteConfig(host_watts=700.0), reading(told(300.0)), ALLOWED, NOW_S)
    noise = noise_now(QUIET, watts, NOW_S)
    assert noise.dba == pytest.approx(50.0) and (noise.limit_dba, noise.why) == (45.0, "")
    assert noise_now(QUIET, watts, NOW_S - 7200).limit_dba is None
    by_watts = replace(QUIET, quiet=(Quiet(QUIET.quiet[0].span, watts=600.0),))
    assert noise_now(by_watts, watts, NOW_S).limit_dba == pytest.approx(dba_of(600.0, CURVE))
    nobody = noise_now(SiteConfig(), watts, NOW_S)
    assert nobody.dba is None and "[noise]" in nobody.why
    unknown = watts_now(box(), SiteConfig(), reading(told(300.0)), ALLOWED, NOW_S)
    assert noise_now(QUIET, unknown, NOW_S).dba is None and noise_now(QUIET, unknown, NOW_S).why


def test_the_price_and_the_next_one() -> None:
    site = SiteConfig(currency="EUR")
    steps = (*ALLOWED.steps, BudgetStep(NOW_S + 3600, 900.0, 0.1), BudgetStep(NOW_S + 7200, 1.0))
    price = price_now(site, Budget(steps), NOW_S)
    assert (price.kwh, price.currency) == (0.3, "EUR")
    assert price.next is not None and (price.next.at_s, price.next.kwh) == (NOW_S + 3600, 0.1)
    assert price_now(site, ALLOWED, NOW_S).next is None
    assert price_now(site, None, NOW_S).kwh is None
