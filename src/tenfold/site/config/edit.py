"""Changes of site.toml that keep what its owner wrote beside them: comments, order, blank lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Table

from tenfold.site.config.config import SECTIONS
from tenfold.site.config.fields import wrong


def edited(words: str, changes: Mapping[str, Any], path: Path) -> str:
    """The text `words` with fields of [site], or whole other sections, replaced; None removes one.
    Whether the outcome means anything is the reader's to say. `path`: what a person calls it."""
    try:
        document = tomlkit.parse(words)
        for name, value in changes.items():
            if name != "site" and name in SECTIONS:
                _put(document, name, value)
                continue
            if value is not None and "site" not in document:
                document["site"] = tomlkit.table()
            if "site" in document:
                _put(document["site"], name, value)
        return tomlkit.dumps(document)
    except (TOMLKitError, TypeError, ValueError, AttributeError) as error:
        raise wrong("site", "?", path, f"It cannot be changed here: {error}.") from error


def _put(table: Any, name: str, value: Any) -> None:
    if value is None:
        if name in table:
            table.remove(name)
    elif name in table:
        _turn_into(table, name, _said(value))
    elif not isinstance(table, Table):
        table[name] = tomlkit.item(_said(value))
    else:
        # What follows the last field, such as a comment, is about what comes below.
        body = table.value.body
        fields = [place for place, (key, _) in enumerate(body) if key is not None]
        end = fields[-1] + 1 if fields else 0
        tail = body[end:]
        del body[end:]
        table[name] = tomlkit.item(_said(value))
        body.extend(tail)


def _turn_into(table: Any, name: str | int, value: Any) -> None:
    """Only the fields that differ: beside the others stands what their owner wrote."""
    there = table[name]
    if there.unwrap() == value:
        return
    if isinstance(there, Table) and isinstance(value, Mapping):
        for field in [field for field in there if field not in value]:
            there.remove(field)
        for field, wanted in value.items():
            _put(there, field, wanted)
    elif isinstance(there, AoT) and value and all(isinstance(row, Mapping) for row in value):
        _turn_rows(there, value)
    else:
        table[name] = tomlkit.item(value)


def _turn_rows(there: AoT, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows that are gone leave with what stood beside them; new ones come last."""
    for place in reversed(range(len(there))):
        if len(there) > len(rows) and there[place].unwrap() not in rows:
            del there[place]
    del there[len(rows) :]
    for place, row in enumerate(rows):
        if place < len(there):
            _turn_into(there, place, row)
        else:
            there.append(tomlkit.item(row))


def _said(value: Any) -> Any:
    """TOML has no null: what is null is not said."""
    if isinstance(value, Mapping):
        return {name: _said(item) for name, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_said(item) for item in value]
    return value
