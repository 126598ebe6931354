"""The first rows of a table file, as a table."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from html import escape

MOST_ROWS, MOST_COLUMNS, MOST_CELL = 200, 40, 300


@dataclass(frozen=True)
class Table:
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    more: bool  # rows or columns are left out


def read(data: bytes, path: str, whole: bool) -> Table:
    """`data` is the beginning of the file, or the `whole` of it. ValueError, in words for nobody,
    where it is no table."""
    text = data.decode("utf-8-sig") if whole else data.decode("utf-8-sig", "ignore")
    if "\0" in text:
        raise ValueError("it holds zeros")
    end = path.rpartition(".")[2].lower()
    if end == "json":
        found = _records(json.loads(text))
    elif end in ("jsonl", "ndjson"):
        found = _records([json.loads(line) for line in _lines(text, whole) if line.strip()])
    else:
        found = _delimited("\n".join(_lines(text, whole)), end)
    if not found:
        raise ValueError("it is empty")
    wide = max(map(len, found))
    heads, rows = found[0], found[1:]
    more = not whole or len(rows) > MOST_ROWS or wide > MOST_COLUMNS
    width = min(wide, MOST_COLUMNS)
    filled = [[*row, *[""] * (width - len(row))][:width] for row in [heads, *rows[:MOST_ROWS]]]
    return Table(tuple(filled[0]), tuple(map(tuple, filled[1:])), more)


def table_html(table: Table, label: str) -> str:
    """Columns of numbers are right aligned, and every heading sorts (static/job.js)."""
    right = [_is_number_column([row[at] for row in table.rows]) for at in range(len(table.heads))]
    heads = "".join(
        f'<th scope="col"{_right(right[at])}><button type="button" class="sorts">'
        f"{escape(_cut(head)) or '–'}</button></th>"
        for at, head in enumerate(table.heads)
    )
    rows = "".join(
        "<tr>"
        + "".join(
            f"<td{_right(right[at])}>{escape(_cut(cell))}</td>" for at, cell in enumerate(row)
        )
        + "</tr>"
        for row in table.rows
    )
    return (
        f'<div class="table-box" tabindex="0" role="region" aria-label="{escape(label)}">'
        f'<table class="plain num sortable"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody>'
        "</table></div>"
    )


def _lines(text: str, whole: bool) -> list[str]:
    lines = text.splitlines()
    return lines if whole or len(lines) < 2 else lines[:-1]  # the last may be cut


def _delimited(text: str, end: str) -> list[list[str]]:
    mark = "\t" if end == "tsv" else ","
    if end == "txt":
        mark = "\t" if "\t" in text else "," if "," in text else " "
    first = text.partition("\n")[0]
    if mark == "," and first.count(";") > first.count(","):
        mark = ";"
    reader = csv.reader(io.StringIO(text), delimiter=mark, strict=False)
    try:
        return [row for row in reader if row]
    except csv.Error as error:
        raise ValueError(str(error)) from error


def _records(found: object) -> list[list[str]]:
    if not isinstance(found, list) or not found:
        raise ValueError("it is no list")
    if all(isinstance(one, dict) for one in found):
        heads = list(dict.fromkeys(name for one in found for name in one))
        return [heads, *[[_said(one.get(head)) for head in heads] for one in found]]
    if all(isinstance(one, list) for one in found):
        return [[_said(cell) for cell in one] for one in found]
    raise ValueError("its rows are neither objects nor lists")


def _said(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _is_number_column(cells: list[str]) -> bool:
    told = [cell for cell in cells if cell.strip()]
    return bool(told) and all(_is_number(cell) for cell in told)


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", ""))
        return True
    except ValueError:
        return False


def _right(yes: bool) -> str:
    return ' class="right"' if yes else ""


def _cut(cell: str) -> str:
    return cell if len(cell) <= MOST_CELL else f"{cell[:MOST_CELL]}…"
