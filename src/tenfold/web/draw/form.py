"""A form as HTML: every field with its label, unit, sentence, a way back, and a place for what is
wrong with it. The page's own script (static/catalogue.js) marks what was changed."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from tenfold.web.draw.doc import inline_html
from tenfold.web.parts.form import Field, as_raw, plain
from tenfold.web.words import Words


def form_html(
    t: Words, form: list[Field], base: Mapping[str, Any], values: Mapping[str, Any], prefix: str
) -> str:
    """`base` is what holds where nothing is written, `values` what was written before."""
    shown = [
        (field, _row(t, field, base.get(field.name), values.get(field.name), prefix))
        for field in form
    ]
    first = "".join(row for field, row in shown if not field.advanced)
    folded = "".join(row for field, row in shown if field.advanced)
    html = f'<div class="fields">{first}</div>'
    if folded:
        opened = any(field.advanced and field.name in values for field in form)
        html += (
            f'<details class="folded"{" open" if opened else ""}>'
            f"<summary>{escape(t('form.advanced'))}</summary>"
            f'<div class="fields">{folded}</div></details>'
        )
    return html


def _row(t: Words, field: Field, base: Any, value: Any, prefix: str) -> str:
    name, key = f"{prefix}.{field.name}", f"{prefix}-{field.name}"
    raw, was = as_raw(field, base if value is None else value), as_raw(field, base)
    wide = field.kind in ("command", "lines", "long", "json")
    changed = " changed" if raw != was else ""
    return (
        f'<div class="field kind-{field.kind}{" wide" if wide else ""}{changed}"'
        f' data-row="{escape(name)}">'
        f"{_entry(t, field, name, key, raw, was)}"
        f'<p class="help" id="help-{escape(key)}">{_help(t, field)}</p>'
        f'<button type="button" class="reset" id="reset-{escape(key)}"'
        f' data-reset="{escape(name)}"{"" if changed else " hidden"}>'
        f'<span aria-hidden="true">↺</span> {escape(t("form.reset"))}'
        f'<span class="visually-hidden"> {escape(field.label)}</span></button>'
        f'<div class="wrong" id="error-{escape(key)}" data-error="{escape(name)}"></div></div>'
    )


def _entry(t: Words, field: Field, name: str, key: str, raw: Any, was: Any) -> str:
    label = escape(field.label)
    needed = f' <span class="needed">{escape(t("form.required"))}</span>' if field.required else ""
    about = f'aria-describedby="help-{escape(key)} error-{escape(key)}"'
    own = f'id="{escape(key)}" name="{escape(name)}" {about}'
    if field.kind == "choices":
        return _ticks(field, label, own, raw, was)
    if field.kind == "switch":
        ticked = " checked" if raw else ""
        return (
            f'<div class="switch"><input type="checkbox" {own}{ticked}'
            f' data-base="{"1" if was else ""}"><label for="{escape(key)}">{label}</label></div>'
        )
    head = f'<label for="{escape(key)}">{label}{needed}</label>'
    unit = f'<span class="unit">{escape(field.unit)}</span>' if field.unit else ""
    kept = f'data-base="{escape(was)}"'
    return f'{head}<div class="entry">{_input(field, own, raw, kept)}{unit}</div>'


def _input(field: Field, own: str, raw: Any, kept: str) -> str:
    value = escape(str(raw))
    if field.kind == "choice":
        options = "".join(
            f'<option value="{escape(plain(one))}"{" selected" if plain(one) == raw else ""}>'
            f"{escape(label or '–')}</option>"
            for one, label in zip(field.choices, _labels(field), strict=True)
        )
        return f"<select {own} {kept}>{options}</select>"
    if field.kind in ("long", "lines", "json"):
        return f'<textarea {own} {kept} rows="2" spellcheck="false">{value}</textarea>'
    if field.kind in ("integer", "number"):
        step = "1" if field.kind == "integer" else "any"
        # `min` itself is in the range for a browser; what is open is judged by the form.
        low = "" if field.low is None else f' min="{plain(field.low)}"'
        high = "" if field.high is None else f' max="{plain(field.high)}"'
        return f'<input type="number" step="{step}"{low}{high} {own} {kept} value="{value}">'
    held = ' class="code"' if field.kind in ("command", "path", "numbers") else ""
    if field.kind == "command":
        held += ' placeholder="python train.py --epochs 3"'
    plainly = 'autocomplete="off" autocapitalize="off" spellcheck="false"'
    return f'<input type="text"{held} {plainly} {own} {kept} value="{value}">'


def _ticks(field: Field, label: str, own: str, raw: Any, was: Any) -> str:
    """Several of a few: the group is the field, so it has the id and the sentences."""
    id_, name, about = own.split(" ", 2)
    boxes = "".join(
        f'<label class="tick"><input type="checkbox" data-many {name}'
        f' value="{escape(str(one))}"{" checked" if str(one) in raw else ""}'
        f' data-base="{"1" if str(one) in was else ""}"> {escape(label)}</label>'
        for one, label in zip(field.choices, _labels(field), strict=True)
    )
    return (
        f'<fieldset class="ticks" {id_} {about}><legend>{label}</legend>'
        f'<div class="tick-row">{boxes}</div></fieldset>'
    )


def _labels(field: Field) -> tuple[str, ...]:
    return field.labels or tuple(plain(one) for one in field.choices)


def _help(t: Words, field: Field) -> str:
    range_ = _range(t, field)
    said = inline_html(field.help)
    return said + (f' <span class="range num">{escape(range_)}</span>' if range_ else "")


def _range(t: Words, field: Field) -> str:
    low = None if field.low is None else plain(field.low)
    high = None if field.high is None else plain(field.high)
    if low is not None and high is not None:
        return t("form.range_open" if field.above else "form.range", low=low, high=high)
    if low is not None:
        return t("form.range_above" if field.above else "form.range_least", low=low)
    return "" if high is None else t("form.range_most", high=high)
