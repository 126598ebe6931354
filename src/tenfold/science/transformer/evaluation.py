"""Bits per byte of held-out text: comparable across tokenizers, which nats a token are not.

judged = Judged(held_out, context=256, windows=256, bytes_of)
judged.of_model(model), judged.of_bigram(bigram)      # over the very same targets
"""

from __future__ import annotations

import math
from typing import Any, final

import numpy as np
import numpy.typing as npt
import torch

from tenfold.science.transformer.batches import spread
from tenfold.science.transformer.bigram import Bigram
from tenfold.science.transformer.model import Llama

TOKENS_AT_ONCE = 4096


@final
class Judged:
    """At most `windows` windows, evenly over the held-out row. Each is read on its own: a model
    knows of a target no more than what stands before it in its window, a bigram the last token."""

    def __init__(
        self, held_out: npt.NDArray[Any], context: int, windows: int, bytes_of: npt.NDArray[Any]
    ) -> None:
        self.inputs, self.targets = spread(held_out, context, windows)
        self.tokens = self.targets.numel()
        self.bytes = int(bytes_of[self.targets.numpy()].sum())

    @torch.no_grad()  # not inference_mode: split weights are gathered meanwhile
    def of_model(self, model: Llama) -> float:
        device = model.lm_head.weight.device
        at_once = max(TOKENS_AT_ONCE // self.inputs.shape[1], 1)
        nats = 0.0
        for start in range(0, len(self.inputs), at_once):
            some = slice(start, start + at_once)
            with torch.autocast("cuda", torch.bfloat16, enabled=device.type == "cuda"):
                losses = model.loss(
                    self.inputs[some].to(device), self.targets[some].to(device), reduction="none"
                )
            nats += float(losses.double().sum())
        return self._bits(nats)

    def of_bigram(self, bigram: Bigram) -> float:
        before, after = self.inputs.numpy().ravel(), self.targets.numpy().ravel()
        return self._bits(float(np.sum(bigram.nats(before, after))))

    def _bits(self, nats: float) -> float:
        return nats / math.log(2) / self.bytes
