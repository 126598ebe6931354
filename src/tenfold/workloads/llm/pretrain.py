"""Pretraining: a small language model from scratch, on a folder of your own text.

A Llama-shaped transformer (science/transformer) and a byte-level BPE tokenizer, both learned from
your files: text, code, JSON lines, Parquet, PDF; without a folder, from the sources of Python's
standard library. One dial, `depth`, derives the rest and is printed before the run. What comes out
is a Hugging Face folder, chat template included, that opens in transformers as it is. Judged on
held-out text: fewer bits a byte than the best smoothed bigram of the same tokens, and the same
figure again from the folder that was written.

    tenfold run llm.pretrain --size desk
    tenfold run llm.pretrain --text ~/notes --depth 3 --vocabulary 1024
    tenfold run llm.pretrain --text ~/library --size full --ranks 10

On several devices, any number of them, each reads its part of every step; each holds the whole
model, or, where it does not fit one, a part of it. What it does not do: continuing from somebody's
weights, following instructions.
"""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationInfo, field_validator

from tenfold.catalogue.contract import Job, WorkloadParams
from tenfold.science.roofline import bf16_tflops
from tenfold.science.transformer.chat import LEAST_VOCABULARY
from tenfold.science.transformer.recipe import Recipe, derive, expected_bytes_a_token
from tenfold.science.transformer.shape import TRAINING_BYTES
from tenfold.terms.box import Device, DeviceKind
from tenfold.terms.needs import Needs
from tenfold.terms.outcome import Result, Verdict
from tenfold.terms.refusal import Refusal

SIZES: dict[str, dict[str, Any]] = {
    "smoke": {
        "text_mb": 1.5,
        "vocabulary": 328,
        "depth": 1,
        "context": 64,
        "batch_tokens": 1024,
        "tokens_per_parameter": 2.5,
        "evaluations": 4,
    },
    "desk": {"tokens_per_parameter": 1.2, "depth": 2},
    "full": {
        "text_mb": 12_000.0,
        "vocabulary": 32_768,
        "depth": 12,
        "context": 1024,
        "tokens_per_parameter": 20.0,
        "evaluations": 20,
    },
}
REQUIRES = ("llm",)
RESUMES = True

# Bits a byte, as shares of the bigram's. What knows only pairs of tokens does not get below 1; a
# short run has little time for more. Both `smoke` and `desk` end near 0.86, so the gates leave room
# for other seeds and texts (how much those move it was not measured).
GATE_SMOKE = 0.96
GATE_LEARNED = 0.92
LEARNED_TOKENS = 1_000_000
GATE_RELOADED = 1e-4  # bits a byte between the trained model and the folder read back

CPU_FLOPS = 30e9  # a core in training; a Zen 4 core reached 40e9 (benchmarks/pretrain.py)
MFU = 0.3  # of small models on one GPU; 0.35 to 0.4 are published (autoresearch, nanochat)
UNKNOWN_GPU_TFLOPS = 50.0
START_S = 6.0  # imports, pictures, samples
TEXT_S_A_MB = 0.8  # reading, learning and encoding, on one core
COMPILE_S = 60.0
PROCESS_GIB = 0.7
LIBRARY_MB = 11.0  # of Python's own sources, where no folder is given
JUDGED_TOKENS = {"cpu": 1 << 15, "cuda": 1 << 20}  # held-out tokens, at most
TEMPERATURE = 0.6
SAMPLE_TOKENS = 200
SAMPLED_AT = (0.25, 0.5, 0.75)  # of the run: what it writes meanwhile
SPLIT_SAVE_S = 300.0  # between two checkpoints of a split model, which is gathered for it
GPU_SPARE = 1.1  # fragmentation, 5 to 10 %
SUM_BYTES = 4  # a parameter, in a gang: gradients on their way


