"""Weights, cache and the decode ceiling against the published shapes (facts 1b and 4)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tenfold.science.serving import memory
from tenfold.science.serving.memory import ceiling

LLAMA_8B = {
    "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
    "num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 128256,
    "max_position_embeddings": 131072,
}  # fmt: skip
LLAMA_70B = LLAMA_8B | {
    "hidden_size": 8192, "num_hidden_layers": 80, "num_attention_heads": 64,
    "intermediate_size": 28672,
}  # fmt: skip


def said(folder: Path, config: dict[str, object]) -> memory.Said:
    (folder / "config.json").write_text(json.dumps(config))
    found = memory.read(str(folder))
    assert found is not None
    return found


def test_parameters_and_cache(tmp_path: Path) -> None:
    small = said(tmp_path, LLAMA_8B)
    assert small.parameters == 8_030_261_248  # its card says 8.03 B
    assert small.token_bytes(2) == 128 * 1024
    large = said(tmp_path, LLAMA_70B)
    assert large.parameters == 70_553_706_496
    assert large.token_bytes(2) == 320 * 1024
    assert large.cache_bytes(4, 8192, 2) == 4 * 8192 * 320 * 1024


@pytest.mark.parametrize(
    ("config", "bytes_a_weight", "bandwidth", "tokens_s"),
    [
        (LLAMA_8B, 2.0, 3350.0, 209),
        (LLAMA_8B, 2.0, 4800.0, 299),
        (LLAMA_8B, 0.999999, 3350.0, 417),
        (LLAMA_70B, 0.999999, 3350.0, 47),
        (LLAMA_70B, 0.999999, 4800.0, 68),
    ],
)
def test_the_ceiling(
    tmp_path: Path,
    config: dict[str, object],
    bytes_a_weight: float,
    bandwidth: float,
    tokens_s: int,
) -> None:
    found = ceiling(said(tmp_path, config), 1, 0, bandwidth, bytes_a_weight)
    assert round(found) == pytest.approx(tokens_s, abs=1)


def test_many_readers_share_the_weights_and_not_the_cache(tmp_path: Path) -> None:
    small = said(tmp_path, LLAMA_8B)
    one, many = ceiling(small, 1, 8192, 3350.0), ceiling(small, 64, 8192, 3350.0)
    assert 10 * one < many < 20 * one  # 64 times, were there no cache to read


def test_what_is_there_counts_more_than_the_formula(folder: Path) -> None:
    from safetensors import safe_open

    with safe_open(folder / "model.safetensors", "pt") as file:
        total = sum(file.get_tensor(name).numel() for name in file.keys())  # noqa: SIM118
    found = memory.read(str(folder))
    assert found is not None and found.parameters == total


def test_unknown_is_unknown(tmp_path: Path) -> None:
    assert memory.read("someone/not-here") is None
    (tmp_path / "config.json").write_text('{"model_type": "x"}')
    assert memory.read(str(tmp_path)) is None
