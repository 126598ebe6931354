"""The model against transformers' own Llama, and what a training step may and may not see."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models

from tenfold.science.transformer.chat import END, SPECIAL_TOKENS
from tenfold.science.transformer.generation import generate
from tenfold.science.transformer.hf_folder import read_folder, write_folder
from tenfold.science.transformer.model import Cache, Llama
from tenfold.science.transformer.recipe import derive
from tenfold.science.transformer.shape import Shape
from tenfold.science.transformer.training import Trainer

SHAPES = {
    "plain": Shape(300, 64, 2, 4, 4, 128, 32),
    "grouped": Shape(300, 64, 2, 4, 2, 128, 32),
    "tied": Shape(300, 64, 2, 4, 1, 192, 32, tied=True, rope_theta=5000.0, norm_eps=1e-6),
}


def drawn(shape: Shape) -> Llama:
    """No matrix at zero, so that every part counts."""
    model = Llama(shape, seed=3)
    chance = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=chance))
    return model


def tokenizer_json() -> str:
    words = [*SPECIAL_TOKENS, *(f"t{number}" for number in range(len(SPECIAL_TOKENS), 300))]
    vocabulary = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=END))
    return str(tokenizer.to_str())


@pytest.mark.parametrize("name", SHAPES)
def test_transformers_reads_the_folder_and_says_the_same(name: str, tmp_path: Path) -> None:
    import transformers

    model = drawn(SHAPES[name])
    write_folder(tmp_path, model, tokenizer_json())
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path)
    tokens = torch.randint(300, (2, 32), generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        assert torch.allclose(theirs(tokens).logits, model(tokens), atol=1e-4, rtol=0)
        ours_again = read_folder(tmp_path)
        assert torch.equal(ours_again(tokens), model(tokens))
    assert ours_again.shape == model.shape
    assert transformers.AutoTokenizer.from_pretrained(tmp_path).eos_token_id == 0
    greedy = theirs.generate(tokens[:1, :8], max_new_tokens=16, do_sample=False, eos_token_id=None)
    assert generate(model, tokens[0, :8].tolist(), 16) == greedy[0, 8:].tolist()


def test_no_token_sees_the_ones_after_it() -> None:
    model = drawn(SHAPES["grouped"])
    tokens = torch.arange(20)[None]
    changed = tokens.clone()
    changed[0, 12] = 99
    with torch.inference_mode():
        before, after = model(tokens)[0], model(changed)[0]
    assert torch.equal(before[:12], after[:12])
    assert not torch.allclose(before[12], after[12])


def test_the_cache_changes_no_logit() -> None:
    model = drawn(SHAPES["grouped"])
    tokens = torch.arange(1, 21)[None]
    cache = Cache(model.shape, 1, model.lm_head.weight)
    with torch.inference_mode():
        parts = [model(tokens[:, :9], cache)] + [
            model(tokens[:, i, None], cache) for i in range(9, 20)
        ]
        assert torch.allclose(torch.cat(parts, 1), model(tokens), atol=1e-5)


def test_generation_goes_on_past_the_context() -> None:
    model = drawn(SHAPES["plain"])
    assert len(generate(model, list(range(50)), 100, temperature=1.0, seed=4)) == 100
    once, twice = (generate(model, [1], 20, temperature=1.0, seed=4) for _ in range(2))
    assert once == twice != generate(model, [1], 20, temperature=1.0, seed=5)


def test_micro_batches_add_up_to_the_batch() -> None:
    recipe = derive(1, 300, 32, 1e6, batch_tokens=256, tokens_per_parameter=1.0)
    chance = torch.Generator().manual_seed(1)
    rows = torch.randint(300, (8, 33), generator=chance)
    both = rows[:, :-1].contiguous(), rows[:, 1:].contiguous()
    ends = []
    for split in (8, 2, [3, 4, 1]):
        trainer = Trainer(Llama(recipe.shape, 1), recipe, "cpu")
        parts = list(zip(both[0].split(split), both[1].split(split), strict=True))
        losses = [float(trainer.step(step, parts)) for step in range(5)]
        assert losses[-1] < losses[0]
        ends.append(losses[-1])
    assert ends[0] == pytest.approx(ends[1], rel=1e-3)
    assert ends[0] == pytest.approx(ends[2], rel=1e-3)


def test_a_new_model_guesses_evenly() -> None:
    model = Llama(SHAPES["plain"], seed=1)
    tokens = torch.arange(32)[None]
    assert float(model.loss(tokens, tokens).detach()) == pytest.approx(5.704, abs=0.02)  # ln 300


def test_config_says_llama(tmp_path: Path) -> None:
    write_folder(tmp_path, Llama(SHAPES["tied"]), tokenizer_json())
    said = json.loads((tmp_path / "config.json").read_text())
    assert said["architectures"] == ["LlamaForCausalLM"] and said["num_key_value_heads"] == 1
