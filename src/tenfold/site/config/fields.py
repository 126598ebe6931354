"""The tables of site.toml and what their fields take, in words where it is something else."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenfold.terms.refusal import Refusal, refusal

KILO_BELOW_W = 50.0  # a box of GPUs draws more: what is below was meant in kW
MOST_W = 1e6


@dataclass(frozen=True)
class Section:
    """One table. `title`: what a person calls it, `[psu]`; empty for [site]."""

    title: str
    told: Mapping[str, Any]
    path: Path

    def has(self, field: str) -> bool:
        return field in self.told

    def wrong(self, field: str, why: str) -> Refusal:
        return wrong(self._name(field), self.told.get(field, ""), self.path, why)

    def missing(self, field: str, why: str) -> Refusal:
        return wrong(self._name(field), "", self.path, why)

    def _name(self, field: str) -> str:
        return f"{field} of {self.title}" if self.title else field


def wrong(field: str, value: object, path: Path, why: str) -> Refusal:
    return refusal("site.config", field=field, path=path, value=value, why=why)


def section(told: Any, title: str, known: Iterable[str], path: Path) -> Section:
    """The table `told`, which has no other fields than `known`."""
    if not isinstance(told, dict):
        raise wrong(title.strip("[]"), told, path, f"It is a section: {title}.")
    found = Section("" if title == "[site]" else title, told, path)
    names = list(known)
    for name in told:
        if name not in names:
            raise found.wrong(name, f"There is no such field; {nearest(name, names)}.")
    return found


def tables(told: Any, name: str, known: Iterable[str], path: Path) -> list[Section]:
    """Tables that are written [[name]], once for each."""
    if not isinstance(told, list):
        raise wrong(name, told, path, f"It is written [[{name}]], once for each.")
    names = list(known)
    found = []
    for number, one in enumerate(told, 1):
        own = one.get("name") if isinstance(one, dict) else None
        title = f"{name} {own}" if isinstance(own, str) and own else f"{name} {number}"
        found.append(section(one, title, names, path))
    return found


def nearest(name: str, known: Iterable[str]) -> str:
    names = list(known)
    near = difflib.get_close_matches(name.lower(), names, 1)
    return f"the nearest is {near[0]}" if near else f"it knows {', '.join(names)}"


def number(told: Section, field: str, takes: str, low: float, high: float) -> float | None:
    """A number in [low, high], or None where it is not said; `takes`: what it is, in words."""
    if not told.has(field):
        return None
    value = told.told[field]
    # NaN is neither below nor above.
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise told.wrong(field, f"It takes {takes}, a number from {low:g} to {high:,.10g}.")
    return float(value)


def above_zero(told: Section, field: str, takes: str) -> float | None:
    if not told.has(field):
        return None
    value = told.told[field]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e12:
        raise told.wrong(field, f"It takes {takes}, a number above 0.")
    return float(value)


def money(told: Section, field: str, takes: str) -> float | None:
    """A price: some tariffs pay for use at noon, so that it may be below 0."""
    if not told.has(field):
        return None
    value = told.told[field]
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e9:
        raise told.wrong(field, f"It takes {takes}, a number.")
    return float(value)


def watts(told: Section, field: str, takes: str) -> float | None:
    value = above_zero(told, field, takes)
    if value is None:
        return None
    if value < KILO_BELOW_W:
        raise told.wrong(
            field, f"It takes watts, and {value:g} looks like kW: write {value * 1000:.10g}."
        )
    if value > MOST_W:
        raise told.wrong(field, f"It takes watts, at most {MOST_W:,.0f}.")
    return value


def whole(told: Section, field: str, takes: str, low: int, high: int) -> int | None:
    value = number(told, field, takes, low, high)
    if value is not None and value != int(value):
        raise told.wrong(field, f"It takes {takes}, a whole number from {low} to {high}.")
    return None if value is None else int(value)


def share(told: Section, field: str, takes: str, low: float) -> float | None:
    """A number in [low, 1]; 94 is told to be 0.94."""
    value: Any = told.told.get(field)
    if isinstance(value, int | float) and 1 < value <= 100 and low <= value / 100:
        raise told.wrong(field, f"It takes {takes}, at most 1: write {value / 100:.10g}.")
    return number(told, field, takes, low, 1.0)


def text(told: Section, field: str, takes: str) -> str | None:
    if not told.has(field):
        return None
    value = told.told[field]
    if not isinstance(value, str) or not value.strip() or len(value) > 200:
        raise told.wrong(field, f"It takes {takes}: text of at most 200 letters.")
    return value.strip()
