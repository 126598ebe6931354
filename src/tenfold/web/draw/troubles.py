"""What is wrong, in the reader's words: by the code of each trouble, filled with its facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from tenfold.web.words import Words


def trouble_text(t: Words, trouble: Mapping[str, Any]) -> str:
    sentence = t.said("troubles", trouble["code"])
    if sentence is None:
        return str(trouble["text"])
    facts = dict(trouble["facts"])
    of = str(trouble["of"])
    facts |= {"card": of if len(of) < 12 else f"{of[:11]}…", "of": of}
    if isinstance(facts.get("by"), list):
        facts["by"] = "、".join(t.said("held", word) or word for word in facts["by"])
    heat_c = facts.get("temperature_c")
    at = t.said("troubles", "at") or ""
    facts["at"] = "" if heat_c is None else at.format(heat=f"{heat_c:.0f}")
    try:
        return sentence.format(**facts)
    except (KeyError, ValueError, TypeError):  # of a newer daemon than these words
        return str(trouble["text"])


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
