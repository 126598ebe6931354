"""A causal language model and its tokenizer, from a folder or a hub id; what is wrong is refused.

    opened = open_base("/models/small", "cpu", dtype)     # .model, .tokenizer, .notes
    check_method("qlora", device="cpu")

A folder with an adapter (adapter_config.json) is its base with the adapter merged in. Weights that
are missing, broken or of another shape are refused, never drawn at random as transformers does. A
folder without a chat template gets ours. Nothing is sent to anybody: telemetry is switched off, and
a folder is read without asking the hub.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tenfold.science.transformer.chat import CHAT_TEMPLATE
from tenfold.terms.refusal import refusal

ADAPTER, FINGERPRINT = "adapter_config.json", "base.json"
EDGE_BYTES = 1 << 20  # of each weight file's beginning and end, for the fingerprint


@dataclass
class Opened:
    model: Any
    tokenizer: Any
    where: str  # folder or hub id of the base itself
    notes: list[str] = field(default_factory=list)


def quiet() -> None:
    """No telemetry and no progress bars of libraries; call it before they are imported."""
    for name in ("HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK", "HF_HUB_DISABLE_PROGRESS_BARS"):
        os.environ.setdefault(name, "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from huggingface_hub import constants

    constants.HF_HUB_DISABLE_TELEMETRY = True  # it may have been imported before
    from datasets.utils.logging import disable_progress_bar
    from transformers.utils import logging

    disable_progress_bar()
    logging.disable_progress_bar()
    logging.set_verbosity_error()


def check_method(method: str, device: str) -> None:
    """QLoRA's 4-bit kernels (bitsandbytes) are for GPUs."""
    if method == "qlora" and not device.startswith("cuda"):
        raise refusal("finetune.qlora")


def open_base(name: str, device: str, dtype: Any, four_bit: bool = False) -> Opened:
    """Model in evaluation mode on `device`. Raises a Refusal for what cannot be learned with."""
    folder = Path(name).expanduser()
    is_folder = name.startswith(("/", "~", ".")) or folder.exists()
    if is_folder and (folder / ADAPTER).exists():
        return _with_adapter(folder, device, dtype)
    where = str(folder) if is_folder else name
    if is_folder:
        _check_folder(folder)
    model = _weights(where, is_folder, dtype, device, four_bit)
    tokenizer = _tokenizer(where, is_folder)
    opened = Opened(model, tokenizer, where)
    rows = model.get_input_embeddings().weight.shape[0]
    if len(tokenizer) > rows:
        raise refusal("finetune.vocabulary", model=where, tokens=len(tokenizer), rows=rows)
    settle_template(opened)
    return opened


def settle_template(opened: Opened) -> None:
    """A pad token, an end token, and a chat template that says which words are the assistant's."""
    tokenizer = opened.tokenizer
    if tokenizer.eos_token is None:
        raise refusal("finetune.end", model=opened.where)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    if tokenizer.chat_template is None:
        start = "bos_token" if tokenizer.bos_token else "eos_token"
        ours = CHAT_TEMPLATE.replace("'<|endoftext|>'", start, 1)
        tokenizer.chat_template = ours.replace("'<|endoftext|>'", "eos_token")
        opened.notes.append(
            "The model has no chat template: Tenfold's own is added, and written beside the result."
        )
        known = tokenizer.get_vocab()
        if "<|user|>" not in known:
            opened.notes.append(
                "Its marks (<|user|>, <|assistant|>) are spelt with tokens that the model has, so"
                " its vocabulary stays as it is."
            )
        return
    from trl.chat_template_utils import get_training_chat_template, has_generation_markers

    if not has_generation_markers(tokenizer.chat_template):
        try:
            tokenizer.chat_template = get_training_chat_template(tokenizer)
        except ValueError:
            raise refusal("finetune.template", model=opened.where) from None
        opened.notes.append(
            "The model's chat template did not mark the assistant's words: TRL's version of the"
            " same template, which does, is used and written."
        )


