"""One workload as HTML: what it is and does, its sizes, and the way to run it again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import quote

from tenfold.web.draw.doc import doc_html
from tenfold.web.parts.form import Field, as_raw, defaults, plain
from tenfold.web.parts.picture import called, heading, picture_html
from tenfold.web.words import EN, Words


def head_html(t: Words, entry: Mapping[str, Any]) -> str:
    name = entry["name"]
    short, sentence = called(t, name, entry["title"])
    tags = "".join(
        f'<span class="tag">{escape(text)}</span>'
        for text in (
            t(f"catalogue.kind.{entry['kind']}"),
            t("catalogue.resumes" if entry["resumes"] else "catalogue.starts_over"),
        )
    )
    group = f'<a href="/catalogue#{quote(entry["group"])}">{escape(heading(t, entry["group"]))}</a>'
    return (
        f'<nav class="crumbs" aria-label="{escape(t("catalogue.crumbs"))}">'
        f'<a href="/catalogue">{escape(t("catalogue.title"))}</a>'
        f' <span aria-hidden="true">›</span> {group}</nav>'
        f'<h1>{escape(short)}</h1><p class="lead">{escape(sentence)}</p>'
        f'<p class="tags"><code>{escape(name)}</code> {tags}</p>'
    )


def about_html(t: Words, entry: Mapping[str, Any]) -> str:
    """In another language than English its own sentences come first; the file's are below."""
    doc = doc_html(entry["doc"])
    own = "" if t.language == EN else t.about(entry["name"], "")
    if own:
        doc = (
            f"<p>{escape(own)}</p><details><summary>{escape(t('catalogue.original'))}</summary>"
            f'<div lang="en">{doc}</div></details>'
        )
    return (
        f'<section class="panel about" aria-labelledby="about-head"><div class="about-text">'
        f'<h2 id="about-head">{escape(t("catalogue.what"))}</h2>{doc}</div>'
        f"{picture_html(entry['name'], entry['group'])}</section>"
    )


def sizes_html(t: Words, entry: Mapping[str, Any], form: list[Field], size: str) -> str:
    """The dial; what each size sets, and a place for what it takes (`size-DESK`)."""
    cards = "".join(_size(t, one, values, form, one == size) for one, values in _sizes(entry))
    return (
        f'<fieldset class="sizes"><legend>{escape(t("catalogue.size"))}</legend>'
        f'<div class="size-row">{cards}</div></fieldset>'
    )


def sizes_table(entry: Mapping[str, Any], form: list[Field]) -> str:
    """For the page's script: what every field says at every size."""
    table = {
        size: {f"p.{field.name}": as_raw(field, values[field.name]) for field in form}
        for size, values in ((one, defaults(form, of)) for one, of in entry["sizes"].items())
    }
    return f'<div hidden id="sizes" data-sizes="{escape(json.dumps(table))}"></div>'


def first_size(entry: Mapping[str, Any]) -> str:
    """Where the dial stands at first; empty for a workload without sizes."""
    sizes = entry["sizes"]
    return "desk" if "desk" in sizes else next(iter(sizes), "")


def _sizes(entry: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return list(entry["sizes"].items())


def _size(t: Words, size: str, values: Mapping[str, Any], form: list[Field], on: bool) -> str:
    key = f"catalogue.sizes.{size}"
    title, said = (t(key), t(f"{key}_said")) if t.has(key) else (size, "")
    sets = ", ".join(
        f"{field.label} {_short(field, values[field.name])}"
        for field in form
        if field.name in values
    )
    return (
        f'<label class="size"><input type="radio" name="size" id="size-{escape(size)}"'
        f' value="{escape(size)}"{" checked" if on else ""}>'
        f'<span class="size-text"><span class="size-name"><strong>{escape(title)}</strong>'
        f" <code>{escape(size)}</code></span>"
        f'<span class="said">{escape(said)}</span>'
        f'<span class="takes num" id="takes-{escape(size)}">…</span>'
        f'<span class="sets">{escape(sets)}</span></span></label>'
    )


def _short(field: Field, value: Any) -> str:
    text = str(as_raw(field, value)) if isinstance(value, list) else plain(value)
    return f"{text} {field.unit}".strip()
