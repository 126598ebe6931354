"""A question, the table and the catalogue in; an answer out. Pure, and the same every time.

Within a clause the longer match takes the shorter one's words ("an agent that plays Atari" is not
"play Atari"), and then no goes before partly, and partly before yes. A yes has to be clear: one of
its patterns is there, nothing hints at a no, and it explains enough of the question. Otherwise the
answer is that nobody knows. That is allowed; a wrong yes is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tenfold.fit.known import known
from tenfold.fit.near import nearest
from tenfold.fit.pattern import Pattern, covers
from tenfold.fit.phrase import CHARACTER_WEIGHT, Clause, clauses, is_chinese
from tenfold.fit.table import Entry, Says, Table

# Share of a question's weight that the words found must make up.
YES_SHARE = 0.34
NO_SHARE = 0.15


@dataclass(frozen=True)
class Answer:
    question: str
    says: Says
    because: tuple[Entry, ...]  # what it rests on, in the order of the question
    nearest: tuple[Entry, ...]  # where nobody knows: at most two that are close

    @property
    def language(self) -> str:
        return "zh" if is_chinese(self.question) else "en"


@dataclass(frozen=True)
class _Hit:
    entry: Entry
    taken: frozenset[int]  # places in the clause
    is_hint: bool


@dataclass(frozen=True)
class _Found:
    """What one clause says."""

    entry: Entry
    weight: float


def answer(question: str, table: Table, catalogue: Mapping[str, str]) -> Answer:
    """`catalogue` gives the title of each workload by its name."""
    asked = clauses(question)
    hits = [_hits(clause, table.entries) for clause in asked]
    found = [one for pair in zip(asked, hits, strict=True) if (one := _found(*pair))]
    total = sum(sum(clause.weights) for clause in asked)
    clear = _clear(found, total)
    if clear:
        return Answer(question, _together(clear), clear, ())
    if not any(hit.entry.answer is not Says.YES for of_clause in hits for hit in of_clause):
        listed = known(question, asked, catalogue)
        if listed:
            return Answer(question, Says.YES, listed, ())
    touched = tuple(hit.entry for of_clause in hits for hit in of_clause)
    return Answer(question, Says.UNKNOWN, (), nearest(question, table, touched))


def _hits(clause: Clause, entries: Iterable[Entry]) -> list[_Hit]:
    found = []
    for entry in entries:
        for patterns, is_hint in ((entry.says, False), (entry.hints, True)):
            found += [_Hit(entry, taken, is_hint) for taken in _taken(patterns, clause)]
    whole = [hit for hit in found if not hit.is_hint]
    return [
        hit
        for hit in found
        if not any(hit.taken < other.taken for other in whole if other.entry is not hit.entry)
    ]


def _taken(patterns: Iterable[Pattern], clause: Clause) -> set[frozenset[int]]:
    return {taken for wanted in patterns for taken in covers(wanted, clause.tokens)}


def _found(clause: Clause, hits: list[_Hit]) -> _Found | None:
    for says in (Says.NO, Says.PARTLY, Says.YES):
        doubted = any(hit.entry.answer is Says.NO for hit in hits)
        if says is Says.YES and doubted:
            return None
        of_it = [hit for hit in hits if hit.entry.answer is says]
        whole = [hit for hit in of_it if not hit.is_hint]
        if says is not Says.YES and not whole:
            whole = [hit for hit in of_it if _hinted_twice(hit.entry, of_it)]
        if whole:
            return max((_sum(clause, hit.entry, of_it) for hit in whole), key=lambda f: f.weight)
    return None


def _hinted_twice(entry: Entry, hits: list[_Hit]) -> bool:
    taken = {hit.taken for hit in hits if hit.entry is entry}
    return any(not (a & b) for a in taken for b in taken)


def _sum(clause: Clause, entry: Entry, hits: list[_Hit]) -> _Found:
    places = frozenset[int]().union(*(hit.taken for hit in hits if hit.entry is entry))
    return _Found(entry, sum(_full_weight(clause.tokens[i]) for i in places))


def _full_weight(token: str) -> float:
    return CHARACTER_WEIGHT if is_chinese(token) else 1.0


def _clear(found: list[_Found], total: float) -> tuple[Entry, ...]:
    """The entries that explain enough of the question, each once."""
    explained = sum(one.weight for one in found)
    share = explained / max(total, explained, 1e-9)
    clear: dict[str, Entry] = {}
    for one in found:
        least = YES_SHARE if one.entry.answer is Says.YES else NO_SHARE
        if share >= least:
            clear.setdefault(one.entry.id, one.entry)
    return tuple(clear.values())


def _together(entries: tuple[Entry, ...]) -> Says:
    said = {entry.answer for entry in entries}
    return said.pop() if len(said) == 1 else Says.PARTLY
