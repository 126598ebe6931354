"""One colour for one job, on every page: the hue alone; light and dark are the style sheet's."""

from __future__ import annotations

import zlib

GOLDEN_ANGLE = 137.508  # degrees: neighbours in a list are far apart on the wheel


def hue(job: str) -> int:
    """Degrees. A child has its parent's, turned a little."""
    parent, _, key = job.partition(".")
    number = int(parent) if parent.isdecimal() else zlib.crc32(parent.encode())
    return round(number * GOLDEN_ANGLE + zlib.crc32(key.encode()) % 24) % 360
