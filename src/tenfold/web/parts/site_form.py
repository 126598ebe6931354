"""site.toml as the fields of a form, and back as what to set. No I/O, nothing of the page.

A form is `{section: [row, ...]}`; a row is `{field: text}`. Sections that are written once have one
row. What the form does not know of a section is kept as it stands in the file, and a section that
nobody has changed is not sent at all, so that the owner's comments in it stay.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LONG = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SPAN = ("days", "from", "until")
# Fields by section; those of TEXTS are text, all others numbers.
FIELDS = {
    "site": (
        "watts", "host_watts", "yearly_kwh", "yearly_money", "currency", "cloud_gpu_hour", "night",
        "when", "zone", "decode_clock_mhz", "price_kwh",
    ),
    "circuit": ("name", "volts", "amps", "phases", "continuous", "supplies"),
    "psu": ("count", "watts", "spare", "efficiency"),
    "cooling": (
        "kind", "watts", "btu_h", "inlet_lowest_c", "inlet_highest_c", "heat_share", "loop_watts",
        "flow_l_min", "ambient_c", "kelvin_per_kw",
    ),
    "noise": ("low_w", "low_dba", "high_w", "high_dba"),
    "quiet": (*SPAN, "watts", "dba"),
    "tariff": ("price", "csv"),
    "row": (*SPAN, "price"),
}  # fmt: skip
MANY = ("circuit", "quiet", "row")
TEXTS = frozenset(
    ("name", "kind", "days", "from", "until", "csv", "currency", "night", "when", "zone")
)
# Where a Refusal's field is found in the form: `volts of circuit 2`, `count of [psu]`.
_OF_ONE = re.compile(r"\[(\w+)\]")
_OF_MANY = re.compile(r"(circuit|quiet|tariff\.row) (.+)", re.DOTALL)

Row = dict[str, str]
Form = dict[str, list[Row]]


@dataclass(frozen=True)
class Place:
    """A field of the form; `field` is empty where the whole section is meant."""

    section: str
    row: int
    field: str


def form(toml: str) -> Form:
    """The fields of a file that has been read once without a Refusal."""
    told = tomllib.loads(toml)
    found: Form = {}
    for section, fields in FIELDS.items():
        tables = _tables(told, section)
        found[section] = [
            {field: _shown(field, table.get(field)) for field in fields} for table in tables
        ]
    found["noise"] = [_noise(told.get("noise", {}))]
    return found


def empty_row(section: str) -> Row:
    row = dict.fromkeys(FIELDS[section], "")
    return {**row, "phases": "1"} if section == "circuit" else row


def changes(toml: str, now: Form) -> dict[str, Any]:
    """What to set so that the file says what the form says; empty where it does so already."""
    told, before = tomllib.loads(toml), form(toml)
    found: dict[str, Any] = {}
    for field in FIELDS["site"]:
        if now["site"][0][field].strip() != before["site"][0][field]:
            found[field] = _meant(field, now["site"][0][field])
    for section in ("circuit", "psu", "cooling", "quiet"):
        if _stripped(now[section]) != _stripped(before[section]):
            found[section] = _section(section, _tables(told, section), now[section])
    if _stripped(now["noise"]) != _stripped(before["noise"]):
        found["noise"] = _points(now["noise"][0])
    if any(_stripped(now[one]) != _stripped(before[one]) for one in ("tariff", "row")):
        tariff = _section("tariff", _tables(told, "tariff"), now["tariff"]) or {}
        rows = _section("row", _tables(told, "row"), now["row"])
        tariff = {name: value for name, value in tariff.items() if name != "row"}
        found["tariff"] = {**tariff, **({"row": rows} if rows else {})} or None
    return found


def place_of(field: str, now: Form) -> Place | None:
    """Where a Refusal's field stands in the form; None where it is not in it."""
    name, _, title = field.partition(" of ")
    one, many = _OF_ONE.fullmatch(title), _OF_MANY.fullmatch(title)
    if not title:
        return _place("site", 0, name) if name in FIELDS["site"] else _of_section(name)
    if one is not None and one[1] in FIELDS:
        return _place(one[1], 0, name)
    if many is None:
        return None
    section = many[1].removeprefix("tariff.")
    names = [row.get("name", "") for row in now[section]]
    if section == "circuit" and many[2] in names:
        return _place(section, names.index(many[2]), name)
    number = int(many[2]) - 1 if many[2].isdigit() else -1
    return _place(section, number, name) if 0 <= number < len(now[section]) else None


