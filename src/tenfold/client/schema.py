"""What can be said about a param from the JSON schema of its workload, without its code.

A param that is a file of the owner's (JSON schema format `path`, `file-path` or `directory-path`)
is made absolute where it is asked: the runner works in another folder.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

PATHS = frozenset({"path", "file-path", "directory-path"})


def field_shape(field: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The shape behind `$ref` and `X | None`, with the field's own words kept on top."""
    choices = [c for c in field.get("anyOf", ()) if c.get("type") != "null"]
    if len(choices) == 1:
        return {**field_shape(choices[0], schema), **field, "optional": True}
    reference = field.get("$ref") or next((part["$ref"] for part in field.get("allOf", ())), None)
    if reference:
        return {**schema["$defs"][reference.rsplit("/", 1)[1]], **field}
    return field


def with_absolute_paths(params: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """`params` with every file of the owner's spelt out from the root."""
    fields = schema.get("properties", {})
    return {
        name: _absolute(value, field_shape(fields.get(name, {}), schema))
        for name, value in params.items()
    }


def _absolute(value: Any, shape: dict[str, Any]) -> Any:
    if isinstance(value, list | tuple):
        return [_absolute(item, shape.get("items") or {}) for item in value]
    if isinstance(value, Path):
        return str(value.expanduser().absolute())
    if isinstance(value, str) and value and shape.get("format") in PATHS:
        return str(Path(value).expanduser().absolute())
    return value
