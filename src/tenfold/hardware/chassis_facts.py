"""Chassis that declared nodes stand in: size, weight, supplies and air, as published.

A figure that neither source gives stays None. Nobody publishes the noise of either in dB; power
supplies and weight of the ten-card chassis stand in no source that was read.
"""

from __future__ import annotations

from tenfold.hardware.models import Card
from tenfold.terms.chassis import Chassis

# Supermicro SYS-521GE-TNRT, as ServeTheHome reviewed it with L40S and H100 cards.
TEN_CARDS = Chassis(
    name="ten-card chassis (as Supermicro SYS-521GE-TNRT)",
    source="ServeTheHome, review of the SYS-521GE-TNRT",
    rack_units=5,
    seen="4.3 to 5 kW at the wall with eight cards of 350 W",
    slots=10,  # double-width
    lanes="PCIe Gen5 switches in dual root, below two Xeon",
)

# DGX H100/H200 user guide, chapters on the hardware, power and environment.
DGX = Chassis(
    name="DGX H100/H200 class, eight SXM",
    source="DGX H100/H200 user guide",
    rack_units=8,
    weight_kg=130.45,
    rated_w=10_200,
    # 11.3 kW, against a rating of 10.2 kW in the same guide: heat is reckoned from watts instead.
    heat_btu_h=38_557,
    supplies=6,
    supplies_needed=4,  # 4+2
    supply_w=3_300,
    supply_lowest_v=200,
    supply_highest_v=240,
    plugs="C19/C20, 16 A each",
    airflow_cfm=1_105,
    airflow_at="fans at 80 %",
    inlet_lowest_c=5,
    inlet_highest_c=30,
)

_DGX_CARDS = frozenset({"H100-SXM", "H200-SXM"})
_SMALL = 4  # cards that need no chassis of this kind


def chassis_of(card: Card, count: int) -> Chassis | None:
    """What `count` of `card` stand in; None where that can be many things."""
    if card.on_board:
        return DGX if card.name in _DGX_CARDS and count == 8 else None
    return TEN_CARDS if count > _SMALL else None
