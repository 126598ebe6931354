"""What the place allows over the next day, and what was drawn before, as one picture.

`budget_svg(t, draw)` takes the answer of GET /api/draw: its width is `width` px in its own measure,
and it fills what it is put into. `budget_picture` has two of them, for a wide and a narrow page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from html import escape
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from tenfold.web.amounts import number
from tenfold.web.draw.site_steps import DAY_S, Step, cheap_below, spans, watts_words
from tenfold.web.words import Words

HOUR_S, QUARTER_S = 3600.0, 900.0
LEFT, RIGHT, TOP, BOTTOM = 62.0, 14.0, 26.0, 30.0
PRICES = 18.0  # height of the strip below
LEAST_PX = 62.0  # between the words of two lines of the axis
STEPS_H = (1, 2, 3, 4, 6, 12, 24)
FALLBACK_W = 1000.0  # where nothing is drawn and nothing limits


@dataclass(frozen=True)
class Scale:
    """Moments and watts to px."""

    from_s: float
    until_s: float
    most_w: float
    width: float
    height: float

    @property
    def floor(self) -> float:
        return self.height - BOTTOM - PRICES

    def x(self, at_s: float) -> float:
        share = (at_s - self.from_s) / (self.until_s - self.from_s)
        return LEFT + min(1.0, max(0.0, share)) * (self.width - LEFT - RIGHT)

    def y(self, watts: float) -> float:
        return self.floor - watts / self.most_w * (self.floor - TOP)


def budget_picture(t: Words, draw: Mapping[str, Any], zone: str = "") -> str:
    """The one for wide pages and the one for phones; the page's style shows one of the two."""
    return (
        f'<div class="wide-only">{budget_svg(t, draw, 1160, 280, zone)}</div>'
        f'<div class="narrow-only">{budget_svg(t, draw, 380, 240, zone)}</div>'
    )


def budget_svg(
    t: Words, draw: Mapping[str, Any], width: float = 960, height: float = 260, zone: str = ""
) -> str:
    """Watts drawn up to now as an area, watts allowed from now on as a step line; quiet hours are
    shaded, and below stand the prices; those clearly under the mean are marked as cheap. `zone`:
    whose clock the axis has; empty: this machine's."""
    now_s, steps = float(draw["now_s"]), list(draw["budget"])
    # A clock that was put back leaves minutes behind that are still to come.
    minutes = [(float(at_s), watts) for at_s, watts in draw["minutes"] if at_s <= now_s]
    from_s = min([now_s, *(at_s for at_s, _ in minutes)])
    from_s = min(from_s, now_s - HOUR_S)
    heights = [watts for _, watts in minutes if watts is not None]
    heights += [step["watts"] for step in steps if step["watts"] is not None]
    most_w = 1.12 * max(heights, default=FALLBACK_W)
    scale = Scale(from_s, now_s + DAY_S, max(most_w, 1.0), width, height)
    clock = ZoneInfo(zone) if zone else None
    parts = [
        *_quiet(t, steps, scale),
        *_grid(scale, clock),
        *_drawn(minutes, now_s, scale),
        *_allowed(t, steps, scale),
        *_prices(t, steps, scale),
        *_now(t, now_s, scale),
    ]
    title = told(t, draw)
    return (
        f'<svg class="budget" viewBox="0 0 {width:g} {height:g}" role="img"'
        f' aria-label="{escape(title)}">{"".join(parts)}</svg>'
    )


def told(t: Words, draw: Mapping[str, Any]) -> str:
    """The picture in one sentence."""
    steps, known = draw["budget"], [watts for _, watts in draw["minutes"] if watts is not None]
    now = watts_words(t, steps[0]["watts"]) if steps else "–"
    limits = [step["watts"] for step in steps if step["watts"] is not None]
    lowest = watts_words(t, min(limits) if limits else None)
    drawn = f"{number(known[-1])} W" if known else t("site.nothing_drawn")
    return t("site.picture", now=now, lowest=lowest, drawn=drawn)


def _quiet(t: Words, steps: Sequence[Step], scale: Scale) -> list[str]:
    found: list[tuple[float, float]] = []
    for step, at_s, end_s in spans(steps, scale.until_s):
        if step["quiet"] and found and found[-1][1] == at_s:
            found[-1] = (found[-1][0], end_s)
        elif step["quiet"]:
            found.append((at_s, end_s))
    parts = []
    for at_s, end_s in found:
        x, wide = scale.x(at_s), scale.x(end_s) - scale.x(at_s)
        parts.append(
            f'<rect class="quiet" x="{x:.1f}" y="{TOP - 16:g}" width="{wide:.1f}"'
            f' height="{scale.floor - TOP + 16:.1f}"/>'
        )
        if wide > 70:
            parts.append(
                f'<text class="soft" x="{x + 6:.1f}" y="{TOP - 4:g}">'
                f"{escape(t('site.quiet_hours'))}</text>"
            )
    return parts


