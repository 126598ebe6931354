"""Tables, lists and sections of the page of a verdict, as HTML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from tenfold.cli.site_words import Figure, told

Row = tuple[str, Figure]
_IN_NUMBER = re.compile(r"(?<=\d) (?=\d{3}\b|(?:W|A|V|kW|%|min)(?!\w))")


def section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


def table(rows: Iterable[Row]) -> str:
    """What, how much, and where that is from. What is unknown for one reason is one row."""
    merged: dict[object, tuple[list[str], Figure]] = {}
    for place, (name, figure) in enumerate(rows):
        key = figure["source"] if figure["value"] is None else place
        merged.setdefault(key, ([], figure))[0].append(name)
    lines = []
    for names, figure in merged.values():
        look = " class=none" if figure["value"] is None else ""
        lines.append(
            f"<tr{look}><td>{escape('; '.join(names))}</td><td>{escape(told(figure))}</td>"
            f"<td class=from><span class=basis>{escape(figure['basis'])}</span>"
            f"{escape(figure['source'])}</td></tr>"
        )
    return f"<table class=figures><tbody>{''.join(lines)}</tbody></table>"


def plain(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    heads = "".join(f"<th>{escape(word)}</th>" for word in head)
    lines = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>"


def cap_table(title: str, cap: dict[str, Any] | None) -> str:
    if cap is None:
        return ""
    rows: list[Row] = [
        ("cap", cap["cap"]),
        ("speed under it", cap["speed"]),
        ("the box at worst under it", cap["box"]),
        ("cards that run", cap["running"]),
    ]
    return f"<h3>{title}</h3>{table(rows)}"


def listed(title: str, lines: Sequence[str], kind: str = "ul") -> str:
    if not lines:
        return ""
    items = "".join(f"<li>{prose(line)}</li>" for line in lines)
    return section(title, f"<{kind}>{items}</{kind}>")


def prose(text: str) -> str:
    """A number stays on one line with its unit."""
    return _IN_NUMBER.sub("\u00a0", escape(text))
