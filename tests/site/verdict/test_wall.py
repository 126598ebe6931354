"""Amps and breakers; common circuits where the owner names none."""

from __future__ import annotations

import math

import pytest

from tenfold.hardware.declared import box
from tenfold.site.settings import Circuit, SiteConfig, Supplies
from tenfold.site.verdict.drawing import drawing
from tenfold.site.verdict.wall import COMMON, Wall, wall


def of(name: str, config: SiteConfig | None = None) -> Wall:
    config = config or SiteConfig()
    return wall(box(name), config, drawing(box(name), config))


def test_common_circuits_carry_what_the_table_says() -> None:
    """HP, Power basics for IT professionals, table 4, in kVA; 208 V / 30 A by the same rule."""
    carries = {circuit.name: circuit.watts / 1000 for circuit in COMMON}
    for name, kva in {
        "120 V 20 A": 1.92,
        "120 V 30 A": 2.88,
        "240 V 20 A": 3.84,
        "240 V 30 A": 5.76,
        "240 V 40 A": 7.68,
        "240 V 50 A": 9.6,
        "208 V three-phase 30 A": 8.65,
        "208 V three-phase 60 A": 17.3,
        "208 V 30 A": 4.99,
    }.items():
        assert carries[name] == pytest.approx(kva, rel=1e-3), name  # as printed, three digits


def test_where_ten_cards_run() -> None:
    """5 700 W whole; 4 230 W with every card at its knee; 3 000 W idle."""
    runs = {one.name: one.runs for one in of("10xH100-PCIe").common}
    assert runs["240 V 30 A"] == "whole"  # 5 760 W
    assert runs["208 V 30 A"] == "with a cap"  # 4 992 W
    assert runs["240 V 20 A"] == "some cards"  # 3 840 W
    assert runs["230 V 16 A"] == "no"  # 2 944 W
    assert of("10xH100-PCIe").cap is None  # nothing is named


def test_supplies_of_a_dgx_take_no_120_volts_but_a_phase_of_400() -> None:
    runs = {one.name: one.runs for one in of("8xH100-SXM").common}
    assert runs["120 V 30 A"] == "not these supplies"
    assert runs["400 V three-phase 32 A"] == "whole"  # 231 V from phase to neutral, 17 736 W
    assert runs["208 V 30 A"] == "no"


def test_one_circuit_in_amps() -> None:
    """5 700 W at 208 V are 27.4 A: over 24 A for hours, within the breaker's 30 A."""
    (found,) = of("10xH100-PCIe", SiteConfig(circuits=(Circuit("a", 208, 30),))).circuits
    (load,) = found.loads
    assert load.amps.value == pytest.approx(5700 / 208)
    assert (found.rule_a, found.over_rule, found.over_breaker) == (24.0, True, False)
    (small,) = of("10xH100-PCIe", SiteConfig(circuits=(Circuit("a", 208, 20),))).circuits
    assert small.over_breaker


def test_three_phases_that_are_out_of_balance() -> None:
    """Four of four supplies at 208 V: two on AB, one on BC and CA. 5 700 / 4 / 208 = 6.85 A each;
    phase A carries 2 and 1 of them, 60 degrees apart: 6.85 x sqrt(7) = 18.1 A."""
    config = SiteConfig(
        circuits=(Circuit("a", 208, 20, phases=3, supplies=4),), supplies=Supplies(4, 9000.0)
    )
    (found,) = of("10xH100-PCIe", config).circuits
    each_a = 5700 / 4 / 208
    amps = [load.amps.value for load in found.loads]
    assert amps == pytest.approx([each_a * math.sqrt(7)] * 2 + [each_a * math.sqrt(3)])
    assert [load.phase for load in found.loads] == ["A", "B", "C"]
    assert [load.over_rule for load in found.loads] == [True, True, False]  # 16 A for hours


def test_supplies_limit_the_wall_with_the_spare_ones_lost() -> None:
    """2 x 2 700 W / 0.9 = 6 000 W; with one more to spare 3 000 W."""
    enough = SiteConfig(supplies=Supplies(4, 2700.0, spare=2, efficiency=0.9))
    assert [limit.allowed.value for limit in of("10xH100-PCIe", enough).limits] == [6000.0]
    few = SiteConfig(supplies=Supplies(4, 2700.0, spare=3, efficiency=0.9))
    cap = of("10xH100-PCIe", few).cap
    assert cap is not None and not cap.whole and cap.running.value == 0


def test_the_tightest_limit_counts() -> None:
    config = SiteConfig(watts=4800.0, circuits=(Circuit("a", 208, 30), Circuit("b", 208, 30)))
    found = of("10xH100-PCIe", config)
    assert [round(limit.allowed.value or 0) for limit in found.limits] == [4800, 9984]
    assert found.cap is not None and found.cap.cap.value == 260
