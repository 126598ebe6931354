"""A hot card is relieved in steps, pure: its limit halfway down, its lowest limit, its jobs asked
to leave, and at last nobody new, until it is cool.

The next step is taken only if the card is still hot NEXT_S after the last one, and one is taken
back when it has been cool for BACK_S: between hot and cool lies a gap, so that a temperature that
swings about one number moves nothing. Where limits cannot be set its jobs are asked at once.

How hot is too hot, where a card tells (operating-layer facts): the margin is 0 at the warmest that
an H100 is to work at, -2 where it slows itself down; an A100 tells its temperature, 85 and 89 C.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import IntEnum

from tenfold.hardware.modelled import ASSUMED_C
from tenfold.placement.power import lowest_cap_w
from tenfold.terms.box import Device
from tenfold.terms.reading import SLOWED, TOO_HOT, TOO_WARM, DeviceReading, Missing

HOT_MARGIN_C, COOL_MARGIN_C = 3.0, 8.0  # left to the warmest that it is to work at
COOLER_C = 5.0  # below its limit a card that tells its temperature only is cool
SLOWED_S = 10.0  # clocks that heat holds down for so long: at a limit of power they swing as well
NEXT_S, BACK_S = 30.0, 120.0


class Step(IntEnum):
    NONE = 0
    CAP = 1  # halfway between its lowest and its highest limit
    LOWEST = 2
    YIELD = 3  # its jobs are asked to leave, and nobody new comes
    ASIDE = 4  # still hot although it was asked of them


WORDS = {Step.CAP: "cap", Step.LOWEST: "cap", Step.YIELD: "yield", Step.ASIDE: "aside"}


@dataclass(frozen=True)
class Heat:
    """What is remembered of one card."""

    step: Step = Step.NONE
    why: str = ""  # it was taken
    stepped_s: float = -math.inf
    slowed_s: float | None = None  # since when heat holds its clocks down
    cool_s: float | None = None  # since when it is cool


def relief(device: Device, reading: DeviceReading, state: Heat, now: float) -> Heat:
    """The state after this reading: at most one step further, or one back."""
    slowed = bool(_slowed_by(reading))
    slowed_s = _since(state.slowed_s, slowed, now)
    long = slowed_s is not None and now - slowed_s >= SLOWED_S
    why = hot(device, reading, long)
    cool = not why and not slowed and _is_cool(device, reading)
    cool_s = _since(state.cool_s, cool, now)
    # A clock that was set back must not put off what is due for as long.
    state = replace(state, slowed_s=slowed_s, cool_s=cool_s, stepped_s=min(state.stepped_s, now))
    stands_s = now - state.stepped_s
    if why and state.step < Step.ASIDE and stands_s >= NEXT_S:
        return replace(state, step=_next(device, state.step), why=why, stepped_s=now)
    if state.step and cool_s is not None and min(stands_s, now - cool_s) >= BACK_S:
        back = f"it was cool for {BACK_S:.0f} s"
        return replace(state, step=_back(device, state.step), why=back, stepped_s=now)
    return state


def ceiling_w(device: Device, step: Step) -> float | None:
    """The highest limit that this step leaves a card; None where it has no say."""
    lowest_w = lowest_cap_w(device)
    if step is Step.NONE or lowest_w >= device.cap_max_w:
        return None
    return math.floor((lowest_w + device.cap_max_w) / 2) if step is Step.CAP else lowest_w


def hot(device: Device, reading: DeviceReading, slowed_long: bool) -> str:
    """Why this card is too hot; empty if it is not, or nobody can tell."""
    margin_c = _margin_c(reading)
    fan = _fan_words(reading)
    if not isinstance(margin_c, Missing):
        if margin_c <= HOT_MARGIN_C:
            return f"it is {margin_c:.0f} °C from the warmest that it is to work at{fan}"
    elif not isinstance(reading.temperature_c, Missing):
        limit_c, assumed = _limit_c(device)
        if reading.temperature_c >= limit_c:
            told = f"it has {reading.temperature_c:.0f} °C and is to stay below {limit_c:.0f} °C"
            return f"{told}{assumed}{fan}"
    if slowed_long:
        return f"heat holds its clocks down ({', '.join(_slowed_by(reading))}){fan}"
    return ""


def _is_cool(device: Device, reading: DeviceReading) -> bool:
    """Of what tells nothing at all it is not known."""
    margin_c = _margin_c(reading)
    if not isinstance(margin_c, Missing):
        return margin_c >= COOL_MARGIN_C
    if not isinstance(reading.temperature_c, Missing):
        return reading.temperature_c <= _limit_c(device)[0] - COOLER_C
    return reading.gpu is not None and not isinstance(reading.gpu.throttle, Missing)


def _margin_c(reading: DeviceReading) -> float | Missing:
    return Missing("it has none") if reading.gpu is None else reading.gpu.margin_c


def _limit_c(device: Device) -> tuple[float, str]:
    if device.max_operating_c is None:
        return ASSUMED_C, " (assumed, nobody knows its limit)"
    return device.max_operating_c, ""


def _slowed_by(reading: DeviceReading) -> tuple[str, ...]:
    """To be at its power limit alone is what a limit is for."""
    if reading.gpu is None or isinstance(reading.gpu.throttle, Missing):
        return ()
    return tuple(word for word in reading.gpu.throttle if word in (SLOWED, TOO_WARM, TOO_HOT))


def _fan_words(reading: DeviceReading) -> str:
    full = not isinstance(reading.fan, Missing) and reading.fan >= 1.0
    return "; its fan is at 100 %" if full else ""


def _next(device: Device, step: Step) -> Step:
    """Limits that the card has already, or that cannot be set, are passed over."""
    for lower in (Step.CAP, Step.LOWEST):
        level_w = ceiling_w(device, lower)
        if step < lower and level_w is not None and level_w < device.cap_w:
            return lower
    return Step(max(step + 1, Step.YIELD))


def _back(device: Device, step: Step) -> Step:
    """Who comes back to a card that was set aside finds it at its lowest limit."""
    if ceiling_w(device, step) is None:
        return Step.NONE
    return Step(min(step - 1, Step.LOWEST))


def _since(before_s: float | None, so: bool, now: float) -> float | None:
    if not so:
        return None
    return now if before_s is None else min(before_s, now)
