"""Heat that the place takes away, in watts of the box."""

from __future__ import annotations

import math

import pytest

from tenfold.site.heat import allowed_w, too_warm
from tenfold.site.settings import Cooling, CoolingKind


@pytest.mark.parametrize(
    ("cooling", "watts"),
    [
        (None, math.inf),
        (Cooling(CoolingKind.ROOM), math.inf),
        (Cooling(CoolingKind.ROOM, watts=5000.0), 5000.0),
        (Cooling(CoolingKind.AIR_CONDITIONER, watts=3517.0), 3517.0),
        # 70 % into a loop of 7 kW, 30 % into a room of 2.4 kW: the room is full first
        (Cooling(CoolingKind.LIQUID, watts=2400.0, loop_watts=7000.0, heat_share=0.7), 8000.0),
        (Cooling(CoolingKind.LIQUID, watts=9000.0, loop_watts=7000.0, heat_share=0.7), 10_000.0),
        (Cooling(CoolingKind.LIQUID, watts=100.0, loop_watts=7000.0, heat_share=1.0), 7000.0),
        # 6 litres a minute warm by 10 K with 4186 W
        (Cooling(CoolingKind.LIQUID, loop_watts=9e9, heat_share=0.5, flow_l_min=6.0), 8372.0),
        (Cooling(CoolingKind.AMBIENT, ambient_c=22.0, kelvin_per_kw=2.0), 4000.0),
        (
            Cooling(CoolingKind.AMBIENT, ambient_c=22.0, kelvin_per_kw=2.0, inlet_highest_c=35.0),
            6500.0,
        ),
    ],
)
def test_what_it_allows(cooling: Cooling | None, watts: float) -> None:
    assert allowed_w(cooling) == pytest.approx(watts)


def test_warmer_air_never_gives_watts_back() -> None:
    cooling = Cooling(CoolingKind.ROOM)
    shares = [too_warm(cooling, c / 10) for c in range(200, 500)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == 1.0 and shares[-1] == 0.0 and too_warm(cooling, 31.0) == 0.9
    assert too_warm(None, 90.0) == 1.0


def test_a_thermometer_that_flickers_moves_nothing() -> None:
    cooling = Cooling(CoolingKind.ROOM)
    assert len({too_warm(cooling, 31.0 + n / 100) for n in range(1, 50)}) == 1
