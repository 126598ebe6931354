"""What a fine-tune takes, before it runs: parameters, peak memory, FLOPs. Standard library only.

    body = body_of(json.loads(config_json))          # a Hugging Face config.json
    peak_bytes("lora", body, batch=2, length=2048, rank=8, checkpointing=True)

States a parameter: full 16 bytes (float32 weight, gradient and Adam's two moments), and 2 more for
the bf16 copy that autocast keeps on a GPU; LoRA 2 for the frozen base in bf16 and 16 for each
parameter of the adapter; QLoRA 0.516 for linear weights (nf4, double quantisation), 2 for the rest.
Activations 34 bytes a token, layer and unit of width in bf16 with flash attention (Korthikanti et
al. 2022, arXiv 2205.05198), or 2 and one live layer with checkpointing. CUDA's own context: 1 GB.
tests/science/finetune/test_memory.py compares with published peaks, and names those that miss.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

METHODS = ("lora", "qlora", "full")
STATE_BYTES, AUTOCAST_BYTES, NF4_BYTES, BF16_BYTES = 16.0, 2.0, 0.516, 2.0
LAYER_BYTES, KEPT_BYTES, LOGIT_BYTES = 34.0, 2.0, 10.0
CONTEXT_BYTES = 1e9  # of CUDA and its libraries


@dataclass(frozen=True)
class Body:
    """The measures of a decoder with gated MLPs and grouped heads."""

    layers: int
    width: int
    mlp_width: int
    heads: int
    kv_heads: int
    head_size: int
    vocabulary: int
    context: int
    tied: bool = False

    @property
    def linear(self) -> int:
        """Weights in the linear layers of all blocks."""
        attention = 2 * self.width * self.head_size * (self.heads + self.kv_heads)
        return self.layers * (attention + 3 * self.width * self.mlp_width)

    @property
    def embeddings(self) -> int:
        return self.vocabulary * self.width * (1 if self.tied else 2)

    @property
    def parameters(self) -> int:
        return self.linear + self.embeddings + self.width * (2 * self.layers + 1)

    @property
    def multiplied(self) -> int:
        """What every token is multiplied with: blocks and head, no lookup."""
        return self.linear + self.vocabulary * self.width

    def adapter(self, rank: int) -> int:
        """Parameters of LoRA on all linear layers: rank times (in + out) of each."""
        inner, outer = self.heads * self.head_size, self.kv_heads * self.head_size
        sides = 2 * (self.width + inner) + 2 * (self.width + outer)
        return self.layers * rank * (sides + 3 * (self.width + self.mlp_width))


def body_of(config: dict[str, Any]) -> Body:
    """From a config.json; raises KeyError for one that is no decoder of this kind."""
    said = config.get("text_config", config)
    width, heads = said["hidden_size"], said["num_attention_heads"]
    return Body(
        layers=said["num_hidden_layers"],
        width=width,
        mlp_width=said.get("intermediate_size") or 4 * width,
        heads=heads,
        kv_heads=said.get("num_key_value_heads") or heads,
        head_size=said.get("head_dim") or width // heads,
        vocabulary=said["vocab_size"],
        context=said.get("max_position_embeddings") or 2048,
        tied=bool(said.get("tie_word_embeddings", config.get("tie_word_embeddings", False))),
    )


def named(model: str) -> Body | None:
    """A body as large as a name says (`org/Some-8B`), Llama-shaped; None where it says nothing."""
    found = re.search(r"(\d+(?:\.\d+)?)\s*([bm])(?![a-z])", model.lower())
    if found is None:
        return None
    wanted = float(found[1]) * (1e9 if found[2] == "b" else 1e6)
    best = None
    for layers in range(2, 130):
        width = 128 * layers
        heads = max(width // 128, 1)
        body = Body(layers, width, 7 * width // 2, heads, max(heads // 4, 1), 128, 128_256, 8192)
        best = (
            body if best is None else min(best, body, key=lambda one: abs(one.parameters - wanted))
        )
    return best


def peak_bytes(
    method: str,
    body: Body,
    batch: int,
    length: int,
    rank: int,
    checkpointing: bool,
    *,
    gpu: bool = True,
    logits: bool = False,
    state_bytes: float = STATE_BYTES,
) -> float:
    """Bytes at the peak of a step on one device. `batch` sequences of `length` tokens at once;
    `logits`: whether all of them stand in memory (TRL computes them in tiles). On a CPU all is
    float32: weights of a frozen base and activations take twice as much."""
    values = 1.0 if gpu else 2.0
    adapter = STATE_BYTES * body.adapter(rank)
    states = {
        "full": body.parameters
        * (state_bytes + (AUTOCAST_BYTES if gpu and state_bytes > 8 else 0)),
        "lora": values * BF16_BYTES * body.parameters + adapter,
        "qlora": NF4_BYTES * body.linear + BF16_BYTES * (body.parameters - body.linear) + adapter,
    }[method]
    tokens = batch * length
    a_layer = tokens * body.width * values
    if checkpointing:
        activations = a_layer * (KEPT_BYTES * body.layers + LAYER_BYTES)
    else:
        activations = a_layer * LAYER_BYTES * body.layers
    written = LOGIT_BYTES * tokens * body.vocabulary if logits else 0.0
    return states + activations + written + (CONTEXT_BYTES if gpu else 0.0)


def flops_a_token(method: str, body: Body, length: int, checkpointing: bool) -> float:
    """6 N' and attention's causal half for full, 4 N' for LoRA (no gradient of frozen weights),
    and 2 N' more where the forward pass is done again."""
    weights = {"full": 6, "lora": 4, "qlora": 4}[method] + (2 if checkpointing else 0)
    attention = 6 * body.layers * body.heads * body.head_size * length
    return float(weights * body.multiplied + attention)


def methods_that_fit(
    body: Body, batch: int, length: int, rank: int, room_bytes: float, gpu: bool
) -> list[tuple[str, float]]:
    """(method, bytes) of those whose peak is within `room_bytes`, with checkpointing and one
    sequence at once; QLoRA needs a GPU."""
    tried = METHODS if gpu else ("lora", "full")
    peaks = [(method, peak_bytes(method, body, 1, length, rank, True, gpu=gpu)) for method in tried]
    return [(method, peak) for method, peak in peaks if peak <= room_bytes]


def most_parameters(room_bytes: float, gpu: bool) -> float:
    """About the largest model that can be tuned at all in `room_bytes`: by QLoRA (0.6 bytes a
    parameter with embeddings) on a GPU, by LoRA in float32 on a CPU."""
    return max(room_bytes - 2e9, 0.0) / (0.6 if gpu else 4.2)
