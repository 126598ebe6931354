"""Figures of a verdict as a person reads them: the value, and on request where it is from."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from tenfold.web.words import Words

Figure = Mapping[str, Any]  # value, unit, source, basis
Row = tuple[str, Figure]  # what it is, in the reader's language
_IN_NUMBER = re.compile(r"(?<=\d) (?=\d{3}\b|(?:W|A|V|kW|%|min)(?!\w))")
_ONE = {"supplies": "supply", "cards": "card", "slots": "slot", "lanes": "lane"}


def told(t: Words, figure: Figure) -> str:
    """`5,700 W`, `95 %`, `unknown`."""
    value, unit = figure["value"], figure["unit"]
    if value is None:
        return t("site.unknown")
    if unit == "share":
        return f"{math.floor(100 * value + 1e-9)} %"  # a speed is not made better than it is
    if unit == "A":
        return f"{value:.4g} A"  # 24.04 of 24 is not 24
    counted = _ONE.get(unit, unit) if value == 1 else unit
    key = f"site.unit_{unit}"
    words = t(key, n=digits(value)) if t.has(key) and t.language != "en" else ""
    return words or f"{digits(value)} {counted}".replace("money", t("site.your_currency"))


def digits(value: float) -> str:
    """Whole from a hundred on, three digits below."""
    return f"{value:,.0f}" if abs(value) >= 99.95 else f"{value:.3g}"


def prose(text: str) -> str:
    """A sentence of the API's; a number stays on one line with its unit."""
    return _IN_NUMBER.sub("\u00a0", escape(text))


def figures(t: Words, rows: Iterable[Row], head: str) -> str:
    """What, how much, and where that is from; what is unknown for one reason is one row."""
    merged: dict[object, tuple[list[str], Figure]] = {}
    for place, (name, figure) in enumerate(rows):
        key = figure["source"] if figure["value"] is None else place
        merged.setdefault(key, ([], figure))[0].append(name)
    lines = [
        f"<tr{'' if figure['value'] is not None else ' class=none'}>"
        f'<th scope="row">{escape("; ".join(names))}</th>'
        f'<td class="right">{escape(told(t, figure))}</td><td>{source(t, figure)}</td></tr>'
        for names, figure in merged.values()
    ]
    heads = (
        f'<th scope="col">{escape(head)}</th><th scope="col" class="right">'
        f'{escape(t("site.value"))}</th><th scope="col">{escape(t("site.from_where"))}</th>'
    )
    return (
        f'<table class="plain num figures"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table>"
    )


def source(t: Words, figure: Figure) -> str:
    basis = t(f"site.figure_{figure['basis']}")
    return (
        f"<details><summary>{escape(basis)}</summary>"
        f'<span class="source" lang="en">{escape(figure["source"])}</span></details>'
    )


def bars(
    t: Words, shown: Iterable[tuple[str, float, str, bool]], limits: Iterable[tuple[str, float]]
) -> str:
    """Rows of (name, value, its words, whether it is too much) against marks of (name, value)."""
    rows, marks = list(shown), sorted(limits, key=lambda one: one[1])
    most = 1.05 * max([value for _, value, _, _ in rows] + [value for _, value in marks] + [1e-9])
    lines = "".join(
        f'<span class="mark" style="left:{100 * value / most:.2f}%"></span>' for _, value in marks
    )
    drawn = "".join(
        f'<div class="bar-row"><span>{escape(name)}</span><span class="rail">'
        f'<span class="fill{" over" if over else ""}" style="width:{100 * value / most:.2f}%">'
        f"</span>{lines}</span><span class=num>{escape(words)}"
        f"{' ' + escape(t('site.too_much')) if over else ''}</span></div>"
        for name, value, words, over in rows
    )
    named = "".join(
        f'<li><span class="tick" aria-hidden="true"></span>{escape(name)}: '
        f"<span class=num>{digits(value)}</span></li>"
        for name, value in marks
    )
    return f'<div class="bar-rows">{drawn}<ul class="marks">{named}</ul></div>'
