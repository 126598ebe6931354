"""`llm.pretrain` beside a tuned plain PyTorch loop and Hugging Face's Trainer, and its `desk` run.

    OMP_NUM_THREADS=1 .venv/bin/python benchmarks/pretrain.py      about 6 minutes on one core

The plain loop is what one writes by hand: the same Llama shape (12 M parameters) in a few dozen
lines of its own, AdamW (fused or foreach, whichever is faster here), clipped gradients, warmup and
cosine, its learning rate the best of four. Trainer has transformers' own Llama of that shape, fused
AdamW, and the plain loop's rate and schedule. Same tokens in the same order, same batch, same
float32, same core, by turns in one process. Seconds are of the core's time on a CPU, which others
may share. Kept in results/pretrain.json: tokens/s and their ratios, held-out loss after equal
seconds and after equal tokens, and `desk` beside the bigram. `--device cuda` times all there.
"""

from __future__ import annotations

import argparse
import itertools
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from faults.kept import keep

from tenfold.science.transformer.batches import Windows
from tenfold.science.transformer.evaluation import Judged
from tenfold.science.transformer.hf_folder import config as hf_config
from tenfold.science.transformer.model import Llama
from tenfold.science.transformer.pretraining import Pretraining
from tenfold.science.transformer.recipe import Recipe, derive
from tenfold.science.transformer.shape import Shape
from tenfold.science.transformer.shards import Asked
from tenfold.science.transformer.training import Trainer
from tenfold.workloads.llm import pretrain

DEPTH, VOCABULARY, CONTEXT, BATCH = 6, 2048, 256, 4096
PLAIN_RATES = (1e-3, 2e-3, 4e-3, 8e-3)
JUDGED_TOKENS = 16_384
ROUNDS = 3  # of the speed comparison, two steps of each in a round

StepOf = Callable[[int], Tensor]  # step number -> loss


