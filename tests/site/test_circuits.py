"""Amps per circuit and phase, by the phasors."""

from __future__ import annotations

import cmath
import math

import pytest

from tenfold.site.circuits import allowed_w, loads
from tenfold.site.settings import Circuit, Supplies

WYE = Circuit("wye", 400.0, 32.0, phases=3, continuous=1.0)
DELTA = Circuit("delta", 208.0, 30.0, phases=3)


def three(volts: float, supplies: int | None, **more: float) -> Circuit:
    return Circuit("three", volts, 30.0, phases=3, supplies=supplies, **more)


def test_one_circuit_carries_its_share_of_its_amps() -> None:
    wires = (Circuit("garage", 208.0, 30.0),)
    assert allowed_w(wires, None) == (pytest.approx(4992.0), "garage")
    (load,) = loads(wires, None, 4992.0)
    assert load.amps == (pytest.approx(24.0),) and load.share == 1.0
    assert not load.trips and loads(wires, None, 4993.0)[0].trips


def test_without_circuits_nothing_limits() -> None:
    assert allowed_w((), None) == (math.inf, "")


def test_the_circuit_with_most_for_its_size_limits() -> None:
    wires = (
        Circuit("thick", 240.0, 50.0, supplies=4),  # 9600 W, two thirds of the box
        Circuit("thin", 240.0, 15.0, supplies=2),  # 2880 W, a third
    )
    assert allowed_w(wires, Supplies(6, 3000.0)) == (pytest.approx(8640.0), "thin")
    assert [load.share for load in loads(wires, None, 1.0)] == pytest.approx([2 / 3, 1 / 3])


def test_what_nobody_says_is_shared_evenly() -> None:
    a, b = Circuit("a", 240.0, 20.0), Circuit("b", 240.0, 20.0)
    for psu in (None, Supplies(6, 3000.0), Supplies(3, 3000.0)):
        assert allowed_w((a, b), psu)[0] == pytest.approx(2 * 3840.0)
    told = Circuit("c", 240.0, 20.0, supplies=4)
    assert [one.share for one in loads((told, a, b), Supplies(6, 3000.0), 1.0)] == pytest.approx(
        [4 / 6, 1 / 6, 1 / 6]
    )


@pytest.mark.parametrize("supplies", [None, 3, 6])
def test_three_phases_in_balance(supplies: int | None) -> None:
    wires = (three(208.0, supplies),)
    assert allowed_w(wires, None)[0] == pytest.approx(208 * 30 * math.sqrt(3) * 0.8)
    (load,) = loads(wires, None, 3000.0)
    assert load.amps == pytest.approx((3000 / (math.sqrt(3) * 208),) * 3)


def test_two_supplies_on_three_phases_by_hand() -> None:
    """1000 W between A and B, 1000 W between B and C: B carries sqrt(3) of what A does."""
    (load,) = loads((three(208.0, 2),), None, 2000.0)
    one = 1000 / 208
    assert load.amps == pytest.approx((one, one * math.sqrt(3), one))
    limit = 30 * 0.8 * 208 / math.sqrt(3) * 2
    assert allowed_w((three(208.0, 2),), None)[0] == pytest.approx(limit)


@pytest.mark.parametrize("count", range(1, 9))
def test_line_currents_are_those_of_the_phasors(count: int) -> None:
    watts = 700.0 * count
    turn = [cmath.rect(1.0, math.radians(angle)) for angle in (0, -120, 120)]
    ab, bc, ca = (
        sum(1 for n in range(count) if n % 3 == pair) * 700.0 / 208 * turn[pair]
        for pair in range(3)
    )
    (load,) = loads((three(208.0, count),), None, watts)
    assert load.amps == pytest.approx((abs(ab - ca), abs(bc - ab), abs(ca - bc)))


def test_between_phases_of_400_volts_no_supply_sits() -> None:
    (load,) = loads((three(400.0, 2),), None, 2000.0)
    assert load.amps == pytest.approx((1000 / 230.94, 1000 / 230.94, 0.0), rel=1e-4)
    balanced = (Circuit("wye", 400.0, 32.0, 3, 1.0, supplies=3),)
    assert (
        allowed_w(balanced, None)[0]
        == pytest.approx(400 * 32 * math.sqrt(3))
        == pytest.approx(allowed_w((WYE,), None)[0])
    )


def test_supplies_that_are_lost_are_lost_on_the_other_circuits() -> None:
    wires = (Circuit("a", 240.0, 20.0, supplies=2), Circuit("b", 240.0, 20.0, supplies=2))
    psu = Supplies(4, 3000.0)
    shares = [[one.share for one in loads(wires, psu, 1.0, n)] for n in (4, 3, 2, 1, 0)]
    assert shares == [[0.5] * 2, [pytest.approx(2 / 3)] * 2, [1.0] * 2, [1.0] * 2, [1.0] * 2]
    limits = [allowed_w(wires, psu, n)[0] for n in (4, 3, 2, 1, 0)]
    assert limits == sorted(limits, reverse=True)


def test_a_lost_supply_unbalances_three_phases() -> None:
    """Five of six: two phases keep both of theirs, which now carry a fifth each."""
    wires = (Circuit("three", 208.0, 30.0, phases=3, supplies=6),)
    whole = allowed_w(wires, Supplies(6, 3000.0))[0]
    assert allowed_w(wires, Supplies(6, 3000.0), 5)[0] == pytest.approx(whole * 5 / 6)
    assert allowed_w(wires, Supplies(6, 3000.0), 1)[0] == pytest.approx(208 * 24 / math.sqrt(3))