class Params(WorkloadParams):
    text: str = Field(
        "",
        description="Full path of a folder with text; empty for Python's standard library.",
        json_schema_extra={"unit": "path"},
    )
    text_mb: float = Field(
        20.0,
        description="Read at most this much of it.",
        gt=0.0,
        le=1e6,
        json_schema_extra={"unit": "MB"},
    )
    tokenizer: str = Field(
        "",
        description="Full path of a tokenizer.json to use; empty to learn one from the text.",
        json_schema_extra={"unit": "path"},
    )
    depth: int = Field(
        2,
        description="The dial: layers; width is 64 times as much, batch and rates follow.",
        ge=1,
        le=48,
        json_schema_extra={"unit": "layers"},
    )
    vocabulary: int = Field(
        2048,
        description="Tokens to learn: 256 bytes, eight special ones, and frequent pieces.",
        ge=LEAST_VOCABULARY,
        le=131_072,
        json_schema_extra={"unit": "tokens"},
    )
    context: int = Field(
        256,
        description="How many tokens it sees at once.",
        ge=16,
        le=8192,
        json_schema_extra={"unit": "tokens"},
    )
    tokens_per_parameter: float = Field(
        20.0,
        description="How long it trains; 20 is best for given computing. At most 4 passes.",
        gt=0.0,
        le=1000.0,
        json_schema_extra={"unit": "tokens"},
    )
    batch_tokens: int = Field(
        0,
        description="Tokens a step; 0 derives it from the horizon.",
        ge=0,
        le=1 << 22,
        json_schema_extra={"unit": "tokens"},
    )
    rate: float = Field(
        1.0,
        description="Multiplies the derived learning rates.",
        gt=0.0,
        le=10.0,
        json_schema_extra={"unit": "1"},
    )
    kv_heads: int = Field(
        0,
        description="Heads for keys and values; 0 for as many as attention has.",
        ge=0,
        le=128,
        json_schema_extra={"unit": "heads"},
        validate_default=True,
    )
    tied: bool = Field(
        False,
        description="One matrix for reading and writing tokens: smaller, learns a little less.",
        json_schema_extra={"unit": "yes or no"},
    )
    prompt: str = Field(
        "def ",
        description="What the sample text begins with; empty for a new document.",
        max_length=2000,
        json_schema_extra={"unit": "text"},
    )
    evaluations: int = Field(
        8,
        description="How often it is judged on held-out text while it trains.",
        ge=1,
        le=1000,
        json_schema_extra={"unit": "times"},
    )
    ranks: int = Field(
        1,
        description="Devices that train it together; on a CPU, processes on as many cores.",
        ge=1,
        le=1024,
        json_schema_extra={"unit": "devices"},
    )
    seed: int = Field(
        1,
        description="Another seed, other weights and another order.",
        ge=0,
        le=2**31,
        json_schema_extra={"unit": "1"},
    )

    @field_validator("text", "tokenizer")
    @classmethod
    def _whole_path(cls, value: str) -> str:
        if value and not value.startswith(("/", "~")):
            raise ValueError("give the full path: a job runs in a folder of its own")
        return value

    @field_validator("kv_heads")
    @classmethod
    def _divides(cls, value: int, info: ValidationInfo) -> int:
        if value and "depth" in info.data:
            heads = derive(info.data["depth"], LEAST_VOCABULARY, 16, 1e6).shape.heads
            if heads % value:
                raise ValueError(f"it has to divide the {heads} heads of this depth")
        return value


def needs(params: Params, device: Device) -> Needs:
    """Memory: weights, optimizer, one micro-batch. Time: FLOPs over what the device reaches."""
    text_mb = params.text_mb if params.text else min(params.text_mb, LIBRARY_MB)
    tokens = 1e6 * text_mb / expected_bytes_a_token(params.vocabulary)
    recipe = _recipe(params, params.vocabulary, tokens, device)
    prepare_s = START_S + TEXT_S_A_MB * text_mb
    counted = f"{recipe.shape.parameters / 1e6:.3g} M parameters, {recipe.tokens / 1e6:.3g} M"
    counted += f" tokens of up to {text_mb:.3g} MB"
    ranks, shared = params.ranks, f" on each of {params.ranks}" if params.ranks > 1 else ""
    memory_gib = _memory_gib(recipe, recipe.micro_sequences, ranks, device.kind)
    if ranks > 1 and device.kind is DeviceKind.GPU and memory_gib > device.memory_gib:
        memory_gib = _memory_gib(recipe, recipe.micro_sequences, ranks, device.kind, split=True)
    if device.kind is DeviceKind.CPU:
        return Needs(
            cores=ranks,
            ranks=ranks,
            memory_gib=ranks * memory_gib,
            time_s=prepare_s + recipe.flops / (ranks * CPU_FLOPS),
            basis=f"{counted}: {recipe.flops:.2g} FLOPs at {CPU_FLOPS / 1e9:g} GFLOP/s on"
            + (shared.removeprefix(" on") + " cores" if shared else " one core"),
        )
    known = bf16_tflops(device)
    tflops = known or UNKNOWN_GPU_TFLOPS
    return Needs(
        gpus=ranks,
        memory_gib=memory_gib,
        time_s=prepare_s + COMPILE_S + recipe.flops / (ranks * MFU * tflops * 1e12),
        basis=f"{counted}: {recipe.flops:.2g} FLOPs at {MFU:.0%} of {tflops:g} TFLOP/s in bf16"
        + shared
        + ("" if known else " (this model is not in the table)"),
    )


