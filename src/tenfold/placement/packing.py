"""Where on a card an instance does the least harm to those that come after it.

A card is a mask of its memory slices. What is free is worth what could still be placed there: every
profile counts with its multiprocessors times the share of its legal starts that are still free. The
best start of a profile is the one that costs the least of that worth, and the highest among equals:
a 1g goes to slice 6, where it only keeps out one 3g, and never first to 0, where it keeps out the
4g as well.
"""

from __future__ import annotations

from functools import lru_cache

from tenfold.terms.mig import SLICES, Geometry, Placement, Profile
from tenfold.terms.needs import Needs

FULL = (1 << SLICES) - 1
SPEEDS_FOR = (1, 2, 3, 4, 7)  # compute slices that `Needs.speeds` tells, in this order


class Packing:
    """The tables of one geometry. Build it with `packing`."""

    def __init__(self, geometry: Geometry) -> None:
        self.geometry = geometry
        self.plain = tuple(p for p in geometry.profiles if not p.with_media)
        self.sm = max(profile.sm for profile in self.plain)  # of the largest instance
        self._masks = {
            profile.name: tuple((place.mask, place) for place in profile.placements)
            for profile in geometry.profiles
        }
        self._worth: dict[int, float] = {}
        self._best: dict[tuple[str, int], tuple[float, Placement] | None] = {}
        self._wanted: dict[tuple[object, ...], Profile | None] = {}

    def worth(self, taken: int) -> float:
        """Of what is free where `taken` is not."""
        known = self._worth.get(taken)
        if known is None:
            known = self._worth[taken] = sum(
                profile.sm
                * sum(not taken & mask for mask, _ in self._masks[profile.name])
                / len(self._masks[profile.name])
                for profile in self.plain
            )
        return known

    def best(self, profile: str, taken: int) -> tuple[float, Placement] | None:
        """What its best placement costs of the worth, and that placement; None without a place."""
        key = (profile, taken)
        if key not in self._best:
            before = self.worth(taken)
            options = [
                (before - self.worth(taken | mask), -place.start, place)
                for mask, place in self._masks[profile]
                if not taken & mask
            ]
            least = min(options, key=lambda option: option[:2], default=None)
            self._best[key] = None if least is None else (least[0], least[2])
        return self._best[key]

    def free(self, profile: str, taken: int) -> list[Placement]:
        """Every legal placement of the profile that nothing taken is in the way of."""
        return [place for mask, place in self._masks[profile] if not taken & mask]

    def wanted(self, needs: Needs) -> Profile | None:
        """The smallest profile that suffices; None where only the whole card does, or nothing."""
        key = (needs.slice, needs.share, needs.shared, needs.memory_gib, needs.speeds)
        if key not in self._wanted:
            self._wanted[key] = self._smallest(needs)
        return self._wanted[key]

    def _smallest(self, needs: Needs) -> Profile | None:
        if needs.slice is not None:
            asked = self.geometry.profile(needs.slice)
            return asked if asked is not None and asked.memory_gib >= needs.memory_gib else None
        able = [profile for profile in self.plain if self._suffices(profile, needs)]
        return min(able, key=lambda profile: (profile.size, profile.compute), default=None)

    def _suffices(self, profile: Profile, needs: Needs) -> bool:
        if profile.memory_gib < needs.memory_gib:
            return False
        if needs.speeds:
            return speed(needs, profile.compute) > 0
        if needs.shared and needs.share is None:
            return True
        return needs.share is not None and profile.sm >= needs.share * self.sm


def speed(needs: Needs, compute: int) -> float:
    """Relative to the whole card; 1 where nothing else is told."""
    if not needs.speeds:
        return 1.0
    return needs.speeds[SPEEDS_FOR.index(compute)]


def by_slice(needs: Needs) -> bool:
    """Whether a part of a card will do."""
    if needs.slice is not None:
        return True
    part = needs.shared or needs.share is not None or bool(needs.speeds)
    return part and needs.gpus <= 1


@lru_cache(maxsize=64)
def packing(geometry: Geometry) -> Packing:
    return Packing(geometry)