def chosen_days(text: str) -> frozenset[int] | None:
    """`sun-thu` as numbers from 0 (Monday); None where it means nothing."""
    if not text.strip() or text.strip().lower() == "all":
        return frozenset(range(7))
    found: set[int] = set()
    for word in text.lower().split(","):
        ends = [_day(end.strip()) for end in word.split("-")]
        first, last = ends[0], ends[-1]
        if len(ends) > 2 or first is None or last is None:
            return None
        found |= {(first + step) % 7 for step in range((last - first) % 7 + 1)}
    return frozenset(found)


def days_text(chosen: frozenset[int]) -> str:
    """Empty where it is every day, which need not be said."""
    if len(chosen) in (0, 7):
        return ""
    starts = [day for day in sorted(chosen) if (day - 1) % 7 not in chosen]
    words = []
    for start in starts:
        long = next(step for step in range(1, 8) if (start + step) % 7 not in chosen)
        ends = [DAYS[start]] if long == 1 else [DAYS[start], DAYS[(start + long - 1) % 7]]
        words.append("-".join(ends))
    return ",".join(words)


def _tables(told: Mapping[str, Any], section: str) -> list[dict[str, Any]]:
    if section == "row":
        return list(told.get("tariff", {}).get("row", []))
    if section in MANY:
        return list(told.get(section, []))
    return [told.get(section, {})]


def _shown(field: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ",".join(str(one) for one in value)
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def _meant(field: str, text: str) -> Any:
    """None where nothing is said; a text that is no number stays one, for the API to refuse."""
    text = text.strip()
    if not text:
        return None
    if field in TEXTS:
        return text
    try:
        value = float(text)
    except ValueError:
        return text
    if not math.isfinite(value):
        return text
    return (
        int(value) if value.is_integer() and "." not in text and "e" not in text.lower() else value
    )


def _section(section: str, before: list[dict[str, Any]], rows: list[Row]) -> Any:
    """Tables with the form's fields; of those that stay where they were, also what it does not
    know. None where nothing is left."""
    known = FIELDS[section]
    found = []
    for place, row in enumerate(rows):
        old = before[place] if len(before) == len(rows) else {}
        kept = {name: value for name, value in old.items() if name not in known}
        said = {field: _meant(field, row[field]) for field in known}
        found.append({**{name: one for name, one in said.items() if one is not None}, **kept})
    if section in MANY:
        return found or None
    return found[0] or None


def _noise(told: Mapping[str, Any]) -> Row:
    points = told.get("points")
    flat = [one for point in points for one in point] if points else [None] * 4
    return {name: _shown(name, value) for name, value in zip(FIELDS["noise"], flat, strict=True)}


def _points(row: Row) -> dict[str, Any] | None:
    told = [_meant(name, row[name]) for name in FIELDS["noise"]]
    if all(one is None for one in told):
        return None
    pairs = [told[:2], told[2:]]
    return {"points": [["" if one is None else one for one in pair] for pair in pairs]}


def _of_section(name: str) -> Place | None:
    return Place(name, 0, "") if name in FIELDS else None


def _place(section: str, row: int, name: str) -> Place:
    return Place(section, row, name if name in FIELDS[section] else "")


def _stripped(rows: list[Row]) -> list[Row]:
    return [{field: text.strip() for field, text in row.items()} for row in rows]


def _day(word: str) -> int | None:
    return next((n for n, name in enumerate(_LONG) if word in (name, name[:3])), None)
