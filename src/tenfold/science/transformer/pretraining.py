"""A whole pretraining run, step by step: text, tokens, steps, curves, verdict, folder.

    work = Pretraining(folder, text, limit_bytes=20e6, vocabulary=2048)   # tokenizes, once
    work.begin(recipe, "cpu", judged_tokens=32_768, note=print)
    for _ in range(recipe.steps):
        work.step()                       # work.save(folder) may follow, work.restore(folder)
    figures = work.finish(model_folder)

On a CPU with one thread, where the saves fall changes no bit of the weights: what a step sees is a
function of its number, and nothing else is drawn.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, final

import torch
from torch import Tensor

from tenfold.science.roofline import bf16_tflops
from tenfold.science.transformer.batches import Windows
from tenfold.science.transformer.bigram import fit
from tenfold.science.transformer.evaluation import Judged
from tenfold.science.transformer.generation import generate
from tenfold.science.transformer.hf_folder import read_folder, write_folder
from tenfold.science.transformer.model import Llama
from tenfold.science.transformer.recipe import Recipe, recipe_from_json
from tenfold.science.transformer.text import open_corpus
from tenfold.science.transformer.tokens import END_ID, Tokens, prepare
from tenfold.science.transformer.training import Trainer
from tenfold.terms.box import Device, DeviceKind
from tenfold.terms.refusal import Refusal

RUN = "run.json"
SAMPLES = 3
MFU_CONVENTION = "6 N' + 6 L h T a token (causal half), N' without the input embedding"


@final
class Pretraining:
    """`folder` keeps the tokens: what is there is used again, so a resumed run sees the same even
    if files of the text have changed meanwhile. Raises Refusals of `open_corpus` and `learn`."""

    def __init__(
        self, folder: Path, text: Path | None, limit_bytes: float, vocabulary: int
    ) -> None:
        if not folder.exists():
            _prepare_whole(folder, text, limit_bytes, vocabulary)
        self.data = Tokens(folder)
        self.before: list[str] = []  # samples of the untrained model
        self.done = 0  # steps
        self.finite = True
        self._losses: list[tuple[int, float]] = []
        self._judged: list[tuple[int, float]] = []
        self._unread: list[Tensor] = []
        self._train_s = 0.0
        self._cpu_s = 0.0
        self._read_at = (0, 0.0)  # step and train seconds of the last metrics

    def words(self) -> str:
        train, held_out = len(self.data.train), len(self.data.held_out)
        return f"Text: {train:,} tokens to learn from, {held_out:,} held out."

    def begin(
        self, recipe: Recipe, device: str, judged_tokens: int, note: Callable[[str], None]
    ) -> None:
        """Build the model. Raises a Refusal where the text is too short for one window."""
        self.recipe = recipe
        context = recipe.shape.context
        shortest = min(len(self.data.train) // 3, len(self.data.held_out) - 1)
        if shortest < context:
            raise Refusal(
                "pretrain.context",
                f"There is too little text for a context of {context} tokens.",
                f"It takes {3 * context} tokens to learn from and {context + 1} held out; there are"
                f" {len(self.data.train)} and {len(self.data.held_out)}.",
                f"give --context {2 ** int(math.log2(max(shortest, 16)))} or more text",
            )
        self._trainer = Trainer(Llama(recipe.shape, recipe.seed), recipe, device, note=note)
        self._windows = Windows(self.data.train, context, recipe.seed)
        windows = max(judged_tokens // context, 1)
        self._judgement = Judged(self.data.held_out, context, windows, self.data.bytes_of)

    @property
    def model(self) -> Llama:
        model: Llama = self._trainer.model
        return model

    def step(self) -> None:
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        micro = self.recipe.micro_sequences
        first = self.done * self.recipe.micro_batches
        batches = (
            self._windows.batch(first + number, micro)
            for number in range(self.recipe.micro_batches)
        )
        self._unread.append(self._trainer.step(self.done, batches))
        self.done += 1
        self._train_s += time.perf_counter() - began_s
        self._cpu_s += time.process_time() - began_cpu_s

    def metrics(self) -> dict[str, float]:
        """Of the steps since the last call; waits for the device, so it is called seldom."""
        began_s = time.perf_counter()
        loss = float(torch.stack(self._unread).mean())
        self._unread = []
        self._train_s += time.perf_counter() - began_s
        self.finite = math.isfinite(loss)
        self._losses.append((self.done, loss))
        step, at_s = self._read_at
        tokens = (self.done - step) * self.recipe.batch_tokens
        self._read_at = (self.done, self._train_s)
        return {"loss": loss, "tokens_per_s": tokens / max(self._train_s - at_s, 1e-9)}

    def judge(self) -> float:
        """Bits a byte of held-out text."""
        bits: float = self._judgement.of_model(self.model)
        self._judged.append((self.done, bits))
        return bits

    def samples(self, prompt: str, count: int, temperature: float) -> list[str]:
        """Some continuations of `prompt`; without one, beginnings of documents."""
        start = self.data.tokenizer.encode(prompt).ids or [END_ID]
        drawn = (
            generate(self.model, start, count, temperature, seed=seed, end=END_ID)
            for seed in range(self.recipe.seed, self.recipe.seed + SAMPLES)
        )
        return [prompt + str(self.data.tokenizer.decode(tokens)) for tokens in drawn]

    def save(self, folder: Path) -> None:
        """The whole state, the recipe with it."""
        self._trainer.save(folder)
        state = {
            "recipe": self.recipe.as_json(),
            "done": self.done,
            "losses": self._losses,
            "unread": [float(loss) for loss in self._unread],
            "judged": self._judged,
            "train_s": self._train_s,
            "cpu_s": self._cpu_s,
            "read_at": self._read_at,
            "before": self.before,
        }
        (folder / RUN).write_text(json.dumps(state), encoding="utf-8")

    def recipe_in(self, folder: Path) -> Recipe:
        return recipe_from_json(_state(folder)["recipe"])

    def restore(self, folder: Path) -> None:
        """Take up what `save` wrote, after `begin` with its recipe."""
        state = _state(folder)
        self._trainer.restore(folder)
        self.done, self.before = state["done"], state["before"]
        self._losses = [(step, loss) for step, loss in state["losses"]]
        self._judged = [(step, bits) for step, bits in state["judged"]]
        self._unread = [torch.tensor(loss) for loss in state["unread"]]
        self._train_s, self._cpu_s = state["train_s"], state["cpu_s"]
        self._read_at = (state["read_at"][0], state["read_at"][1])

    def curves(self) -> dict[str, list[tuple[int, float]]]:
        """(tokens, nats a token) of the training text, (tokens, bits a byte) of the held-out."""
        tokens = self.recipe.batch_tokens
        return {
            "loss": [(step * tokens, loss) for step, loss in self._losses],
            "bits_per_byte": [(step * tokens, bits) for step, bits in self._judged],
        }

    def finish(self, folder: Path) -> dict[str, Any]:
        """After the last step was judged: write the Hugging Face folder, read it back, and
        count the bigram. The figures of the run."""
        write_folder(folder, self.model, self.data.tokenizer.to_str())
        ours = self._judged[-1][1]
        reloaded = self._judgement.of_model(read_folder(folder).to(self._trainer.device))
        bigram = fit(self.data.train, self.recipe.shape.vocabulary)
        shape, tokens = self.recipe.shape, self.recipe.tokens
        flops_per_s = tokens * shape.train_flops_a_token / self._train_s
        figures = {
            "bits_per_byte": ours,
            "bigram_bits_per_byte": self._judgement.of_bigram(bigram),
            "reloaded_bits_per_byte": reloaded,
            "judged_tokens": self._judgement.tokens,
            "judged_bytes": self._judgement.bytes,
            "parameters": shape.parameters,
            "tokens": tokens,
            "steps": self.recipe.steps,
            "train_tokens": len(self.data.train),
            "train_s": self._train_s,
            "tokens_per_s": tokens / self._train_s,
            "model_flops_per_s": flops_per_s,
            "loss": self._losses[-1][1],
        }
        if self._trainer.device.type == "cuda":
            return figures | self._utilisation(flops_per_s)
        return figures | {
            "core_s": self._cpu_s,
            "flops_per_core_s": tokens * shape.train_flops_a_token / self._cpu_s,
        }

    def _utilisation(self, flops_per_s: float) -> dict[str, Any]:
        name = torch.cuda.get_device_name(self._trainer.device)
        peak = bf16_tflops(Device("", DeviceKind.GPU, name, "", 0.0))
        mfu = flops_per_s / (peak * 1e12) if peak else None
        return {"gpu": name, "mfu": mfu, "mfu_counts": MFU_CONVENTION}


def _prepare_whole(folder: Path, text: Path | None, limit_bytes: float, vocabulary: int) -> None:
    """All files or none: a kill while it writes leaves nothing that looks ready."""
    half = folder.with_name(folder.name + ".half")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    prepare(open_corpus(text, limit_bytes), half, vocabulary)
    for path in half.iterdir():
        with open(path, "rb") as file:
            os.fsync(file.fileno())
    os.rename(half, folder)


def _state(folder: Path) -> dict[str, Any]:
    state: dict[str, Any] = json.loads((folder / RUN).read_text(encoding="utf-8"))
    return state
