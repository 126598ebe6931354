"""PDF: the text of each page, through pypdf. A scanned page has none, and is counted aloud."""

from __future__ import annotations

import io
import logging
from pathlib import PurePath

from tenfold.science.retrieval.documents import Document, Section, Sections, Unreadable
from tenfold.science.retrieval.read_text import MOST_TITLE

MOST_PAGES = 5000


def read_pdf(name: str, content: bytes) -> Document:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it words each oddity of a file
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable("locked with a password")
        return _read(name, reader)
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        # pypdf lets these through for files that are broken in their own way
        raise Unreadable(f"broken PDF ({type(error).__name__}: {str(error)[:80]})") from error


def _read(name: str, reader: object) -> Document:
    pages = reader.pages  # type: ignore[attr-defined]
    found = Sections()
    empty = 0
    for number, page in enumerate(pages, 1):
        text = (page.extract_text() or "").strip()
        empty += not text
        if number > MOST_PAGES or not found.add(Section(text, place=f"page {number}")):
            break
    if not found.kept:
        raise Unreadable(f"no text on its {len(pages)} pages: scanned pictures?")
    about = reader.metadata  # type: ignore[attr-defined]
    title = " ".join(str((about.title if about else "") or "").split())[:MOST_TITLE]
    notes = [found.note()] if found.full else []
    if empty:
        notes.append(f"no text on {empty} of {len(pages)} pages")
    if len(pages) > MOST_PAGES:
        notes.append(f"only its first {MOST_PAGES} pages are indexed")
    return Document(title or PurePath(name).name, tuple(found.kept), "; ".join(notes))
