"""One token from one row of logits, with a chance of its own for each request.

    sampler = Sampler(request)
    chosen = sampler.choose(logits)         # (vocabulary,), float32, on the CPU

The seed decides the text, whatever other requests run beside it: each has its own generator, and
one number is drawn a token.
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor

from tenfold.science.serving.request import Chosen, Request
from tenfold.science.serving.structured import Writing


@final
class Sampler:
    """`writing` holds what a schema allows next, where one was given."""

    def __init__(self, request: Request, writing: Writing | None = None) -> None:
        self._request, self._writing = request, writing
        self._chance = torch.Generator()
        if request.seed is None:
            self._chance.seed()
        else:
            self._chance.manual_seed(request.seed)
        self._counts: Tensor | None = None
        self._left = request.most

    @property
    def plain(self) -> bool:
        """Whether the likeliest token is all that is asked: many rows can then be read at once."""
        asked = self._request
        return (
            asked.temperature == 0.0
            and asked.top_logprobs is None
            and self._writing is None
            and not asked.presence
            and not asked.frequency
        )

    @property
    def over(self) -> bool:
        """Whether the schema's JSON is whole and nothing can follow."""
        return self._writing is not None and self._writing.over

    @property
    def whole(self) -> bool:
        return self._writing is not None and self._writing.whole

    def choose(self, logits: Tensor) -> Chosen:
        allowed = self._with_penalties(logits)
        if self._writing is not None:
            allowed = allowed.masked_fill(~self._writing.mask(len(logits)), -torch.inf)
        id = self._drawn(allowed)
        if self._writing is not None:
            id = self._writing.take(id, self._left)
        self._left -= 1
        if self._counts is not None:
            self._counts[id] += 1
        return self._told(logits, id)

    def _with_penalties(self, logits: Tensor) -> Tensor:
        asked = self._request
        if not asked.presence and not asked.frequency:
            return logits
        if self._counts is None:
            self._counts = torch.zeros(len(logits))
        occurred = (self._counts > 0).float()
        return logits - asked.presence * occurred - asked.frequency * self._counts

    def _drawn(self, logits: Tensor) -> int:
        asked = self._request
        if asked.temperature == 0.0:
            return int(logits.argmax())
        best, ids = (logits / asked.temperature).sort(descending=True, stable=True)
        if asked.top_k:
            best = best[: asked.top_k]
        shares = torch.softmax(best.double(), dim=0)
        reached = shares.cumsum(0)
        if asked.top_p < 1.0:  # the fewest tokens that make up top_p
            kept = int((reached - shares < asked.top_p).sum())
            reached = reached[: max(kept, 1)]
        point = torch.rand((), generator=self._chance, dtype=torch.float64) * reached[-1]
        return int(ids[min(int(torch.searchsorted(reached, point, right=True)), len(reached) - 1)])

    def _told(self, logits: Tensor, id: int) -> Chosen:
        count = self._request.top_logprobs
        if count is None:
            return Chosen(id)
        shares = torch.log_softmax(logits.float(), dim=0)
        best = shares.topk(count) if count else None
        top = zip(best.indices.tolist(), best.values.tolist(), strict=True) if best else ()
        return Chosen(id, float(shares[id]), tuple(top))
