"""Several ranks that train one model: which sequences are whose, and sums over all of them.

    gang = Gang(rank=3, world=10)
    mine = gang.share(64)                 # range(19, 25): the 64 sequences of a step, shared out
    gang.sum_gradients(parameters, loss)  # in place, the same on every rank

Every rank holds the whole model and its optimizers, which stay equal to the bit since all take the
same sums. So what rank 0 saves is the whole state, and any other number of ranks goes on from it.
The loss is weighted by tokens, so shares need not be even, and a rank may have none. torch's
process group is there already (the runner made it). `sharding` has the other way, for a model
that does not fit one device.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, distributed, nn

BUCKET = 1 << 25  # values summed at once: 128 MiB


@final
@dataclass(frozen=True)
class Gang:
    rank: int = 0
    world: int = 1

    def share(self, count: int) -> range:
        """This rank's of `count` things; shares differ by one at most."""
        return range(self.rank * count // self.world, (self.rank + 1) * count // self.world)

    def agree(self, value: bool) -> bool:
        """Rank 0's yes or no, on every rank."""
        if self.world == 1:
            return value
        kind = "cuda" if distributed.get_backend() == "nccl" else "cpu"
        word = torch.tensor([int(value)], dtype=torch.uint8, device=kind)
        distributed.broadcast(word, 0)
        return bool(word.item())

    def sum_gradients(self, parameters: Iterable[nn.Parameter], loss: Tensor) -> None:
        """Make each gradient, and `loss`, its sum over all ranks. No gradient counts as zero."""
        if self.world == 1:
            return
        gradients = [loss]
        for parameter in parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            gradients.append(parameter.grad)
        sums = []
        for bucket in _buckets(gradients):
            flat = torch.cat([value.flatten() for value in bucket])
            sums.append((bucket, flat, distributed.all_reduce(flat, async_op=True)))
        for bucket, flat, work in sums:
            work.wait()
            parts = flat.split([value.numel() for value in bucket])
            for value, part in zip(bucket, parts, strict=True):
                value.copy_(part.view_as(value))


def _buckets(values: list[Tensor]) -> list[list[Tensor]]:
    """In their order, each of about BUCKET values."""
    buckets: list[list[Tensor]] = [[]]
    held = 0
    for value in values:
        if held and held + value.numel() > BUCKET:
            buckets.append([])
            held = 0
        buckets[-1].append(value)
        held += value.numel()
    return buckets
