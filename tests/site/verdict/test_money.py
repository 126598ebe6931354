"""kWh, prices and the cloud by hand; what the box is built of."""

from __future__ import annotations

from typing import Any

import pytest

from tenfold.hardware.declared import box
from tenfold.site.settings import PriceRow, SiteConfig, Span, Supplies, Tariff
from tenfold.site.verdict.verdict import Verdict, verdict

TYPICAL_KW = 2.2 + 3.5 * 0.881


def of(name: str = "10xH100-PCIe", **settings: Any) -> Verdict:
    return verdict(box(name), SiteConfig(**settings))


def test_kwh_of_a_year() -> None:
    money = of().money
    assert money.idle.kwh.value == pytest.approx(3.0 * 8760)
    assert money.always.kwh.value == pytest.approx(TYPICAL_KW * 8760)
    working = (TYPICAL_KW * 8 + 3.0 * 16) * 365
    assert money.working.kwh.value == pytest.approx(working)
    assert money.idle.money.value is None and "price_kwh" in money.idle.money.source


def test_the_price_is_the_mean_of_the_hours() -> None:
    """7 hours at 0.10, 17 at 0.34: 0.27."""
    night = PriceRow(Span(from_min=0, until_min=7 * 60), 0.10)
    money = of(tariff=Tariff(flat=0.34, rows=(night,)), currency="EUR").money
    assert money.price.value == pytest.approx((7 * 0.10 + 17 * 0.34) / 24)
    assert money.price.unit == "EUR/kWh"
    assert money.idle.money.value == pytest.approx(3.0 * 8760 * (7 * 0.10 + 17 * 0.34) / 24)


def test_dated_prices_and_gaps() -> None:
    monday_s = 4 * 86_400.0
    dated = tuple((monday_s + 3600 * n, 0.2 if n % 2 else 0.4) for n in range(7 * 24 + 1))
    assert of(tariff=Tariff(dated=dated), zone="UTC").money.price.value == pytest.approx(0.3)
    rows = (PriceRow(Span(from_min=0, until_min=60), 0.5),)
    price = of(tariff=Tariff(rows=rows)).money.price
    assert price.value == pytest.approx(0.5) and "that have a price" in price.source


def test_where_owning_costs_less_energy_than_the_cloud() -> None:
    """0.3 x 3 kW x 8760 h of idle; an hour of ten cards saves 20 - 0.3 x 2.2835 kW."""
    cloud = of(tariff=Tariff(flat=0.3), cloud_gpu_hour=2.0).money.cloud
    saves = 10 * 2.0 - 0.3 * (TYPICAL_KW - 3.0)
    hours = 0.3 * 3.0 * 8760 / saves
    assert cloud.cheaper_from.value == pytest.approx(hours)
    # At that many hours the two bills are the same.
    own = 0.3 * (3.0 * (8760 - hours) + TYPICAL_KW * hours)
    assert own == pytest.approx(10 * hours * 2.0)
    assert cloud.would_cost.value == pytest.approx(10 * 8 * 365 * 2.0)
    assert "not in it" in cloud.means


@pytest.mark.parametrize("hour", [0.01, 0.05])
def test_a_cloud_that_is_cheaper_than_the_socket(hour: float) -> None:
    cheaper = of(tariff=Tariff(flat=0.3), cloud_gpu_hour=hour).money.cloud.cheaper_from
    assert cheaper.value is None and cheaper.source.startswith("never")


def test_what_is_carried_and_plugged_in() -> None:
    build = of().build
    (node,) = build.nodes
    assert (build.rack_units.value, build.weight.value) == (5, None)
    assert (node.slots.value, node.lanes.value) == (10, 160)
    assert "5 bridged pairs" in node.links and "4.3 to 5 kW" in node.seen
    assert node.noise.value is None and "no source publishes" in node.noise.source
    (alone,) = of("5xH100-PCIe").build.nodes
    assert "2 bridged pairs" in alone.links and "1 card without a partner" in alone.links


def test_a_dgx_carries_its_worst_case_on_four_of_six_supplies() -> None:
    build = of("8xH100-SXM").build
    assert (build.rack_units.value, build.weight.value) == (8, 130.45)
    assert build.supplies.needed.value == pytest.approx(10_200 * 0.94)
    assert build.supplies.without_spare.value == 13_200 and build.supplies.carries
    assert of("8xH100-SXM+2xH100-SXM").build.weight.value is None  # of the second nobody knows
    assert of("8xH100-SXM+8xH100-SXM").build.weight.value == pytest.approx(260.9)


def test_supplies_that_are_too_few() -> None:
    check = of(supplies=Supplies(3, 2600.0, spare=1)).build.supplies
    assert (check.whole.value, check.without_spare.value) == (7800, 5200)
    assert check.carries is False  # 5 700 x 0.94 = 5 358
    assert of(supplies=Supplies(3, 2700.0, spare=1)).build.supplies.carries is True
