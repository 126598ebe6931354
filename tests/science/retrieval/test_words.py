"""What a word is: bigrams of CJK, stems of English."""

from __future__ import annotations

import pytest

from tenfold.science.retrieval.words import cjk_share, pairs, query_runs, stem, terms


def test_cjk_becomes_pairs_and_the_last_character() -> None:
    assert terms("無人機馬達") == ["無人", "人機", "機馬", "馬達", "達"]
    assert terms("モーター") == ["モー", "ータ", "ター", "ー"]
    assert terms("모터") == ["모터", "터"]


def test_mixed_text_and_one_width() -> None:
    assert terms("用ＣＲ2450電池 (Café)") == ["用", "cr2450", "電池", "池", "cafe"]


@pytest.mark.parametrize(
    "word,base",
    [
        ("motors", "motor"),
        ("berries", "berry"),
        ("bakes", "bake"),
        ("seasoned", "season"),
        ("moved", "move"),
        ("moving", "move"),
        ("planned", "plan"),
        ("related", "relate"),
        ("bus", "bus"),
        ("glass", "glass"),
        ("thing", "thing"),
        ("red", "red"),
        ("freed", "freed"),
        ("cr2450s", "cr2450s"),
    ],
)
def test_stems(word: str, base: str) -> None:
    assert stem(word) == base


def test_what_only_asks_is_gone_from_a_question() -> None:
    assert query_runs("馬達的溫度是多少？") == ["馬達的溫度是"]
    assert query_runs("什麼") == ["什麼"]  # nothing else is there
    assert pairs("馬達的") == ["馬達", "達的"]
    assert pairs("馬") == ["馬"]


def test_a_key_is_no_word() -> None:
    assert terms("x" * 65 + " y") == ["y"]


def test_share() -> None:
    assert cjk_share("馬達ab") == 0.5 and cjk_share("...") == 0.0
