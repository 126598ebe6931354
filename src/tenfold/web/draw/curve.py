"""A curve of a job as a page keeps it: never more points than a screen has, its peaks kept.

A point is (step, at_s, value), as /api/jobs/ID/metrics gives it. A step that comes again (after a
crash or a yield) takes the place of all that followed it.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Any

Point = tuple[float, float, float]

MOST = 400  # points of a curve that is drawn
LOG_SPAN = 100.0  # a positive curve that spans more is drawn on a logarithmic scale


class Curve:
    """`add` what came; `points` is what is drawn, never more than twice MOST."""

    def __init__(self, points: Iterable[Sequence[float]] = ()) -> None:
        self.points: list[Point] = []
        self.count = 0  # points that were added, drawn or not
        self.add(points)

    def add(self, points: Iterable[Sequence[float]]) -> None:
        for step, at_s, value in points:
            if value is None or not math.isfinite(value):
                continue
            if self.points and step <= self.points[-1][0]:
                del self.points[bisect_left(self.points, step, key=lambda point: point[0]) :]
            self.points.append((step, at_s, value))
            self.count += 1
            if len(self.points) > 2 * MOST:
                self.points = thinned(self.points, MOST)

    @property
    def last(self) -> Point | None:
        return self.points[-1] if self.points else None

    @property
    def lowest(self) -> float:
        return min(value for _, _, value in self.points)

    @property
    def highest(self) -> float:
        return max(value for _, _, value in self.points)


def wants_log(curves: Sequence[Curve]) -> bool:
    """Whether a straight scale would hide most of them."""
    drawn = [one for one in curves if one.points]
    low = min((one.lowest for one in drawn), default=0.0)
    return low > 0 and max(one.highest for one in drawn) / low > LOG_SPAN


def thinned(points: Sequence[Point], most: int) -> list[Point]:
    """At most `most` of them: the ends, and the lowest and highest of every bucket between."""
    if len(points) <= most:
        return list(points)
    inner = points[1:-1]
    buckets = max(1, (most - 2) // 2)
    kept = [points[0]]
    for bucket in range(buckets):
        start = bucket * len(inner) // buckets
        part = inner[start : (bucket + 1) * len(inner) // buckets]
        low, high = min(part, key=_value), max(part, key=_value)
        kept += [low] if low is high else sorted((low, high))
    return [*kept, points[-1]]


def xs(points: Sequence[Point], by_time: bool, began_s: float) -> list[list[float]]:
    """[x, value] as a chart wants it; by time, x counts seconds since `began_s`."""
    if by_time:
        return [[round(at_s - began_s, 3), value] for _, at_s, value in points]
    return [[step, value] for step, _, value in points]


def options(
    lines: Sequence[tuple[str, list[list[float]]]], by_time: bool, log: bool, unit: str
) -> dict[str, Any]:
    """An ECharts chart of `lines`: name and points. Its colours are the page's variables, so it
    follows light and dark by itself. Keys that begin with `:` are code, always from here."""
    axis: dict[str, Any] = {
        "axisLine": {"lineStyle": {"color": "var(--line)"}},
        "axisLabel": {"color": "var(--dim)", "hideOverlap": True},
        "splitLine": {"lineStyle": {"color": "var(--line)", "opacity": 0.6}},
    }
    return {
        "animation": False,
        "grid": {"left": 8, "right": 18, "top": 14, "bottom": 8, "containLabel": True},
        "tooltip": {
            "trigger": "axis",
            "confine": True,
            "backgroundColor": "var(--raised)",
            "borderColor": "var(--line)",
            "textStyle": {"color": "var(--ink)", "fontFamily": "inherit"},
            "axisPointer": {"lineStyle": {"color": "var(--dim)"}},
            ":valueFormatter": "(v) => v == null ? '–' : String(Number(Number(v).toPrecision(5)))",
        },
        "xAxis": {
            "type": "value",
            "min": "dataMin",
            "max": "dataMax",
            **axis,
            "axisLabel": {
                **axis["axisLabel"],
                ":formatter": _SECONDS if by_time else _SHORT,
                "showMinLabel": True,
            },
            "splitLine": {"show": False},
        },
        "yAxis": {
            "type": "log" if log else "value",
            "scale": True,
            "axisLabel": {"formatter": f"{{value}}{unit}", **axis["axisLabel"]},
            "axisLine": {"show": False},
            "splitLine": axis["splitLine"],
            **({} if unit else {"axisLabel": {**axis["axisLabel"], ":formatter": _SHORT}}),
        },
        "series": [
            {
                "type": "line",
                "name": name,
                "data": data,
                "showSymbol": len(data) == 1,
                "symbolSize": 5,
                "lineStyle": {
                    "width": 1.8,
                    "color": f"var(--curve-{at % COLOURS + 1})",
                    "type": _DASHES[at // COLOURS % len(_DASHES)],
                },
                "itemStyle": {"color": f"var(--curve-{at % COLOURS + 1})"},
                "emphasis": {"disabled": True},
            }
            for at, (name, data) in enumerate(lines)
        ],
    }


COLOURS = 6
_DASHES = ("solid", "dashed", "dotted")
_SHORT = (
    "(v) => { const a = Math.abs(v); if (a >= 1e9) return v / 1e9 + 'G';"
    " if (a >= 1e6) return v / 1e6 + 'M'; if (a >= 1e4) return v / 1e3 + 'k';"
    " return a !== 0 && a < 1e-3 ? v.toExponential(0) : String(Number(v.toPrecision(6))); }"
)
_SECONDS = (
    "(v) => v >= 5400 ? Number((v / 3600).toFixed(1)) + ' h' : v >= 90"
    " ? Number((v / 60).toFixed(1)) + ' min' : Number(v.toFixed(1)) + ' s'"
)


def _value(point: Point) -> float:
    return point[2]
