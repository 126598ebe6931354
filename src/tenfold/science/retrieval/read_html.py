"""Web pages: their text by headings, through the parser of the standard library.

Scripts, styles and what the page hides by `hidden` are left out. The parser is not recursive, so
that a page of a million open tags costs time and no stack.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import PurePath
from typing import final

from tenfold.science.retrieval.documents import Document, Section, Sections
from tenfold.science.retrieval.read_text import MOST_TITLE, decoded

SILENT = frozenset({"script", "style", "template", "noscript", "svg", "head"})
_BLOCKS = """
address article aside blockquote br dd div dl dt figcaption footer form header hr li main
nav ol p pre section table td th tr ul
"""
BLOCKS = frozenset(_BLOCKS.split())
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset=[\"']?([\w-]{2,20})", re.IGNORECASE)


def read_html(name: str, content: bytes) -> Document:
    page = _Page()
    page.feed(_text(content))
    page.close()
    page.end_section()
    title = " ".join((page.title or page.first_heading).split())
    shown = title[:MOST_TITLE] or PurePath(name).name
    return Document(shown, tuple(page.found.kept), page.found.note())


def text_of_html(text: str) -> str:
    """The words of a page or a mail's HTML part."""
    page = _Page()
    page.feed(text)
    page.close()
    page.end_section()
    return "\n".join(section.text for section in page.found.kept)


def _text(content: bytes) -> str:
    declared = _CHARSET.search(content[:4096])
    if declared:
        try:
            return content.decode(declared[1].decode("ascii"))
        except (LookupError, UnicodeDecodeError):
            pass  # it says what it is not; see what it is
    return decoded(content)


@final
class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found = Sections()
        self.title = ""
        self.first_heading = ""
        self._headings: list[tuple[int, str]] = []
        self._silent: list[str] = []
        self._in = ""  # `title`, or the heading that is open
        self._heading: list[str] = []
        self._words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "title":
            self._in = tag
        elif tag in SILENT:
            self._silent.append(tag)
        elif tag == "body":
            self._silent.clear()  # a head that was never closed
        elif tag in HEADINGS and not self._silent:
            self.end_section()
            self._in, self._heading = tag, []
        elif tag in BLOCKS:
            self._words.append("\n\n" if tag in ("p", "div", "section", "article") else "\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in SILENT and tag in self._silent:
            del self._silent[self._silent.index(tag) :]
        elif tag == self._in and tag in HEADINGS:
            level, words = int(tag[1]), " ".join("".join(self._heading).split())[:MOST_TITLE]
            self._headings = [one for one in self._headings if one[0] < level]
            self._headings.append((level, words))
            self.first_heading = self.first_heading or words
            self._words.append(f"{words}\n")
            self._in = ""
        elif tag == self._in:
            self._in = ""
        elif tag in BLOCKS:
            self._words.append("\n")

    def handle_data(self, data: str) -> None:
        if self._in == "title":
            self.title += data
        elif self._silent:
            pass
        elif self._in:
            self._heading.append(data)
        else:
            self._words.append(re.sub(r"\s+", " ", data))

    def end_section(self) -> None:
        text = re.sub(r"[ \t]*\n[ \t]*", "\n", "".join(self._words))
        text = re.sub(r"\n{3,}", "\n\n", text).strip()
        self.found.add(Section(text, tuple(words for _, words in self._headings)))
        self._words = []
