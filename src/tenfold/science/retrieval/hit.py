"""A passage that was found, and whether what was found supports an answer.

    hits = index.search("馬達最高溫是多少", 5)
    answerable(hits)     # False: say that you do not know

A hit's `score` is its support: the share of the question that stands in the passage, each word
weighted by how rare it is, and no more than twice of what it asks beyond the title
(`index.support`). It is no rank: hits come best first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Between the supports of questions that the documents answer and of those that they do not.
# tests/science/retrieval/test_score.py sweeps it over both made-up corpora, and holds it in the
# middle of the range where both kinds are told apart.
SUPPORTED = 0.4


@dataclass(frozen=True)
class Hit:
    path: str  # relative to the folder of documents
    title: str
    place: str  # `lines 12-30`, `page 3`, `message 7`, after the headings above it
    text: str
    score: float  # support, 0 to 1
    chunk: int = 0  # its number in the index


def answerable(hits: Sequence[Hit]) -> bool:
    """Whether some passage holds enough of the question to answer it."""
    return any(hit.score >= SUPPORTED for hit in hits)
