"""Word documents: paragraphs and tables by their headings, from the zip and its XML.

Only word/document.xml and docProps/core.xml are unpacked, each up to a limit that is checked while
it unpacks (what a zip says of its sizes may be a lie), and a file with a DOCTYPE is not parsed at
all: Word writes none, and entities are how a small XML becomes a large one.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import PurePath
from xml.etree import ElementTree

from tenfold.science.retrieval.documents import Document, Section, Sections, Unreadable
from tenfold.science.retrieval.read_text import MOST_TITLE

MOST_XML = 100_000_000  # bytes unpacked
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"


def read_docx(name: str, content: bytes) -> Document:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            body = _unpacked(parts, "word/document.xml")
            about = _unpacked(parts, "docProps/core.xml", missing=b"<none/>")
        sections = _sections(body)
        title = _title(about)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise Unreadable(f"broken docx ({error})") from error
    except ElementTree.ParseError as error:
        raise Unreadable(f"broken docx (XML: {error})") from error
    heading = next((s.headings[0] for s in sections.kept if s.headings), "")
    shown = (title or heading)[:MOST_TITLE] or PurePath(name).name
    return Document(shown, tuple(sections.kept), sections.note())


def _unpacked(parts: zipfile.ZipFile, name: str, missing: bytes = b"") -> bytes:
    if name not in parts.namelist():
        if not missing:
            raise Unreadable(f"broken docx (no {name})")
        return missing
    with parts.open(name) as part:
        found = part.read(MOST_XML + 1)
    if len(found) > MOST_XML:
        raise Unreadable(f"zip bomb? {name} unpacks to more than {MOST_XML // 1_000_000} MB")
    if b"<!DOCTYPE" in found[:4096] or b"<!ENTITY" in found:
        raise Unreadable("docx with a DOCTYPE, which Word does not write")
    return found


def _sections(body: bytes) -> Sections:
    found = Sections()
    headings: list[tuple[int, str]] = []
    words: list[str] = []

    def end() -> bool:
        more = found.add(Section("\n".join(words), tuple(one for _, one in headings)))
        words.clear()
        return more

    for _, element in ElementTree.iterparse(io.BytesIO(body)):
        if element.tag != f"{_W}p":
            continue
        text = "".join(_runs(element)).strip()
        level = _level(element)
        element.clear()
        if level and text:
            if not end():
                return found
            headings = [one for one in headings if one[0] < level]
            headings.append((level, text[:MOST_TITLE]))
        if text:
            words.append(text)
    end()
    return found


def _runs(paragraph: ElementTree.Element) -> list[str]:
    signs = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n"}
    return [
        (part.text or "") if part.tag == f"{_W}t" else signs.get(part.tag, "")
        for part in paragraph.iter()
    ]


def _level(paragraph: ElementTree.Element) -> int:
    """1 to 9 for a heading, 1 for the title, 0 for other text."""
    style = paragraph.find(f"{_W}pPr/{_W}pStyle")
    name = (style.get(f"{_W}val") or "").lower() if style is not None else ""
    if name == "title":
        return 1
    if name.startswith("heading") and name[7:].strip().isdigit():
        return int(name[7:])
    return int(name) if name.isdigit() and len(name) == 1 else 0  # Word in Chinese numbers them


def _title(about: bytes) -> str:
    found = ElementTree.fromstring(about).find(_TITLE)
    return " ".join((found.text or "").split()) if found is not None else ""
