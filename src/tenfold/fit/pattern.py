"""Patterns of the table: what words of a question speak for an entry.

    mine bitcoin            these words, one after the other
    train .. <agent>        in this order, anything between; <agent> is any word of that group
    photo + sort            in any order
    挖礦                     these characters, one after the other

All of it in one clause. A pattern knows words only, not what they mean.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise, product

from tenfold.fit.phrase import stems

Term = tuple[str, ...]  # tokens that stand side by side
Group = tuple[Term, ...]

_PIECE = re.compile(r"<[^<>]*>|[^<>]+")


@dataclass(frozen=True)
class Pattern:
    parts: tuple[Group, ...]  # each has to be there, by any one of its terms
    ordered: bool


def group(words: list[str]) -> Group:
    return tuple(term for term in map(stems, words) if term)


def pattern(text: str, groups: Mapping[str, Group]) -> Pattern:
    """The pattern that `text` writes; ValueError says what is wrong with it."""
    if "+" in text and ".." in text:
        raise ValueError(f"'{text}' has both + and ..; a pattern has one of them")
    ordered = ".." in text
    written = text.split(".." if ordered else "+")
    return Pattern(tuple(_part(one, text, groups) for one in written), ordered)


def covers(wanted: Pattern, tokens: tuple[str, ...]) -> list[frozenset[int]]:
    """For every way to find it in `tokens`, the places that it takes."""
    places = []
    for part in wanted.parts:
        found = [span for term in part for span in _spans(term, tokens)]
        if not found:
            return []
        places.append(found)
    together = []
    for spans in product(*places):
        taken = frozenset(i for span in spans for i in span)
        apart = len(taken) == sum(len(span) for span in spans)
        in_order = all(a[-1] < b[0] for a, b in pairwise(spans))
        if apart and (in_order or not wanted.ordered):
            together.append(taken)
    return together


def _part(written: str, text: str, groups: Mapping[str, Group]) -> Group:
    pieces: list[Group] = []
    for piece in _PIECE.findall(written):
        name = piece.strip()
        if name.startswith("<"):
            if name[1:-1] not in groups:
                raise ValueError(f"'{text}' names the group {name}, which there is not")
            pieces.append(groups[name[1:-1]])
        elif stems(name):
            pieces.append((stems(name),))
    if not pieces:
        raise ValueError(f"'{text}' has a part without a word")
    return tuple(tuple(word for term in chosen for word in term) for chosen in product(*pieces))


def _spans(term: Term, tokens: tuple[str, ...]) -> list[range]:
    if term[0] not in tokens:
        return []
    n = len(term)
    return [range(i, i + n) for i in range(len(tokens) - n + 1) if tokens[i : i + n] == term]
