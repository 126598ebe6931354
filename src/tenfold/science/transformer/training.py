"""One step of training, its optimizers, and a state that resumes to the bit.

    trainer = Trainer(model, recipe, "cuda:0")
    for step in range(recipe.steps):
        loss = trainer.step(step, micro_batches)       # a tensor; read it seldom
    trainer.save(folder); trainer.restore(folder)

Matrices of the blocks are trained by Muon (Jordan et al. 2024), all else by AdamW. On CUDA bf16
autocast and torch.compile, on a CPU float32 as it stands. Needs nothing but torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, final

import torch
from torch import Tensor

from tenfold.science.transformer.model import Llama, parameter_groups
from tenfold.science.transformer.recipe import Recipe

STATE = "training.pt"


@final
class Trainer:
    """Moves `model` to `device`. `note` is told where torch.compile does not work."""

    def __init__(
        self,
        model: Llama,
        recipe: Recipe,
        device: str,
        compiled: bool = True,
        note: Callable[[str], None] = print,
    ) -> None:
        self.model = model.to(device)
        self.recipe, self.device = recipe, torch.device(device)
        self._note = note
        self._loss: Callable[..., Tensor] = self.model.loss
        self._plain = self.device.type != "cuda" or not compiled
        if not self._plain:
            torch.set_float32_matmul_precision("high")
            self._loss = torch.compile(self.model.loss)
        groups = parameter_groups(self.model)
        self.muon = torch.optim.Muon(
            groups["matrices"],
            lr=recipe.matrix_lr,
            momentum=0.95,
            weight_decay=recipe.weight_decay,
            ns_steps=recipe.muon_iterations,
        )
        rates = {
            "embedding": recipe.embedding_lr,
            "head": recipe.head_lr,
            "norms": recipe.norm_lr,
        }
        self.adamw = torch.optim.AdamW(
            [{"params": groups[name], "lr": rates[name]} for name in rates if groups[name]],
            betas=(0.9, 0.95),
            eps=1e-10,
            weight_decay=0.0,
            fused=True,
        )
        for group in self._rates:
            group["full_lr"] = group["lr"]

    def step(self, step: int, batches: Iterable[tuple[Tensor, Tensor]]) -> Tensor:
        """Step number `step` on micro-batches of equal size; the mean loss in nats a token."""
        factor = self.recipe.rate_factor(step)
        for group in self._rates:
            group["lr"] = group["full_lr"] * factor
        parts = [self._backward(inputs, targets) for inputs, targets in batches]
        if len(parts) > 1:
            for parameter in self.model.parameters():
                if parameter.grad is not None:
                    parameter.grad.div_(len(parts))
        self.muon.step()
        self.adamw.step()
        self.model.zero_grad(set_to_none=True)
        return torch.stack(parts).mean()

    def save(self, folder: Path) -> None:
        """Weights and optimizers, whole; the recipe has its own file."""
        state = {
            "model": self.model.state_dict(),
            "muon": self.muon.state_dict(),
            "adamw": self.adamw.state_dict(),
        }
        torch.save(state, folder / STATE)

    def restore(self, folder: Path) -> None:
        """Take up what `save` wrote."""
        state = torch.load(folder / STATE, map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.muon.load_state_dict(state["muon"])
        self.adamw.load_state_dict(state["adamw"])

    @property
    def _rates(self) -> list[dict[str, Any]]:
        return [*self.muon.param_groups, *self.adamw.param_groups]

    def _backward(self, inputs: Tensor, targets: Tensor) -> Tensor:
        inputs = inputs.to(self.device, non_blocking=True)
        targets = targets.to(self.device, non_blocking=True)
        with torch.autocast("cuda", torch.bfloat16, enabled=self.device.type == "cuda"):
            loss = self._forward(inputs, targets)
        loss.backward()
        return loss.detach()

    def _forward(self, inputs: Tensor, targets: Tensor) -> Tensor:
        if self._plain:
            return self.model.loss(inputs, targets)
        try:
            return self._loss(inputs, targets)
        except Exception as error:  # noqa: BLE001 (a compiler may fail in any way)
            self._plain = True
            self._note(f"torch.compile does not work here, so it runs plain: {error!r:.200}")
            return self.model.loss(inputs, targets)
