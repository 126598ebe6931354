"""The words of an answer as HTML: Markdown without any HTML of the model's own, and its sources."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from nicegui.elements.markdown import prepare_content

from tenfold.web.services import Source
from tenfold.web.words import Words

EXTRAS = "fenced-code-blocks tables cuddled-lists strike"
_LESS = "\ue000"  # stands for < while the Markdown is read, so that no tag is ever seen there


def markdown_html(text: str) -> str:
    """Tags are shown as they are written. A picture is a link: nothing is loaded by itself. The
    page has to sanitize it all the same, because of what links may be."""
    hidden = text.replace(_LESS, "").replace("![", "[").replace("<", _LESS)
    return prepare_content(hidden, EXTRAS).replace(_LESS, "&lt;")


def sources_html(t: Words, sources: Sequence[Source]) -> str:
    """Numbered; the path is text, since it is a file of the owner's and no page."""
    if not sources:
        return ""
    items = "".join(_source(one) for one in sources)
    return (
        f'<section class="sources"><h3>{escape(t("chat.sources"))}</h3><ol>{items}</ol></section>'
    )


def _source(one: Source) -> str:
    where = " · ".join(
        part for part in (f"<code>{escape(one.path)}</code>" if one.path else "",
                          escape(one.place)) if part
    )  # fmt: skip
    head = f"<strong>{escape(one.title)}</strong>{f' <span>{where}</span>' if where else ''}"
    if not one.text:
        return f"<li>{head}</li>"
    return (
        f"<li><details><summary>{head}</summary><blockquote>{escape(one.text)}</blockquote>"
        "</details></li>"
    )
