"""What a model is told: within the budget, nothing cut in silence."""

from __future__ import annotations

import pytest

from tenfold.science.retrieval.hit import Hit
from tenfold.science.retrieval.prompt import TOKENS_A_MESSAGE, grounded_messages
from tenfold.terms.refusal import Refusal


def words(text: str) -> int:
    return len(text.split())


def hits(count: int, length: int) -> list[Hit]:
    return [Hit(f"{n}.md", f"T{n}", "line 1", f"passage{n} " * length, 0.9) for n in range(count)]


def spent(messages: list[dict[str, str]]) -> int:
    return sum(words(one["content"]) + TOKENS_A_MESSAGE for one in messages)


ASKED = [{"role": "user", "content": "how hot did it get"}]


@pytest.mark.parametrize("budget", [60, 120, 200, 400, 900, 5000])
@pytest.mark.parametrize("older", [0, 6])
def test_it_fits_and_says_what_does_not(budget: int, older: int) -> None:
    talk = [
        {"role": ("user", "assistant")[n % 2], "content": "earlier words " * 10}
        for n in range(older)
    ]
    found = hits(8, 60)
    told, used, left_out = grounded_messages([*talk, *ASKED], found, "I fly drones.", budget, words)
    assert spent(told) <= budget
    assert told[-1] == ASKED[0] and told[0]["role"] == "system"
    shown = [one for one in found if one in used]
    assert len(used) == len(shown) + left_out.shortened
    assert len(used) + len(left_out.hits) == len(found)
    assert len(told) - 1 + left_out.messages == len(talk) + 1
    assert ("I fly drones." in told[0]["content"]) != left_out.profile
    for number, hit in enumerate(used, 1):
        assert f"[{number}] {hit.title}" in told[0]["content"]
    assert bool(left_out) == bool(left_out.words()) == (budget < 900)


def test_numbers_are_those_of_the_used() -> None:
    found = [*hits(1, 500), *hits(2, 5)[1:]]
    told, used, left_out = grounded_messages(ASKED, found, "", 250, words)
    assert used == [found[1]] and left_out.hits == (found[0],)
    assert "[1] T1" in told[0]["content"] and "[2]" not in told[0]["content"]


def test_a_small_context_gets_the_nearest_sentences() -> None:
    text = "Nothing of use here at all. The winding got hot at noon. More of no use follows it."
    told, used, left_out = grounded_messages(
        ASKED, [Hit("a", "T", "line 1", text, 0.9)], "", 58, words
    )
    assert used[0].text.startswith("The winding got hot at noon.") and left_out.shortened
    assert "parts of the best passage" in left_out.words()
    assert spent(told) <= 58


def test_what_cannot_fit_is_refused() -> None:
    with pytest.raises(Refusal, match="does not fit") as refused:
        grounded_messages(ASKED, hits(1, 5), "", 20, words)
    assert refused.value.code == "ask.context"
    with pytest.raises(Refusal, match="no question"):
        grounded_messages([], [], "", 100, words)


def test_without_support_it_is_told_not_to_guess() -> None:
    own = [{"role": "system", "content": "Be brief."}, *ASKED]
    told, used, _ = grounded_messages(own, [], "", 500, words)
    assert not used and len(told) == 2
    assert "do not know" in told[0]["content"] and "Be brief." in told[0]["content"]
