"""A form from the JSON schema of a workload's params: its fields, and their values as text.

`raw` is what stands in an input: text, true or false, or the list of what is ticked. What it means
is read in parts/written.py.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tenfold.terms.command import COMMAND
from tenfold.web.words import Words

LONG_TEXT = 200  # characters; a field that takes more has several lines
_SILENT_UNITS = frozenset({"", "1", "path", "text", "yes or no", "kinds"})
_PATHS = frozenset({"path", "file-path", "directory-path"})


@dataclass(frozen=True)
class Field:
    """`kind`: integer number switch choice choices text long path numbers lines command json."""

    name: str
    kind: str
    label: str
    help: str
    unit: str = ""
    default: Any = None
    required: bool = False
    low: float | None = None
    high: float | None = None
    above: bool = False  # the lowest value itself is not allowed
    below: bool = False
    choices: tuple[Any, ...] = ()
    labels: tuple[str, ...] = ()  # of the choices, in words
    advanced: bool = False


def fields(t: Words, entry: Mapping[str, Any]) -> list[Field]:
    """Of GET /api/workloads/{name}, in the order of the workload's own Params."""
    schema = entry["schema"]
    required = set(schema.get("required", ()))
    return [
        _field(t, entry["name"], name, _shape(of, schema), name in required)
        for name, of in schema.get("properties", {}).items()
    ]


def defaults(form: Iterable[Field], size: Mapping[str, Any]) -> dict[str, Any]:
    """Field -> the value it has where nothing is written."""
    return {field.name: size.get(field.name, field.default) for field in form}


def as_raw(field: Field, value: Any) -> Any:
    """`value` as it stands in the input."""
    if field.kind == "switch":
        return bool(value)
    if field.kind == "choices":
        return [str(one) for one in value or ()]
    if value is None:
        return ""
    if field.kind == "command":
        return shlex.join(value)
    if field.kind == "lines":
        return "\n".join(value)
    if field.kind == "numbers":
        return ", ".join(plain(one) for one in value)
    return json.dumps(value) if field.kind == "json" else plain(value)


def plain(value: Any) -> str:
    """A number as a person writes it: 400, 0.1, 1e-05."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def _field(t: Words, workload: str, name: str, shape: Mapping[str, Any], required: bool) -> Field:
    label, help = t.param(workload, name, str(shape.get("description", "")))
    low, high = shape.get("minimum"), shape.get("maximum")
    above, below = shape.get("exclusiveMinimum"), shape.get("exclusiveMaximum")
    unit = str(shape.get("unit", ""))
    choices = shape.get("enum") or (shape.get("items") or {}).get("enum") or ()
    said = f"form.units.{unit}"
    return Field(
        name,
        _kind(workload, name, shape),
        label,
        help,
        "" if unit in _SILENT_UNITS else t(said) if t.has(said) else unit,
        shape.get("default"),
        required,
        low if above is None else above,
        high if below is None else below,
        above is not None,
        below is not None,
        tuple(choices),
        advanced=bool(shape.get("advanced")),
    )


def _kind(workload: str, name: str, shape: Mapping[str, Any]) -> str:
    kind = shape.get("type")
    if "enum" in shape:
        return "choice"
    if kind == "boolean":
        return "switch"
    if kind in ("integer", "number"):
        return str(kind)
    if kind == "string":
        if shape.get("unit") == "path" or shape.get("format") in _PATHS:
            return "path"
        return "long" if shape.get("maxLength", 0) > LONG_TEXT else "text"
    items = shape.get("items") or {}
    if kind != "array" or "prefixItems" in shape:
        return "json"
    if "enum" in items:
        return "choices"
    if items.get("type") in ("integer", "number"):
        return "numbers"
    if (workload, name) == (COMMAND, "argv"):
        return "command"
    return "lines" if items.get("type") == "string" else "json"


def _shape(of: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The field with what it refers to in place, and without the `null` of an optional one."""
    shape = dict(of)
    for one in (shape, *shape.pop("allOf", ()), *shape.pop("anyOf", ())):
        kept = {} if one is shape or one.get("type") == "null" else dict(one)
        if "$ref" in one:
            kept = dict(schema.get("$defs", {}).get(str(one["$ref"]).rsplit("/", 1)[-1], {}))
        shape = {**kept, **shape}
    return shape
