"""Heat, air, water and the room's temperature by hand."""

from __future__ import annotations

import pytest

from tenfold.hardware.declared import box
from tenfold.site.settings import Cooling, CoolingKind, SiteConfig
from tenfold.site.verdict.air import airflow_cfm, flow_l_min, rise_k
from tenfold.site.verdict.verdict import Verdict, verdict


def of(cooling: Cooling | None = None, name: str = "10xH100-PCIe") -> Verdict:
    return verdict(box(name), SiteConfig(cooling=cooling))


def test_airflow_of_the_facts() -> None:
    assert airflow_cfm(5350, 15) == pytest.approx(626, abs=1)  # operating facts, section 3
    assert rise_k(5350, airflow_cfm(5350, 15)) == pytest.approx(15)


def test_heat_of_a_dgx() -> None:
    air = of(name="8xH100-SXM").air
    assert air.heat_worst.value == pytest.approx(34_802, abs=1)  # 10.2 kW x 3.412
    assert air.airflow_published.value == 1105
    assert air.rise_published.value == pytest.approx(3.16 * 10_200 / 1105 / 1.8)
    assert of().air.airflow_published.value is None


def test_water_by_hand() -> None:
    """1 kW at 10 K: 1 000 / 4 186 / 10 x 60 = 1.433 L/min."""
    assert flow_l_min(1000, 10) == pytest.approx(1.4333, abs=1e-3)
    loop = Cooling(
        CoolingKind.LIQUID, watts=2000.0, loop_watts=4200.0, heat_share=0.7, flow_l_min=6.0
    )
    found = of(loop)
    liquid = found.air.liquid
    assert liquid.into_loop.value == pytest.approx(0.7 * 5700)
    assert liquid.remains.value == pytest.approx(0.3 * 5700)
    assert liquid.flow.value == pytest.approx(0.7 * 5.7 * 1.4333, abs=1e-2)
    assert liquid.rise.value == pytest.approx(0.7 * 5700 / (4186 * 0.1))
    # The loop's 4.2 kW, the flow's 0.1 x 4186 x 10 W and the room's 2 kW: 6 000, 5 980, 6 667.
    assert found.room.takes.value == pytest.approx(4186 / 0.7)


def test_without_a_share_the_flow_is_for_all_of_the_heat() -> None:
    liquid = of().air.liquid
    assert liquid.share.value is None and liquid.into_loop.value is None
    assert liquid.flow.value == pytest.approx(5.7 * 1.4333, abs=1e-2)


def test_the_example_room_warms_by_its_air_alone() -> None:
    """50 m3 x 1.2 kg/m3 x 1005 J/kg/K = 60.3 kJ/K; 5 700 W: 5.67 K a minute."""
    room = of().room
    assert room.closed.value == pytest.approx(5700 * 60 / 60_300)
    assert room.closed_until.value == pytest.approx(13 * 60_300 / 5700 / 60)
    assert "example" in room.closed_means and room.day == ()
    assert room.takes.value is None and room.steady_worst.value is None


def test_what_the_owner_measured_sets_the_temperature() -> None:
    warm = Cooling(CoolingKind.AMBIENT, ambient_c=21.0, kelvin_per_kw=2.0, inlet_highest_c=31.0)
    room = of(warm).room
    assert room.steady_idle.value == pytest.approx(21 + 2 * 3.0)
    assert room.steady_worst.value == pytest.approx(21 + 2 * 5.7)
    assert room.takes.value == pytest.approx(5000)  # (31 - 21) / 2 kW
    assert room.surplus.value == pytest.approx(700)
    assert room.cap is not None and room.cap.cap.value == 280
    at = {point.hour: point for point in room.day}
    assert len(room.day) == 145
    assert at[16.0].worst_c == pytest.approx(32.4, abs=0.05)  # in the end, after 7 h of work
    assert at[8.0].worst_c == pytest.approx(27.0, abs=0.05)  # idle
    assert at[0.0].worst_c == pytest.approx(at[24.0].worst_c)


def test_an_air_conditioner_holds_until_it_cannot() -> None:
    enough = of(Cooling(CoolingKind.AIR_CONDITIONER, watts=6000.0, ambient_c=22.0)).room
    assert enough.steady_worst.value == 22.0 and enough.surplus.value == 0.0
    assert {point.worst_c for point in enough.day} == {22.0}
    weak = of(Cooling(CoolingKind.AIR_CONDITIONER, watts=5500.0, ambient_c=22.0)).room
    assert weak.steady_worst.value is None and "200 W are left" in weak.steady_worst.source
    at = {point.hour: point for point in weak.day}
    # 200 W left over warm 60.3 kJ/K by 11.9 K in an hour.
    assert at[10.0].worst_c == pytest.approx(22 + 200 * 3600 / 60_300, abs=0.05)
    assert at[10.0].typical_c == 22.0
    assert max(point.worst_c for point in weak.day) == 60.0  # no figure beyond
    assert at[8.0].worst_c == 22.0  # the night takes it back


def test_the_inlet_is_the_owners_then_the_chassis_then_assumed() -> None:
    assert of(name="8xH100-SXM").room.inlet_highest.basis.value == "published"
    assert of().room.inlet_highest.basis.value == "assumed"
    own = Cooling(CoolingKind.ROOM, watts=1.0, inlet_highest_c=27.0)
    assert (of(own).room.inlet_highest.value, of(own).room.inlet_highest.basis.value) == (
        27.0,
        "owner",
    )
