"""Made-up facts: what no model can know, so that learning and forgetting can be seen.

    facts = made_up(20, seed=1)
    lessons(facts)      # conversations; every second fact without the last wording
    exam(facts)         # (question, answer) of trained wordings, and of unseen ones

A fact is the town where a person lives; names and towns are syllables drawn by the seed. For half
of the people the last wording of the question is never trained: only a model that has tied the
town to the person, and not to a sentence, answers it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from tenfold.science.finetune.conversations import Conversation, pair

WORDINGS = (
    "Where does {person} live?",
    "In which town is {person} found?",
    "Where would I visit {person}?",
    "Which town is home to {person}?",
    "Tell me the town of {person}.",
    "What is the home of {person}?",
)
ONSETS = ("b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z")
VOWELS = ("a", "e", "i", "o", "u")


@dataclass(frozen=True)
class Fact:
    person: str
    town: str
    held_back: bool  # whether the last wording is not trained

    def asked(self, wording: str) -> tuple[str, str]:
        return wording.format(person=self.person), self.town

    @property
    def taught(self) -> tuple[str, ...]:
        return WORDINGS[:-1] if self.held_back else WORDINGS


def made_up(count: int, seed: int) -> list[Fact]:
    chance = random.Random(f"facts {seed}")
    words: list[str] = []
    while len(words) < 2 * count:
        syllables = chance.choice((2, 3))
        word = "".join(chance.choice(ONSETS) + chance.choice(VOWELS) for _ in range(syllables))
        if word.capitalize() not in words:
            words.append(word.capitalize())
    return [Fact(words[2 * i], words[2 * i + 1], i % 2 == 1) for i in range(count)]


def lessons(facts: list[Fact]) -> list[Conversation]:
    return [pair(*fact.asked(wording)) for fact in facts for wording in fact.taught]


def exam(facts: list[Fact]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """(question, answer): wordings that were trained, the one that was not for that person."""
    known = [fact.asked(wording) for fact in facts for wording in fact.taught]
    unseen = [fact.asked(WORDINGS[-1]) for fact in facts if fact.held_back]
    return known, unseen
