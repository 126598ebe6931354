"""How a question is read: stems, negations, patterns; and when the catalogue itself answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenfold.fit.match import answer
from tenfold.fit.pattern import covers, pattern
from tenfold.fit.phrase import clauses, stem
from tenfold.fit.table import Says, read

TABLE = read(Path("/nonexistent"))
CATALOGUE = {
    "mine.loom": "Loom: weaving drafts from a photograph of cloth.",
    "system.command": "Command: a program of your own on the slot it was given.",
}


@pytest.mark.parametrize(
    "words",
    [
        "game games gaming",
        "tumour tumours tumor",
        "transcode transcoding transcoded transcodes",
        "summarise summarize summarising",
        "analyse analyzing",
        "movie movies",
        "story stories",
        "run running",
        "model modelling modeling models",
        "galaxy galaxies",
    ],
)
def test_forms_of_a_word_have_one_stem(words: str) -> None:
    assert len({stem(word) for word in words.split()}) == 1


def test_words_that_only_look_alike_keep_theirs() -> None:
    pairs = ("bus bu", "king k", "analysis analyse", "speed spe", "string str")
    for a, b in map(str.split, pairs):
        assert stem(a) != stem(b)


def tokens(text: str) -> list[str]:
    return [token for clause in clauses(text) for token in clause.tokens if token]


def test_a_negation_takes_out_what_follows_to_the_comma_or_but() -> None:
    assert tokens("not a game, an AI") == ["an", "ai"]
    assert tokens("no games and no films but an AI") == ["an", "ai"]
    assert tokens("AI instead of games") == ["ai"]
    assert tokens("not only games") == [stem("games")]
    assert tokens("不是遊戲、影片，是天氣") == ["是", "天", "氣"]
    assert tokens("可不可以玩") == ["玩"]


def test_marks_part_clauses_in_both_widths_but_not_numbers() -> None:
    assert len(clauses("play, stream; mine")) == 3
    assert len(clauses("玩，挖；看")) == len(clauses("fps，rows")) + 1 == 3
    assert [clause.tokens for clause in clauses("1,000 CS:GO H.265")] == [
        ("1", "000", "cs", "go", "h265")
    ]


@pytest.mark.parametrize(
    "written,text,found",
    [
        ("mine bitcoin", "mining bitcoin", True),
        ("mine bitcoin", "bitcoin mine", False),
        ("mine .. coin", "mine a lot of coins", True),
        ("mine .. coin", "coin mine", False),
        ("mine + coin", "coin of mine", True),
        ("coin + coin", "coin", False),
        ("<g> agent", "game agent", True),
        ("<g> agent", "game of an agent", False),
        ("挖礦", "我想挖礦", True),
        ("挖 .. 礦", "礦挖", False),
    ],
)
def test_patterns(written: str, text: str, found: bool) -> None:
    wanted = pattern(written, {"g": ((stem("game"),),)})
    assert bool(covers(wanted, clauses(text)[0].tokens)) is found


def test_a_longer_match_takes_the_shorter_ones_words() -> None:
    assert answer("game", TABLE, {}).says is Says.NO
    assert answer("game agent", TABLE, {}).says is Says.YES
    assert answer("game agent in a game", TABLE, {}).says is Says.NO


def test_a_hint_of_a_no_makes_a_yes_unknown_and_two_make_it_a_no() -> None:
    assert answer("translate", TABLE, {}).says is Says.YES
    assert answer("translate at 60 fps", TABLE, {}).says is Says.UNKNOWN
    assert answer("translate in 4K at 60 fps", TABLE, {}).says is Says.NO


@pytest.mark.parametrize(
    "question", ["mine.loom", "loom", "weaving drafts on a loom", "a loom for cloth"]
)
def test_a_new_workload_is_found_without_a_line_in_the_table(question: str) -> None:
    found = answer(question, TABLE, CATALOGUE)
    assert found.says is Says.YES and found.because[0].workloads == ("mine.loom",)
    assert answer(question, TABLE, {}).says is Says.UNKNOWN


@pytest.mark.parametrize(
    "question", ["cloth", "loom in a factory in Osaka", "weaving drafts", "own program", "conquer"]
)
def test_one_word_of_a_title_is_not_enough(question: str) -> None:
    assert answer(question, TABLE, CATALOGUE).says is Says.UNKNOWN


def test_a_no_of_the_table_goes_before_the_catalogue() -> None:
    listed = {"mine.game": "Game: a game of marbles."}
    assert answer("game marbles", TABLE, listed).says is Says.NO


def test_where_nobody_knows_the_nearest_are_named_or_none() -> None:
    near = answer(
        "the translator is ill and cannot come to the party of my aunt in Rome", TABLE, {}
    )
    assert near.says is Says.UNKNOWN and near.nearest[0].id == "translation"
    assert len(near.nearest) <= 2
    assert answer("", TABLE, {}).nearest == () == answer("quaxle", TABLE, {}).nearest
