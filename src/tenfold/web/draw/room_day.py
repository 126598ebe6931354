"""The room's temperature over a day as lines: typical, at worst, and the warmest inlet air."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from tenfold.web.words import Words

WIDTH, HEIGHT = 720.0, 200.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 12.0, 14.0, 24.0


def room_day_svg(t: Words, room: Mapping[str, Any]) -> str:
    """Empty where nobody can tell."""
    day, limit = room["day"], room["inlet_highest"]["value"]
    if not day:
        return ""
    values: list[float] = [point[name] for point in day for name in ("typical_c", "worst_c")]
    values = [*values, *([] if limit is None else [float(limit)])]
    low, high = min(values) - 2, max(values) + 2

    def x(hour: float) -> float:
        return LEFT + hour / 24 * (WIDTH - LEFT - RIGHT)

    def y(celsius: float) -> float:
        return HEIGHT - BOTTOM - (celsius - low) / (high - low) * (HEIGHT - BOTTOM - TOP)

    step = 5 if high - low < 30 else 10
    parts = [
        f'<line class="grid" x1="{LEFT:g}" x2="{WIDTH - RIGHT:g}" y1="{y(c):.1f}" y2="{y(c):.1f}"/>'
        f'<text class="soft" x="{LEFT - 8:g}" y="{y(c) + 4:.1f}" text-anchor="end">{c} °C</text>'
        for c in range(int(low // step + 1) * step, int(high) + 1, step)
    ]
    parts += [
        f'<text class="soft" x="{x(hour):.1f}" y="{HEIGHT - 6:g}" text-anchor="middle">'
        f"{hour}:00</text>"
        for hour in range(4, 24, 4)
    ]
    for name, look in (("worst_c", "worst"), ("typical_c", "typical")):
        line = " ".join(f"{x(one['hour']):.1f},{y(one[name]):.1f}" for one in day)
        parts.append(f'<polyline class="{look}" points="{line}"/>')
    if limit is not None:
        parts.append(
            f'<line class="limit" x1="{LEFT:g}" x2="{WIDTH - RIGHT:g}" y1="{y(limit):.1f}"'
            f' y2="{y(limit):.1f}"/><text x="{WIDTH - RIGHT:g}" y="{y(limit) - 5:.1f}"'
            f' text-anchor="end">{escape(t("site.figure.room_inlet_highest"))} {limit:g} °C</text>'
        )
    return (
        f"<h4>{escape(t('site.room_day'))}</h4>"
        f'<svg class="room-day" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img"'
        f' aria-label="{escape(t("site.room_day_told", most=f"{max(values):.0f}"))}">'
        f"{''.join(parts)}</svg>"
        f'<ul class="marks"><li class="line-typical">{escape(t("site.typical"))}</li>'
        f'<li class="line-worst">{escape(t("site.at_worst"))}</li></ul>'
        f'<p class="dim" lang="en">{escape(room["day_means"])}.</p>'
    )
