"""Chunks: no word is cut, none is lost, each says its lines."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from tenfold.science.retrieval.chunks import OVERLAP, UNITS, cut
from tenfold.science.retrieval.documents import Document, Section


def text_of(language: str, seed: int) -> str:
    chance = random.Random(seed)
    if language == "zh":
        ends = "，。\n"
        return "".join(
            chance.choice("馬達溫度測試台電流") + chance.choice(["", "", "", *ends])
            for _ in range(3000)
        )
    return "".join(
        f"word{n}" + chance.choice([" ", " ", " ", ". ", "\n", "\n\n"]) for n in range(3000)
    )


@pytest.mark.parametrize("seed", range(5))
def test_words_stay_whole_and_all_are_there(seed: int) -> None:
    text = text_of("en", seed)
    words = text.replace(".", " ").split()
    chunks = list(cut(Document("t", (Section(text, line=1),))))
    said = [chunk.text.replace(".", " ").split() for chunk in chunks]
    assert {word for one in said for word in one} == set(words)
    assert all(len(one) <= UNITS for one in said)
    assert len(chunks) < 2.5 * len(words) / UNITS
    for before, after in pairwise(said):
        assert len(set(before) & set(after)) <= OVERLAP


def test_chinese_is_cut_between_characters() -> None:
    text = text_of("zh", 1)
    chunks = list(cut(Document("t", (Section(text, place="page 2"),))))
    assert len(chunks) > 8 and all(chunk.place == "page 2" for chunk in chunks)
    # put together again, overlaps taken off, it is the text
    whole = chunks[0].text
    for chunk in chunks[1:]:
        overlap = next(n for n in range(len(chunk.text), -1, -1) if whole.endswith(chunk.text[:n]))
        whole += chunk.text[overlap:]
    assert "".join(whole.split()) == "".join(text.split())


def test_lines_are_those_of_the_text() -> None:
    text = "\n" + "".join(f"line {n} has five words\n" for n in range(2, 400))
    lines = text.split("\n")
    for chunk in cut(Document("t", (Section(text, ("A", "B"), line=1),))):
        headings, _, place = chunk.place.rpartition(" > ")
        assert headings == "A > B"
        first, last = (int(one) for one in place.removeprefix("lines ").split("-"))
        assert lines[first - 1 : last] == chunk.text.split("\n")


def test_a_monster_without_spaces_ends() -> None:
    chunks = list(cut(Document("t", (Section("A" * 100_000, line=1),))))
    assert 1 <= len(chunks) < 20
