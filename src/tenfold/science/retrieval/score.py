"""The retrieval score: how well an index finds what questions of its own documents ask for.

    score = measure(index, own_questions(index, 100, 1), foreign_questions(index, 40, 1))
    score.recall_5, score.mrr, score.unknown
    remember(index, "after", score)

recall@k: the share of questions with a right passage among the first k. MRR: the mean of 1 / rank,
0 beyond ten. `answered` and `unknown` judge "I don't know": the share of own questions that are
thought answerable, and of foreign ones that are not. Kept in the index are the figures alone, and
no question, which would keep words of a document that is gone.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from tenfold.science.retrieval.hit import Hit, answerable
from tenfold.science.retrieval.index import Index
from tenfold.science.retrieval.questions import Question
from tenfold.science.retrieval.store import transaction

DEPTH = 10  # hits looked at


@dataclass(frozen=True)
class Score:
    questions: int
    recall_1: float
    recall_5: float
    mrr: float
    answered: float
    foreign: int
    unknown: float

    def words(self) -> str:
        return (
            f"recall@1 {self.recall_1:.3f}, recall@5 {self.recall_5:.3f}, MRR {self.mrr:.3f} on"
            f" {self.questions} questions; {self.answered:.0%} thought answerable; 'I don't know'"
            f" to {self.unknown:.0%} of {self.foreign} that no document answers"
        )


def measure(index: Index, own: Sequence[Question], foreign: Sequence[Question]) -> Score:
    ranks, answered = [], []
    for question in own:
        hits = index.search(question.text, DEPTH)
        ranks.append(_rank(question, hits))
        answered.append(answerable(hits[:5]))
    unknown = [not answerable(index.search(question.text, 5)) for question in foreign]
    return Score(
        len(own),
        _share([rank == 1 for rank in ranks]),
        _share([0 < rank <= 5 for rank in ranks]),
        statistics.fmean([1 / rank if rank else 0.0 for rank in ranks]) if ranks else 0.0,
        _share(answered),
        len(foreign),
        _share(unknown),
    )


def remember(index: Index, at_s: float, stage: str, score: Score) -> None:
    """Into the history of the index."""
    with transaction(index.base):
        index.base.execute(
            "INSERT INTO history VALUES (?, ?, ?)", (at_s, stage, json.dumps(asdict(score)))
        )


def _rank(question: Question, hits: Sequence[Hit]) -> int:
    """Of the first right passage, from 1; 0 where there is none."""
    for rank, hit in enumerate(hits, 1):
        if question.sentence in " ".join(hit.text.split()):
            return rank
    return 0


def _share(held: Sequence[bool]) -> float:
    return sum(held) / len(held) if held else 0.0
