"""A small model of its own, for a service that was given none: it writes Python-like text, and is
there so that all the rest can be tried.

    folder = own_model(job_folder / "own", depth=1, tokens=60_000, device="cpu", note=print)

Pretrained on the sources of Python's standard library by science/transformer; kept, so a restart
takes it as it is. It has the chat template and has never seen a conversation.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from tenfold.science.transformer.hf_folder import write_folder
from tenfold.science.transformer.pretraining import Pretraining
from tenfold.science.transformer.recipe import derive
from tenfold.science.transformer.shards import Asked

VOCABULARY = 512
CONTEXT = 256
BYTES_A_TOKEN = 2.3  # of such a vocabulary
LEAST_BYTES = 400_000


def own_model(
    folder: Path, depth: int, tokens: int, device: str, note: Callable[[str], None]
) -> Path:
    model = folder / "model"
    if model.exists():
        note("The small model of an earlier start is taken.")
        return model
    limit = max(LEAST_BYTES, BYTES_A_TOKEN * tokens)
    work = Pretraining(folder / "tokens", Asked(None, limit, VOCABULARY), note=_quiet)
    recipe = derive(
        depth,
        work.vocabulary,
        CONTEXT,
        tokens,
        passes=1.0,
        tokens_per_parameter=1000.0,
        batch_tokens=1024 if tokens < 1_000_000 else 0,
    )
    note(
        f"No --model was given: a small one of {recipe.shape.parameters / 1e6:.2f} M parameters"
        f" learns from {recipe.tokens:,} tokens of Python's own sources."
    )
    work.begin(recipe, device, CONTEXT)
    for _ in range(recipe.steps):
        work.step()
    half = folder / "model.half"  # a kill while it is written leaves nothing that looks whole
    shutil.rmtree(half, ignore_errors=True)
    write_folder(half, work.model, work.data.tokenizer.to_str())
    os.rename(half, model)
    return model


def _quiet(text: str) -> None:
    """What only pretraining itself would tell."""
