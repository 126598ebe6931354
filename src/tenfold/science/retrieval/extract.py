"""An answer without a model: the sentences that the question's words support best, quoted.

    answer = extract(index, question, hits)
    answer.text       # 'From the documents, word for word:\\n"Its winding reached 71 degrees" [1]'

It is labelled as an extract, each sentence is quoted as it stands and numbered by its source.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tenfold.science.retrieval.hit import Hit
from tenfold.science.retrieval.index import Index, support
from tenfold.science.retrieval.sentences import sentences
from tenfold.science.retrieval.words import cjk_share, terms

SENTENCES = 3
NEAR_BEST = 0.6  # of the best sentence's support: others below that are beside the point
LABEL = {False: "From the documents, word for word:", True: "以下逐字摘自文件："}
DONT_KNOW = {
    False: "I don't know: nothing in the documents answers this.",
    True: "我不知道：文件裡沒有能回答這個問題的內容。",
}


@dataclass(frozen=True)
class Quote:
    sentence: str
    source: int  # the number in brackets, from 1


@dataclass(frozen=True)
class Extract:
    text: str
    quotes: tuple[Quote, ...]


def extract(index: Index, question: str, hits: Sequence[Hit]) -> Extract:
    """The best sentences of the hits, in the order of their sources."""
    found: list[tuple[float, int, int, str]] = []
    seen: set[str] = set()
    weights = index.weights(question)
    for source, hit in enumerate(hits, 1):
        # A sentence that says "it" means what its title names, so the title counts for all of it.
        bare = support(weights, hit.title) / 2
        told = set(terms(f"{hit.title} {hit.place}"))
        for number, sentence in enumerate(sentences(hit.text)):
            held = support(weights, f"{hit.title}\n{sentence}") - bare
            if sentence not in seen and held > 0 and not told.issuperset(terms(sentence)):
                seen.add(sentence)
                found.append((hit.score * held, source, number, sentence))
    found.sort(key=lambda one: (-one[0], one[1], one[2]))
    best = [one for one in found[:SENTENCES] if one[0] >= NEAR_BEST * found[0][0]]
    quotes = tuple(Quote(one[3], one[1]) for one in sorted(best, key=lambda one: (one[1], one[2])))
    lines = [f'"{quote.sentence}" [{quote.source}]' for quote in quotes]
    return Extract("\n".join([LABEL[in_chinese(question)], *lines]), quotes)


def dont_know(question: str) -> str:
    return DONT_KNOW[in_chinese(question)]


def in_chinese(text: str) -> bool:
    return cjk_share(text) > 0.3
