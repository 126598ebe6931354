"""A document is cut into chunks of about 250 words, each with its title and place.

    for chunk in cut(document): chunk.place, chunk.text

A chunk ends where a paragraph ends, else a line, else a sentence, else between two words (or two
characters of a language that writes no spaces): never inside a word. Each begins with the last
sentences of the one before, so that no fact is lost on the border.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from tenfold.science.retrieval.documents import Document, Section
from tenfold.science.retrieval.words import CJK

UNITS = 250  # words or CJK characters of a chunk, at most: about 350 tokens of a usual tokenizer
OVERLAP = 40  # of these at most are said again in the next one
_UNIT = re.compile(rf"[{CJK}]|[^\s{CJK}]{{1,80}}")  # a run of more than 80 signs is no word
_ENDS = (  # where a text may be cut, best first
    re.compile(r"\n\s*\n"),
    re.compile(r"\n"),
    re.compile(r"[。！？；!?]+[」』）”]?|[.:;]+[\"')\]]?(?=\s)"),
)


@dataclass(frozen=True)
class Chunk:
    title: str
    place: str
    text: str


def cut(document: Document) -> Iterator[Chunk]:
    for section in document.sections:
        ends = [match.start() for match in re.finditer("\n", section.text)]
        for start, end in _spans(section.text):
            text = section.text[start:end].strip()
            if text:
                yield Chunk(document.title, _place(section, start, end, ends), text)


def _spans(text: str) -> list[tuple[int, int]]:
    """(start, end) of each chunk of a text, in characters."""
    units = [match.span() for match in _UNIT.finditer(text)]
    if len(units) <= UNITS:
        return [(0, len(text))] if units else []
    spans, first = [], 0
    while first < len(units):
        last = min(first + UNITS, len(units))
        if last < len(units):
            last = _border(text, units, first + UNITS // 2, last)
        spans.append((units[first][0], units[last - 1][1]))
        if last == len(units):
            break
        first = max(_border(text, units, last - OVERLAP, last - 1), first + 1)
    return spans


def _border(text: str, units: list[tuple[int, int]], low: int, high: int) -> int:
    """The number of units before the best border between the units `low` and `high`."""
    begin, end = units[low][0], units[high][0] if high < len(units) else len(text)
    for pattern in _ENDS:
        borders = [match.end() for match in pattern.finditer(text, begin, end)]
        if borders:
            at = borders[-1]
            found = next((n for n in range(high, low, -1) if units[n - 1][1] <= at), low)
            if found > low:
                return found
    return high


def _place(section: Section, start: int, end: int, ends: list[int]) -> str:
    """`ends`: where the lines of the section's text end."""
    place = section.place
    if section.line is not None:
        told = section.text[start:end]
        first = section.line + bisect_left(ends, end - len(told.lstrip()))
        last = section.line + bisect_left(ends, start + len(told.rstrip()))
        place = f"lines {first}-{last}" if last > first else f"line {first}"
    return " > ".join(part for part in (*section.headings, place) if part)
