"""Speed and draw of a card against its power limit, for one kind of work.

Everything is a share: of the card's highest limit, of the speed there. `tenfold calibrate` measures
them; where nobody has, published curves of other cards stand in (`hardware/curves.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Curve:
    """Points by rising limit, the last of them at 1.0; between them straight lines."""

    load: str  # the kind of work, as `Needs.load` names it
    caps: tuple[float, ...]  # share of the highest limit
    speeds: tuple[float, ...]  # share of the speed at the highest limit
    draws: tuple[float, ...]  # what the card really draws there, share of the highest limit
    source: str

    def speed(self, cap: float) -> float:
        """Share of full speed at this share of the highest limit."""
        return _between(self.caps, self.speeds, cap)

    def draw(self, cap: float) -> float:
        """Share of the highest limit that work of this kind draws; never more than the limit."""
        return min(cap, _between(self.caps, self.draws, cap))


def _between(caps: tuple[float, ...], values: tuple[float, ...], cap: float) -> float:
    """Below the first point the line to zero: no card works on no watts."""
    if cap >= caps[-1]:
        return values[-1]
    points = list(zip((0.0, *caps), (0.0, *values), strict=True))
    for (left, low), (right, high) in pairwise(points):
        if cap <= right:
            return low + (high - low) * max(0.0, cap - left) / (right - left)
    return values[-1]
