"""The options of `tenfold run NAME`: made from the JSON schema of the workload's params.

One option a field: `--grid-width` for `grid_width`, lists with commas (or as JSON), `--x` and
`--no-x` for what is true or false. Only what the words give is returned; defaults, ranges and the
size's values are the describer's business.
"""

from __future__ import annotations

import argparse
import json
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from tenfold.cli.parser import Parser
from tenfold.client.schema import PATHS, field_shape
from tenfold.terms.refusal import Refusal, refusal

_DEST = "param."  # so that a field called `name` does not meet the option --name


def add_params(parser: Parser, described: dict[str, Any]) -> None:
    group = parser.add_argument_group("params")
    schema = described["schema"]
    for name, field in schema.get("properties", {}).items():
        shape = field_shape(field, schema)
        try:
            _add(group, _flag(name), name, shape, described)
        except argparse.ArgumentError:  # an option of `run` itself has this name
            _add(group, f"--param-{name.replace('_', '-')}", name, shape, described)


def parse_params(
    parser: Parser,
    described: dict[str, Any],
    words: list[str],
    asked: argparse.Namespace | None = None,
) -> tuple[argparse.Namespace, dict[str, Any]]:
    """(the other options, the params given). An unknown option is a Refusal `workload.param`."""
    found, strange = parser.parse_known_args(words, asked)
    if strange:
        raise _unknown(strange[0], described)
    given = {
        dest.removeprefix(_DEST): value
        for dest, value in vars(found).items()
        if dest.startswith(_DEST)
    }
    return found, given


def sentence(name: str, shape: dict[str, Any], default: Any) -> str:
    """The field's own sentence, then its unit, range and default."""
    said = shape.get("description", "").strip()
    about = [part for part in (_range(shape), f"default {plain(default)}") if part]
    return f"{said} [{'; '.join(about)}]"


def value_of(text: str, shape: dict[str, Any]) -> Any:
    """`text` as the JSON value that `shape` asks for; ValueError if it is not one."""
    if shape.get("optional") and text.lower() in ("none", "null"):
        return None
    if "enum" in shape:
        return next((choice for choice in shape["enum"] if str(choice) == text), text)
    kind = shape.get("type")
    if kind == "array":
        return _list_of(text, shape)
    if kind == "integer":
        value = float(text) if "e" in text.lower() else int(text)
        return int(value)
    if kind == "number":
        return float(text)
    if kind == "boolean":
        return {"true": True, "yes": True, "false": False, "no": False}[text.lower()]
    if kind == "object":
        return json.loads(text)
    if shape.get("format") in PATHS and text:
        return str(Path(text).expanduser().absolute())
    return text


def plain(value: Any) -> str:
    """A value as it is written after an option."""
    if value is None:
        return "none"
    if isinstance(value, list):
        return ",".join(plain(item) for item in value) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value) or "none"


def _list_of(text: str, shape: dict[str, Any]) -> list[Any]:
    if text.lstrip().startswith("["):
        return list(json.loads(text))
    parts = [part.strip() for part in text.split(",")] if text else []
    firsts = shape.get("prefixItems", [])
    rest = shape.get("items") or {}
    return [value_of(part, firsts[i] if i < len(firsts) else rest) for i, part in enumerate(parts)]


def _add(
    group: argparse._ArgumentGroup,
    flag: str,
    name: str,
    shape: dict[str, Any],
    described: dict[str, Any],
) -> None:
    said = sentence(name, shape, shape.get("default")).replace("%", "%%")
    more: dict[str, Any] = {"dest": _DEST + name, "default": argparse.SUPPRESS, "help": said}
    if shape.get("type") == "boolean":
        group.add_argument(flag, action=argparse.BooleanOptionalAction, **more)
        return

    def read(text: str) -> Any:
        try:
            return value_of(text, shape)
        except (ValueError, KeyError):
            raise _wrong(described["name"], name, text, shape) from None

    group.add_argument(flag, type=read, metavar=_metavar(shape), **more)


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _metavar(shape: dict[str, Any]) -> str:
    if "enum" in shape:
        return "{" + ",".join(str(choice) for choice in shape["enum"]) + "}"
    if shape.get("type") == "array":
        return "A,B,..."
    if shape.get("format") in PATHS:
        return "FILE"
    return {"integer": "N", "number": "X", "object": "JSON"}.get(shape.get("type", ""), "TEXT")


def _range(shape: dict[str, Any]) -> str:
    low = shape.get("minimum", shape.get("exclusiveMinimum"))
    high = shape.get("maximum", shape.get("exclusiveMaximum"))
    unit = shape.get("unit", "")
    above = "above" if "exclusiveMinimum" in shape else "from"
    below = "below" if "exclusiveMaximum" in shape else "to"
    parts = [
        f"{above} {plain(low)}" if low is not None else "",
        f"{below} {plain(high)}" if high is not None else "",
        unit if unit not in ("", "1") else "",
    ]
    return " ".join(part for part in parts if part)


def _wrong(workload: str, name: str, text: str, shape: dict[str, Any]) -> Refusal:
    wanted = {"integer": "a whole number", "number": "a number", "array": "a list with commas"}
    said = wanted.get(shape.get("type", ""), f"a JSON {shape.get('type', 'value')}")
    return refusal(
        "workload.param", name=workload, param=f"'{name}' = {text!r}", why=f"It takes {said}."
    )


def _unknown(word: str, described: dict[str, Any]) -> Refusal:
    fields = described["schema"].get("properties", {})
    if not word.startswith("-"):
        return refusal(
            "cli.usage", command="run", why=f"'{word}' stands alone; options begin with --."
        )
    asked = word.split("=")[0].lstrip("-").replace("-", "_")
    near = get_close_matches(asked, fields, 1, 0.4)
    nearest = (
        f"the nearest is {_flag(near[0])}" if near else f"it has {', '.join(fields) or 'none'}"
    )
    return refusal(
        "workload.param",
        name=described["name"],
        param=f"the option {word.split('=')[0]}",
        why=f"It has no such param; {nearest}.",
    )