def run(job: Job, params: Params) -> Result:
    from tenfold.science.transformer.gang import Gang
    from tenfold.science.transformer.pretraining import Pretraining
    from tenfold.science.transformer.shards import Asked

    text, tokenizer = (
        Path(path).expanduser() if path else None for path in (params.text, params.tokenizer)
    )
    asked = Asked(text, params.text_mb * 1e6, params.vocabulary, tokenizer)
    work = Pretraining(job.folder / "tokens", asked, Gang(job.rank, job.world), job.note)
    found = job.resume()
    if found is None:
        recipe = _recipe(params, work.vocabulary, len(work.data.train), _device(job))
    else:
        recipe = work.recipe_in(found.folder)
    split = _split(job, recipe)
    for line in recipe.lines():
        job.note(line)
    work.begin(recipe, job.device, JUDGED_TOKENS[job.device.partition(":")[0]], split)
    first = job.rank == 0
    active = first or split  # what is not split, rank 0 judges alone
    count = min(SAMPLE_TOKENS, params.context)
    if found is not None:
        work.restore(found.folder)
    elif active:
        work.before = work.samples(params.prompt, count, TEMPERATURE, 1)
    if first:
        (job.artifacts / "recipe.json").write_text(json.dumps(recipe.as_json(), indent=1) + "\n")
        job.artifact("recipe.json", "data", "The run as its dial resolved it")
    _train(job, params, work, recipe, split)
    after = work.samples(params.prompt, count, TEMPERATURE) if active else []
    figures = work.finish(job.artifacts / "model")
    if not first:
        return Result("", {})
    _show(job, work, after, figures)
    return Result(_summary(figures), figures)


def check(params: Params, result: Result) -> Verdict:
    """Fails for a model that a smoothed bigram beats, and for a folder that says otherwise."""
    figures = result.figures
    ours, bigram = figures["bits_per_byte"], figures["bigram_bits_per_byte"]
    gate = GATE_LEARNED if figures["tokens"] >= LEARNED_TOKENS else GATE_SMOKE
    apart = abs(figures["reloaded_bits_per_byte"] - ours)
    found = {"bits_per_byte": ours, "bigram_bits_per_byte": bigram, "reloaded_apart": apart}
    if not apart <= GATE_RELOADED:
        sentence = (
            f"The folder read back is {apart:.2g} bits a byte off; {GATE_RELOADED:g} is allowed."
        )
        return Verdict(False, sentence, found)
    if not ours < gate * bigram:
        sentence = f"{ours:.3f} bits a byte of held-out text; the smoothed bigram has {bigram:.3f}"
        return Verdict(False, f"{sentence} and the gate is {gate:g} times that.", found)
    sentence = (
        f"{ours:.3f} bits a byte of held-out text, {1 - ours / bigram:.0%} below a tuned"
        f" Kneser-Ney bigram of the same tokens ({bigram:.3f}; gate {gate:g} times that); the"
        " folder read back says the same."
    )
    return Verdict(True, sentence, found)


def _recipe(params: Params, vocabulary: int, train_tokens: float, device: Device) -> Recipe:
    return derive(
        params.depth,
        vocabulary,
        params.context,
        train_tokens,
        tokens_per_parameter=params.tokens_per_parameter,
        batch_tokens=params.batch_tokens,
        rate=params.rate,
        kv_heads=params.kv_heads,
        tied=params.tied,
        seed=params.seed,
        gpu_memory_gib=device.memory_gib if device.kind is DeviceKind.GPU else 0.0,
    )


def _device(job: Job) -> Device:
    return Device("", job.slot.kind, "", "", job.slot.memory_gib)


def _memory_gib(
    recipe: Recipe, sequences: int, ranks: int, kind: DeviceKind, split: bool = False
) -> float:
    """Of one rank, with `sequences` at once. A split model's rank holds its share, and the weights
    and gradients of two blocks and of what is outside the blocks."""
    shape, on_gpu = recipe.shape, kind is DeviceKind.GPU
    held = shape.activation_bytes(sequences * shape.context, 2 if on_gpu else 4)
    if split:
        outside = shape.parameters - shape.layers * shape.layer_matrices
        held += TRAINING_BYTES * shape.parameters / ranks
        held += 2 * SUM_BYTES * (2 * shape.layer_matrices + outside)
    else:
        held += (TRAINING_BYTES + (SUM_BYTES if ranks > 1 else 0)) * shape.parameters
    return PROCESS_GIB + (GPU_SPARE if on_gpu else 1.0) * held / 2**30


