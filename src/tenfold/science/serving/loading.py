"""A Hugging Face folder, or a hub id that is in the local cache, becomes a model to be served.

    loaded = load("/models/mine", adapter="/models/mine-lora", device="cpu", context=4096)
    loaded.model, loaded.tokenizer, loaded.ends, loaded.defaults

float32 on a CPU, bf16 on a GPU. An adapter (PEFT) is merged as it is loaded, so it costs nothing
while it answers. Refuses what cannot be served, before it answers anybody.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jinja2 import TemplateError
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, AutoTokenizer

from tenfold.science.serving.memory import USUAL_CONTEXT
from tenfold.terms.refusal import Refusal

# Kinds of layers whose keys and values a row of the cache can hold; what has a state of its own
# (Mamba, linear attention) or looks at chunks needs the other engine.
HELD_LAYERS = frozenset({"full_attention", "sliding_attention"})


@dataclass(frozen=True)
class Defaults:
    """What is taken where a request says nothing: generation_config.json, else OpenAI's."""

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0


@dataclass(frozen=True)
class Loaded:
    model: Any
    tokenizer: Any
    device: str
    context: int
    ends: tuple[int, ...]  # tokens that end an answer
    windows: Mapping[str, int]  # by kind of layer: how far it looks back, 0 for all
    defaults: Defaults
    parameters: int
    width: int

    def decode(self, ids: Sequence[int]) -> str:
        text: str = self.tokenizer.decode(list(ids), skip_special_tokens=True)
        return text

    def encode(self, text: str) -> list[int]:
        """A prompt as it stands, with what the tokenizer puts before a text."""
        ids: list[int] = self.tokenizer(text)["input_ids"]
        return ids

    def encode_chat(self, messages: Sequence[Mapping[str, Any]]) -> list[int]:
        """By the folder's chat template. Raises a Refusal where there is none, and with the
        template's own words where it refuses."""
        if not self.tokenizer.chat_template:
            raise Refusal(
                "serve.no_template",
                "This model has no chat template.",
                "Its folder says nothing of how a conversation is written down, so it was not"
                " trained on any.",
                "ask POST /v1/completions, or fine-tune it with tenfold run llm.finetune",
            )
        try:
            text = self.tokenizer.apply_chat_template(
                list(messages), tokenize=False, add_generation_prompt=True
            )
        except (TemplateError, TypeError, ValueError, KeyError) as error:
            raise Refusal(
                "serve.messages",
                "The model's chat template refuses these messages.",
                str(error)[:400],
                "check the roles of the messages and their order",
            ) from error
        ids: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids


def load(
    place: str,
    adapter: str = "",
    device: str = "cpu",
    context: int = 0,
    note: Callable[[str], None] = print,
) -> Loaded:
    """`context` 0 is the model's own, and no more than USUAL_CONTEXT."""
    _there(place)
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    model = _opened(
        place,
        lambda: AutoModelForCausalLM.from_pretrained(
            place, dtype=dtype, attn_implementation="sdpa", local_files_only=True
        ),
    )
    tokenizer = _opened(place, lambda: AutoTokenizer.from_pretrained(place, local_files_only=True))
    if adapter:
        model = _merged(model, Path(adapter).expanduser())
        note(f"The adapter {adapter} is merged into it.")
    model = model.to(device).eval()
    config = model.config.get_text_config()
    _agree(place, tokenizer, config)
    return Loaded(
        model=model,
        tokenizer=tokenizer,
        device=device,
        context=_context(context, int(getattr(config, "max_position_embeddings", 0) or 4096)),
        ends=_ends(model, tokenizer),
        windows=_windows(place, config),
        defaults=_defaults(model.generation_config),
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        width=config.hidden_size,
    )


def _there(place: str) -> None:
    folder = Path(place).expanduser()
    if place.startswith(("/", "~", ".")) and not (folder / "config.json").is_file():
        why = "It has no config.json." if folder.is_dir() else "There is no such folder."
        raise Refusal(
            "serve.model",
            f"{place} is no model folder.",
            why,
            "give a folder with config.json, model.safetensors and tokenizer.json as --model",
        )


