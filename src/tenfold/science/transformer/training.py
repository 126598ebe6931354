"""One step of training, its optimizers, and a state that resumes to the bit.

    trainer = Trainer(model, recipe, "cuda:0")
    for step in range(recipe.steps):
        loss = trainer.step(step, micro_batches)       # a tensor; read it seldom
    torch.save(trainer.state(), folder / STATE); trainer.restore(folder)

Matrices of the blocks are trained by Muon (Jordan et al. 2024), all else by AdamW. On CUDA bf16
autocast and torch.compile, on a CPU float32 as it stands. In a gang every rank gives its own part
of the step's sequences; with `split` the model is too large for one device, and every rank holds a
part of it. Needs nothing but torch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, final

import torch
from torch import Tensor

from tenfold.science.transformer.gang import Gang
from tenfold.science.transformer.model import Llama, parameter_groups
from tenfold.science.transformer.muon import Muon
from tenfold.science.transformer.recipe import Recipe
from tenfold.science.transformer.sharding import gathered, load_model, load_optimizer, shard

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
        gang: Gang | None = None,
        split: bool = False,
    ) -> None:
        self.gang, self.split = gang or Gang(), split
        if split:
            shard(model, device)
        self.model = model.to(device)
        self.recipe, self.device = recipe, torch.device(device)
        self._note = note
        self._loss: Callable[..., Tensor] = self.model.loss
        self._plain = self.device.type != "cuda" or not compiled or split
        if not self._plain:
            torch.set_float32_matmul_precision("high")
            self._loss = torch.compile(self.model.loss)
        groups = parameter_groups(self.model)
        self.muon = Muon(
            groups["matrices"],
            lr=recipe.matrix_lr,
            weight_decay=recipe.weight_decay,
            iterations=recipe.muon_iterations,
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
        """Step number `step` on this rank's micro-batches, which may differ in size; the mean loss
        of the whole step, in nats a token."""
        factor = self.recipe.rate_factor(step)
        for group in self._rates:
            group["lr"] = group["full_lr"] * factor
        loss, done = torch.zeros((), device=self.device), 0
        for inputs, targets in batches:
            loss += self._backward(inputs, targets, targets.numel() / self.recipe.batch_tokens)
            done += 1
        if self.split:
            self._keep_pace(done)
        self.gang.sum_gradients([] if self.split else self.model.parameters(), loss)
        self.muon.step()
        self.adamw.step()
        self.model.zero_grad(set_to_none=True)
        return loss

    def state(self) -> dict[str, Any]:
        """Weights and optimizers, whole, to be saved by rank 0; if the model is split, every rank
        has to ask for it."""
        state = {
            "model": self.model.state_dict(),
            "muon": self.muon.state_dict(),
            "adamw": self.adamw.state_dict(),
        }
        whole: dict[str, Any] = gathered(state) if self.split else state
        return whole

    def restore(self, folder: Path) -> None:
        """Take up what was saved as STATE, by however many ranks."""
        place = "cpu" if self.split else self.device
        state = torch.load(folder / STATE, map_location=place, weights_only=True)
        load_model(self.model, state["model"])
        load_optimizer(self.muon, state["muon"])
        load_optimizer(self.adamw, state["adamw"])

    @property
    def _rates(self) -> list[dict[str, Any]]:
        return [*self.muon.param_groups, *self.adamw.param_groups]

    def _keep_pace(self, done: int) -> None:
        """Split weights are gathered by all at once, so every rank has to go through as many
        micro-batches as the one with the most: the last ones count for nothing."""
        most = math.ceil(self.recipe.sequences / self.gang.world)
        nothing = torch.zeros((1, self.recipe.shape.context), dtype=torch.int64)
        for _ in range(done, math.ceil(most / self.recipe.micro_sequences)):
            self._backward(nothing, nothing, 0.0)

    def _backward(self, inputs: Tensor, targets: Tensor, weight: float) -> Tensor:
        """Adds to the gradients; the loss by its weight in the step."""
        inputs = inputs.to(self.device, non_blocking=True)
        targets = targets.to(self.device, non_blocking=True)
        with torch.autocast("cuda", torch.bfloat16, enabled=self.device.type == "cuda"):
            loss = self._forward(inputs, targets) * weight
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
