"""Published peaks against the formulas: within 15 %, or named as a miss."""

from __future__ import annotations

import pytest

from tenfold.science.finetune.memory import (
    Body,
    body_of,
    flops_a_token,
    methods_that_fit,
    named,
    peak_bytes,
)

GIB, GB = 2**30, 1e9
LLAMA_8B = Body(32, 4096, 14336, 32, 8, 128, 128_256, 131_072)
LLAMA_3B = Body(28, 3072, 8192, 24, 8, 128, 128_256, 131_072, tied=True)
LLAMA2_7B = Body(32, 4096, 11008, 32, 32, 128, 32_000, 4096)
LLAMA2_13B = Body(40, 5120, 13824, 40, 40, 128, 32_000, 4096)

# (published bytes, method, body, batch, length, rank, checkpointing, logits in memory, bytes a
# parameter of full fine-tuning). torchtune's and LitGPT's rows, which say batch and length.
COVERED = {
    "torchtune 8B QLoRA": (7.4 * GIB, "qlora", LLAMA_8B, 2, 2048, 8, True, False, 16),
    "torchtune 8B LoRA": (16.2 * GIB, "lora", LLAMA_8B, 2, 2048, 8, True, False, 16),
    "torchtune 3B full, packed": (60.0 * GIB, "full", LLAMA_3B, 2, 4096, 8, False, True, 8),
    "torchtune 3B full, chunked": (42.9 * GIB, "full", LLAMA_3B, 2, 4096, 8, False, False, 8),
    "torchtune 3B full, checkpointing": (24.9 * GIB, "full", LLAMA_3B, 2, 4096, 8, True, False, 8),
    "torchtune 3B LoRA": (8.5 * GIB, "lora", LLAMA_3B, 2, 4096, 8, True, False, 16),
    "LitGPT 8B LoRA": (19.73 * GB, "lora", LLAMA_8B, 1, 512, 8, False, True, 16),
    "LitGPT 3B LoRA": (9.67 * GB, "lora", LLAMA_3B, 1, 512, 8, False, True, 16),
    "LitGPT 7B LoRA": (21.30 * GB, "lora", LLAMA2_7B, 1, 1304, 8, False, True, 16),
    "LitGPT 7B LoRA, batch 2": (29.07 * GB, "lora", LLAMA2_7B, 2, 1304, 8, False, True, 16),
    "LitGPT 13B LoRA": (38.12 * GB, "lora", LLAMA2_13B, 1, 1304, 8, False, True, 16),
}
# LitGPT's 4-bit rows take 20 % and more over the formula (how nf4 layers unpack is not in
# it); torchtune's least row is 15.4 % under it (CUDA's context weighs most there).
MISSED = {
    "torchtune 3B QLoRA": (4.6 * GIB, "qlora", LLAMA_3B, 2, 4096, 8, True, False, 16),
    "LitGPT 7B nf4": (14.14 * GB, "qlora", LLAMA2_7B, 1, 1304, 8, False, True, 16),
    "LitGPT 8B QLoRA": (17.41 * GB, "qlora", LLAMA_8B, 2, 512, 8, False, True, 16),
}


def ratio(case: tuple) -> float:
    published, method, body, batch, length, rank, checkpointing, logits, states = case
    found = peak_bytes(
        method, body, batch, length, rank, checkpointing, logits=logits, state_bytes=states
    )
    return found / published


@pytest.mark.parametrize("name", COVERED)
def test_a_published_peak_is_met(name: str) -> None:
    assert 0.85 <= ratio(COVERED[name]) <= 1.15, ratio(COVERED[name])


@pytest.mark.parametrize("name", MISSED)
def test_the_named_misses_are_misses(name: str) -> None:
    assert abs(ratio(MISSED[name]) - 1) > 0.15


def test_parameters_are_those_of_the_models() -> None:
    assert abs(LLAMA_8B.parameters / 8.030e9 - 1) < 0.001
    assert abs(LLAMA_3B.parameters / 3.213e9 - 1) < 0.001
    assert abs(LLAMA2_7B.parameters / 6.738e9 - 1) < 0.001
    # LoRA of rank 8 on all linear layers of the 8B: PEFT counts 20,971,520.
    assert LLAMA_8B.adapter(8) == 20_971_520


def test_full_takes_sixteen_bytes_a_parameter() -> None:
    """The ZeRO paper's 7.5 B model without sharding: 120 GB of states."""
    states = peak_bytes("full", LLAMA2_7B, 0, 0, 8, True, gpu=False)
    assert abs(states / LLAMA2_7B.parameters * 7.5 - 120) < 0.1


def test_a_config_is_read_as_it_stands() -> None:
    config = {
        "hidden_size": 4096, "num_attention_heads": 32, "num_key_value_heads": 8,
        "num_hidden_layers": 32, "intermediate_size": 14336, "vocab_size": 128_256,
        "max_position_embeddings": 131_072,
    }  # fmt: skip
    assert body_of(config) == LLAMA_8B
    assert body_of({"text_config": config}) == LLAMA_8B
    with pytest.raises(KeyError):
        body_of({"d_model": 512})


def test_a_name_tells_a_size() -> None:
    found = named("some/Model-8B-Instruct")
    assert found is not None and abs(found.parameters / 8e9 - 1) < 0.1
    assert named("some/model") is None


def test_what_fits_is_told() -> None:
    fits = dict(methods_that_fit(LLAMA_8B, 1, 512, 16, 24e9, gpu=True))
    assert set(fits) == {"lora", "qlora"}
    assert set(dict(methods_that_fit(LLAMA_8B, 1, 512, 16, 10e9, gpu=True))) == {"qlora"}
    assert methods_that_fit(LLAMA_8B, 1, 512, 16, 10e9, gpu=False) == []


def test_lora_does_two_thirds_of_the_work() -> None:
    full, lora = (flops_a_token(method, LLAMA_8B, 0, False) for method in ("full", "lora"))
    assert lora / full == pytest.approx(2 / 3)
