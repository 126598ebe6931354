"""What serving takes and how fast it can be, from config.json alone: before anything runs.

    said = read(place)                       # None where no config.json is on this machine
    said.weight_bytes(2), said.cache_bytes(rows=8, context=4096, bytes_a_value=2)
    ceiling(said, texts=1, context=1024, bandwidth_gb_s=3350.0, ...)     # tokens/s

Decode ceiling: each step reads every weight once and every text's keys and values once, so
tokens/s <= B * BW / (W + B * context * kv). Standard library only.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

USUAL_CONTEXT = 8192  # where none is asked for: room for more is taken whether it is used or not
# Bytes a weight by how it is kept: fp8, and 4 bits (nf4 with double quantisation takes 0.516:
# QLoRA, Dettmers et al. 2023); embeddings and head stay at 2.
QUANTISED = {"fp8": 1.0, "bitsandbytes": 0.516}


@dataclass(frozen=True)
class Said:
    """Of a config.json."""

    parameters: int
    embeddings: int  # of them: the tables that quantisation leaves as they are
    layers: int
    heads: int
    kv_heads: int
    head_size: int
    context: int
    experts: bool = False  # a token reads some of the weights only

    @property
    def usual_context(self) -> int:
        return min(self.context, USUAL_CONTEXT)

    def weight_bytes(self, bytes_a_weight: float) -> float:
        if bytes_a_weight in QUANTISED.values():
            rest = self.parameters - self.embeddings
            return rest * bytes_a_weight + 2.0 * self.embeddings
        return self.parameters * bytes_a_weight

    def token_bytes(self, bytes_a_value: float) -> float:
        """Keys and values of one token: 2 L k d values."""
        return 2.0 * self.layers * self.kv_heads * self.head_size * bytes_a_value

    def cache_bytes(self, rows: int, context: int, bytes_a_value: float) -> float:
        return rows * context * self.token_bytes(bytes_a_value)


def ceiling(
    said: Said,
    texts: int,
    context: int,
    bandwidth_gb_s: float,
    bytes_a_weight: float = 2.0,
    bytes_a_value: float = 2.0,
) -> float:
    """Tokens/s that no engine passes with a dense model and a token a step (8B in bf16 on an H100,
    one text: 209)."""
    step = said.weight_bytes(bytes_a_weight) + texts * context * said.token_bytes(bytes_a_value)
    return texts * bandwidth_gb_s * 1e9 / step


def read(place: str) -> Said | None:
    """A folder, or a hub id whose snapshot is in the local cache."""
    config = _config(place)
    if config is None:
        return None
    try:
        return _said(config.get("text_config") or config, _parameters_of(place))
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None


def _said(config: dict[str, Any], parameters: int) -> Said:
    width, layers = int(config["hidden_size"]), int(config["num_hidden_layers"])
    heads = int(config["num_attention_heads"])
    kv_heads = int(config.get("num_key_value_heads") or heads)
    size = int(config.get("head_dim") or width // heads)
    table = int(config["vocab_size"]) * width
    tables = table * (1 if config.get("tie_word_embeddings") else 2)
    mlp = 3 * width * int(config.get("intermediate_size") or 4 * width)
    block = 2 * width * size * (heads + kv_heads) + mlp + 2 * width
    return Said(
        parameters=parameters or tables + layers * block + width,
        embeddings=tables,
        layers=layers,
        heads=heads,
        kv_heads=kv_heads,
        head_size=size,
        context=int(config.get("max_position_embeddings") or 4096),
        experts=any("expert" in name for name in config),
    )


def _config(place: str) -> dict[str, Any] | None:
    folder = folder_of(place)
    if folder is None:
        return None
    try:
        found: dict[str, Any] = json.loads((folder / "config.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found


def folder_of(place: str) -> Path | None:
    """Where a model's files lie on this machine."""
    folder = Path(place).expanduser()
    if (folder / "config.json").is_file():
        return folder
    if place.startswith(("/", "~", ".")) or place.count("/") != 1:
        return None
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    hub = Path(os.environ.get("HF_HUB_CACHE") or home / "hub")
    snapshots = hub / f"models--{place.replace('/', '--')}" / "snapshots"
    found = sorted(snapshots.glob("*/config.json"), key=lambda path: path.stat().st_mtime)
    return found[-1].parent if found else None


def _parameters_of(place: str) -> int:
    """Parameters by the headers of the safetensors; 0 where there are none."""
    folder = folder_of(place)
    total = 0
    for path in folder.glob("*.safetensors") if folder else ():
        total += _parameters_in(path)
    return total


def _parameters_in(path: Path) -> int:
    """A safetensors file begins with the length of its header, which is JSON (its format page)."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 0 < length < 100_000_000:
            return 0
        header = json.loads(file.read(length))
    total = 0
    for name, entry in header.items():
        if name != "__metadata__":
            count = 1
            for side in entry["shape"]:
                count *= side
            total += count
    return total
