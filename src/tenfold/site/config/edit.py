"""Changes of site.toml that keep what its owner wrote beside them: comments, order, blank lines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Table

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
    elif name in table or not isinstance(table, Table):
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


def _said(value: Any) -> Any:
    """TOML has no null: what is null is not said."""
    if isinstance(value, Mapping):
        return {name: _said(item) for name, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_said(item) for item in value]
    return value
