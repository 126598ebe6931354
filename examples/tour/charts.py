"""The page's drawings, as SVG text that follows the reader's light or dark theme."""

from __future__ import annotations

import math
from html import escape

from crash import Crash
from jobs import Act

from tenfold.cli.words import duration

WIDTH = 920
LANE = 34
LEFT = 170  # where the lanes begin: names stand before
CHART = (260, 56, 12, 30)  # height, and the room left of, above and below the curve


def timeline(acts: list[Act], crash: Crash | None) -> str:
    """A lane for each job: waiting, then running; the band is the time without a daemon."""
    begin_s = min(act.asked_s for act in acts)
    end_s = max(act.outcome.ended_s if act.outcome else act.asked_s for act in acts)
    scale = (WIDTH - LEFT - 10) / max(end_s - begin_s, 1e-9)
    height = LANE * len(acts) + 40

    def x(at_s: float) -> float:
        return LEFT + (at_s - begin_s) * scale

    parts = [_band(x(crash.killed_s), x(crash.back_s), 0, height - 24)] if crash else []
    for lane, act in enumerate(acts):
        y = 8 + lane * LANE
        parts.append(f'<text x="0" y="{y + 16}">{escape(act.name)}</text>')
        if act.outcome:
            began_s, ended_s = act.outcome.started_s, act.outcome.ended_s
            parts.append(_bar(x(act.asked_s), x(began_s), y, "waited"))
            parts.append(_bar(x(began_s), x(ended_s), y, "ran"))
    for at_s in _ticks(0.0, end_s - begin_s, 6):
        place = x(begin_s + at_s)
        parts.append(f'<text class=tick x="{place:.1f}" y="{height - 6}">{duration(at_s)}</text>')
    if crash:
        middle = x(crash.killed_s) - 6
        text = f'<text class=mark x="{middle:.1f}" y="{height - 26}">kill -9</text>'
        parts.append(text)
    return _svg(height, "".join(parts), "What ran when")


def curve_chart(curve: list[tuple[int, float, float]], name: str, crash: Crash | None) -> str:
    """`curve`: (step, seconds since the epoch, value). A residual is drawn on a log scale."""
    height, left, top, below = CHART
    log = min(value for _, _, value in curve) > 0 and name == "residual"
    points = [(at_s, math.log10(value) if log else value) for _, at_s, value in curve]
    begin_s, end_s = points[0][0], points[-1][0]
    low, high = min(v for _, v in points), max(v for _, v in points)
    bottom = height - below

    def x(at_s: float) -> float:
        return left + (at_s - begin_s) / max(end_s - begin_s, 1e-9) * (WIDTH - left - 10)

    def y(value: float) -> float:
        return bottom - (value - low) / max(high - low, 1e-9) * (bottom - top)

    parts = []
    for value in _ticks(low, high, 4):
        said = f"1e{value:.0f}" if log else f"{value:g}"
        if log and value != round(value):
            continue
        parts.append(f'<line class=grid x1="{left}" x2="{WIDTH - 10}" y1="{y(value):.1f}"'
                     f' y2="{y(value):.1f}"/>')  # fmt: skip
        parts.append(f'<text class=value x="{left - 8}" y="{y(value) + 4:.1f}">{said}</text>')
    if crash and begin_s < crash.killed_s < end_s:
        parts.append(_band(x(crash.killed_s), x(min(crash.back_s, end_s)), top, bottom))
        parts.append(
            f'<text class=mark x="{x(crash.killed_s) - 6:.1f}" y="{top + 14}">kill -9</text>'
        )
    path = " ".join(f"{x(at_s):.1f},{y(value):.1f}" for at_s, value in points)
    parts.append(f'<polyline points="{path}"/>')
    for at_s in _ticks(0.0, end_s - begin_s, 6):
        place = x(begin_s + at_s)
        parts.append(f'<text class=tick x="{place:.1f}" y="{height - 8}">{duration(at_s)}</text>')
    parts.append(f'<text class=mark x="{WIDTH - 12}" y="{top + 14}">{escape(name)}</text>')
    return _svg(height, "".join(parts), f"The curve of {name}")


def _ticks(low: float, high: float, count: int) -> list[float]:
    """About `count` round numbers from `low` to `high`."""
    if high <= low:
        return [low]
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= rough)
    first = math.ceil(low / step)
    return [round(n * step, 10) for n in range(first, math.floor(high / step) + 1)]


def _bar(begin: float, end: float, y: float, kind: str) -> str:
    width = max(end - begin, 0.0)
    return f'<rect class={kind} x="{begin:.1f}" y="{y}" width="{width:.1f}" height="22" rx="4"/>'


def _band(begin: float, end: float, top: float, bottom: float) -> str:
    return (
        f'<rect class=band x="{begin:.1f}" y="{top}" width="{max(end - begin, 2):.1f}"'
        f' height="{bottom - top}"/>'
    )


def _svg(height: float, inside: str, title: str) -> str:
    size = f'viewBox="0 0 {WIDTH} {height}"'
    return f'<svg {size} role="img" aria-label="{escape(title)}">{inside}</svg>'