def _grid(scale: Scale, clock: tzinfo | None) -> list[str]:
    parts = []
    every_w = next(
        (
            size * 10.0**power
            for power in range(7)
            for size in (1, 2, 5)
            if scale.most_w / (size * 10.0**power) <= 5
        ),
        scale.most_w,
    )
    for place in range(int(scale.most_w / every_w) + 1):
        y = scale.y(place * every_w)
        parts.append(
            f'<line class="grid" x1="{LEFT:g}" x2="{scale.width - RIGHT:g}" y1="{y:.1f}"'
            f' y2="{y:.1f}"/><text class="soft" x="{LEFT - 8:g}" y="{y + 4:.1f}"'
            f' text-anchor="end">{place * every_w:,.0f} W</text>'
        )
    for at_s, label in _ticks(scale, clock):
        x, y = scale.x(at_s), scale.height - 8
        parts.append(
            f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{scale.floor:.1f}"'
            f' y2="{scale.floor + 4:.1f}"/>'
            f'<text class="soft" x="{x:.1f}" y="{y:g}" text-anchor="middle">{label}</text>'
        )
    return parts


def _ticks(scale: Scale, clock: tzinfo | None) -> Iterator[tuple[float, str]]:
    """Round hours of the clock, also on the days on which it changes."""
    room = max(1.0, (scale.width - LEFT - RIGHT) / LEAST_PX)
    span_h = (scale.until_s - scale.from_s) / HOUR_S
    every_h = next((step for step in STEPS_H if span_h / step <= room), STEPS_H[-1])
    at_s = (scale.from_s // QUARTER_S + 1) * QUARTER_S
    while at_s < scale.until_s:
        at = datetime.fromtimestamp(at_s, clock)
        near = scale.x(at_s) < LEFT + 16 or scale.x(at_s) > scale.width - RIGHT - 16
        if at.minute == 0 and at.hour % every_h == 0 and not near:
            yield at_s, at.strftime("%H:%M")
        at_s += QUARTER_S


def _drawn(minutes: Sequence[tuple[float, float | None]], now_s: float, scale: Scale) -> list[str]:
    """An area for each stretch of time that somebody has looked at."""
    parts, points = [], list[tuple[float, float]]()
    for (at_s, watts), (next_s, _) in pairwise([*minutes, (now_s, None)]):
        if watts is None:
            parts += _area(points, scale)
            points = []
            continue
        points += [(scale.x(at_s), scale.y(watts)), (scale.x(next_s), scale.y(watts))]
    return parts + _area(points, scale)


def _area(points: Sequence[tuple[float, float]], scale: Scale) -> list[str]:
    if not points:
        return []
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    first, last = points[0][0], points[-1][0]
    return [
        f'<polygon class="drawn" points="{first:.1f},{scale.floor:.1f} {line}'
        f' {last:.1f},{scale.floor:.1f}"/><polyline class="drawn-line" points="{line}"/>'
    ]


def _allowed(t: Words, steps: Sequence[Step], scale: Scale) -> list[str]:
    """The step line, and its watts where they change and there is room to say them."""
    parts, path, before = [], "", None
    free_x = 0.0
    for step, at_s, end_s in spans(steps, scale.until_s):
        watts = step["watts"]
        if watts is None:
            before = None
            continue
        x, end_x, y = scale.x(at_s), scale.x(end_s), scale.y(watts)
        path += f"{'M' if before is None else 'L'}{x:.1f},{y:.1f}L{end_x:.1f},{y:.1f}"
        if watts != before and x >= free_x:
            label = f"{number(watts, 4)} W"
            parts.append(f'<text class="limit" x="{x + 6:.1f}" y="{y - 6:.1f}">{label}</text>')
            free_x = x + 66
        before = watts
    if not path:
        x, y = (scale.x(steps[0]["start_s"]) if steps else LEFT) + 8, TOP + 8
        words = escape(t("site.no_limit"))
        return [f'<text class="soft" x="{x:.1f}" y="{y:g}">{words}</text>']
    return [f'<path class="allowed" d="{path}"/>', *parts]


def _prices(t: Words, steps: Sequence[Step], scale: Scale) -> list[str]:
    limit = cheap_below(steps, scale.until_s)
    merged: list[tuple[float, float, float]] = []
    for step, at_s, end_s in spans(steps, scale.until_s):
        price = step["price_kwh"]
        if price is None:
            continue
        if merged and merged[-1][0] == price and merged[-1][2] == at_s:
            merged[-1] = (price, merged[-1][1], end_s)
        else:
            merged.append((price, at_s, end_s))
    parts, y = [], scale.floor + 6
    for price, at_s, end_s in merged:
        x, wide = scale.x(at_s), scale.x(end_s) - scale.x(at_s)
        cheap = limit is not None and price < limit
        words = f"{price:g} {t('site.cheap')}" if cheap and wide > 84 else f"{price:g}"
        parts.append(
            f'<rect class="price{" cheap" if cheap else ""}" x="{x:.1f}" y="{y:.1f}"'
            f' width="{max(0.0, wide - 1):.1f}" height="{PRICES - 6:g}" rx="2"/>'
        )
        if wide > 34:
            parts.append(
                f'<text class="price-words" x="{x + wide / 2:.1f}" y="{y + 10:.1f}"'
                f' text-anchor="middle">{escape(words)}</text>'
            )
    return parts


def _now(t: Words, now_s: float, scale: Scale) -> list[str]:
    x = scale.x(now_s)
    return [
        f'<line class="now" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 14:g}" y2="{scale.floor:.1f}"/>'
        f'<text class="now-words" x="{x - 5:.1f}" y="{TOP - 4:g}" text-anchor="end">'
        f"{escape(t('site.now'))}</text>"
    ]
