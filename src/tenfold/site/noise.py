"""Noise and watts of the same box, by the two points that its owner measured.

By the fan laws noise grows with the logarithm of the fans' speed, and a fan turns as fast as it has
heat to carry: dBA = a + b log10(W). Nobody publishes a and b of such a box.
"""

from __future__ import annotations

import math

from tenfold.site.clock import wall
from tenfold.site.hours import covers
from tenfold.site.settings import SiteConfig

Points = tuple[tuple[float, float], ...]  # (W, dBA), two of them, both rising


def watts_of(dba: float, points: Points) -> float:
    """The most that the box may draw to be no louder."""
    start, slope = _line(points)
    return float(10.0 ** ((dba - start) / slope))


def dba_of(watts: float, points: Points) -> float:
    start, slope = _line(points)
    return start + slope * math.log10(watts)


def limit_dba(config: SiteConfig, at_s: float) -> float | None:
    """How loud the box may be at `at_s`; None outside quiet hours. Hours that are told in watts
    have a noise where the owner has measured it."""
    shown = wall(at_s, config.zone)
    day, minute = shown.weekday(), shown.hour * 60 + shown.minute
    found = []
    for row in config.quiet:
        if covers(row.span, day, minute):
            if row.dba is not None:
                found.append(row.dba)
            elif row.watts is not None and config.noise:
                found.append(dba_of(row.watts, config.noise))
    return min(found, default=None)


def _line(points: Points) -> tuple[float, float]:
    (low_w, low_dba), (high_w, high_dba) = points
    slope = (high_dba - low_dba) / math.log10(high_w / low_w)
    return low_dba - slope * math.log10(low_w), slope
