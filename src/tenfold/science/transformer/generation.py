"""Text from a model, one token after another.

    tokens = generate(model, prompt, 200, temperature=0.8, seed=1)

Temperature 0 takes the likeliest token. Keys and values are kept; when the context is full, its
second half is read again and becomes the first. Needs nothing but torch.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from tenfold.science.transformer.model import Cache, Llama


@torch.no_grad()  # not inference_mode: split weights are gathered meanwhile
def generate(
    model: Llama,
    prompt: Sequence[int],
    count: int,
    temperature: float = 0.0,
    top: int = 50,
    seed: int = 0,
    end: int | None = None,
) -> list[int]:
    """At most `count` new token ids; `end` stops it and is not among them. `prompt` is not empty;
    of a long one the last half context is read. `top`: only so many likeliest are drawn from."""
    device = model.lm_head.weight.device
    chance = torch.Generator().manual_seed(seed)
    context = model.shape.context
    written = list(prompt)[-max(context // 2, 1) :]
    first = len(written)
    unread, cache = written, Cache(model.shape, 1, model.lm_head.weight)
    while len(written) - first < count:
        if cache.length + len(unread) > context:
            unread, cache = written[-(context // 2) :], Cache(model.shape, 1, model.lm_head.weight)
        logits = model(torch.tensor([unread], device=device), cache)[0, -1]
        chosen = _choose(logits.float().cpu(), temperature, top, chance)
        if chosen == end:
            break
        written.append(chosen)
        unread = [chosen]
    return written[first:]


def _choose(logits: Tensor, temperature: float, top: int, chance: torch.Generator) -> int:
    if temperature == 0.0:
        return int(logits.argmax())
    best = logits.topk(min(top, len(logits)))
    shares = torch.softmax(best.values / temperature, dim=-1)
    return int(best.indices[torch.multinomial(shares, 1, generator=chance)])
