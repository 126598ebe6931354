"""The baseline is a probability, honest and strong: it beats simpler smoothing."""

from __future__ import annotations

import numpy as np
import pytest

from tenfold.science.transformer import bigram as module
from tenfold.science.transformer.bigram import Bigram, count, fit

V = 50


def chain(length: int, seed: int) -> np.ndarray:
    """A Markov chain over V tokens with a known entropy rate's worth of structure."""
    likely = np.random.default_rng(0).dirichlet(np.full(V, 0.05), size=V)
    chance = np.random.default_rng(seed)
    row = np.zeros(length, dtype=np.uint16)
    for i in range(1, length):
        row[i] = chance.choice(V, p=likely[row[i - 1]])
    return row


@pytest.mark.parametrize("contexts", [True, False])
def test_it_is_a_distribution_for_every_token_before(contexts: bool) -> None:
    row = chain(3000, 1)
    row[row == 7] = 8  # a token that was never seen
    found = Bigram(count(row, V), contexts=contexts)
    for before in range(V):
        shares = np.exp(-found.nats(np.full(V, before), np.arange(V)))
        assert shares.sum() == pytest.approx(1.0) and (shares > 0).all()


def test_counting_in_pieces_counts_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    row = chain(5000, 2)
    whole = count(row, V)
    monkeypatch.setattr(module, "CHUNK", 333)
    pieces = count(row, V)
    assert np.array_equal(whole.pairs, pieces.pairs) and np.array_equal(whole.seen, pieces.seen)
    assert whole.seen.sum() == len(row) - 1


def test_it_beats_add_one_and_comes_near_the_truth() -> None:
    train, held_out = chain(20_000, 3), chain(5000, 4)
    before, after = held_out[:-1], held_out[1:]
    ours = fit(train, V).nats(before, after).mean()
    table = np.ones((V, V))
    np.add.at(table, (train[:-1], train[1:]), 1)
    add_one = -np.log(table / table.sum(1, keepdims=True))[before, after].mean()
    likely = np.random.default_rng(0).dirichlet(np.full(V, 0.05), size=V)
    truth = -np.log(likely[before, after]).mean()
    assert truth < ours < add_one
    assert ours - truth < 0.3 * (add_one - truth)
