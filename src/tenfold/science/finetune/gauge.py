"""Bits a byte of any Hugging Face causal model: what it learned, and what it forgot.

    judged = of_documents(tokenizer, texts, length=256, most_tokens=20_000)
    judged = of_answers(tokenizer, conversations, length)
    before = bits_per_byte(model, judged)

Of a conversation only the assistant's words count. Every token of a document is judged once, with
what stands before it in its window; the end of a document is not. Comparable across tokenizers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F

from tenfold.science.finetune.conversations import Conversation
from tenfold.science.finetune.rows import UNLEARNED, Row, chat_row, start_token

TOKENS_AT_ONCE = 2048


@dataclass(frozen=True)
class Judged:
    rows: list[Row]
    bytes: int


def of_documents(tokenizer: Any, documents: Iterable[str], length: int, most_tokens: int) -> Judged:
    rows: list[Row] = []
    count = size = 0
    for text in documents:
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        if count + len(ids) > most_tokens:
            ids = ids[: most_tokens - count]
            text = tokenizer.decode(ids)
        if ids:
            rows += _windows([start_token(tokenizer), *ids], length)
            count, size = count + len(ids), size + len(text.encode())
        if count >= most_tokens:
            break
    return Judged(rows, size)


def of_tokens(tokens: Sequence[int], bytes_of: Any, length: int, most_tokens: int) -> Judged:
    """Of a long row of tokens, windows evenly over it; `bytes_of[token]` counts a token's bytes."""
    count = max(min(most_tokens, len(tokens) - 1) // length, 1)
    there = max((len(tokens) - 1) // length, 1)
    rows, size = [], 0
    for number in range(count):
        start = (number * there // count) * length
        ids = [int(token) for token in tokens[start : start + length + 1]]
        rows.append({"input_ids": ids, "labels": [UNLEARNED, *ids[1:]]})
        size += sum(int(bytes_of[token]) for token in ids[1:])
    return Judged(rows, size)


def of_answers(tokenizer: Any, conversations: Sequence[Conversation], length: int) -> Judged:
    rows, size = [], 0
    for messages in conversations:
        row = chat_row(tokenizer, messages)
        if len(row["input_ids"]) <= length:
            rows.append(row)
            said = (one["content"] for one in messages if one["role"] == "assistant")
            size += sum(len(text.encode()) for text in said)
    return Judged(rows, size)


@torch.inference_mode()
def bits_per_byte(model: Any, judged: Judged) -> float:
    """NaN where there is nothing to judge. Leaves the model in the mode it was in."""
    if not judged.rows or not judged.bytes:
        return math.nan
    training = model.training
    model.eval()
    nats, batch, longest = 0.0, list[Row](), 0
    for row in sorted(judged.rows, key=lambda one: len(one["input_ids"])):
        longest = max(longest, len(row["input_ids"]))
        if batch and (len(batch) + 1) * longest > TOKENS_AT_ONCE:
            nats += _nats(model, batch)
            batch, longest = [], len(row["input_ids"])
        batch.append(row)
    nats += _nats(model, batch)
    model.train(training)
    return nats / math.log(2) / judged.bytes


def _nats(model: Any, rows: list[Row]) -> float:
    longest = max(len(row["input_ids"]) for row in rows)
    device = model.get_input_embeddings().weight.device
    filled = [
        (row["input_ids"] + [0] * (longest - len(row["input_ids"])),
         row["labels"] + [UNLEARNED] * (longest - len(row["labels"])),
         [1] * len(row["input_ids"]) + [0] * (longest - len(row["input_ids"])))
        for row in rows
    ]  # fmt: skip
    ids, labels, mask = (torch.tensor(part, device=device) for part in zip(*filled, strict=True))
    logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits[:, :-1]
    targets = labels[:, 1:]
    kept = targets != UNLEARNED
    return float(F.cross_entropy(logits[kept].float(), targets[kept], reduction="sum"))


def _windows(ids: list[int], length: int) -> list[Row]:
    """Every token but the first is a target once; a window begins with the last of the one
    before it."""
    cut = (ids[i : i + length + 1] for i in range(0, len(ids) - 1, length))
    return [{"input_ids": one, "labels": [UNLEARNED, *one[1:]]} for one in cut]
