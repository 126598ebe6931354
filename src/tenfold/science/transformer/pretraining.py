"""A whole pretraining run, step by step: text, tokens, steps, curves, verdict, folder.

    work = Pretraining(folder, Asked(text, 20e6, 2048, None))     # tokenizes, once
    work.begin(recipe, "cpu", judged_tokens=32_768)
    for _ in range(recipe.steps):
        work.step()                       # work.save(folder) may follow, work.restore(folder)
    figures = work.finish(model_folder)

On a CPU with one thread, where the saves fall changes no bit of the weights: what a step sees is a
function of its number, and nothing else is drawn. In a gang all ranks do all of it but `save`,
which is rank 0's; of a model that is not split also `judge`, `samples` and `finish` are.
"""

from __future__ import annotations

import json
import math
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
from tenfold.science.transformer.gang import Gang
from tenfold.science.transformer.generation import generate
from tenfold.science.transformer.hf_folder import read_folder, write_folder
from tenfold.science.transformer.model import Llama
from tenfold.science.transformer.recipe import Recipe, recipe_from_json
from tenfold.science.transformer.shards import Asked, tokens_at
from tenfold.science.transformer.training import STATE, Trainer
from tenfold.terms.box import Device, DeviceKind
from tenfold.terms.refusal import Refusal

RUN, RECIPE = "run.json", "recipe.json"
SAMPLES = 3
MFU_CONVENTIONS = {  # of the dense bf16 peak; N' is without the input embedding
    "mfu": "6 N' + 6 L h T a token: of attention the causal half (Megatron)",
    "mfu_full_attention": "6 N' + 12 L h T a token: the masked half too (torchtitan, nanochat)",
}


