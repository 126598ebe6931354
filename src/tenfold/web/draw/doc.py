"""A workload's docstring as HTML: paragraphs, commands as they are typed, lists, references."""

from __future__ import annotations

import re
from html import escape

_ITEM = re.compile(r"^(?:[-*]|\[\d+\]|\d+\.)\s+")
_LINK = re.compile(r"https?://[^\s<>()\"']*[^\s<>()\"'.,;:]")
_CODE = re.compile(r"`([^`]+)`")


def doc_html(doc: str) -> str:
    """Without the first line, which is the title. Safe: everything is escaped."""
    _, _, rest = doc.strip().partition("\n")
    return "".join(
        _block(block) for block in re.split(r"\n\s*\n", rest.strip("\n")) if block.strip()
    )


def short_title(title: str) -> tuple[str, str]:
    """`Lid-driven cavity: the classic test ...` -> its name, and what it is as a sentence."""
    name, colon, rest = title.partition(": ")
    if not colon:
        return title.rstrip("."), ""
    return name, rest[:1].upper() + rest[1:]


def inline_html(text: str) -> str:
    """Escaped, with `code` and addresses as what they are."""
    html = _CODE.sub(r"<code>\1</code>", escape(text, quote=False))
    return _LINK.sub(lambda m: f'<a href="{m[0]}" rel="noreferrer">{m[0]}</a>', html)


def _block(block: str) -> str:
    lines = block.split("\n")
    if all(line.startswith("    ") for line in lines if line.strip()):
        text = "\n".join(line[4:] for line in lines)
        return f'<pre class="commands" tabindex="0">{escape(text)}</pre>'
    items: list[list[str]] = []
    before: list[str] = []
    for line in lines:
        text = line.strip()
        if _ITEM.match(text):
            items.append([_ITEM.sub("", text)])
        elif items:
            items[-1].append(text)
        else:
            before.append(text)
    html = f"<p>{inline_html(' '.join(before))}</p>" if before else ""
    if items:
        html += (
            "<ul>" + "".join(f"<li>{inline_html(' '.join(item))}</li>" for item in items) + "</ul>"
        )
    return html
