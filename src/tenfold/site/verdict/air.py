"""Heat as air and water carry it away: BTU/h, CFM at a rise, litres a minute of a loop.

All watts from the wall become heat. Sea-level air; water at room temperature.
"""

from __future__ import annotations

from dataclasses import dataclass

from tenfold.site.heat import LOOP_RISE_K, WATER_J_L_K
from tenfold.site.settings import Cooling, SiteConfig
from tenfold.site.verdict.figure import Figure, assumed, computed, owned, published, unknown
from tenfold.site.verdict.power import Power, scaled
from tenfold.terms.box import Box

BTU_H = 3.412  # per watt
CFM_FAHRENHEIT = 3.16  # CFM = 3.16 x W / rise in °F: BTU/h = 1.08 x CFM x °F for standard air
RISE_K = 15.0  # from inlet to outlet, where nobody says


@dataclass(frozen=True)
class Liquid:
    """A loop beside the air. Without the owner's share of heat: as if it took everything."""

    share: Figure
    into_loop: Figure  # W at worst
    remains: Figure  # W that the room still gets
    flow: Figure  # L/min that this takes at 10 K
    rise: Figure  # K at the owner's flow
    loop_takes: Figure  # W of its radiator or chiller


@dataclass(frozen=True)
class Air:
    heat_idle: Figure  # BTU/h
    heat_typical: Figure
    heat_worst: Figure
    rise: Figure  # K, that the airflow is reckoned for
    airflow: Figure  # CFM at worst and that rise
    airflow_published: Figure
    rise_published: Figure  # K at worst and the published airflow
    liquid: Liquid


def air(box: Box, config: SiteConfig, power: Power) -> Air:
    how = f"watts x {BTU_H}"
    worst_w = power.worst.value
    published_cfm = _published_cfm(box)
    return Air(
        heat_idle=scaled(power.idle, BTU_H, "BTU/h", how),
        heat_typical=scaled(power.typical, BTU_H, "BTU/h", how),
        heat_worst=scaled(power.worst, BTU_H, "BTU/h", how),
        rise=assumed(RISE_K, "K", "common between inlet and outlet"),
        airflow=computed(
            None if worst_w is None else airflow_cfm(worst_w, RISE_K),
            "CFM",
            f"{CFM_FAHRENHEIT} x W / rise in °F, sea-level air",
            power.worst.source,
        ),
        airflow_published=published_cfm,
        rise_published=computed(
            None
            if worst_w is None or published_cfm.value is None
            else rise_k(worst_w, published_cfm.value),
            "K",
            "worst case at the published airflow",
            published_cfm.source if published_cfm.value is None else power.worst.source,
        ),
        liquid=_liquid(config.cooling, power),
    )


def airflow_cfm(watts: float, rise_k: float) -> float:
    """Cubic feet a minute that carry so much heat at a rise of so many kelvin."""
    return CFM_FAHRENHEIT * watts / (rise_k * 1.8)


def rise_k(watts: float, cfm: float) -> float:
    return CFM_FAHRENHEIT * watts / (cfm * 1.8)


def flow_l_min(watts: float, rise_k: float) -> float:
    return watts / (WATER_J_L_K * rise_k) * 60.0


def loop_share(cooling: Cooling | None) -> float | None:
    """Of the box's heat that goes into a liquid loop."""
    return None if cooling is None else cooling.heat_share


def _liquid(cooling: Cooling | None, power: Power) -> Liquid:
    worst_w, why = power.worst.value, power.worst.source
    share = loop_share(cooling)
    no_share = "no source tells which share of this box's heat a loop takes (heat_share)"
    into_w = None if worst_w is None or share is None else worst_w * share
    water = f"water, {LOOP_RISE_K:g} K warmer on the way out"
    if worst_w is None:
        flow = unknown("L/min", why)
    elif into_w is None:
        flow = computed(flow_l_min(worst_w, LOOP_RISE_K), "L/min", f"all of the heat; {water}")
    else:
        flow = computed(flow_l_min(into_w, LOOP_RISE_K), "L/min", f"the loop's share; {water}")
    own_l_min = cooling.flow_l_min if cooling is not None else None
    rise = None
    if into_w is not None and own_l_min:
        rise = into_w / (WATER_J_L_K * own_l_min / 60.0)
    lacking = no_share if share is None else why
    remains_w = None if worst_w is None or into_w is None else worst_w - into_w
    loop_watts = cooling.loop_watts if cooling is not None else None
    return Liquid(
        share=unknown("share", no_share) if share is None else owned(share, "share", "heat_share"),
        into_loop=computed(into_w, "W", "worst case x share", lacking),
        remains=computed(remains_w, "W", "worst case less the loop's share", lacking),
        flow=flow,
        rise=computed(rise, "K", "at the flow in the settings", "no flow is said (flow_l_min)"),
        loop_takes=owned(loop_watts, "W", "loop_watts"),
    )


def _published_cfm(box: Box) -> Figure:
    """Of the box: known where every node's is."""
    told = [node.chassis for node in box.nodes]
    total = 0.0
    for chassis in told:
        if chassis is None or chassis.airflow_cfm is None:
            return unknown("CFM", "no source gives the airflow of this chassis")
        total += chassis.airflow_cfm
    first = told[0]
    source = f"{first.source}, {first.airflow_at}" if first is not None else ""
    return published(total, "CFM", source, "")
