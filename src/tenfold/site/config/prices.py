"""[tariff] of site.toml, and the CSV of dated prices that it may name.

    start,price_kwh
    2026-03-29T00:00,0.21          the place's own clock,
    2026-03-29T01:00+01:00,0.19    or with its distance to UTC, or seconds since the epoch

Each price holds to the next line. The shortest distance between two lines is the usual one: where
lines are farther apart, some are missing.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from tenfold.site.clock import instants, wall
from tenfold.site.config.fields import Section, money, section, tables, text
from tenfold.site.config.hours import SPAN, span
from tenfold.site.hours import left_out, meet, span_words, week_words
from tenfold.site.settings import PriceRow, Tariff
from tenfold.terms.refusal import Refusal

TARIFF = ("price", "csv", "row")
ROW = (*SPAN, "price")
MOST_BYTES = 32 * 2**20
Line = tuple[int, float, float]  # its number, from (s since the epoch), price


def tariff(told: Any, site: Section, zone: str, path: Path) -> Tariff:
    flat = money(site, "price_kwh", "the price of a kWh")
    if told is None:
        return Tariff(flat)
    table = section(told, "[tariff]", TARIFF, path)
    if table.has("price"):
        if site.has("price_kwh"):
            raise table.wrong("price", "It means the same as price_kwh of [site]: one of the two.")
        flat = money(table, "price", "the price of a kWh")
    name = text(table, "csv", "the name of a file with prices")
    if name is not None and table.has("row"):
        raise table.wrong("csv", "Prices come from a file, or from [[tariff.row]]; not from both.")
    if name is not None:
        return Tariff(flat, dated=_dated(table, path.parent / name, zone, flat))
    return Tariff(flat, _rows(table, flat, path)) if table.has("row") else Tariff(flat)


def _rows(table: Section, flat: float | None, path: Path) -> tuple[PriceRow, ...]:
    found = tables(table.told["row"], "tariff.row", ROW, path)
    read: list[PriceRow] = []
    for place, one in enumerate(found):
        price = money(one, "price", "the price of a kWh")
        if price is None:
            raise one.missing("price", "A row without a price says nothing.")
        row = PriceRow(span(one), price)
        for before, other in enumerate(read):
            minute = meet(row.span, other.span)
            if minute is not None:
                why = f"Rows {before + 1} ({span_words(other.span)}) and {place + 1} "
                why += f"({span_words(row.span)}) both have a price for {week_words(minute)}."
                raise one.wrong("from", why)
        read.append(row)
    free = left_out([row.span for row in read])
    if free is not None and flat is None:
        hours = f"{week_words(free[0])} to {week_words(free[1])}"
        why = f"No row has a price for {hours}: add one, or price in [tariff] for the rest."
        raise table.missing("row", why)
    return tuple(read)


def _dated(
    table: Section, file: Path, zone: str, flat: float | None
) -> tuple[tuple[float, float | None], ...]:
    """(from, price) by time; None where a price is missing that the flat one fills in."""
    try:
        if file.stat().st_size > MOST_BYTES:
            raise table.wrong("csv", f"It has more than {MOST_BYTES // 2**20} MiB.")
        words = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise table.wrong("csv", f"It cannot be read: {error}.") from error
    lines = list(_lines(table, words, zone))
    if len(lines) < 2:
        raise table.wrong("csv", "It has no two prices: start,price_kwh on each line.")
    usual_s = min(after[1] - before[1] for before, after in pairwise(lines))
    found: list[tuple[float, float | None]] = []
    for (_, at_s, price), (number, next_s, _) in pairwise(lines):
        found.append((at_s, price))
        if next_s - at_s > usual_s + 0.5:
            if flat is None:
                since = wall(at_s + usual_s, zone).isoformat(" ", "minutes")
                why = f"From {since} to line {number} prices are missing: add them, or price in"
                raise table.wrong("csv", f"{why} [tariff] for such hours.")
            found.append((at_s + usual_s, None))
    last = lines[-1]
    return (*found, (last[1], last[2]), (last[1] + usual_s, None))


def _lines(table: Section, words: str, zone: str) -> Iterator[Line]:
    before_s = -math.inf
    for number, cells in enumerate(csv.reader(words.splitlines()), 1):
        if not any(cell.strip() for cell in cells):
            continue
        priced = len(cells) == 2 and _is_price(cells[1])
        if number == 1 and not priced and not cells[0].strip()[:1].isdigit():
            continue  # the names of the columns
        if not priced:
            raise _bad_line(table, number, "is not 'start,price_kwh' with a finite number")
        at_s = _start_s(table, number, cells[0].strip(), zone, before_s)
        if at_s == before_s:
            raise _bad_line(table, number, "has the time of the line before")
        if at_s < before_s:
            raise _bad_line(table, number, "is earlier than the line before: sort them")
        before_s = at_s
        yield number, at_s, float(cells[1])


def _start_s(table: Section, number: int, cell: str, zone: str, before_s: float) -> float:
    try:
        return float(int(cell))
    except ValueError:
        pass
    try:
        shown = datetime.fromisoformat(cell)
    except ValueError as error:
        why = "has no time such as 2026-03-29T14:00 (or with +01:00) in its first column"
        raise _bad_line(table, number, why) from error
    if shown.tzinfo is not None:
        return shown.timestamp()
    first_s, last_s = instants(shown, zone)
    if wall(first_s, zone) != shown:
        raise _bad_line(table, number, "has an hour that the clock leaves out on that day")
    # An hour that comes twice: the second time it stands there it is the later one.
    return last_s if first_s <= before_s else first_s


def _is_price(cell: str) -> bool:
    try:
        return abs(float(cell)) < 1e9
    except ValueError:
        return False


def _bad_line(table: Section, number: int, why: str) -> Refusal:
    return table.wrong("csv", f"Its line {number} {why}.")
