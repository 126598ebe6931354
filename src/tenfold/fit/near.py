"""Which entries come close to a question that has no answer: at most two, and none rather than any.

What a pattern or hint touched comes first, then what shares runs of three letters (or characters)
with the entry's titles and words.
"""

from __future__ import annotations

from collections.abc import Iterable

from tenfold.fit.phrase import clauses, stems
from tenfold.fit.table import Entry, Table

COUNT = 2
LEAST = 0.4  # of the question's runs


def nearest(question: str, table: Table, touched: tuple[Entry, ...]) -> tuple[Entry, ...]:
    first = {entry.id: entry for entry in touched}
    runs = _runs(
        token
        for clause in clauses(question)
        for token, weight in zip(clause.tokens, clause.weights, strict=True)
        if weight > 0
    )
    if runs:
        shared = {entry.id: len(runs & _of_entry(entry)) / len(runs) for entry in table.entries}
        close = [entry for entry in table.entries if shared[entry.id] >= LEAST]
        for entry in sorted(close, key=lambda one: -shared[one.id]):
            first.setdefault(entry.id, entry)
    return tuple(first.values())[:COUNT]


def _of_entry(entry: Entry) -> set[str]:
    words = {word for title in entry.title.values() for word in stems(title)}
    parts = {part for wanted in entry.says + entry.hints for part in wanted.parts}
    words |= {word for part in parts for term in part for word in term}
    return _runs(words)


def _runs(words: Iterable[str]) -> set[str]:
    """Runs of three letters within a word; a Chinese character for itself."""
    found = set()
    for word in words:
        found |= {word} if len(word) < 3 else {word[i : i + 3] for i in range(len(word) - 2)}
    return found
