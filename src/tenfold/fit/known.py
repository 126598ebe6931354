"""What the catalogue itself answers, so that a new workload is found without a line in the table.

Its name does, or the words before the colon of its title together with the rest of that title. One
such word in a longer question is not enough.
"""

from __future__ import annotations

from collections.abc import Mapping

from tenfold.fit.phrase import Clause, stems
from tenfold.fit.table import COMMAND, LANGUAGES, Entry, Says

SHARE = 0.6  # of the question's words that stand in the name or title
_WHY = {
    "en": ("The catalogue has a workload that does it.",),
    "zh": ("型錄裡有做這件事的工作。",),
}


def known(
    question: str, asked: tuple[Clause, ...], catalogue: Mapping[str, str]
) -> tuple[Entry, ...]:
    """The best workload of `catalogue` (title by name), as an entry of its own; or none."""
    name = question.strip().casefold()
    if name in catalogue:
        return (_entry(name, catalogue[name]),)
    words = {
        token
        for clause in asked
        for token, weight in zip(clause.tokens, clause.weights, strict=True)
        if weight > 0
    }
    if not words:
        return ()
    ranked = sorted(catalogue, key=lambda one: (-_found(words, one, catalogue[one]), one))
    if ranked and _found(words, ranked[0], catalogue[ranked[0]]):
        return (_entry(ranked[0], catalogue[ranked[0]]),)
    return ()


def _found(words: set[str], name: str, title: str) -> int:
    """How many of `words` are there; 0 where that is too little."""
    group, _, stem = name.partition(".")
    before, _, after = title.partition(":")
    head = {*stems(before), *stems(stem.replace("_", " "))}
    found = words & (head | {*stems(after), *stems(group)})
    enough = len(found) >= 2 or len(words) == 1
    return len(found) if enough and found & head and len(found) >= SHARE * len(words) else 0


def _entry(name: str, title: str) -> Entry:
    return Entry(
        id=name,
        answer=Says.YES,
        title=dict.fromkeys(LANGUAGES, title),
        why=_WHY,
        instead=dict.fromkeys(LANGUAGES, ()),
        says=(),
        hints=(),
        workloads=(name,),
        command=COMMAND,
        sources=(),
    )
