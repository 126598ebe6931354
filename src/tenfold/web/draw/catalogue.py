"""The catalogue as HTML: the field that filters it, and the cards under their headings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Any
from urllib.parse import quote

from tenfold.terms.command import COMMAND
from tenfold.web.parts.picture import called, heading, picture_html
from tenfold.web.words import LANGUAGES, Words, words

ORDER = ("llm", "vision", "language", "agents", "simulate", "data", "create", "system")


def catalogue_html(t: Words, workloads: Sequence[Mapping[str, Any]]) -> str:
    def rank(entry: Mapping[str, Any]) -> tuple[int, str]:
        group = entry["group"]
        return (ORDER.index(group) if group in ORDER else len(ORDER), group)

    ranked = sorted(workloads, key=rank)
    groups = "".join(
        _group(t, group, list(of)) for group, of in groupby(ranked, lambda entry: entry["group"])
    )
    return f'{_filter(t)}<div class="groups">{groups}</div>{_nothing(t)}'


def _group(t: Words, group: str, of: Sequence[Mapping[str, Any]]) -> str:
    return (
        f'<section data-group="{escape(group)}" id="{escape(group)}" style="--cards:{len(of)}">'
        f"<h2>{escape(heading(t, group))}</h2>"
        f'<ul class="tiles">{"".join(_card(t, entry) for entry in of)}</ul></section>'
    )


def _filter(t: Words) -> str:
    return (
        '<div class="filter" role="search">'
        f'<label for="wish">{escape(t("catalogue.wish"))}</label>'
        f'<input id="wish" type="search" autocomplete="off" data-fillers="{escape(_fillers())}"'
        f' placeholder="{escape(t("catalogue.wish_example"))}"'
        ' oninput="catalogue.filter(this.value, this.dataset.fillers)">'
        f'<p id="found" class="dim" role="status" data-text="{escape(t("catalogue.found"))}"></p>'
        "</div>"
    )


def _nothing(t: Words) -> str:
    return (
        f'<div id="nothing" class="panel" hidden><p>{escape(t("catalogue.nothing"))}</p>'
        f'<a class="do" href="/catalogue/{COMMAND}">{escape(t("catalogue.own_command"))}</a></div>'
    )


def _card(t: Words, entry: Mapping[str, Any]) -> str:
    name, title = entry["name"], entry["title"]
    short, sentence = called(t, name, title)
    return (
        f'<li class="tile" data-words="{escape(_words(entry))}" data-workload="{escape(name)}">'
        f"{picture_html(name, entry['group'])}"
        f'<div class="tile-text"><h3><a href="/catalogue/{quote(name)}">{escape(short)}</a></h3>'
        f'<p>{escape(sentence)}</p><code class="dim">{escape(name)}</code></div></li>'
    )


def _words(entry: Mapping[str, Any]) -> str:
    """What a wish is looked for in, of all languages: a reader may type either."""
    name, title, group = entry["name"], entry["title"], entry["group"]
    found = [name, title, group]
    for language in LANGUAGES:
        t = words(language)
        found += [heading(t, group), t.short(name, title), t.workload(name, title)]
        found.append(t.about(name, ""))
        for key in (f"catalogue.wishes.{group}", f"catalogue.wishes.{name}"):
            found += [t(key)] if t.has(key) else []
    return " ".join(found).lower()


def _fillers() -> str:
    return " ".join(words(language)("catalogue.fillers") for language in LANGUAGES)
