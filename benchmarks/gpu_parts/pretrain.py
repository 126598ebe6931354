"""Training of `llm.pretrain`'s own model from nothing: tokens a second, MFU, and the loss falls.

The workload's own recipe and trainer (science/transformer): one dial, Muon and AdamW, bf16 autocast
over float32 weights, torch.compile; where compiling fails it says why and measures without.

Model FLOP utilisation is operations a token x tokens a second, over the card's dense bf16 peak. The
operations are `Shape.train_flops_a_token`: 6 N' for forward and backward of every weight that is
multiplied (no input embedding), and of attention the causal half only, 6 L h T. (Counting the
masked half too, 12 L h T, would tell more for the same run.)

The text is the standard library of the interpreter that runs this.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from gpu_check import Skipped, absent

from gpu_parts.cards import bf16_tflops

CONVENTION = "6 N' + 6 L h T (Megatron: no input embedding, causal half), dense bf16 peak"
# Depth is the recipe's dial; at a vocabulary of 24,576 it gives 51 and 123 million parameters.
DEPTHS = {"50m": 8, "120m": 12}
VOCABULARY, CONTEXT = 24_576, 2048
REHEARSED = {"depth": 1, "vocabulary": 512, "context": 64, "batch_tokens": 256}
TEXT_BYTES = 16 << 20
TRAIN_TOKENS = 3e9  # what the recipe is made for; the run itself ends by the clock
MEASURED_S = 20.0
FEWEST_STEPS = 20
LOOK_EVERY = 5  # steps between two looks at the clock, which wait for the GPU
SEED = 20


def measure(
    device: str, seconds: float, rehearse: bool, tell: Callable[..., None], variant: str
) -> None:
    if absent("torch"):
        raise Skipped("torch is not installed for this interpreter.")
    import torch

    from tenfold.science.transformer.model import Llama
    from tenfold.science.transformer.recipe import derive
    from tenfold.science.transformer.training import Trainer

    until_s = time.monotonic() + seconds
    if device == "cuda":
        asked: dict[str, Any] = {
            "depth": DEPTHS[variant],
            "vocabulary": VOCABULARY,
            "context": CONTEXT,
            "gpu_memory_gib": torch.cuda.mem_get_info()[0] / 2**30,
        }
    else:
        asked = REHEARSED
    recipe = derive(train_tokens=TRAIN_TOKENS, seed=SEED, **asked)
    shape = recipe.shape
    tell(
        parameters=shape.parameters,
        recipe=list(recipe.lines()),
        mfu_convention=CONVENTION,
        flops_a_token=shape.train_flops_a_token,
        compiled=device == "cuda",
    )
    text = _tokens(torch, shape.vocabulary, 1 << 18 if rehearse else TEXT_BYTES).to(device)
    place = "cuda:0" if device == "cuda" else "cpu"
    trainer = Trainer(
        Llama(shape, seed=SEED),
        recipe,
        place,
        note=lambda said: tell(compiled=False, compile_failed=said),
    )
    batches = _batches(torch, text, recipe)
    began_s = time.monotonic()
    first = trainer.step(0, next(batches)).item()
    expected = math.log(shape.vocabulary)
    tell(first_step_s=time.monotonic() - began_s, first_loss=first, log_vocabulary=expected)
    assert abs(first - expected) < 1.0, (
        f"a new model's loss is {first:.2f}, not near {expected:.2f}"
    )
    figures = _timed(torch, device, trainer, batches, 0.3 if rehearse else MEASURED_S, until_s)
    tokens_a_second = figures["steps"] * recipe.batch_tokens / figures["measured_s"]
    reached = tokens_a_second * shape.train_flops_a_token / 1e12
    tell(**figures, tokens_a_second=tokens_a_second, model_tflops=reached)
    if device == "cuda":
        promised = bf16_tflops(torch.cuda.get_device_name(0))
        tell(data_sheet_tflops=promised, mfu=reached / promised if promised else None)
        tell(peak_memory_gib=torch.cuda.max_memory_allocated() / 2**30)
    assert figures["last_loss"] < first - (0.1 if rehearse else 1.0), (
        f"the loss went from {first:.2f} to {figures['last_loss']:.2f} only"
    )


def _timed(
    torch: Any, device: str, trainer: Any, batches: Iterator[Any], measured_s: float, until_s: float
) -> dict[str, Any]:
    """Steps for about `measured_s`, after some unmeasured ones."""
    sync = torch.cuda.synchronize if device == "cuda" else lambda: None
    warm = 3
    for number in range(1, 1 + warm):
        trainer.step(number, next(batches))
    sync()
    began_s = time.monotonic()
    losses: list[Any] = []
    while True:
        for _ in range(LOOK_EVERY):
            losses.append(trainer.step(1 + warm + len(losses), next(batches)))
        sync()
        took_s = time.monotonic() - began_s
        enough = took_s >= measured_s and len(losses) >= FEWEST_STEPS
        if enough or time.monotonic() > until_s:
            break
    last = torch.stack(losses[-LOOK_EVERY:]).float().mean().item()
    return {"steps": len(losses), "measured_s": took_s, "last_loss": last}


def _batches(torch: Any, text: Any, recipe: Any) -> Iterator[list[tuple[Any, Any]]]:
    """The micro-batches of one step after another: random windows, the same ones in every run."""
    chance = torch.Generator().manual_seed(SEED)
    context = recipe.shape.context
    offsets = torch.arange(context + 1, device=text.device)
    while True:
        batch = []
        for _ in range(recipe.micro_batches):
            place = (recipe.micro_sequences, 1)
            starts = torch.randint(len(text) - context - 1, place, generator=chance)
            window = text[starts.to(text.device) + offsets]
            batch.append((window[:, :-1].contiguous(), window[:, 1:].contiguous()))
        yield batch


def _tokens(torch: Any, vocabulary: int, limit: int) -> Any:
    """Pairs of bytes of real text, the frequent ones by rank, all rare ones together as the last.

    A tokenizer is one package more that may not be there; for speed any real text will do."""
    from tenfold.science.transformer.text import standard_library

    data = bytearray()
    for file in sorted(standard_library().rglob("*.py")):
        if "site-packages" not in file.parts:
            data += file.read_bytes()
        if len(data) >= limit:
            break
    pairs = [first << 8 | second for first, second in zip(data[::2], data[1::2], strict=False)]
    ranked = {pair: rank for rank, (pair, _) in enumerate(Counter(pairs).most_common())}
    last = vocabulary - 1
    return torch.tensor([min(ranked[pair], last) for pair in pairs])
