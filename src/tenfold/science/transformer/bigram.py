"""The baseline to beat: the best smoothed bigram that the same tokens give.

    bigram = fit(train, vocabulary)
    nats = bigram.nats(before, after)           # one figure for each pair of tokens

Interpolated Kneser-Ney with three discounts (Chen and Goodman 1999, "An empirical study of
smoothing techniques for language modeling", equations 23 to 26). Nothing is left to chance against
it: the strength of the discounts and what it falls back on (in how many contexts a token was seen,
or how often) are chosen on a tenth of the training tokens that the counts do not see; then it is
counted again on all of them. numpy only; memory grows with the distinct pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any, final

import numpy as np
import numpy.typing as npt

Row = npt.NDArray[Any]

STRENGTHS = (0.6, 0.8, 1.0, 1.2)
CHUNK = 1 << 26  # pairs counted at once
JUDGED = 200_000  # pairs that the choice is made on, at most


@dataclass(frozen=True)
class Counts:
    """Distinct pairs as `before * vocabulary + after`, sorted, with how often each was seen."""

    vocabulary: int
    pairs: Row
    seen: Row

    @property
    def before(self) -> Row:
        return self.pairs // self.vocabulary

    @property
    def after(self) -> Row:
        return self.pairs % self.vocabulary


@final
class Bigram:
    """`strength` scales the discounts; `contexts`: fall back on contexts, not on frequency."""

    def __init__(self, counts: Counts, strength: float = 1.0, contexts: bool = True) -> None:
        v = counts.vocabulary
        self.counts, self.strength, self.contexts = counts, strength, contexts
        discounts = strength * _discounts(counts.seen)
        taken = np.minimum(discounts[np.minimum(counts.seen, 3)], counts.seen)
        self._kept = counts.seen - taken
        self._total = np.bincount(counts.before, counts.seen, v)
        self._left = np.bincount(counts.before, taken, v)
        self._backoff = _smoothed(
            np.bincount(counts.after, None if contexts else counts.seen, v).astype(np.float64)
        )

    def nats(self, before: Row, after: Row) -> npt.NDArray[np.float64]:
        """-ln p(after | before), for rows of the same length."""
        wanted = before.astype(np.int64) * self.counts.vocabulary + after
        place = np.minimum(np.searchsorted(self.counts.pairs, wanted), len(self.counts.pairs) - 1)
        kept = np.where(self.counts.pairs[place] == wanted, self._kept[place], 0.0)
        total = self._total[before]
        known = total > 0  # a token that was never followed by anything leaves only the backoff
        share = np.where(known, self._left[before] / np.where(known, total, 1.0), 1.0)
        own = np.where(known, kept / np.where(known, total, 1.0), 0.0)
        nats: npt.NDArray[np.float64] = -np.log(own + share * self._backoff[after])
        return nats


def fit(train: Row, vocabulary: int) -> Bigram:
    """The best of its kind for `train`, a row of token ids."""
    cut = len(train) - max(min(len(train) // 10, JUDGED), 1)
    some = count(train[:cut], vocabulary)
    before, after = np.asarray(train[cut:-1]), np.asarray(train[cut + 1 :])
    candidates = product(STRENGTHS, (True, False))
    losses = {
        choice: float(Bigram(some, *choice).nats(before, after).mean()) for choice in candidates
    }
    return Bigram(count(train, vocabulary), *min(losses, key=losses.__getitem__))


def count(row: Row, vocabulary: int) -> Counts:
    """Neighbouring pairs of `row`; a long one is counted in pieces."""
    pairs, seen = np.zeros(0, np.int64), np.zeros(0, np.int64)
    for start in range(0, max(len(row) - 1, 0), CHUNK):
        piece = np.asarray(row[start : start + CHUNK + 1]).astype(np.int64)
        found, times = np.unique(piece[:-1] * vocabulary + piece[1:], return_counts=True)
        both, place = np.unique(np.concatenate((pairs, found)), return_inverse=True)
        seen = np.bincount(place, np.concatenate((seen, times)), len(both)).astype(np.int64)
        pairs = both
    return Counts(vocabulary, pairs, seen)


def _discounts(seen: Row) -> npt.NDArray[np.float64]:
    """What is taken from a count of 0, 1, 2, and of 3 or more; Chen and Goodman, equation 26."""
    once, twice, thrice, four = (max(int((seen == n).sum()), 1) for n in (1, 2, 3, 4))
    y = once / (once + 2 * twice)
    one = 1 - 2 * y * twice / once
    two = 2 - 3 * y * thrice / twice
    three = 3 - 4 * y * four / thrice
    found = np.array([0.0, one, two, three])
    within: npt.NDArray[np.float64] = np.clip(found, 0.0, [0.0, 0.99, 1.99, 2.99])
    return within


def _smoothed(weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """As probabilities, with an absolute discount shared among all tokens: none is impossible."""
    once, twice = max(int((weights == 1).sum()), 1), max(int((weights == 2).sum()), 1)
    discount = once / (once + 2 * twice)
    taken = np.minimum(weights, discount)
    left = weights - taken + taken.sum() / len(weights)
    shares: npt.NDArray[np.float64] = left / left.sum()
    return shares