@final
class Pretraining:
    """`folder` keeps the tokens (see `shards`, also for the Refusals)."""

    def __init__(
        self,
        folder: Path,
        asked: Asked,
        gang: Gang | None = None,
        note: Callable[[str], None] = print,
    ) -> None:
        self.gang, self._note = gang or Gang(), note
        self.data = tokens_at(folder, asked, self.gang, note)
        train, held_out = len(self.data.train), len(self.data.held_out)
        note(f"Tokens: {train:,} to learn from, {held_out:,} held out.")
        self.before: list[str] = []  # samples of the untrained model
        self.meanwhile: list[tuple[int, str]] = []  # tokens seen, and what it wrote then
        self._gathered: dict[str, Any] | None = None
        self.done = 0  # steps
        self.finite = True
        self._losses: list[tuple[int, float]] = []
        self._judged: list[tuple[int, float]] = []
        self._unread: list[Tensor] = []
        self._train_s = 0.0
        self._cpu_s = 0.0
        self._read_at = (0, 0.0)  # step and train seconds of the last metrics

    @property
    def vocabulary(self) -> int:
        return len(self.data.bytes_of)

    def begin(self, recipe: Recipe, device: str, judged_tokens: int, split: bool = False) -> None:
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
        model = Llama(recipe.shape, recipe.seed)
        self._trainer = Trainer(model, recipe, device, note=self._note, gang=self.gang, split=split)
        self._windows = Windows(self.data.train, context, recipe.seed)
        windows = max(judged_tokens // context, 1)
        self._judgement = Judged(self.data.held_out, context, windows, self.data.bytes_of)

    @property
    def model(self) -> Llama:
        model: Llama = self._trainer.model
        return model

    def step(self) -> None:
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        micro, first = self.recipe.micro_sequences, self.done * self.recipe.sequences
        mine = self.gang.share(self.recipe.sequences)
        batches = (
            self._windows.numbered(range(first + start, first + min(start + micro, mine.stop)))
            for start in range(mine.start, mine.stop, micro)
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
        found = {"loss": loss, "tokens_per_s": tokens / max(self._train_s - at_s, 1e-9)}
        if self._trainer.device.type == "cuda":
            told = self._utilisation(found["tokens_per_s"])
            found |= {name: told[name] for name in MFU_CONVENTIONS if told[name] is not None}
        return found

    def judge(self) -> float:
        """Bits a byte of held-out text."""
        bits: float = self._judgement.of_model(self.model)
        self._judged.append((self.done, bits))
        return bits

    def samples(
        self, prompt: str, count: int, temperature: float, samples: int = SAMPLES
    ) -> list[str]:
        """Some continuations of `prompt`; without one, beginnings of documents."""
        start = self.data.tokenizer.encode(prompt).ids or [self.data.end]
        drawn = (
            generate(self.model, start, count, temperature, seed=seed, end=self.data.end)
            for seed in range(self.recipe.seed, self.recipe.seed + samples)
        )
        return [prompt + str(self.data.tokenizer.decode(tokens)) for tokens in drawn]

    def sample_now(self, prompt: str, count: int, temperature: float) -> str:
        """One more of `meanwhile`."""
        [text] = self.samples(prompt, count, temperature, 1)
        self.meanwhile.append((self.done * self.recipe.batch_tokens, text))
        return text

    def gather(self) -> None:
        """Of a split model, on every rank: what the next `save` writes."""
        self._gathered = self._trainer.state()

    def save(self, folder: Path) -> None:
        """The whole state, the recipe with it."""
        torch.save(self._gathered or self._trainer.state(), folder / STATE)
        self._gathered = None
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
            "meanwhile": self.meanwhile,
        }
        (folder / RUN).write_text(json.dumps(state), encoding="utf-8")

    def recipe_in(self, folder: Path) -> Recipe:
        return recipe_from_json(_state(folder)["recipe"])

    def restore(self, folder: Path) -> None:
        """Take up what `save` wrote, after `begin` with its recipe."""
        state = _state(folder)
        self._trainer.restore(folder)
        self.done, self.before = state["done"], state["before"]
        self.meanwhile = [(tokens, text) for tokens, text in state["meanwhile"]]
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
        count the bigram. The figures of the run; nothing on other ranks than the first."""
        weights = self._trainer.state()["model"] if self._trainer.split else None
        if self.gang.rank:
            return {}
        write_folder(folder, self.model, self.data.tokenizer.to_str(), weights)
        (folder / RECIPE).write_text(json.dumps(self.recipe.as_json(), indent=1) + "\n")
        ours = self._judged[-1][1]
        reloaded = self._judgement.of_model(read_folder(folder).to(self._trainer.device))
        bigram = fit(self.data.train, self.recipe.shape.vocabulary)
        shape, tokens = self.recipe.shape, self.recipe.tokens
        tokens_per_s = tokens / self._train_s
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
            "tokens_per_s": tokens_per_s,
            "model_flops_per_s": tokens_per_s * shape.train_flops_a_token,
            "ranks": self.gang.world,
            "loss": self._losses[-1][1],
        }
        if self._trainer.device.type == "cuda":
            return figures | self._utilisation(tokens_per_s)
        return figures | {
            "core_s": self._cpu_s,
            "flops_per_core_s": tokens * shape.train_flops_a_token / self.gang.world / self._cpu_s,
        }

    def _utilisation(self, tokens_per_s: float) -> dict[str, Any]:
        """Of the peak of all GPUs together, by both of the usual counts."""
        name = torch.cuda.get_device_name(self._trainer.device)
        peak = bf16_tflops(Device("", DeviceKind.GPU, name, "", 0.0))
        whole = self.gang.world * peak * 1e12 if peak else None
        shape = self.recipe.shape
        counts = {
            "mfu": shape.train_flops_a_token,
            "mfu_full_attention": shape.train_flops_a_token_full_attention,
        }
        shares = {
            kind: tokens_per_s * flops / whole if whole else None for kind, flops in counts.items()
        }
        return {"gpu": name, **shares, "mfu_counts": MFU_CONVENTIONS}


def _state(folder: Path) -> dict[str, Any]:
    state: dict[str, Any] = json.loads((folder / RUN).read_text(encoding="utf-8"))
    return state
