"""Hours that come again: which minutes of the week they are."""

from __future__ import annotations

import random

import pytest

from tenfold.site.hours import covers, left_out, meet, span_words, week_words
from tenfold.site.settings import ALL_DAYS, Span

NIGHT = Span(frozenset({4}), 22 * 60, 7 * 60)  # Friday's


def test_a_span_over_midnight_belongs_to_the_day_it_begins() -> None:
    assert covers(NIGHT, 4, 22 * 60) and covers(NIGHT, 5, 6 * 60 + 59)
    assert not covers(NIGHT, 4, 0) and not covers(NIGHT, 5, 7 * 60)
    assert not covers(NIGHT, 5, 22 * 60) and not covers(NIGHT, 4, 21 * 60 + 59)


def test_sunday_goes_on_into_monday() -> None:
    assert covers(Span(frozenset({6}), 22 * 60, 60), 0, 59)


def test_equal_ends_are_the_whole_day() -> None:
    span = Span(frozenset({2}), 360, 360)
    assert covers(span, 2, 360) and covers(span, 3, 359)
    assert not covers(span, 2, 359) and not covers(span, 3, 360)
    assert left_out([Span()]) is None


def test_what_spans_leave_out() -> None:
    day = Span(ALL_DAYS, 6 * 60, 20 * 60)
    assert left_out([day]) == (0, 360)
    assert left_out([day, Span(ALL_DAYS, 20 * 60, 6 * 60)]) is None
    assert left_out([]) == (0, 7 * 1440)
    almost = Span(frozenset({6}), 20 * 60, 6 * 60 - 1)
    assert left_out([day, Span(frozenset(range(6)), 20 * 60, 360), almost]) == (359, 360)


def test_where_two_meet_is_found_by_walking_the_week() -> None:
    chance = random.Random(3)
    met = 0
    for _ in range(60):
        one, other = (
            Span(
                frozenset({chance.randrange(7), chance.randrange(7)}),
                chance.randrange(1440),
                chance.randrange(1440),
            )
            for _ in range(2)
        )
        both = [
            n
            for n in range(7 * 1440)
            if covers(one, n // 1440, n % 1440) and covers(other, n // 1440, n % 1440)
        ]
        met += bool(both)
        assert meet(one, other) == (both[0] if both else None)
    assert 10 < met < 60


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (NIGHT, "Fri 22:00-07:00"),
        (Span(), "every hour"),
        (Span(ALL_DAYS, 360, 1200), "06:00-20:00"),
        (Span(frozenset({5, 6})), "Sat, Sun all day"),
    ],
)
def test_words(span: Span, words: str) -> None:
    assert span_words(span) == words
    assert week_words(1440 + 18 * 60 + 30) == "Tue 18:30"
