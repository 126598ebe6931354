"""Which language a reader gets, and what is said where a language has no words of its own."""

from __future__ import annotations

import pytest

from tenfold.terms.refusal import Refusal, refusal
from tenfold.web.words import COOKIE, EN, ZH, language_of, texts, words


@pytest.mark.parametrize(
    ("accepts", "language"),
    [
        ("", EN),
        ("zh-TW,zh;q=0.9,en-US;q=0.8", ZH),
        ("zh-CN", ZH),
        ("en-US,en;q=0.9,zh-TW;q=0.8", EN),
        ("de,zh-TW;q=0.5,en;q=0.4", ZH),
        ("en;q=0.3, ZH-hant ; q=0.7", ZH),
        ("de-DE,fr", EN),
        ("zh;q=many,en", EN),
        ("zh;q=0,en;q=0.1", EN),
        (",;q=,", EN),
    ],
)
def test_the_browser_asks_and_gets_the_first_that_is_there(accepts: str, language: str) -> None:
    assert language_of({}, accepts) == language


def test_what_the_reader_chose_goes_before_what_the_browser_asks() -> None:
    assert language_of({COOKIE: EN}, "zh-TW") == EN
    assert language_of({COOKIE: ZH}, "en") == ZH
    assert language_of({COOKIE: "../../etc"}, "zh-TW") == ZH


def test_a_refusal_is_told_in_the_readers_language_with_its_facts() -> None:
    told = refusal("job.unknown", id="j17")
    what, why, next_step = words(ZH).refused(told)
    assert "j17" in what + why + next_step
    assert any("\u4e00" <= letter <= "\u9fff" for letter in what)
    assert words(EN).refused(told) == (told.what, told.why, told.next)


def test_a_refusal_without_words_or_facts_is_told_as_it_came() -> None:
    unknown = Refusal("no.such-code", "What.", "Why.", "next")
    assert words(ZH).refused(unknown) == ("What.", "Why.", "next")
    factless = Refusal("job.unknown", "There is no job j17.", "Why.", "tenfold jobs")
    assert words(ZH).refused(factless) == ("There is no job j17.", "Why.", "tenfold jobs")


def test_a_key_that_a_language_lacks_is_said_in_english_and_no_key_is_an_error() -> None:
    missing = words(ZH)
    key = next(iter(texts(EN)))
    kept = texts(ZH).pop(key)
    try:
        assert missing(key) == texts(EN)[key]
    finally:
        texts(ZH)[key] = kept
    with pytest.raises(KeyError):
        missing("no.such")


def test_a_param_without_words_is_named_by_its_own_name() -> None:
    label, told = words(ZH).param("mine.own", "wall_heat_w", "Heat of the wall.")
    assert (label, told) == ("Wall heat w", "Heat of the wall.")
