"""Text as it comes: nothing told twice, nothing of a stop string, no half characters."""

from __future__ import annotations

import random

import pytest

from tenfold.science.serving.words import Words

TEXT = "naïve 測試 🛩️ end\n\nstop here, STOP"


def decode(ids: list[int]) -> str:
    return bytes(ids).decode("utf-8", "replace")


def test_bytes_become_the_same_text() -> None:
    words = Words(decode)
    pieces = [words.add(one) for one in TEXT.encode()]
    assert "".join(pieces) + words.rest() == TEXT
    assert not any("\ufffd" in piece for piece in pieces)
    assert sum(1 for piece in pieces if piece) == len(TEXT)


def test_bytes_that_never_become_a_character() -> None:
    broken = b"a\xe6\xb8b\xff\xe6"
    words = Words(decode)
    assert "".join(words.add(one) for one in broken) + words.rest() == decode(list(broken))


@pytest.mark.parametrize(
    "stop", [("\n\n",), ("STOP", "stop"), ("試 🛩",), ("never",), ("nd\n", "n")]
)
def test_a_stop_string_ends_it_and_is_not_told(stop: tuple[str, ...]) -> None:
    words, told = Words(decode, stop), ""
    for one in TEXT.encode():
        told += words.add(one)
        if words.stopped:
            break
    told += words.rest()
    places = [TEXT.find(one) for one in stop if one in TEXT]
    assert told == (TEXT[: min(places)] if places else TEXT)
    assert words.stopped == bool(places)


def test_any_bytes() -> None:
    chance = random.Random(1)
    for _ in range(200):
        ids = [chance.choice(b"ab\xe6\xb8\xac\xf0\x9f\n") for _ in range(30)]
        words = Words(decode)
        assert "".join(words.add(one) for one in ids) + words.rest() == decode(ids)
