"""One dial: what is derived, and that nothing else decides."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from tenfold.science.transformer.recipe import (
    Recipe,
    derive,
    good_batch,
    good_matrix_lr,
    recipe_from_json,
)

SMALL = derive(2, 2048, 256, 3e6, tokens_per_parameter=1.2)
LARGE = derive(12, 32_768, 1024, 3e9, gpu_memory_gib=80.0)


def test_the_dial_at_desk_and_at_full() -> None:
    assert (SMALL.shape.width, SMALL.shape.heads, SMALL.shape.mlp_width) == (128, 2, 384)
    assert (LARGE.shape.width, LARGE.shape.heads, LARGE.shape.head_size) == (768, 6, 128)
    assert LARGE.shape.parameters == pytest.approx(135e6, rel=0.01)
    assert LARGE.tokens == pytest.approx(20 * LARGE.shape.parameters, rel=0.01)
    assert (SMALL.batch_tokens, LARGE.batch_tokens) == (2048, 1 << 19)
    assert LARGE.matrix_lr == pytest.approx(0.02) and SMALL.matrix_lr == pytest.approx(0.04)
    assert LARGE.micro_batches * LARGE.micro_sequences * 1024 == LARGE.batch_tokens


def test_deeper_is_larger_and_slower_to_learn() -> None:
    recipes = [derive(depth, 2048, 256, 1e12) for depth in range(1, 25)]
    for smaller, larger in pairwise(recipes):
        assert smaller.shape.parameters < larger.shape.parameters
        assert smaller.tokens < larger.tokens
        assert smaller.batch_tokens <= larger.batch_tokens
        assert smaller.embedding_lr > larger.embedding_lr


def test_little_text_shortens_the_run() -> None:
    assert derive(2, 2048, 256, 1e5, passes=4.0).tokens == pytest.approx(4e5, rel=0.02)


@pytest.mark.parametrize("memory_gib", [4.0, 24.0, 80.0])
def test_a_gpu_with_less_memory_takes_smaller_pieces_of_the_same_batch(memory_gib: float) -> None:
    recipe = derive(12, 32_768, 1024, 3e9, gpu_memory_gib=memory_gib)
    micro = recipe.micro_sequences * recipe.shape.context
    assert recipe.batch_tokens == LARGE.batch_tokens
    assert recipe.shape.training_bytes(micro, 2) < memory_gib * 2**30


def test_rates_rise_hold_and_fall_to_nothing() -> None:
    factors = [SMALL.rate_factor(step) for step in range(SMALL.steps)]
    half = SMALL.steps // 2
    assert factors[0] < 0.2 and set(factors[half - 20 : half]) == {1.0}
    assert factors[half:] == sorted(factors[half:], reverse=True)
    assert 0.0 < factors[-1] < 0.01


def test_batch_and_rate_pass_their_anchors_and_stay_between() -> None:
    assert (good_batch(1e6), good_batch(3e9)) == (2048, 1 << 19)
    assert good_batch(1.0) == 512 and good_batch(1e15) == 1 << 20
    assert good_matrix_lr(1) == good_matrix_lr(2048) == pytest.approx(0.04)
    assert good_matrix_lr(1 << 22) == pytest.approx(0.02)


def test_it_survives_json() -> None:
    kept: Recipe = recipe_from_json(json.loads(json.dumps(LARGE.as_json())))
    assert kept == LARGE
    assert "135" in LARGE.lines()[0] and "524288" in LARGE.lines()[1]
