"""Figures of a verdict as a person reads them. No I/O."""

from __future__ import annotations

import math
from typing import Any

Figure = dict[str, Any]  # value, unit, source, basis

UNKNOWN = "unknown"
_PLURALS = {"supplies": "supply", "cards": "card", "slots": "slot", "lanes": "lane"}


def told(figure: Figure) -> str:
    """`5 700 W`, `95 %`, `unknown`."""
    value, unit = figure["value"], figure["unit"]
    if value is None:
        return UNKNOWN
    if unit == "share":
        return f"{math.floor(100 * value + 1e-9)} %"  # a speed is not made better than it is
    if unit == "A":
        return f"{value:.4g} A"
    if value == 1 and unit in _PLURALS:
        unit = _PLURALS[unit]
    shown = f"{value:,.7g}".replace(",", " ") if figure["basis"] == "published" else digits(value)
    return f"{shown} {unit}".replace("money", "in your currency")


def digits(value: float) -> str:
    """Whole from a hundred on, three digits below."""
    if abs(value) >= 99.95:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.3g}"


def answer_words(answer: dict[str, Any]) -> str:
    """`yes`, `yes, with a cap of 279 W a card`, `no`, `unknown`."""
    if answer["cap"] is None:
        return str(answer["answer"])
    return f"yes, with a cap of {told(answer['cap'])} a card"


def cap_words(cap: dict[str, Any] | None) -> str:
    """What a limit leaves of the box."""
    if cap is None:
        return UNKNOWN
    if cap["whole"]:
        return "whole"
    if cap["cap"]["value"] is not None:
        return f"{told(cap['cap'])} a card, {told(cap['speed'])} of the speed"
    if cap["running"]["value"]:
        return f"{told(cap['running'])} at the lowest limit, the rest idle"
    return "not even idle"


def circuit_words(circuit: dict[str, Any]) -> str:
    """`27.4 A of 24 A for hours, breaker 30 A: over the rule`."""
    loads = [f"{load['phase']} {told(load['amps'])}".strip() for load in circuit["loads"]]
    state = "within"
    if circuit["over_breaker"]:
        state = "over its breaker, which trips"
    elif circuit["over_rule"]:
        state = "over what it may carry for hours"
    rule = f"{digits(circuit['rule_a'])} A for hours, breaker {digits(circuit['amps'])} A"
    return f"{', '.join(loads)} of {rule}: {state}"


def circuit_name(circuit: dict[str, Any]) -> str:
    phases = ", three-phase" if circuit["phases"] == 3 else ""
    return f"{circuit['name']} ({digits(circuit['volts'])} V{phases})"
