"""How large its own small base is, and how long it learns: arithmetic, standard library only.

    recipe = recipe_for(tokens=1_500_000, train_tokens=3e6, seed=1)
    body = own_body(tokens=1_500_000)

Two layers, since a fact takes two steps of attention: who is asked for, and what is told of them.
A base that reads less than 600,000 tokens is 64 wide, from there on 128.
"""

from __future__ import annotations

from dataclasses import replace

from tenfold.science.finetune.memory import Body
from tenfold.science.transformer.recipe import Recipe, derive

VOCABULARY, CONTEXT, BATCH = 512, 128, 2048
TEXT_BYTES_A_TOKEN = 2.3
LEAST_TEXT, MOST_TEXT = 0.5e6, 8.0e6
LAYERS = 2
WIDE_FROM = 600_000  # tokens from which the larger one pays


def text_bytes(tokens: int) -> float:
    """Of Python's sources that are read at all: as many as it sees, within bounds."""
    return min(max(TEXT_BYTES_A_TOKEN * tokens, LEAST_TEXT), MOST_TEXT)


def recipe_for(tokens: int, train_tokens: float, seed: int) -> Recipe:
    depth = 2 if tokens >= WIDE_FROM else 1
    parameters = derive(depth, VOCABULARY, CONTEXT, 1e9).shape.parameters
    recipe = derive(
        depth,
        VOCABULARY,
        CONTEXT,
        train_tokens,
        tokens_per_parameter=tokens / parameters,
        passes=8.0,
        batch_tokens=BATCH,
        seed=seed,
    )
    return replace(recipe, shape=replace(recipe.shape, layers=LAYERS))


def own_body(tokens: int) -> Body:
    shape = recipe_for(max(tokens, 1), 1e9, 1).shape
    return Body(
        shape.layers,
        shape.width,
        shape.mlp_width,
        shape.heads,
        shape.kv_heads,
        shape.head_size,
        shape.vocabulary,
        shape.context,
        shape.tied,
    )
