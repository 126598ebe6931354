"""A Hugging Face folder: written, and read back.

    write_folder(folder, model, tokenizer_json)    # transformers' AutoModelForCausalLM reads it
    model = read_folder(folder)

config.json says Llama, model.safetensors has LlamaForCausalLM's names in float32, and the chat
template and its tokens are there from the beginning. The end token begins and ends a document.
Reads what it writes: a Llama without biases in one file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor

from tenfold.science.transformer.chat import (
    CHAT_TEMPLATE,
    CHAT_TOKENS,
    END,
    MIDDLE_TOKENS,
    PAD,
)
from tenfold.science.transformer.model import Llama
from tenfold.science.transformer.shape import Shape

TIED_HEAD = "lm_head.weight"


def write_folder(
    folder: Path,
    model: Llama,
    tokenizer_json: str,
    weights: dict[str, Tensor] | None = None,
) -> None:
    """`tokenizer_json` has the special tokens of `chat`; `weights` where they are not the model's
    own, which may be split over ranks."""
    shape = model.shape
    tokenizer = Tokenizer.from_str(tokenizer_json)
    end, pad = tokenizer.token_to_id(END), tokenizer.token_to_id(PAD)
    folder.mkdir(parents=True, exist_ok=True)
    weights = weights or model.state_dict()
    weights = {name: value.contiguous().cpu() for name, value in weights.items()}
    if shape.tied:
        del weights[TIED_HEAD]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "tokenizer.json").write_text(tokenizer_json, encoding="utf-8")
    _write(folder / "config.json", config(shape, end, pad))
    _write(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": END,
            "eos_token": END,
            "pad_token": PAD,
            "extra_special_tokens": [*CHAT_TOKENS[:3], *MIDDLE_TOKENS],
            "model_max_length": shape.context,
            "padding_side": "right",
            "clean_up_tokenization_spaces": False,
        },
    )
    (folder / "chat_template.jinja").write_text(CHAT_TEMPLATE, encoding="utf-8")
    _write(
        folder / "generation_config.json",
        {
            "bos_token_id": end,
            "eos_token_id": end,
            "pad_token_id": pad,
            "do_sample": True,
            "temperature": 0.8,
            "top_k": 50,
        },
    )


def config(shape: Shape, end: int | None, pad: int | None) -> dict[str, Any]:
    """What transformers 5 writes for such a Llama."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": shape.vocabulary,
        "hidden_size": shape.width,
        "intermediate_size": shape.mlp_width,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "head_dim": shape.head_size,
        "hidden_act": "silu",
        "max_position_embeddings": shape.context,
        "rms_norm_eps": shape.norm_eps,
        "rope_parameters": {"rope_type": "default", "rope_theta": shape.rope_theta},
        "tie_word_embeddings": shape.tied,
        "attention_bias": False,
        "attention_dropout": 0.0,
        "mlp_bias": False,
        "bos_token_id": end,
        "eos_token_id": end,
        "pad_token_id": pad,
        "initializer_range": 0.02,
        "dtype": "float32",
        "use_cache": True,
    }


def read_folder(folder: Path) -> Llama:
    said = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    shape = Shape(
        vocabulary=said["vocab_size"],
        width=said["hidden_size"],
        layers=said["num_hidden_layers"],
        heads=said["num_attention_heads"],
        kv_heads=said["num_key_value_heads"],
        mlp_width=said["intermediate_size"],
        context=said["max_position_embeddings"],
        tied=said["tie_word_embeddings"],
        rope_theta=said["rope_parameters"]["rope_theta"],
        norm_eps=said["rms_norm_eps"],
    )
    model = Llama(shape)
    weights = load_file(folder / "model.safetensors")
    if shape.tied:
        weights[TIED_HEAD] = weights["model.embed_tokens.weight"]
    model.load_state_dict(weights)
    return model


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
