"""Old text that is read again while the new is learned, so that it is not forgotten.

    general = from_folder(tokenizer, folder, length, rows=500, judged_tokens=10_000)
    general = from_tokens(train, held_out, bytes_of, ...)        # what our own base learned from
    general = written_by(model, tokenizer, ...)                  # what a foreign base itself writes
    general.rows, general.judged, general.words

Where nobody says what a model was trained on, its own samples stand for it: they are drawn from
what it knows, at temperature 1, before it learns anything new. The part that the forgetting gauge
judges by is never trained on.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from tenfold.science.finetune.gauge import Judged, of_documents, of_tokens
from tenfold.science.finetune.rows import Row, start_token, text_rows
from tenfold.science.transformer.text import open_corpus

FOLDER_BYTES = 20e6  # of a folder with general text, at most
AT_ONCE = 32  # samples written at once


@dataclass(frozen=True)
class General:
    rows: list[Row]
    judged: Judged
    words: str  # what it is


def from_folder(
    tokenizer: Any, folder: Path, length: int, rows: int, judged_tokens: int
) -> General:
    """Raises the Refusals of `open_corpus` for a folder without text, or with little of it."""
    corpus = open_corpus(folder, FOLDER_BYTES)
    found: list[Row] = []
    for document in corpus.documents(held_out=False):
        found += text_rows(tokenizer, [document.text], length)
        if len(found) >= rows:
            break
    held_out = (document.text for document in corpus.documents(held_out=True))
    judged = of_documents(tokenizer, held_out, length, judged_tokens)
    return General(found[:rows], judged, f"text from {folder}")


def from_tokens(
    train: Any, held_out: Any, bytes_of: Any, length: int, rows: int, judged_tokens: int, seed: int
) -> General:
    """Windows at random of the text that the base itself was trained on."""
    chance = random.Random(f"replay {seed}")
    starts = [chance.randrange(max(len(train) - length, 1)) for _ in range(rows)]
    found = []
    for start in starts:
        ids = [int(token) for token in train[start : start + length]]
        found.append({"input_ids": ids, "labels": ids})
    judged = of_tokens(held_out, bytes_of, length, judged_tokens)
    return General(found, judged, "the text that its base was trained on")


def written_by(
    model: Any, tokenizer: Any, length: int, rows: int, judged_tokens: int, seed: int
) -> General:
    """Samples of the base: most are replayed, the rest is for the gauge."""
    for_gauge = max(judged_tokens // length, 1)
    found = samples(model, tokenizer, rows + for_gauge, length, seed)
    kept, out = found[for_gauge:], found[:for_gauge]
    judged = [{"input_ids": ids, "labels": [-100, *ids[1:]]} for ids in out if len(ids) > 1]
    size = sum(len(tokenizer.decode(row["input_ids"][1:]).encode()) for row in judged)
    usable = [{"input_ids": ids, "labels": ids} for ids in kept if len(ids) > 1]
    return General(usable, Judged(judged, size), "text that its base writes by itself")


@torch.inference_mode()
def samples(model: Any, tokenizer: Any, count: int, length: int, seed: int) -> list[list[int]]:
    """`count` texts of at most `length` tokens, from the start of a document, temperature 1."""
    device = model.get_input_embeddings().weight.device
    stop = tokenizer.eos_token_id
    found: list[list[int]] = []
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        while len(found) < count:
            begin = torch.full((AT_ONCE, 1), start_token(tokenizer), device=device)
            drawn = model.generate(
                input_ids=begin,
                attention_mask=torch.ones_like(begin),
                do_sample=True,
                temperature=1.0,
                top_k=0,
                top_p=1.0,
                max_new_tokens=length - 1,
                pad_token_id=tokenizer.pad_token_id,
            )
            for row in drawn.tolist():
                end = next((i for i, token in enumerate(row) if i and token == stop), len(row) - 1)
                found.append(row[: end + 1])
    return found[:count]