def _opened(place: str, act: Callable[[], Any]) -> Any:
    try:
        return act()
    except (SafetensorError, json.JSONDecodeError, RuntimeError, ValueError, KeyError) as error:
        raise Refusal(
            "serve.broken",
            f"The model {place} cannot be read.",
            f"{type(error).__name__}: {' '.join(str(error).split())[:400]}",
            "copy the folder again; compare the sizes of its files with their source",
        ) from error
    except OSError as error:
        local = Path(place).expanduser().is_dir()
        why = " ".join(str(error).split())[:300]
        raise Refusal(
            "serve.broken" if local else "serve.not_here",
            f"The model {place} cannot be read." if local else f"{place} is not on this machine.",
            why if local else "Tenfold loads nothing from the hub while it serves.",
            "copy the folder again" if local else f"fetch it once: hf download {place}",
        ) from error


def _merged(model: Any, folder: Path) -> Any:
    """The base with the adapter's matrices added in."""
    if not (folder / "adapter_config.json").is_file():
        raise Refusal(
            "serve.adapter",
            f"{folder} is no adapter.",
            "It has no adapter_config.json.",
            "give the folder that llm.finetune wrote as --adapter",
        )
    from peft import PeftModel

    try:
        return PeftModel.from_pretrained(model, str(folder)).merge_and_unload()
    except (RuntimeError, ValueError, KeyError, SafetensorError) as error:
        base = json.loads((folder / "adapter_config.json").read_text("utf-8"))
        raise Refusal(
            "serve.adapter_base",
            f"The adapter {folder} does not fit this model.",
            f"It was made for {base.get('base_model_name_or_path')}:"
            f" {' '.join(str(error).split())[:300]}",
            "give the model that the adapter was made for as --model",
        ) from error


def _agree(place: str, tokenizer: Any, config: Any) -> None:
    if len(tokenizer) > config.vocab_size:
        raise Refusal(
            "serve.tokenizer",
            f"Tokenizer and model of {place} do not belong together.",
            f"The tokenizer has {len(tokenizer)} tokens, the model knows {config.vocab_size}.",
            "take both files from the same source",
        )


def _context(asked: int, most: int) -> int:
    if asked > most:
        raise Refusal(
            "serve.context_long",
            f"The model does not see {asked} tokens at once.",
            f"It was made for {most}.",
            f"give --context {most}, or a smaller one",
        )
    return asked or min(most, USUAL_CONTEXT)


def _ends(model: Any, tokenizer: Any) -> tuple[int, ...]:
    """As `model.generate` takes them; the tokenizer's where the model names none."""
    said = model.generation_config.eos_token_id
    if said is None:
        said = tokenizer.eos_token_id
    return tuple(said) if isinstance(said, list) else (() if said is None else (int(said),))


def _windows(place: str, config: Any) -> dict[str, int]:
    kinds = set(getattr(config, "layer_types", None) or ())
    window = int(getattr(config, "sliding_window", 0) or 0)
    if not kinds:
        kinds = {"sliding_attention" if window else "full_attention"}
    if strange := kinds - HELD_LAYERS:
        raise Refusal(
            "serve.layers",
            f"The engine transformers cannot serve {place}.",
            f"It has layers of another kind: {', '.join(sorted(strange))}.",
            "give --engine vllm",
        )
    return {kind: window if kind == "sliding_attention" else 0 for kind in sorted(kinds)}


def _defaults(said: Any) -> Defaults:
    if not said.do_sample and said.temperature is None:
        return Defaults()
    return Defaults(
        temperature=1.0 if said.temperature is None else float(said.temperature),
        top_p=1.0 if said.top_p is None else float(said.top_p),
        top_k=int(said.top_k or 0) if said.do_sample else 0,
    )
