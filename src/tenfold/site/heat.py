"""How much heat the place takes away: all that the box draws becomes heat."""

from __future__ import annotations

import math

from tenfold.site.settings import Cooling

INLET_HIGHEST_C = 30.0  # DGX H100/H200 User Guide: operates at 5-30 degrees
LOOP_RISE_K = 10.0  # of the liquid on its way through the box
WATER_J_L_K = 4186.0  # heat of a litre of water per kelvin
PER_KELVIN = 0.1  # of the watts taken back for each kelvin of air that is too warm
_STEP_K = 0.5  # a thermometer that flickers must not move every cap


def allowed_w(cooling: Cooling | None) -> float:
    """The most that the box may draw for hours; inf where nobody knows."""
    if cooling is None:
        return math.inf
    return min(_air_w(cooling), _loop_w(cooling), _warming_w(cooling))


def too_warm(cooling: Cooling | None, inlet_c: float) -> float:
    """The share (1 to 0) of its usual watts that the box keeps while its inlet air is so warm."""
    if cooling is None:
        return 1.0
    above_k = inlet_c - inlet_highest_c(cooling)
    return max(0.0, 1.0 - PER_KELVIN * math.ceil(max(0.0, above_k) / _STEP_K) * _STEP_K)


def inlet_highest_c(cooling: Cooling) -> float:
    told_c = cooling.inlet_highest_c
    return INLET_HIGHEST_C if told_c is None else told_c


def _air_w(cooling: Cooling) -> float:
    """What the room takes, of the share that goes into the air."""
    air = 1.0 - (cooling.heat_share or 0.0)
    return math.inf if cooling.watts is None or air <= 0 else cooling.watts / air


def _loop_w(cooling: Cooling) -> float:
    if not cooling.heat_share:
        return math.inf
    found = [] if cooling.loop_watts is None else [cooling.loop_watts]
    if cooling.flow_l_min is not None:
        found.append(cooling.flow_l_min / 60.0 * WATER_J_L_K * LOOP_RISE_K)
    return min(found, default=math.inf) / cooling.heat_share


def _warming_w(cooling: Cooling) -> float:
    """Until the air that it warms is as warm as its inlet may be."""
    if cooling.ambient_c is None or cooling.kelvin_per_kw is None:
        return math.inf
    return (inlet_highest_c(cooling) - cooling.ambient_c) / cooling.kelvin_per_kw * 1000.0
