"""One dial: `depth` gives width, heads, batch, learning rates and horizon of a training run.

    recipe = derive(depth=12, vocabulary=32_768, context=1024, train_tokens=2_800_000_000)
    recipe.shape.parameters, recipe.steps, recipe.lines()

Pure arithmetic, standard library only. The width of 64 a layer is nanochat's dial, 20 tokens a
parameter Hoffmann et al. 2022 (arXiv 2203.15556). Batch and learning rates go through two anchors:
nanochat's for half a million tokens a step, and what was best here on one core at 2048 (depth 2).
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from tenfold.science.transformer.shape import Shape

WIDTH_A_LAYER = 64
MLP_MULTIPLE = 64

# Anchors (nanochat scripts/base_train.py: 2^19 tokens a step, Muon 0.02; AdamW 0.2 and 0.004 at
# width 768). Half a million tokens a step fit a run of 3e9; 2048 fit one of 1e6.
LARGE_BATCH, LARGE_RUN = 1 << 19, 3e9
SMALL_BATCH, SMALL_RUN = 1 << 11, 1e6
LARGE_MATRIX_LR, SMALL_MATRIX_LR = 0.02, 0.04
EMBEDDING_LR, HEAD_LR, NORM_LR, LR_WIDTH = 0.04, 0.002, 0.02, 768

CPU_MICRO_TOKENS = 4096  # more falls out of a core's caches
GPU_MICRO_TOKENS = 1 << 16  # more makes no kernel faster
GPU_MICRO_SHARE = 0.5  # of the memory that weights and optimizer leave


@dataclass(frozen=True)
class Recipe:
    """All that a run is decided by, but its text; kept in every checkpoint."""

    shape: Shape
    seed: int
    steps: int
    batch_tokens: int  # a step
    micro_sequences: int  # at once; the rest of a batch is accumulated
    matrix_lr: float  # Muon
    embedding_lr: float  # AdamW, as the next two
    head_lr: float
    norm_lr: float
    warmup: float = 0.02  # shares of the steps
    decay: float = 0.5
    weight_decay: float = 0.0
    muon_iterations: int = 5

    @property
    def tokens(self) -> int:
        return self.steps * self.batch_tokens

    @property
    def sequences(self) -> int:
        return self.batch_tokens // self.shape.context

    @property
    def micro_batches(self) -> int:
        return self.sequences // self.micro_sequences

    @property
    def flops(self) -> float:
        return self.tokens * self.shape.train_flops_a_token

    def rate_factor(self, step: int) -> float:
        """What the learning rates are multiplied with: up, stable, down to nothing."""
        rise = (step + 1) / max(self.warmup * self.steps, 1.0)
        fall = (self.steps - step) / max(self.decay * self.steps, 1.0)
        return min(rise, fall, 1.0)

    def lines(self) -> tuple[str, ...]:
        """The resolved run in words, for a person to see before it starts."""
        shape = self.shape
        return (
            f"{shape.parameters / 1e6:.2f} M parameters: depth {shape.layers}, width {shape.width},"
            f" attention heads {shape.heads} x {shape.head_size}, for keys and values"
            f" {shape.kv_heads} x {shape.head_size}, MLP {shape.mlp_width}, vocabulary"
            f" {shape.vocabulary}, context {shape.context}, embeddings"
            f" {'tied' if shape.tied else 'untied'}.",
            f"{self.steps} steps of {self.batch_tokens} tokens ({self.micro_batches} x"
            f" {self.micro_sequences} sequences): {self.tokens / 1e6:.3g} M tokens,"
            f" {self.tokens / shape.parameters:.2g} a parameter, {self.flops:.2e} FLOPs.",
            f"Learning rates: Muon {self.matrix_lr:.3g}; AdamW {self.embedding_lr:.3g} (embedding),"
            f" {self.head_lr:.3g} (head), {self.norm_lr:.3g} (norms).",
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def recipe_from_json(fields: dict[str, Any]) -> Recipe:
    return Recipe(**fields | {"shape": Shape(**fields["shape"])})


def shape_at(
    depth: int, vocabulary: int, context: int, kv_heads: int = 0, tied: bool = False
) -> Shape:
    """`kv_heads` 0 means as many as heads; the MLP is 8/3 of the width, as in Llama."""
    width = WIDTH_A_LAYER * depth
    heads = width // head_size(width)
    return Shape(
        vocabulary=vocabulary,
        width=width,
        layers=depth,
        heads=heads,
        kv_heads=kv_heads or heads,
        mlp_width=MLP_MULTIPLE * math.ceil(width * 8 / 3 / MLP_MULTIPLE),
        context=context,
        tied=tied,
    )


def head_size(width: int) -> int:
    """128 where the width is a multiple of it and large enough for six heads, else 64."""
    return 128 if width >= 768 and width % 128 == 0 else 64


def derive(
    depth: int,
    vocabulary: int,
    context: int,
    train_tokens: float,
    *,
    tokens_per_parameter: float = 20.0,
    passes: float = 4.0,
    batch_tokens: int = 0,
    rate: float = 1.0,
    kv_heads: int = 0,
    tied: bool = False,
    seed: int = 1,
    gpu_memory_gib: float = 0.0,
) -> Recipe:
    """The whole run from its dial. The horizon is `tokens_per_parameter`, but no more than
    `passes` over the `train_tokens` there are (four are about as good as new text: Muennighoff et
    al. 2023, arXiv 2305.16264). `batch_tokens` 0 is derived; `rate` scales all learning rates;
    `gpu_memory_gib` 0 is a CPU."""
    shape = shape_at(depth, vocabulary, context, kv_heads, tied)
    horizon = min(tokens_per_parameter * shape.parameters, passes * train_tokens)
    micro = micro_sequences(shape, gpu_memory_gib)
    sequences = max(round((batch_tokens or good_batch(horizon)) / context), 1)
    micro = min(micro, sequences)
    sequences = max(sequences // micro, 1) * micro
    batch = sequences * context
    narrow = math.sqrt(LR_WIDTH / shape.width)  # Adam's rates go with 1 / sqrt(width)
    return Recipe(
        shape=shape,
        seed=seed,
        steps=max(round(horizon / batch), 1),
        batch_tokens=batch,
        micro_sequences=micro,
        matrix_lr=rate * good_matrix_lr(batch),
        embedding_lr=rate * EMBEDDING_LR * narrow,
        head_lr=rate * HEAD_LR * narrow,
        norm_lr=rate * NORM_LR,
    )


def good_batch(horizon: float) -> int:
    """Tokens a step, a power of two, for a run of `horizon` tokens: a power law through the
    anchors."""
    power = math.log(LARGE_BATCH / SMALL_BATCH) / math.log(LARGE_RUN / SMALL_RUN)
    wanted = SMALL_BATCH * (max(horizon, 1.0) / SMALL_RUN) ** power
    return int(min(max(2 ** round(math.log2(wanted)), 1 << 9), 1 << 20))


def good_matrix_lr(batch: float) -> float:
    """Muon's rate between the anchors, by the logarithm of the batch."""
    power = math.log(LARGE_MATRIX_LR / SMALL_MATRIX_LR) / math.log(LARGE_BATCH / SMALL_BATCH)
    within = min(max(batch, SMALL_BATCH), LARGE_BATCH)
    return SMALL_MATRIX_LR * float((within / SMALL_BATCH) ** power)


def micro_sequences(shape: Shape, gpu_memory_gib: float) -> int:
    """Sequences at once, a power of two."""
    most = CPU_MICRO_TOKENS / shape.context
    if gpu_memory_gib:
        left = gpu_memory_gib * 2**30 - shape.training_bytes(0, 2)
        by_memory = GPU_MICRO_SHARE * left / shape.activation_bytes(shape.context, 2)
        most = min(GPU_MICRO_TOKENS / shape.context, by_memory)
    return int(2 ** math.floor(math.log2(max(most, 1.0))))


def expected_bytes_a_token(vocabulary: int) -> float:
    """For an estimate before there is a tokenizer; measured on Python sources: 2.3 at 512,
    2.7 at 1024, 3.2 at 2048, 3.6 at 4096."""
    return min(2.3 + 0.45 * math.log2(vocabulary / 512), 4.5)
