"""How large a model is before it is opened, and whether it fits. Standard library only.

    body, words = body_named("~/models/small-8b", base_tokens=0)
    check_room("org/Some-70B", 0, "lora", context=0, rank=16, memory_gib=80.0, gpu=True)

The measures come from config.json, of a hub id from the local cache; else from a size in the name;
else they are guessed, and the words say so.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from tenfold.science.finetune.base_recipe import own_body
from tenfold.science.finetune.memory import (
    Body,
    body_of,
    methods_that_fit,
    most_parameters,
    named,
    peak_bytes,
)
from tenfold.terms.refusal import refusal

PROCESS_GIB = 1.1  # of Python with torch, transformers and TRL
LEAST_LENGTH = 256  # tokens that a sequence is taken to have at least, where nothing is said


def body_named(model: str, base_tokens: int) -> tuple[Body, str]:
    """`model` empty is the small base that the run makes itself."""
    if not model:
        body = own_body(base_tokens)
        return body, f"its own base of {body.parameters / 1e6:.2g} M"
    folder = Path(model).expanduser()
    for path in (folder / "config.json", *_based_on(folder), *_cached(model)):
        try:
            body = body_of(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError):
            continue
        return body, f"{body.parameters / 1e9:.3g} B parameters"
    guess = named(model)
    if guess is not None:
        return guess, f"about {guess.parameters / 1e9:.3g} B parameters by its name"
    fallback = named("1b")
    assert fallback is not None
    return fallback, "1 B parameters guessed: its config.json is not here"


def check_room(
    model: str,
    base_tokens: int,
    method: str,
    context: int,
    rank: int,
    memory_gib: float,
    gpu: bool,
) -> None:
    """A Refusal where one short sequence does not fit; it says what would."""
    body, words = body_named(model, base_tokens)
    length = min(context or LEAST_LENGTH, body.context)
    peak = peak_bytes(method, body, 1, length, rank, True, gpu=gpu)
    room = (memory_gib - (0.0 if gpu else PROCESS_GIB)) * 2**30
    if peak <= room:
        return
    fits = methods_that_fit(body, 1, length, rank, room, gpu)
    advice = " or ".join(f"--method {one} ({size / 1e9:.3g} GB)" for one, size in fits)
    largest = f"a model of at most {most_parameters(room, gpu) / 1e9:.2g} B parameters"
    raise refusal(
        "finetune.large",
        model=words,
        method=method,
        peak=peak / 1e9,
        room=memory_gib * 2**30 / 1e9,
        next=f"give {advice}" if fits else f"give {largest}, or a larger slot",
    )


def _based_on(folder: Path) -> list[Path]:
    """config.json of the base that an adapter's folder names."""
    try:
        said = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
        return [Path(said["base_model_name_or_path"]).expanduser() / "config.json"]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _cached(name: str) -> list[Path]:
    home = os.environ.get("HF_HOME", "~/.cache/huggingface")
    cache = Path(os.environ.get("HF_HUB_CACHE", f"{home}/hub")).expanduser()
    return sorted(cache.glob(f"models--{name.replace('/', '--')}/snapshots/*/config.json"))
