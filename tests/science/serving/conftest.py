"""A tiny model with random weights: its text is gibberish, and never the same two tokens long, so
that whatever mixes or cuts it is seen. Half of it is no whole UTF-8."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from tenfold.science.serving.loading import Loaded, load
from tenfold.science.transformer.chat import SPECIAL_TOKENS
from tenfold.science.transformer.hf_folder import write_folder
from tenfold.science.transformer.model import Llama
from tenfold.science.transformer.recipe import shape_at

CONTEXT = 768


def made(folder: Path, seed: int = 3, depth: int = 1) -> Path:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([sys.copyright, str(torch.nn.Module.__doc__)], trainer)
    size = tokenizer.get_vocab_size()
    model = Llama(shape_at(depth, size, CONTEXT))
    chance = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.ndim == 2:
                scale = 1.0 if "embed" in name else 2.0 / weight.shape[1] ** 0.5
                weight.normal_(0.0, scale, generator=chance)
    write_folder(folder, model, tokenizer.to_str())
    return folder


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    return made(tmp_path_factory.mktemp("serving") / "model")


@pytest.fixture(scope="session")
def loaded(folder: Path) -> Loaded:
    return load(str(folder))


Generated = Callable[[Loaded, list[int], int], list[int]]


@pytest.fixture(scope="session")
def generated() -> Generated:
    return _generated


def _generated(loaded: Loaded, prompt: list[int], most: int) -> list[int]:
    """What transformers itself writes; the end token, where it comes, is not among it."""
    tokens = torch.tensor([prompt])
    out = loaded.model.generate(
        tokens,
        attention_mask=torch.ones_like(tokens),
        max_new_tokens=most,
        do_sample=False,
        temperature=None,
        top_k=None,
        top_p=None,
        pad_token_id=0,
    )
    written: list[int] = out[0, len(prompt) :].tolist()
    return written[:-1] if written and written[-1] in loaded.ends else written
