"""What is wrong, in the reader's words: by the code of each trouble, filled with its facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from tenfold.web.words import EN, Words


def trouble_text(t: Words, trouble: Mapping[str, Any]) -> str:
    key = f"troubles.{trouble['code']}"
    if t.language == EN or not t.has(key):
        return str(trouble["text"])
    facts = dict(trouble["facts"])
    of = str(trouble["of"])
    facts |= {"card": of if len(of) < 12 else f"{of[:11]}…", "of": of}
    if isinstance(facts.get("by"), list):
        facts["by"] = "、".join(_held(t, word) for word in facts["by"])
    heat_c = facts.get("temperature_c")
    facts["at"] = "" if heat_c is None else t("troubles.at", heat=f"{heat_c:.0f}")
    try:
        return t(key, **facts)
    except (KeyError, ValueError, TypeError):  # of a newer daemon than these words
        return str(trouble["text"])


def _held(t: Words, word: str) -> str:
    key = f"troubles.by.{word.replace(' ', '_')}"
    return t(key) if t.has(key) else word


def troubles_html(t: Words, troubles: Sequence[Mapping[str, Any]]) -> str:
    """At the head of the Box page: of each card, service or place the worst; its card has all.
    Empty where nothing is wrong."""
    if not troubles:
        return ""
    rows = []
    worst = {str(one["of"]) or str(one["code"]): one for one in reversed(troubles)}
    for one in reversed(worst.values()):
        job = str(one["of"]) if str(one["code"]).startswith("service.") else ""
        word = t(f"troubles.{one['severity']}")
        text = escape(trouble_text(t, one))
        link = f' <a href="/job/{escape(job)}">{escape(t("troubles.look"))}</a>' if job else ""
        rows.append(
            f'<li class="{escape(one["severity"])}" data-code="{escape(one["code"])}"'
            f' data-of="{escape(str(one["of"]))}">'
            f"<b>{escape(word)}</b> <span>{text}</span>{link}</li>"
        )
    return f'<ul class="troubles" aria-label="{escape(t("troubles.title"))}">{"".join(rows)}</ul>'
