"""What was drawn, by day as bars and by job or workload as a table: from GET /api/energy."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from html import escape
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from tenfold.web.amounts import kwh, long, money
from tenfold.web.words import Words

PARTS = ("jobs", "idle", "host")  # from the floor up
MOST_BARS = 62  # more days are put together by weeks
SEEN_H = 0.01  # less than that, nobody has to be told that it is unknown
BASES = ("counter", "reading", "modelled")
LEFT, RIGHT, TOP, BOTTOM = 62.0, 8.0, 12.0, 26.0
COLUMNS = ("kwh", "money", "priced", "gpu_hours", "cloud_money", "unknown_hours")

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Bar:
    """kWh of a day, or of a week that begins on it; None: nobody knows any of it."""

    day: date
    days: int
    jobs: float | None
    idle: float | None
    host: float | None
    money: float | None

    @property
    def kwh(self) -> float:
        return sum(part or 0.0 for part in (self.jobs, self.idle, self.host))


def bars(answer: Mapping[str, Any], zone: str = "") -> list[Bar]:
    """One for each day up to today, also for those on which nothing was counted."""
    clock = ZoneInfo(zone) if zone else None
    today = datetime.fromtimestamp(answer["now_s"], clock).date()
    of_day = {row["day"]: row for row in answer["rows"]}
    count = int(answer["days"])
    days = [today - timedelta(days=count - 1 - place) for place in range(count)]
    each = 1 if count <= MOST_BARS else 7
    groups = [days[max(0, end - each) : end] for end in range(count, 0, -each)][::-1]
    return [_bar(group, [of_day.get(day.isoformat(), {}) for day in group]) for group in groups]


def _bar(days: Sequence[date], rows: Sequence[Row]) -> Bar:
    def of(name: str) -> float | None:
        known = [row[name] for row in rows if row.get(name) is not None]
        return float(sum(known)) if known else None

    jobs, idle, host = (of(f"{name}_kwh") for name in PARTS)
    return Bar(days[0], len(days), jobs, idle, host, of("money"))


def bars_picture(t: Words, found: Sequence[Bar], currency: str | None) -> str:
    return (
        f'<div class="wide-only">{bars_svg(t, found, currency, 720, 230)}</div>'
        f'<div class="narrow-only">{bars_svg(t, found, currency, 380, 210)}</div>'
    )


def bars_svg(
    t: Words, found: Sequence[Bar], currency: str | None, width: float = 720, height: float = 230
) -> str:
    """A bar stands for a day or a week, made up of jobs, idle cards and host."""
    most = 1.08 * max((bar.kwh for bar in found), default=0.0) or 1.0
    floor, each = height - BOTTOM, (width - LEFT - RIGHT) / max(1, len(found))
    every = next(
        step * 10.0**power
        for power in range(-4, 7)
        for step in (1, 2, 5)
        if most / (step * 10.0**power) <= 5
    )
    parts = []
    for place in range(int(most / every) + 1):
        y = floor - place * every / most * (floor - TOP)
        parts.append(
            f'<line class="grid" x1="{LEFT:g}" x2="{width - RIGHT:g}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="soft" x="{LEFT - 8:g}" y="{y + 4:.1f}" text-anchor="end">'
            f"{escape(kwh(place * every) if place else '0')}</text>"
        )
    free_x = 0.0
    for place, bar in enumerate(found):
        x = LEFT + place * each
        parts.append(_stack(t, bar, currency, x, each, floor, (floor - TOP) / most))
        middle = x + each / 2
        if middle - 18 >= free_x and middle + 18 <= width:
            label = f"{bar.day.month}/{bar.day.day}"
            parts.append(
                f'<text class="soft" x="{middle:.1f}" y="{height - 8:g}"'
                f' text-anchor="middle">{label}</text>'
            )
            free_x = middle + 30
    told = t("site.bars", n=sum(bar.days for bar in found), kwh=kwh(sum(b.kwh for b in found)))
    return (
        f'<svg class="energy-bars" viewBox="0 0 {width:g} {height:g}" role="img"'
        f' aria-label="{escape(told)}">{"".join(parts)}</svg>'
    )


def _stack(
    t: Words, bar: Bar, currency: str | None, x: float, each: float, floor: float, px_kwh: float
) -> str:
    gap = min(3.0, each * 0.15)
    known = [(name, value) for name in PARTS if (value := getattr(bar, name)) is not None]
    lines = [bar.day.isoformat() if bar.days == 1 else t("site.week", day=bar.day.isoformat())]
    lines += [f"{t('site.part_' + name)}: {kwh(value)}" for name, value in known]
    lines += [money(bar.money, currency)] if bar.money is not None else []
    lines += [] if known else [t("site.nothing_counted")]
    rects, y = [], floor
    for name, value in known:
        tall = value * px_kwh
        y -= tall
        rects.append(
            f'<rect class="{name}" x="{x + gap:.1f}" y="{y:.1f}"'
            f' width="{max(1.0, each - 2 * gap):.1f}" height="{tall:.1f}"/>'
        )
    title = escape("\n".join(lines))
    whole = (
        f'<rect class="hover" x="{x:.1f}" y="{TOP:g}" width="{each:.1f}"'
        f' height="{floor - TOP:.1f}"/>'
    )
    return f"<g><title>{title}</title>{''.join(rects)}{whole}</g>"


def basis_words(t: Words, row: Row) -> str:
    """`counter`, or `counter 80 %, reading 20 %`, and how long nobody knew."""
    known = {name: row["basis"].get(name, 0.0) for name in BASES if name in row["basis"]}
    every = sum(known.values())
    told = [
        t("site.basis_" + name)
        + (f" {100 * part / every:.0f} %" if len(known) > 1 and every else "")
        for name, part in known.items()
    ]
    if row["unknown_hours"] >= SEEN_H:
        told.append(t("site.basis_unknown", long=long(t, row["unknown_hours"] * 3600)))
    return ", ".join(told) or "–"


def energy_table(t: Words, answer: Mapping[str, Any], named: Mapping[str, str]) -> str:
    """Rows by job or workload; `named` has the titles of workloads."""
    by, currency = answer["by"], answer["currency"]
    heads = [
        (f"by_{by}", ""),
        ("kwh", "right"),
        ("money", "right"),
        ("cloud", "right"),
        ("known_by", ""),
    ]
    head = "".join(
        f'<th scope="col" class="{look}">{escape(t("site." + name))}</th>' for name, look in heads
    )
    lines = []
    for row in answer["rows"]:
        part = t("site.priced_part", share=f"{100 * row['priced']:.0f}") if _partly(row) else ""
        cells = (
            (_of(row, by, named), ""),
            (escape(kwh(row["kwh"])), "right"),
            (escape(" ".join(filter(None, (money(row["money"], currency), part)))), "right"),
            (escape(money(row["cloud_money"], currency)), "right"),
            (escape(basis_words(t, row)), ""),
        )
        lines.append("".join(f'<td class="{look}">{cell}</td>' for cell, look in cells))
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(t("site.by_" + by))}">'
        f'<table class="plain num energy-rows"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _partly(row: Row) -> bool:
    """Whether some of its energy has no price."""
    return row["priced"] is not None and 0 < row["priced"] < 0.995


def _of(row: Row, by: str, named: Mapping[str, str]) -> str:
    if by == "job":
        job, name = str(row["job"]), str(row["name"])
        link = f'<a href="/job/{escape(job)}">{escape(name)}</a>'
        return f'{link} <span class="dim">{escape(job)}</span>'
    name = str(row[by])
    return escape(named.get(name, name))


def csv_link(answer: Mapping[str, Any]) -> str:
    """The rows as a file, in an address that needs no server."""
    by = answer["by"]
    kept = [by, *(("name", "workload") if by == "job" else ()), *COLUMNS]
    if by == "day":
        kept += [f"{name}_kwh" for name in PARTS]
    return "data:text/csv;charset=utf-8," + quote(_csv(kept, answer["rows"]))


def _csv(columns: Sequence[str], rows: Iterable[Row]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_plain(row.get(name)) for name in columns])
    return out.getvalue()


def _plain(value: Any) -> Any:
    """A name that a spreadsheet would take for a formula stays text."""
    if value is None:
        return ""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@" else value