def fingerprint(folder: Path) -> str:
    """Of a base's weights: header and both ends of every file, so that a large one is quick."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        size = path.stat().st_size
        digest.update(f"{path.name} {size}".encode())
        with open(path, "rb") as file:
            digest.update(file.read(EDGE_BYTES))
            file.seek(max(size - EDGE_BYTES, 0))
            digest.update(file.read())
    return digest.hexdigest()


def open_adapter(base: Any, adapter: Path, base_folder: Path | None) -> Any:
    """`base` with the adapter on it; a Refusal where the adapter was made for another base."""
    from peft import PeftModel

    kept = adapter / FINGERPRINT
    if base_folder is not None and base_folder.is_dir() and kept.exists():
        wanted = json.loads(kept.read_text(encoding="utf-8"))["sha256"]
        if wanted != fingerprint(base_folder):
            why = "Its base had other weights."
            raise refusal("finetune.adapter", adapter=adapter, base=base_folder, why=why)
    try:
        return PeftModel.from_pretrained(base, str(adapter), local_files_only=True)
    except (RuntimeError, ValueError) as error:
        why = f"The shapes do not match: {_first_line(error)}"
        raise refusal("finetune.adapter", adapter=adapter, base=base_folder, why=why) from None


def _with_adapter(folder: Path, device: str, dtype: Any) -> Opened:
    said = json.loads((folder / ADAPTER).read_text(encoding="utf-8"))
    name = str(said.get("base_model_name_or_path") or "")
    base_folder = Path(name).expanduser()
    if not name or (name.startswith("/") and not base_folder.is_dir()):
        why = f"Its base '{name}' is not there any more."
        raise refusal("finetune.adapter", adapter=folder, base=name or "?", why=why)
    opened = open_base(name, device, dtype)
    where = base_folder if base_folder.is_dir() else None
    opened.model = open_adapter(opened.model, folder, where).merge_and_unload().eval()
    opened.notes.append(
        f"{folder} is an adapter: it goes on from {name} with the adapter merged in."
    )
    return opened


def _check_folder(folder: Path) -> None:
    if not folder.is_dir() or not (folder / "config.json").is_file():
        there = folder.is_dir()
        why = "It has no config.json." if there else "There is no such folder."
        raise refusal("finetune.model", model=folder, why=why)


def _weights(where: str, local: bool, dtype: Any, device: str, four_bit: bool) -> Any:
    import safetensors
    from transformers import AutoModelForCausalLM

    more: dict[str, Any] = {}
    if four_bit:
        from transformers import BitsAndBytesConfig

        more["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=dtype,
        )
        more["device_map"] = {"": device}
    try:
        model, told = AutoModelForCausalLM.from_pretrained(
            where, dtype=dtype, local_files_only=local, output_loading_info=True, **more
        )
    except (safetensors.SafetensorError, EOFError) as error:
        raise refusal("finetune.weights", model=where, why=_first_line(error)) from None
    except (OSError, ValueError, RuntimeError) as error:
        raise _unopened(where, local, error) from None
    absent = sorted(told["missing_keys"])
    if absent:
        why = f"{len(absent)} tensors are missing, such as {absent[0]}."
        raise refusal("finetune.weights", model=where, why=why)
    return (model if four_bit else model.to(device)).eval()


def _unopened(where: str, local: bool, error: Exception) -> Exception:
    if local:
        code = "finetune.weights" if "safetensors" in str(error).lower() else "finetune.model"
        if isinstance(error, RuntimeError):
            code = "finetune.weights"
        return refusal(code, model=where, why=_first_line(error))
    return refusal("finetune.hub", model=where, why=_first_line(error))


def _tokenizer(where: str, local: bool) -> Any:
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(where, local_files_only=local)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise refusal("finetune.tokenizer", model=where, why=_first_line(error)) from None


def _first_line(error: Exception) -> str:
    line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return line[:200]