def _split(job: Job, recipe: Recipe) -> bool:
    """Whether the model has to be split over the ranks. Refuses one that is too large for the slot
    even so, with one sequence at a time."""
    kind, there = job.slot.kind, job.slot.memory_gib
    of_each = there if kind is DeviceKind.GPU else there / job.world
    ways = (False, True) if job.world > 1 else (False,)

    def wanted_gib(recipe: Recipe) -> list[float]:
        return [_memory_gib(recipe, 1, job.world, kind, split) for split in ways]

    fits = [gib <= of_each for gib in wanted_gib(recipe)]
    if any(fits):
        return not fits[0]
    shape = recipe.shape
    smaller = (
        depth
        for depth in range(shape.layers - 1, 0, -1)
        if min(wanted_gib(derive(depth, shape.vocabulary, shape.context, 1e6))) <= of_each
    )
    largest = next(smaller, None)
    fewest = f" on each of {job.world} devices, split over them" if job.world > 1 else ""
    raise Refusal(
        "pretrain.memory",
        f"A model of {shape.parameters / 1e6:.3g} M parameters is too large for this slot.",
        f"Weights, gradients, optimizer and one sequence of {shape.context} tokens take"
        f" {min(wanted_gib(recipe)):.3g} GiB{fewest}; there are {of_each:.3g}.",
        f"give --depth {largest}, more --ranks or more memory"
        if largest
        else "give a shorter --context, more --ranks or more memory",
    )


def _train(job: Job, params: Params, work: Any, recipe: Recipe, split: bool) -> None:
    active, saved_s = job.rank == 0 or split, time.monotonic()
    every = math.ceil(recipe.steps / params.evaluations)
    report = max(recipe.steps // 200, 1)
    sampled = {math.ceil(share * recipe.steps) for share in SAMPLED_AT} - {recipe.steps}
    for step in job.progress(range(work.done, recipe.steps), total=recipe.steps):
        work.step()
        done = step + 1
        metrics = work.metrics() if done % report == 0 or done == recipe.steps else {}
        if active and (done % every == 0 or done == recipe.steps):
            metrics["bits_per_byte"] = work.judge()
        if metrics:
            job.log(done, **metrics)
        if not work.finite:
            raise Refusal(
                "pretrain.diverged",
                "The training has blown up.",
                f"At step {done} the loss is no longer a number.",
                f"give a lower --rate, such as {params.rate / 2:g}",
            )
        if active and done in sampled:
            text = work.sample_now(params.prompt, min(SAMPLE_TOKENS, params.context), TEMPERATURE)
            job.note(f"After {done * recipe.batch_tokens:,} tokens it writes: {text[:160]!r}")
        if not split:
            job.checkpoint(work.save, done)
        elif job.stop_asked or work.gang.agree(time.monotonic() - saved_s > SPLIT_SAVE_S):
            work.gather()  # by all ranks; the saving is rank 0's
            job.checkpoint(work.save, done, every_s=0.0)
            saved_s = time.monotonic()


def _show(job: Job, work: Any, after: list[str], figures: dict[str, Any]) -> None:
    from tenfold.science.transformer.picture import draw

    draw(job.artifacts / "learning.png", work.curves(), figures)
    job.artifact("learning.png", "image", "How it learned, against the bigram")
    samples = job.artifacts / "samples.txt"
    parts = [
        *(f"--- after {figures['tokens']:,} tokens ---\n{text}\n" for text in after),
        *(f"--- at {tokens:,} tokens ---\n{text}\n" for tokens, text in work.meanwhile[::-1]),
        *(f"--- before training ---\n{text}\n" for text in work.before),
    ]
    samples.write_text("\n".join(parts), encoding="utf-8")
    job.artifact(samples, "text", "What it writes, after and before")
    job.artifact("model", "data", "The model: a Hugging Face folder")


def _summary(figures: dict[str, Any]) -> str:
    return (
        f"{figures['parameters'] / 1e6:.2f} M parameters, {figures['tokens'] / 1e6:.2f} M tokens:"
        f" {figures['bits_per_byte']:.3f} bits a byte of held-out text (bigram"
        f" {figures['bigram_bits_per_byte']:.3f}), {figures['tokens_per_s']:,.0f} tokens/s."
    )
