"""Counts against the model that is built, and against published memory and FLOP figures."""

from __future__ import annotations

import pytest
import torch

from tenfold.science.transformer.model import Llama
from tenfold.science.transformer.recipe import shape_at
from tenfold.science.transformer.shape import Shape

LLAMA_8B = Shape(128_256, 4096, 32, 32, 8, 14_336, 8192)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("kv_heads", [0, 1])
def test_parameters_are_those_of_the_model(tied: bool, kv_heads: int) -> None:
    shape = shape_at(3, 500, 32, kv_heads=kv_heads, tied=tied)
    with torch.device("meta"):
        model = Llama(shape)
    assert sum(p.numel() for p in model.parameters()) == shape.parameters


def test_an_8b_llama_counts_as_published() -> None:
    assert LLAMA_8B.parameters == 8_030_261_248  # meta-llama/Llama-3.1-8B, model card
    # Megatron's convention at a context of 8192: 51.5 GFLOP a token (facts, llm 1a).
    assert LLAMA_8B.train_flops_a_token == pytest.approx(51.5e9, rel=0.002)


def test_memory_of_a_7_5b_model_is_that_of_the_zero_paper() -> None:
    # Rajbhandari et al. 2020, figure 1: 120 GB of states for 7.5 B parameters.
    shape = Shape(50_000, 4096, 34, 32, 32, 11_264, 1024)
    gb = shape.training_bytes(0, 2) / 1e9
    assert gb / shape.parameters * 7.5e9 == pytest.approx(120.0)


def test_the_two_counts_of_operations_differ_by_the_masked_half() -> None:
    """facts 1a: 8 B at 8k is 57.9 GFLOP a token by torchtitan's count, 51.5 by Megatron's."""
    shape = Shape(128_256, 4096, 32, 32, 8, 14_336, 8192)
    assert shape.train_flops_a_token == pytest.approx(51.5e9, rel=0.002)
    assert shape.train_flops_a_token_full_attention == pytest.approx(57.9e9, rel=0.002)