class Plain(nn.Module):
    """The same Llama, written plainly; one tensor for queries, keys and values."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        width = shape.width
        self.embed = nn.Embedding(shape.vocabulary, width)
        self.blocks = nn.ModuleList(
            nn.ModuleDict(
                {
                    "norm1": nn.RMSNorm(width, shape.norm_eps),
                    "qkv": nn.Linear(width, 3 * width, bias=False),
                    "out": nn.Linear(width, width, bias=False),
                    "norm2": nn.RMSNorm(width, shape.norm_eps),
                    "gate": nn.Linear(width, shape.mlp_width, bias=False),
                    "up": nn.Linear(width, shape.mlp_width, bias=False),
                    "down": nn.Linear(shape.mlp_width, width, bias=False),
                }
            )
            for _ in range(shape.layers)
        )
        self.norm = nn.RMSNorm(width, shape.norm_eps)
        self.head = nn.Linear(width, shape.vocabulary, bias=False)
        for name, parameter in self.named_parameters():
            if parameter.ndim == 2:
                ends = name.endswith(("out.weight", "down.weight"))
                nn.init.normal_(
                    parameter, 0.0, 0.02 / math.sqrt(2 * shape.layers) if ends else 0.02
                )
        size = shape.head_size
        rates = shape.rope_theta ** (-torch.arange(0, size, 2).float() / size)
        angles = torch.outer(torch.arange(shape.context).float(), rates).repeat(1, 2)
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())

    def forward(self, tokens: Tensor) -> Tensor:
        batch, time_, heads = *tokens.shape, self.shape.heads
        x = self.embed(tokens)
        for block in self.blocks:
            qkv = block["qkv"](block["norm1"](x)).view(batch, time_, 3, heads, -1)
            q, k, v = (part.transpose(1, 2) for part in qkv.unbind(2))
            y = F.scaled_dot_product_attention(self.turn(q), self.turn(k), v, is_causal=True)
            x = x + block["out"](y.transpose(1, 2).reshape(x.shape))
            h = block["norm2"](x)
            x = x + block["down"](F.silu(block["gate"](h)) * block["up"](h))
        return self.head(self.norm(x))

    def turn(self, x: Tensor) -> Tensor:
        first, second = x.chunk(2, dim=-1)
        return x * self.cos + torch.cat((-second, first), dim=-1) * self.sin

    def loss(self, tokens: Tensor, targets: Tensor, reduction: str = "mean") -> Tensor:
        logits = self(tokens).flatten(0, 1).float()
        return F.cross_entropy(logits, targets.flatten(), reduction=reduction)

    @property
    def lm_head(self) -> nn.Linear:
        return self.head


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=45.0, help="of training for each")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--no-desk", action="store_true")
    parser.add_argument("--out", type=Path, help="JSON file, instead of results/pretrain.json")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        work = Pretraining(Path(folder) / "job" / "tokens", Asked(None, 20e6, VOCABULARY))
        figures = beside(work, asked.device, asked.seconds)
        if not asked.no_desk:
            figures["desk"] = desk(work, asked.device, Path(folder))
    keep("pretrain", figures, asked.out)


def beside(work: Pretraining, device: str, seconds: float) -> dict[str, Any]:
    """Speed by turns, then the plain loop's rate, then both for `seconds`."""
    train = work.data.train
    recipe = derive(DEPTH, VOCABULARY, CONTEXT, len(train), batch_tokens=BATCH)
    judged = Judged(work.data.held_out, CONTEXT, JUDGED_TOKENS // CONTEXT, work.data.bytes_of)
    windows = Windows(train, CONTEXT, seed=1)
    steppers = {
        "tenfold": tenfold(recipe, windows, device)[0],
        "fused": plain(recipe.shape, windows, device, 1e-3, 1000, fused=True)[0],
        "foreach": plain(recipe.shape, windows, device, 1e-3, 1000, fused=False)[0],
    }
    a_step_s = by_turns(steppers, device)
    optimizer = min(("fused", "foreach"), key=a_step_s.__getitem__)
    fused = optimizer == "fused"
    a_step_s["trainer"] = HfRun(recipe.shape, windows, device, 1e-3, 7).a_step_s
    print({name: round(BATCH / s) for name, s in a_step_s.items()}, "tokens/s", flush=True)

    def plain_for(budget_s: float, rate: float) -> dict[str, float]:
        steps = max(round(budget_s / a_step_s[optimizer]), 4)
        step, model = plain(recipe.shape, windows, device, rate, steps, fused)
        return trained(step, model, steps, judged, device)

    tuned = {rate: plain_for(seconds / 3, rate)["bits_per_byte"] for rate in PLAIN_RATES}
    rate = min(tuned, key=tuned.__getitem__)
    print("plain loop, bits a byte by rate:", tuned, flush=True)

    def ours_for(steps: int) -> dict[str, float]:
        horizon = steps * BATCH / recipe.shape.parameters
        run = derive(
            DEPTH, VOCABULARY, CONTEXT, 1e9, batch_tokens=BATCH, tokens_per_parameter=horizon
        )
        return trained(*tenfold(run, windows, device), steps, judged, device)

    theirs_steps = max(round(seconds / a_step_s["trainer"]), 4)
    theirs = HfRun(recipe.shape, windows, device, rate, theirs_steps)
    of_trainer = theirs.judged(judged)
    return {
        "device": device,
        "parameters": recipe.shape.parameters,
        "batch_tokens": BATCH,
        "tokens_per_s": {name: BATCH / a_step_s[name] for name in a_step_s},
        "speed_ratio": a_step_s[optimizer] / a_step_s["tenfold"],
        "speed_ratio_trainer": a_step_s["trainer"] / a_step_s["tenfold"],
        "plain": {"optimizer": f"AdamW, {optimizer}", "rates_tried": tuned, "rate": rate},
        "equal_seconds": {
            "tenfold": ours_for(max(round(seconds / a_step_s["tenfold"]), 4)),
            "plain": plain_for(seconds, rate),
            "trainer": of_trainer,
        },
        "equal_tokens": {"tenfold": ours_for(theirs_steps), "trainer": of_trainer},
    }


class HfRun:
    """transformers' Trainer on its own Llama, for `steps`; timed a step, first one aside."""

    def __init__(
        self, shape: Shape, windows: Windows, device: str, rate: float, steps: int
    ) -> None:
        import transformers
        from transformers import LlamaConfig, LlamaForCausalLM, Trainer, TrainingArguments

        transformers.logging.set_verbosity_error()
        torch.manual_seed(1)
        config = LlamaConfig(**{**hf_config(shape, 0, 1), "dtype": None})
        self.model = LlamaForCausalLM(config)
        times: list[float] = []
        rows = BATCH // CONTEXT

        class InOrder(torch.utils.data.Dataset):
            def __len__(self) -> int:
                return steps * rows

            def __getitem__(self, number: int) -> dict[str, Tensor]:
                # Trainer's model shifts the labels itself, so it is given one token more.
                inputs, targets = windows.numbered(range(number, number + 1))
                row = torch.cat((inputs[0], targets[0, -1:]))
                return {"input_ids": row, "labels": row}

        class Clock(transformers.TrainerCallback):
            def on_step_begin(self, *given: Any, **named: Any) -> None:
                times.append(now_s(device))

        class Ordered(Trainer):
            def _get_train_sampler(self, *given: Any) -> Any:
                return torch.utils.data.SequentialSampler(self.train_dataset)

        with tempfile.TemporaryDirectory() as folder:
            asked = TrainingArguments(
                output_dir=folder,
                max_steps=steps,
                per_device_train_batch_size=rows,
                learning_rate=rate,
                adam_beta2=0.95,
                weight_decay=0.1,
                max_grad_norm=1.0,
                lr_scheduler_type="cosine",
                warmup_steps=max(steps // 20, 1),
                optim="adamw_torch_fused",
                bf16=device.startswith("cuda"),
                torch_compile=device.startswith("cuda"),
                use_cpu=device == "cpu",
                logging_strategy="no",
                save_strategy="no",
                report_to=[],
                disable_tqdm=True,
            )
            began_s = now_s(device)
            Ordered(self.model, asked, train_dataset=InOrder(), callbacks=[Clock()]).train()
            self.seconds = now_s(device) - began_s
        self.steps = steps
        self.a_step_s = statistics.median(
            after - before for before, after in itertools.pairwise(times[1:])
        )

    def judged(self, judged: Judged) -> dict[str, float]:
        bits = judged.of_model(HfLoss(self.model.eval()))
        tokens = self.steps * BATCH
        return {
            "bits_per_byte": bits,
            "seconds": self.seconds,
            "steps": self.steps,
            "tokens": tokens,
        }


class HfLoss:
    """transformers' model as `Judged` asks it."""

    def __init__(self, model: Any) -> None:
        self.model, self.lm_head = model, model.lm_head

    def loss(self, tokens: Tensor, targets: Tensor, reduction: str = "mean") -> Tensor:
        logits = self.model(tokens).logits.flatten(0, 1).float()
        return F.cross_entropy(logits, targets.flatten(), reduction=reduction)


def tenfold(recipe: Recipe, windows: Windows, device: str) -> tuple[StepOf, Any]:
    trainer = Trainer(Llama(recipe.shape, recipe.seed), recipe, device)

    def step(number: int) -> Tensor:
        first = number * recipe.micro_batches
        micro = range(first, first + recipe.micro_batches)
        return trainer.step(number, (windows.batch(i, recipe.micro_sequences) for i in micro))

    return step, trainer.model


def plain(
    shape: Shape, windows: Windows, device: str, rate: float, steps: int, fused: bool
) -> tuple[StepOf, Any]:
    torch.manual_seed(1)
    model = Plain(shape).to(device)
    cuda = device.startswith("cuda")
    loss_of = torch.compile(model.loss) if cuda else model.loss
    matrices = [p for p in model.parameters() if p.ndim == 2]
    vectors = [p for p in model.parameters() if p.ndim < 2]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}],
        lr=rate,
        betas=(0.9, 0.95),
        fused=fused,
        foreach=not fused,
    )
    warmup = max(steps // 20, 1)

    def step(number: int) -> Tensor:
        done = max(number - warmup, 0) / max(steps - warmup, 1)
        factor = min((number + 1) / warmup, 0.1 + 0.45 * (1 + math.cos(math.pi * min(done, 1.0))))
        for group in optimizer.param_groups:
            group["lr"] = rate * factor
        inputs, targets = windows.batch(number, BATCH // CONTEXT)
        with torch.autocast("cuda", torch.bfloat16, enabled=cuda):
            loss = loss_of(inputs.to(device), targets.to(device))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return loss.detach()

    return step, model


def by_turns(steppers: dict[str, StepOf], device: str) -> dict[str, float]:
    """Median seconds a step, two steps of each in turn."""
    taken: dict[str, list[float]] = {name: [] for name in steppers}
    for step in steppers.values():
        step(0)
    for number in range(ROUNDS):
        for name, step in steppers.items():
            began_s = now_s(device)
            step(2 * number), step(2 * number + 1)
            taken[name].append((now_s(device) - began_s) / 2)
    return {name: statistics.median(times) for name, times in taken.items()}


def trained(step: StepOf, model: Any, steps: int, judged: Judged, device: str) -> dict[str, float]:
    began_s = now_s(device)
    for number in range(steps):
        step(number)
    took_s = now_s(device) - began_s
    bits = judged.of_model(model)
    return {"bits_per_byte": bits, "seconds": took_s, "steps": steps, "tokens": steps * BATCH}


def desk(work: Pretraining, device: str, folder: Path) -> dict[str, Any]:
    """The run of `tenfold run llm.pretrain --size desk`, its figures and verdict."""
    params = pretrain.Params(**pretrain.SIZES["desk"])
    began_s = now_s(device)
    recipe = derive(
        params.depth,
        params.vocabulary,
        params.context,
        len(work.data.train),
        tokens_per_parameter=params.tokens_per_parameter,
        seed=params.seed,
    )
    work.begin(recipe, device, pretrain.JUDGED_TOKENS[device.partition(":")[0]])
    while work.done < recipe.steps:
        work.step()
    work.metrics()
    work.judge()
    figures = work.finish(folder / "model")
    verdict = pretrain.check(params, pretrain.Result("", figures))
    print(verdict.sentence)
    return figures | {"holds": verdict.holds, "seconds": now_s(device) - began_s}


def now_s(device: str) -> float:
    if device == "cpu":
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()


if __name__ == "__main__":
    main()
