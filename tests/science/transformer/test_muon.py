"""Our Muon beside torch's, and what its iteration promises."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tenfold.science.transformer.muon import Muon, orthogonalized

SHAPES = [(32, 48), (48, 32), (32, 48), (32, 32)]


def test_it_takes_the_steps_of_torch() -> None:
    """Theirs rounds to bfloat16 on the way, eight bits: hence one part in fifty."""
    torch.set_num_threads(1)
    chance = torch.Generator().manual_seed(1)
    starts = [torch.randn(shape, generator=chance) for shape in SHAPES]
    ours, theirs = ([nn.Parameter(start.clone()) for start in starts] for _ in range(2))
    optimizers = (
        Muon(ours, lr=0.02, weight_decay=0.1),
        torch.optim.Muon(theirs, lr=0.02, weight_decay=0.1),
    )
    for _ in range(4):
        for one, other in zip(ours, theirs, strict=True):
            one.grad = torch.randn(one.shape, generator=chance)
            other.grad = one.grad.clone()
        for optimizer in optimizers:
            optimizer.step()
    for one, other, start in zip(ours, theirs, starts, strict=True):
        moved = (other.detach() - start).norm()
        assert float((one - other).detach().norm() / moved) < 0.02


@pytest.mark.parametrize("shape", [(3, 16, 40), (3, 40, 16)])
def test_singular_values_come_near_one(shape: tuple[int, int, int]) -> None:
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(2))
    values = torch.linalg.svdvals(orthogonalized(matrices, 5))
    assert float(values.min()) > 0.65 and float(values.max()) < 1.25
    # One matrix does not depend on what stands beside it.
    assert torch.allclose(orthogonalized(matrices[:1], 5)[0], orthogonalized(matrices, 5)[0])


def test_the_state_comes_back() -> None:
    chance = torch.Generator().manual_seed(3)
    start, first, second = (torch.randn(8, 12, generator=chance) for _ in range(3))

    def stepped(split: bool) -> torch.Tensor:
        weight = nn.Parameter(start.clone())
        muon = Muon([weight], lr=0.1)
        weight.grad = first
        muon.step()
        if split:
            kept = muon.state_dict()
            muon = Muon([weight], lr=0.1)
            muon.load_state_dict(kept)
        weight.grad = second
        muon.step()
        return weight.detach()

    assert torch.equal(stepped(False), stepped(True))
