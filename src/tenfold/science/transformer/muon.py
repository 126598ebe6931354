"""Muon (Jordan et al. 2024), for many matrices at once.

    muon = Muon(parameters, lr=0.02)        # matrices only
    muon.step()

The same update as torch.optim.Muon (Nesterov momentum, five Newton-Schulz steps towards the nearest
orthogonal matrix, sqrt(rows / columns) on the rate where there are more rows); different is the
cost: matrices of one shape go through the iteration together, and on a CPU it is done in float32,
where bfloat16 is slower. On a GPU it is bfloat16, as there. Of matrices that are split over ranks
(`sharding`) the whole is gathered for the iteration; state and weights stay split.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, final

import torch
from torch import Tensor

from tenfold.science.transformer.sharding import gathered_like, own, split_like

# Chosen by Jordan et al. for a steep slope at zero: singular values end between 0.7 and 1.2.
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
EPS = 1e-7
AT_ONCE = 1 << 24  # values of equal shapes that are stacked at most


@final
class Muon(torch.optim.Optimizer):
    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
        iterations: int = 5,
    ) -> None:
        said = {
            "lr": lr,
            "momentum": momentum,
            "weight_decay": weight_decay,
            "iterations": iterations,
        }
        super().__init__(parameters, said)

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        for group in self.param_groups:
            alike: dict[tuple[int, ...], list[Tensor]] = {}
            for parameter in group["params"]:
                if parameter.grad is not None:
                    alike.setdefault(tuple(parameter.shape), []).append(parameter)
            for (rows, columns), parameters in alike.items():
                most = max(AT_ONCE // (rows * columns), 1)
                for first in range(0, len(parameters), most):
                    self._step(group, parameters[first : first + most])

    def _step(self, group: dict[str, Any], parameters: list[Tensor]) -> None:
        gradients = [own(parameter.grad) for parameter in parameters if parameter.grad is not None]
        buffers, shares = [], [own(parameter.data) for parameter in parameters]
        for parameter in parameters:
            state = self.state[parameter]
            if "momentum_buffer" not in state:
                state["momentum_buffer"] = torch.zeros_like(parameter)
            buffers.append(own(state["momentum_buffer"]))
        torch._foreach_lerp_(buffers, gradients, 1 - group["momentum"])
        ahead = torch._foreach_lerp(gradients, buffers, group["momentum"])
        whole = [gathered_like(*pair) for pair in zip(parameters, ahead, strict=True)]
        updates = orthogonalized(torch.stack(whole), group["iterations"]).to(whole[0].dtype)
        rows, columns = parameters[0].shape
        rate = group["lr"] * math.sqrt(max(1.0, rows / columns))
        if group["weight_decay"]:
            torch._foreach_mul_(shares, 1 - group["lr"] * group["weight_decay"])
        parts = [own(split_like(*pair)) for pair in zip(parameters, updates.unbind(), strict=True)]
        torch._foreach_add_(shares, parts, alpha=-rate)


def orthogonalized(matrices: Tensor, iterations: int) -> Tensor:
    """`matrices` (n, rows, columns), each with its singular values moved towards 1."""
    a, b, c = COEFFICIENTS
    x = matrices.bfloat16() if matrices.is_cuda else matrices
    tall = x.shape[1] > x.shape[2]
    x = x.mT if tall else x
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=EPS)
    for _ in range(iterations):
        gram = x @ x.mT
        gram = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
        x = torch.baddbmm(x, gram, x, beta=a)
    return x.mT if tall else x
