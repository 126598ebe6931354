"""Text, Markdown and source code: sections by their headings, with line numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import PurePath

from tenfold.science.retrieval.documents import Document, Section, Sections, Unreadable
from tenfold.science.retrieval.words import is_cjk

MARKDOWN = frozenset({".md", ".markdown", ".mdown", ".mkd"})
PLAIN = frozenset({"", ".txt", ".text", ".rst"})
_HEADING = re.compile(r"(#{1,6})\s+(.+?)\s*#*\s*$")
_FENCE = re.compile(r"\s{0,3}(```|~~~)")
MOST_TITLE = 120


def read_text(name: str, content: bytes) -> Document:
    text = decoded(content)
    if PurePath(name).suffix.lower() not in MARKDOWN:
        found = Sections()
        found.add(Section(text, line=1))
        title = _first_line(text) if PurePath(name).suffix.lower() in PLAIN else ""
        return Document(title or PurePath(name).name, tuple(found.kept), found.note())
    return _markdown(name, text)


def decoded(content: bytes) -> str:
    """UTF-8, UTF-16 with its mark, or Big5 as Windows in Taiwan wrote it; refuses what is none."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return content.decode("utf-16")
        except UnicodeDecodeError as error:
            raise Unreadable("begins as UTF-16 and is not") from error
    if b"\0" in content:
        raise Unreadable("binary")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        text = content.decode("cp950")
    except UnicodeDecodeError:
        text = ""
    if _reads_as_chinese(text):
        return text
    text = content.decode("latin-1")
    strange = sum(one < " " and one not in "\t\n\r\f" for one in text)
    if strange > len(text) / 100:
        raise Unreadable("binary")
    letters = sum(one.isascii() for one in text)
    if letters < 0.7 * len(text):
        raise Unreadable("its encoding is neither UTF-8 nor Big5")
    return text


def _first_line(text: str) -> str:
    """A title: a short line of its own at the top, which does not end as a sentence does."""
    first, _, rest = text.lstrip().partition("\n")
    alone = not rest.partition("\n")[0].strip() and bool(rest.strip())
    first = first.strip()
    return first if alone and len(first) <= MOST_TITLE and first[-1:] not in ".。,，;；:：" else ""


def _reads_as_chinese(text: str) -> bool:
    """Chinese stands together; what a French text gives when read as Big5 stands alone."""
    han = [at for at, one in enumerate(text) if is_cjk(one)]
    together = sum(after - before == 1 for before, after in pairwise(han))
    return together > 0.5 * len(han) > 0


def _markdown(name: str, text: str) -> Document:
    found = Sections()
    title = ""
    for line, headings, body in _parts(text):
        title = title or (headings[0] if headings else "")
        if not found.add(Section(body, headings, line=line)):
            break
    return Document(title[:MOST_TITLE] or PurePath(name).name, tuple(found.kept), found.note())


def _parts(text: str) -> Iterator[tuple[int, tuple[str, ...], str]]:
    """(first line, headings above, text) of each part between two headings."""
    headings: list[tuple[int, str]] = []
    body: list[str] = []
    first, fence = 1, ""
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        mark = _FENCE.match(line)
        if mark and (not fence or mark[1] == fence):
            fence = "" if fence else mark[1]
        heading = None if fence else _HEADING.match(line.rstrip("\n"))
        if heading:
            if body:
                yield first, tuple(words for _, words in headings), "".join(body)
            level = len(heading[1])
            headings = [one for one in headings if one[0] < level]
            headings.append((level, heading[2][:MOST_TITLE]))
            first, body = number, []
        body.append(line)
    if body:
        yield first, tuple(words for _, words in headings), "".join(body)
