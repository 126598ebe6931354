"""What a fine-tune leaves: the adapter's folder and the merged model's, both as Hugging Face reads.

    write_adapter(folder, model, tokenizer, base_folder)
    write_merged(folder, adapter, base, tokenizer, ...)   # base and adapter read anew, on the CPU
    write_whole(folder, model, tokenizer, dtype)             # after full fine-tuning

Tokenizer, chat template and generation settings stand beside the weights in each: what answers a
prompt is to be the same in training and behind HTTP.
"""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from tenfold.science.finetune.opening import FINGERPRINT, fingerprint, open_adapter

FULL_DISK = "os error 28"  # how safetensors, which is not Python inside, says it


def write_adapter(folder: Path, model: Any, tokenizer: Any, where: str) -> None:
    """`where` is the base's folder or hub id, as whoever loads the adapter has to find it."""
    for config in model.peft_config.values():
        config.base_model_name_or_path = where
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)  # a form that nobody filled in
    base = Path(where).expanduser()
    if base.is_dir():
        kept = {"base": where, "sha256": fingerprint(base)}
        (folder / FINGERPRINT).write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def write_merged(folder: Path, adapter: Path, where: str, tokenizer: Any, generation: Any) -> None:
    """In the base's own precision. Raises a Refusal where the adapter is not of this base."""
    model = on_base(adapter, where, "auto").merge_and_unload(safe_merge=True)
    _write(folder, model, tokenizer, generation)


def write_whole(folder: Path, model: Any, tokenizer: Any, where_dtype: Any) -> None:
    _write(folder, model, tokenizer, model.generation_config, where_dtype)


def on_base(adapter: Path, where: str, dtype: Any = torch.float32) -> Any:
    """Base and adapter, both read anew, on the CPU."""
    folder = Path(where).expanduser()
    base = load(where, dtype)
    return open_adapter(base, adapter, folder if folder.is_dir() else None).eval()


def load(where: str, dtype: Any = torch.float32) -> Any:
    """A folder as whoever serves it reads it, on the CPU."""
    from transformers import AutoModelForCausalLM

    local = Path(where).expanduser().is_dir()
    return AutoModelForCausalLM.from_pretrained(where, dtype=dtype, local_files_only=local).eval()


def _write(folder: Path, model: Any, tokenizer: Any, generation: Any, dtype: Any = None) -> None:
    model.generation_config = generation
    model.config.use_cache = True
    state = None
    if dtype is not None and dtype != next(model.parameters()).dtype:
        state = {name: value.to(dtype) for name, value in model.state_dict().items()}
        model.config.dtype = dtype
    try:
        model.save_pretrained(folder, state_dict=state)
    except SafetensorError as error:
        if FULL_DISK not in str(error):
            raise
        # As the runner knows it: the job pauses, and its last whole checkpoint stands.
        raise OSError(errno.ENOSPC, "No space left on device", str(folder)) from error
    tokenizer.save_pretrained(folder)
