"""What a reader makes of a file: text in sections, each with its place.

    Document("Motor bench", (Section("lines 1-30", ("Setup",), "..."),))

`Unreadable` is what a reader raises: its words go into the manifest and the next file has its turn.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MOST_FILE_BYTES = 64_000_000  # a larger file is named and passed over
MOST_TEXT = 4_000_000  # characters of one document; more is left out, and the manifest says so


class Unreadable(Exception):
    """Why a file is not in the index, in words."""


@dataclass(frozen=True)
class Section:
    """A stretch of text. Where `line` is given it is the number of its first line, and chunks of
    it say their own lines; otherwise `place` holds for all of it."""

    text: str
    headings: tuple[str, ...] = ()
    place: str = ""
    line: int | None = None


@dataclass(frozen=True)
class Document:
    title: str
    sections: tuple[Section, ...]
    note: str = ""  # what was left out of it

    def as_json(self) -> dict[str, Any]:
        sections = [[s.text, list(s.headings), s.place, s.line] for s in self.sections]
        return {"title": self.title, "sections": sections, "note": self.note}


def document_from_json(told: dict[str, Any]) -> Document:
    """Inverse of `Document.as_json`."""
    sections = tuple(Section(t, tuple(h), p, line) for t, h, p, line in told["sections"])
    return Document(told["title"], sections, told["note"])


@dataclass
class Sections:
    """Gathers sections up to `MOST_TEXT` characters, and remembers that it was full."""

    kept: list[Section] = field(default_factory=list)
    left: int = MOST_TEXT
    full: bool = False

    def add(self, section: Section) -> bool:
        """Whether there is room for more."""
        if not section.text.strip():
            return True
        text = section.text[: self.left]
        self.full = len(text) < len(section.text)
        if text.strip():
            self.kept.append(Section(text, section.headings, section.place, section.line))
        self.left -= len(text)
        return not self.full

    def note(self) -> str:
        return f"only its first {MOST_TEXT:,} characters are indexed" if self.full else ""
