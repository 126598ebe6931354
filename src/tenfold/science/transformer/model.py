"""The model: a Llama in plain PyTorch, its modules named as in a Hugging Face checkpoint.

    model = Llama(shape)
    logits = model(tokens)                     # (batch, time) -> (batch, time, vocabulary)
    loss = model.loss(tokens, targets)         # mean nats a token

`state_dict()` has the names of transformers' LlamaForCausalLM, so the export is a plain save.
Rotary positions are Llama's as Hugging Face lays them out: first half of a head against second.
"""

from __future__ import annotations

import math
from typing import Any, final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tenfold.science.transformer.shape import Shape


@final
class RMSNorm(nn.Module):
    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, self.weight.shape, self.weight, self.eps)


@final
class Cache:
    """Keys and values of the tokens seen, for generation: room for one context."""

    def __init__(self, shape: Shape, batch: int, like: Tensor) -> None:
        room = (shape.layers, batch, shape.kv_heads, shape.context, shape.head_size)
        self.keys = torch.zeros(room, device=like.device, dtype=like.dtype)
        self.values = torch.zeros_like(self.keys)
        self.length = 0

    def put(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """All keys and values of a layer, the new ones included."""
        end = self.length + key.shape[2]
        self.keys[layer, :, :, self.length : end] = key
        self.values[layer, :, :, self.length : end] = value
        return self.keys[layer, :, :, :end], self.values[layer, :, :, :end]


@final
class Attention(nn.Module):
    def __init__(self, shape: Shape, layer: int) -> None:
        super().__init__()
        self.shape, self.layer = shape, layer
        kv_width = shape.kv_heads * shape.head_size
        self.q_proj = nn.Linear(shape.width, shape.width, bias=False)
        self.k_proj = nn.Linear(shape.width, kv_width, bias=False)
        self.v_proj = nn.Linear(shape.width, kv_width, bias=False)
        self.o_proj = nn.Linear(shape.width, shape.width, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, cache: Cache | None) -> Tensor:
        batch, time, width = x.shape
        size = self.shape.head_size
        q = self.q_proj(x).view(batch, time, self.shape.heads, size)
        k = self.k_proj(x).view(batch, time, self.shape.kv_heads, size)
        v = self.v_proj(x).view(batch, time, self.shape.kv_heads, size).transpose(1, 2)
        q, k = rotate(q, cos, sin).transpose(1, 2), rotate(k, cos, sin).transpose(1, 2)
        if cache is not None:
            k, v = cache.put(self.layer, k, v)
        # A prompt fills an empty cache and is causal; one new token sees all there is.
        mixed = F.scaled_dot_product_attention(
            q, k, v, is_causal=time > 1, enable_gqa=self.shape.kv_heads != self.shape.heads
        )
        out: Tensor = self.o_proj(mixed.transpose(1, 2).reshape(batch, time, width))
        return out


@final
class Mlp(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(shape.width, shape.mlp_width, bias=False)
        self.up_proj = nn.Linear(shape.width, shape.mlp_width, bias=False)
        self.down_proj = nn.Linear(shape.mlp_width, shape.width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))
        return out


@final
class Block(nn.Module):
    def __init__(self, shape: Shape, layer: int) -> None:
        super().__init__()
        self.self_attn = Attention(shape, layer)
        self.mlp = Mlp(shape)
        self.input_layernorm = RMSNorm(shape.width, shape.norm_eps)
        self.post_attention_layernorm = RMSNorm(shape.width, shape.norm_eps)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, cache: Cache | None) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), cos, sin, cache)
        out: Tensor = x + self.mlp(self.post_attention_layernorm(x))
        return out


@final
class Decoder(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(shape.vocabulary, shape.width)
        self.layers = nn.ModuleList(Block(shape, layer) for layer in range(shape.layers))
        self.norm = RMSNorm(shape.width, shape.norm_eps)
        cos, sin = rotary_tables(shape)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)

    def forward(self, tokens: Tensor, cache: Cache | None) -> Tensor:
        x = self.embed_tokens(tokens)
        first = cache.length if cache is not None else 0
        here = slice(first, first + tokens.shape[1])
        cos, sin = self.cos[here, None], self.sin[here, None]
        for block in self.layers:
            x = block(x, cos, sin, cache)
        if cache is not None:
            cache.length += tokens.shape[1]
        out: Tensor = self.norm(x)
        return out


@final
class Llama(nn.Module):
    """`seed` decides the weights, whatever was drawn before."""

    def __init__(self, shape: Shape, seed: int = 0) -> None:
        super().__init__()
        self.shape = shape
        self.model = Decoder(shape)
        self.lm_head = nn.Linear(shape.width, shape.vocabulary, bias=False)
        if shape.tied:
            self.lm_head.weight = self.model.embed_tokens.weight
        self._draw(seed)

    def forward(self, tokens: Tensor, cache: Cache | None = None) -> Tensor:
        out: Tensor = self.lm_head(self.model(tokens, cache))
        return out

    def loss(self, tokens: Tensor, targets: Tensor, reduction: str = "mean") -> Tensor:
        """Nats; `reduction="none"` gives one for each target, flat."""
        logits = self(tokens).flatten(0, 1)
        return F.cross_entropy(logits.float(), targets.flatten(), reduction=reduction)

    def _draw(self, seed: int) -> None:
        """Uniform with the variance 1 / fan-in; what writes to the residual stream begins at
        zero, so that at first every block passes its input on."""
        chance = torch.Generator().manual_seed(seed)
        for name, parameter in sorted(self.named_parameters()):
            if parameter.ndim < 2 or parameter.is_meta:
                continue
            with torch.no_grad():
                if name.endswith(("o_proj.weight", "down_proj.weight")):
                    parameter.zero_()
                elif "embed_tokens" in name:
                    scale = 0.02 if self.shape.tied else 1.0
                    parameter.normal_(0.0, scale, generator=chance)
                elif "lm_head" in name:
                    parameter.normal_(0.0, 0.001, generator=chance)
                else:
                    bound = math.sqrt(3.0 / parameter.shape[1])
                    parameter.uniform_(-bound, bound, generator=chance)


def rotary_tables(shape: Shape) -> tuple[Tensor, Tensor]:
    """cos and sin, each (context, head_size / 2), in float32 from float64 angles."""
    half = shape.head_size // 2
    rates = shape.rope_theta ** (-torch.arange(half, dtype=torch.float64) / half)
    angles = torch.outer(torch.arange(shape.context, dtype=torch.float64), rates)
    return angles.cos().float(), angles.sin().float()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """`x` (batch, time, heads, size) turned by its positions' angles."""
    first, second = x.chunk(2, dim=-1)
    cos, sin = cos.to(x.dtype), sin.to(x.dtype)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1)


def parameter_groups(model: Llama) -> dict[str, list[tuple[str, Any]]]:
    """`matrices` (of the blocks), `embedding`, `head` (empty if tied), `norms`."""
    groups: dict[str, list[tuple[str, Any]]] = {
        "matrices": [], "embedding": [], "head": [], "norms": []
    }  # fmt: skip
    for name, parameter in model.named_parameters():
        if parameter.ndim == 1:
            groups["norms"].append((name, parameter))
        elif name.startswith("model.layers."):
            groups["matrices"].append((name, parameter))
        else:
            groups["head" if "lm_head" in name else "embedding"].append((name, parameter))
    return groups
