"""The pictures of a verdict as SVG: watts, amps of each phase, the room's temperature of a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from tenfold.cli.site_words import digits, told

WIDE, LEFT, RIGHT = 760, 90, 84  # right of the bars stand their values
ROW, BAR = 34, 18
TALL = 240  # of the temperature

STYLE = """
svg { display: block; width: 100%; height: auto; margin: .2rem 0 1rem; }
svg text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: var(--ink); }
svg .soft { fill: var(--soft); }
svg .rail { fill: var(--line); }
svg .bar { fill: var(--teal); }
svg .bar.over { fill: var(--bad); }
svg .mark { stroke: var(--ink); stroke-width: 1.5; }
svg .mark.late { stroke: var(--bad); }
svg .grid { stroke: var(--line); }
svg .line { fill: none; stroke: var(--teal); stroke-width: 2; }
svg .line.worst { stroke: var(--bad); }
svg .limit { stroke: var(--bad); stroke-dasharray: 5 4; }
"""


@dataclass(frozen=True)
class Bar:
    name: str
    value: float
    words: str
    over: bool = False


@dataclass(frozen=True)
class Mark:
    """A line across all bars."""

    value: float
    words: str


def watts(answer: dict[str, Any]) -> str:
    """Idle, typical, worst against the tightest limit of each kind; nothing where none is known."""
    power = answer["power"]
    if power["worst"]["value"] is None:
        return ""
    limits = [(limit["allowed"]["value"], limit["name"]) for limit in answer["wall"]["limits"]]
    if answer["room"]["takes"]["value"] is not None:
        limits.append((answer["room"]["takes"]["value"], "room and cooling"))
    limits += [
        (one["allowed"]["value"], "quiet hours")
        for one in answer["noise"]["quiet"]
        if one["allowed"]["value"] is not None
    ]
    lowest = min((value for value, _ in limits), default=float("inf"))
    shown = (("idle", power["idle"]), ("typical", power["typical"]), ("worst", power["worst"]))
    bars = [Bar(name, one["value"], told(one), one["value"] > lowest) for name, one in shown]
    return bar_chart(bars, [Mark(value, name) for value, name in sorted(limits)], "watts")


def amps(circuit: dict[str, Any]) -> str:
    """Each phase against what it may carry for hours, and its breaker."""
    bars = [
        Bar(
            f"phase {load['phase']}" if load["phase"] else "at worst",
            load["amps"]["value"],
            told(load["amps"]),
            load["over_rule"],
        )
        for load in circuit["loads"]
    ]
    marks = [
        Mark(circuit["rule_a"], f"{digits(circuit['rule_a'])} A for hours"),
        Mark(circuit["amps"], f"breaker {digits(circuit['amps'])} A"),
    ]
    return bar_chart(bars, marks, f"amps of circuit {circuit['name']}")


def bar_chart(bars: Sequence[Bar], marks: Sequence[Mark], title: str) -> str:
    """Words of the marks stand below one another, so that near ones do not meet."""
    most = 1.06 * max([bar.value for bar in bars] + [mark.value for mark in marks])
    scale = (WIDE - LEFT - RIGHT) / most
    bottom = ROW * len(bars)
    tall = bottom + 18 * len(marks) + 6
    parts = []
    for place, bar in enumerate(bars):
        top = ROW * place + (ROW - BAR) / 2
        look = "bar over" if bar.over else "bar"
        parts += [
            f"<text class=soft x={LEFT - 10} y={top + 13:g} text-anchor=end>"
            f"{escape(bar.name)}</text>",
            f"<rect class=rail x={LEFT} y={top:g} width={WIDE - LEFT - RIGHT} height={BAR} rx=3 />",
            f"<rect class='{look}' x={LEFT} y={top:g} width={bar.value * scale:.1f} height={BAR}"
            " rx=3 />",
            f"<text x={WIDE - RIGHT + 8} y={top + 13:g}>{escape(bar.words)}</text>",
        ]
    for place, mark in enumerate(marks):
        x, y = LEFT + mark.value * scale, bottom + 14 + 18 * place
        anchor, shift = ("end", -5) if x > WIDE * 0.6 else ("start", 5)
        parts += [
            f"<line class=mark x1={x:.1f} x2={x:.1f} y1=2 y2={y:g} />",
            f"<text x={x + shift:.1f} y={y:g} text-anchor={anchor}>{escape(mark.words)}</text>",
        ]
    return _svg(WIDE, tall, title, parts)


def temperature(room: dict[str, Any]) -> str:
    """Two lines over a day, and the warmest air that the box may be given."""
    day = room["day"]
    if not day:
        return ""
    limit: float | None = room["inlet_highest"]["value"]
    values: list[float] = [point[name] for point in day for name in ("typical_c", "worst_c")]
    values += [limit] if limit is not None else []
    low, high = min(values) - 2, max(values) + 3
    bottom = TALL - 24

    def x(hour: float) -> float:
        return LEFT + hour / 24 * (WIDE - LEFT - RIGHT)

    def y(celsius: float) -> float:
        return bottom - (celsius - low) / (high - low) * (bottom - 12)

    parts = []
    step = 5 if high - low < 30 else 10
    for celsius in range(int(low // step + 1) * step, int(high) + 1, step):
        parts.append(
            f"<line class=grid x1={LEFT} x2={WIDE - RIGHT} y1={y(celsius):.1f}"
            f" y2={y(celsius):.1f} />"
        )
        parts.append(
            f"<text class=soft x={LEFT - 10} y={y(celsius) + 4:.1f} text-anchor=end>"
            f"{celsius} °C</text>"
        )
    for hour in range(0, 25, 4):
        parts.append(
            f"<text class=soft x={x(hour):.1f} y={TALL - 6} text-anchor=middle>{hour}:00</text>"
        )
    for name, look in (("worst_c", "line worst"), ("typical_c", "line")):
        points = " ".join(f"{x(one['hour']):.1f},{y(one[name]):.1f}" for one in day)
        parts.append(f"<polyline class='{look}' points='{points}' />")
    if limit is not None:
        parts.append(
            f"<line class=limit x1={LEFT} x2={WIDE - RIGHT} y1={y(limit):.1f} y2={y(limit):.1f} />"
        )
        parts.append(
            f"<text x={WIDE - RIGHT} y={y(limit) - 5:.1f} text-anchor=end>"
            f"warmest inlet {limit:g} °C</text>"
        )
    return _svg(WIDE, TALL, "temperature of the room over a day", parts)


def _svg(wide: float, tall: float, title: str, parts: Sequence[str]) -> str:
    return (
        f"<svg viewBox='0 0 {wide:g} {tall:g}' role=img aria-label='{escape(title)}'>"
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )
