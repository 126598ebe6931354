"""A number of a verdict with where it comes from; where nobody knows it, why not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Basis(StrEnum):
    PUBLISHED = "published"
    COMPUTED = "computed"  # from other figures, by arithmetic that the source names
    ASSUMED = "assumed"
    OWNER = "owner"  # as the settings say
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Figure:
    value: float | None
    unit: str
    source: str  # or why nobody knows
    basis: Basis


def published(value: float | None, unit: str, source: str, why: str) -> Figure:
    """`why`: where the source does not have it."""
    return unknown(unit, why) if value is None else Figure(value, unit, source, Basis.PUBLISHED)


def owned(value: float | None, unit: str, field: str) -> Figure:
    """What the settings say in `field`."""
    if value is None:
        return unknown(unit, f"the settings do not say it ({field})")
    return Figure(value, unit, f"{field} in the settings", Basis.OWNER)


def computed(value: float | None, unit: str, source: str, why: str = "") -> Figure:
    return unknown(unit, why) if value is None else Figure(value, unit, source, Basis.COMPUTED)


def assumed(value: float, unit: str, source: str) -> Figure:
    return Figure(value, unit, source, Basis.ASSUMED)


def unknown(unit: str, why: str) -> Figure:
    return Figure(None, unit, why, Basis.UNKNOWN)
