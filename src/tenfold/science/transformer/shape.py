"""The shape of a Llama, and what follows from it: parameters, FLOPs a token, memory.

`Shape` is all that a config.json says of a model. Standard library only, so that an estimate
imports no torch.
"""

from __future__ import annotations

from dataclasses import dataclass

# Bytes a parameter holds while it trains: fp32 weight and gradient, and two fp32 moments (AdamW)
# or one (Muon). The larger is taken for all; facts on nanochat-like training say 16 too.
TRAINING_BYTES = 16
# Bytes that one layer keeps for the backward pass, a token and unit of width, with bf16 activations
# and flash attention (Korthikanti et al. 2022, arXiv 2205.05198, table 2 without the 5as/h term).
LAYER_BYTES_BF16 = 34
# Bytes a logit: bf16 or fp32 value, its fp32 copy and gradient.
LOGIT_BYTES = 10


@dataclass(frozen=True)
class Shape:
    """A decoder of `layers` blocks: RMSNorm, rotary attention, SwiGLU; no biases."""

    vocabulary: int
    width: int
    layers: int
    heads: int
    kv_heads: int  # fewer than `heads`: groups of heads share keys and values
    mlp_width: int
    context: int
    tied: bool = False  # one matrix as embedding and head
    rope_theta: float = 10_000.0
    norm_eps: float = 1e-5

    @property
    def head_size(self) -> int:
        return self.width // self.heads

    @property
    def layer_matrices(self) -> int:
        """Weights in the seven matrices of one block."""
        attention = 2 * self.width * self.head_size * (self.heads + self.kv_heads)
        return attention + 3 * self.width * self.mlp_width

    @property
    def parameters(self) -> int:
        embeddings = self.vocabulary * self.width * (1 if self.tied else 2)
        norms = self.width * (2 * self.layers + 1)
        return embeddings + norms + self.layers * self.layer_matrices

    @property
    def multiplied(self) -> int:
        """N', the weights that every token is multiplied with: blocks and head, no input
        embedding (a lookup)."""
        return self.layers * self.layer_matrices + self.vocabulary * self.width

    @property
    def train_flops_a_token(self) -> float:
        """6 N' + 6 L h T: forward and backward, of attention only the causal half (Megatron's
        count; torchtitan's 12 L h T counts the masked half too and so tells a higher MFU)."""
        return 6.0 * self.multiplied + self._causal_flops

    @property
    def train_flops_a_token_full_attention(self) -> float:
        """6 N' + 12 L h T, torchtitan's and nanochat's count."""
        return 6.0 * self.multiplied + 2 * self._causal_flops

    @property
    def _causal_flops(self) -> float:
        return 6.0 * self.layers * self.heads * self.head_size * self.context

    def activation_bytes(self, tokens: int, value_bytes: int) -> float:
        """What a forward pass over `tokens` keeps; `value_bytes` 2 (bf16) or 4 (fp32)."""
        layers = LAYER_BYTES_BF16 * value_bytes / 2 * self.layers * self.width
        return tokens * (layers + LOGIT_BYTES * self.vocabulary)

    def training_bytes(self, tokens: int, value_bytes: int) -> float:
        """Weights, gradients, optimizer and the activations of one micro-batch of `tokens`."""
        return TRAINING_BYTES * self.parameters + self.activation_bytes(tokens, value_bytes)
