"""Which tokens a step sees: a function of the step and the seed, nothing else.

    windows = Windows(tokens, context=256, seed=1)
    inputs, targets = windows.batch(step=7, sequences=16)     # int64 (16, 256) each
    inputs, targets = windows.numbered(range(112, 120))       # half of the same step

The row is cut into windows of `context`; every pass over them takes a new order and a new start,
so that none is seen twice before all were seen once. A resumed run asks for its next step.
"""

from __future__ import annotations

from typing import final

import numpy as np
import torch
from torch import Tensor

from tenfold.science.transformer.tokens import TokenRow


@final
class Windows:
    def __init__(self, tokens: TokenRow, context: int, seed: int) -> None:
        self.tokens, self.context, self.seed = tokens, context, seed
        # One window less than fits, so that every start below `context` leaves room for all.
        self.count = (len(tokens) - 1) // context - 1
        self._pass = -1
        self._starts = np.zeros(0, dtype=np.int64)

    def batch(self, step: int, sequences: int) -> tuple[Tensor, Tensor]:
        return self.numbered(range(step * sequences, (step + 1) * sequences))

    def numbered(self, numbers: range) -> tuple[Tensor, Tensor]:
        """The windows with these numbers, counted from the first of the run."""
        rows = np.stack([self._window(number) for number in numbers])
        both = torch.from_numpy(rows)
        return both[:, :-1].contiguous(), both[:, 1:].contiguous()

    def _window(self, number: int) -> TokenRow:
        turn, place = divmod(number, self.count)
        if turn != self._pass:
            chance = np.random.default_rng((self.seed, turn))
            start = chance.integers(self.context)
            self._starts = start + self.context * chance.permutation(self.count)
            self._pass = turn
        start = self._starts[place]
        return self.tokens[start : start + self.context + 1].astype(np.int64)


def spread(tokens: TokenRow, context: int, windows: int) -> tuple[Tensor, Tensor]:
    """At most `windows` windows evenly over the row, which do not overlap: inputs, targets."""
    there = (len(tokens) - 1) // context
    chosen = np.unique(np.linspace(0, there - 1, min(windows, there)).round().astype(np.int64))
    rows = np.stack([tokens[i * context : i * context + context + 1] for i in chosen])
    both = torch.from_numpy(rows.astype(np.int64))
    return both[:, :-1].contiguous(), both[:, 1:].contiguous()
