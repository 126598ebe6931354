"""A small base of its own: where no model is given, one is pretrained in the run itself.

    work, recipe = begin(folder, tokens=1_500_000, seed=1, device="cpu", note=print)
    while work.done < recipe.steps: work.step()
    write(work, folder / "base")

On the sources of Python's standard library, by science/transformer as `llm.pretrain` does. It knows
little; it is there so that learning and forgetting can be shown without a download.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tenfold.science.finetune.base_recipe import CONTEXT, VOCABULARY, recipe_for, text_bytes
from tenfold.science.transformer.hf_folder import write_folder
from tenfold.science.transformer.pretraining import Pretraining
from tenfold.science.transformer.recipe import Recipe
from tenfold.science.transformer.shards import Asked


def begin(
    folder: Path, tokens: int, seed: int, device: str, note: Callable[[str], None]
) -> tuple[Pretraining, Recipe]:
    """`folder` keeps the tokens; a resumed run finds them there."""
    asked = Asked(None, text_bytes(tokens), VOCABULARY, None)
    work = Pretraining(folder, asked, note=note)
    recipe = recipe_for(tokens, len(work.data.train), seed)
    work.begin(recipe, device, CONTEXT)
    return work, recipe


def write(work: Pretraining, folder: Path) -> None:
    write_folder(folder, work.model, work.data.tokenizer.to_str())
