"""What the box does to the room: heat against what takes it away, and the temperature of a day.

A room of first order: its air takes up heat, and gives it away by so many kelvin a kW where the
owner measured that. Walls and furniture are left out, so a real room is slower to warm.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tenfold.site import heat
from tenfold.site.settings import Cooling, SiteConfig
from tenfold.site.verdict.air import loop_share
from tenfold.site.verdict.cap import Cap, below, cap_within
from tenfold.site.verdict.drawing import Drawing
from tenfold.site.verdict.figure import Figure, assumed, computed, owned, published, unknown
from tenfold.site.verdict.power import Power, scaled
from tenfold.terms.box import Box

EXAMPLE_M3 = 50.0  # a room of 20 square metres, 2.5 m high
AIR_KG_M3, AIR_J_KG_K = 1.2, 1005.0  # at 20 °C
EXAMPLE_FROM_C, EXAMPLE_UNTIL_C = 22.0, 35.0
HOTTEST_C = 60.0  # no figure beyond: cards have shut down before
DUTY_FROM_H, DUTY_H = 9.0, 8.0
STEP_H = 1 / 6
NOTHING_SAID = "the settings say nothing of cooling"

DAY_MEANS = (
    f"the cards work for {DUTY_H:g} hours from {DUTY_FROM_H:g}:00 and idle else; of the room only"
    f" the air of {EXAMPLE_M3:g} cubic metres takes up heat, so yours is slower"
)


@dataclass(frozen=True)
class DayPoint:
    hour: float
    typical_c: float
    worst_c: float


@dataclass(frozen=True)
class Room:
    kind: str  # of cooling; empty where nobody says
    heat: Figure  # kW at worst
    into_room: Figure  # W at worst that stay in the room's air
    takes: Figure  # W of the whole box that room, air conditioner or loop can bear
    surplus: Figure  # W at worst that nothing takes away
    cap: Cap | None  # that keeps to what is taken away; None where one of the two is unknown
    inlet_highest: Figure
    steady_idle: Figure  # °C
    steady_typical: Figure
    steady_worst: Figure
    closed: Figure  # K a minute in the example room without cooling
    closed_until: Figure  # minutes until that room is too warm
    closed_means: str
    day: tuple[DayPoint, ...]
    day_means: str


def room(box: Box, config: SiteConfig, drawing: Drawing, power: Power) -> Room:
    cooling = config.cooling
    inlet = inlet_highest(box, cooling)
    worst_w, why = power.worst.value, power.worst.source
    takes = takes_w(cooling)
    air_w = None if worst_w is None else worst_w * (1.0 - (loop_share(cooling) or 0.0))
    surplus_w = None
    if worst_w is not None and takes.value is not None:
        surplus_w = max(0.0, worst_w - takes.value)
    return Room(
        kind="" if cooling is None else cooling.kind.value,
        heat=scaled(power.worst, 0.001, "kW", "worst case; every watt becomes heat"),
        into_room=computed(air_w, "W", "worst case, less what a loop takes", why),
        takes=takes,
        surplus=computed(
            surplus_w, "W", "worst case less what is taken away", takes.source if worst_w else why
        ),
        cap=_cap(drawing, takes),
        inlet_highest=inlet,
        steady_idle=_steady(cooling, power.idle),
        steady_typical=_steady(cooling, power.typical),
        steady_worst=_steady(cooling, power.worst),
        closed=computed(
            None if worst_w is None else worst_w * 60.0 / _capacity_j_k(),
            "K/min",
            "worst case into the air of the example room",
            why,
        ),
        closed_until=computed(
            None
            if not worst_w
            else (EXAMPLE_UNTIL_C - EXAMPLE_FROM_C) * _capacity_j_k() / worst_w / 60.0,
            "min",
            f"from {EXAMPLE_FROM_C:g} to {EXAMPLE_UNTIL_C:g} °C in the example room",
            why,
        ),
        closed_means=(
            f"example: a closed room of {EXAMPLE_M3:g} cubic metres without any cooling, of which"
            " only the air takes up heat; walls slow it"
        ),
        day=_day(cooling, power),
        day_means=DAY_MEANS if cooling is not None else "",
    )


def inlet_highest(box: Box, cooling: Cooling | None) -> Figure:
    """The warmest air that the box may be given: the owner's, else the strictest chassis'."""
    if cooling is not None and cooling.inlet_highest_c is not None:
        return owned(cooling.inlet_highest_c, "°C", "inlet_highest_c")
    chassis = [node.chassis for node in box.nodes if node.chassis is not None]
    told = [(one.inlet_highest_c, one.source) for one in chassis if one.inlet_highest_c is not None]
    if told:
        return published(min(told)[0], "°C", min(told)[1], "")
    return assumed(
        heat.INLET_HIGHEST_C, "°C", "as the DGX H100 user guide; no source for this chassis"
    )


def takes_w(cooling: Cooling | None) -> Figure:
    """W of the whole box whose heat goes away; unknown without the owner's word."""
    watts = heat.allowed_w(cooling)
    if cooling is None:
        return unknown("W", NOTHING_SAID)
    if math.isinf(watts):
        return unknown("W", "the settings do not say how much heat the cooling takes")
    if cooling.kelvin_per_kw is not None and cooling.ambient_c is not None:
        how = f"inlet limit less {cooling.ambient_c:g} °C, at {cooling.kelvin_per_kw:g} K a kW"
        if cooling.watts is not None or cooling.loop_watts is not None:
            how += ", or what the cooling takes, if less"
        return computed(watts, "W", how)
    if cooling.heat_share:
        return computed(watts, "W", "what loop and room take, by their shares of the heat")
    return owned(watts, "W", "[cooling]")


