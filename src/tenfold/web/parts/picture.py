"""The picture of a workload: a small one of what its own `desk` run made (docs/pictures.py), else
the sign of its heading."""

from __future__ import annotations

from html import escape
from pathlib import Path
from urllib.parse import quote

from tenfold.web.draw.doc import short_title
from tenfold.web.draw.signs import sign_svg
from tenfold.web.words import EN, Words

PICTURES = Path(__file__).parent.parent / "pictures"


def picture_html(name: str, group: str) -> str:
    """Beside its title, so without words of its own."""
    if has_picture(name):
        source = f"/pictures/{quote(name)}.webp"
        inner = f'<img src="{source}" alt="" width="640" height="360" loading="lazy">'
    else:
        inner = sign_svg(group)
    return f'<div class="picture group-{escape(group)}">{inner}</div>'


def has_picture(name: str) -> bool:
    return (PICTURES / f"{name}.webp").is_file()


def called(t: Words, name: str, title: str) -> tuple[str, str]:
    """A workload's name and what it is in one sentence, in the reader's language."""
    short, sentence = short_title(title)
    if t.language != EN:
        short, own = t.short(name, title), t.workload(name, title)
        sentence = sentence if own == title else own
    return short, sentence


def heading(t: Words, group: str) -> str:
    key = f"catalogue.groups.{group}"
    return t(key) if t.has(key) else group.capitalize()