def _cap(drawing: Drawing, takes: Figure) -> Cap | None:
    if takes.value is None or not drawing.known:
        return None
    return cap_within(drawing, takes, below(takes.value))


def _left_w(cooling: Cooling, watts: float) -> float:
    """What the room's air keeps, once the cooling has taken what it can."""
    in_air_w = watts * (1.0 - (cooling.heat_share or 0.0))
    return max(0.0, in_air_w - (cooling.watts or 0.0))


def _steady(cooling: Cooling | None, power: Figure) -> Figure:
    """°C that the room comes to. What the owner measured holds with all cooling at work."""
    if cooling is None:
        return unknown("°C", NOTHING_SAID)
    if power.value is None:
        return unknown("°C", power.source)
    if cooling.ambient_c is None:
        return unknown("°C", "the settings do not say how warm the room is without it (ambient_c)")
    k = cooling.kelvin_per_kw
    if k is not None:
        warm_c = cooling.ambient_c + k * power.value / 1000.0
        return computed(warm_c, "°C", f"{cooling.ambient_c:g} °C + {k:g} K a kW")
    left_w = _left_w(cooling, power.value)
    if left_w == 0.0:
        return computed(cooling.ambient_c, "°C", "the cooling takes all of the heat")
    told = f"{left_w:,.0f} W are left that nothing takes: it goes on rising".replace(",", " ")
    return unknown("°C", told)


def _capacity_j_k() -> float:
    return EXAMPLE_M3 * AIR_KG_M3 * AIR_J_KG_K


def _day(cooling: Cooling | None, power: Power) -> tuple[DayPoint, ...]:
    """From midnight to midnight, as if the day before had been the same."""
    if cooling is None or power.typical.value is None or power.worst.value is None:
        return ()
    idle_w = power.idle.value or 0.0
    typical = _temperatures(cooling, idle_w, power.typical.value)
    worst = _temperatures(cooling, idle_w, power.worst.value)
    return tuple(
        DayPoint(round(step * STEP_H, 4), round(one, 2), round(other, 2))
        for step, (one, other) in enumerate(zip(typical, worst, strict=True))
    )


def _temperatures(cooling: Cooling, idle_w: float, busy_w: float) -> list[float]:
    ambient_c = EXAMPLE_FROM_C if cooling.ambient_c is None else cooling.ambient_c
    steps = round(24 / STEP_H)
    now_c = ambient_c
    series: list[float] = []
    for step in range(2 * steps + 1):
        if step >= steps:
            series.append(now_c)
        hour = step % steps * STEP_H
        busy = DUTY_FROM_H - 1e-9 <= hour < DUTY_FROM_H + DUTY_H - 1e-9
        now_c = _after(cooling, ambient_c, now_c, busy_w if busy else idle_w)
    return series


def _after(cooling: Cooling, ambient_c: float, now_c: float, watts: float) -> float:
    """One step later. Cooling with watts to spare takes the room back to where it holds it."""
    k = cooling.kelvin_per_kw
    step_s = STEP_H * 3600.0
    if k:
        steady_c = ambient_c + k * watts / 1000.0
        next_c = steady_c + (now_c - steady_c) * math.exp(-step_s * 1000.0 / k / _capacity_j_k())
        return min(HOTTEST_C, next_c)
    left_w = _left_w(cooling, watts)
    if left_w > 0:
        return min(HOTTEST_C, now_c + left_w * step_s / _capacity_j_k())
    spare_w = (cooling.watts or 0.0) - watts * (1.0 - (cooling.heat_share or 0.0))
    return max(ambient_c, now_c - spare_w * step_s / _capacity_j_k())
