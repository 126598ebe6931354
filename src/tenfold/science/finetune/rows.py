"""Rows of tokens with what of them is learned: `input_ids` and `labels`, -100 where nothing is.

    rows, notes = chat_rows(tokenizer, conversations, length)
    rows = text_rows(tokenizer, documents, length)
    batches = mixed(rows, replay, sequences=16, share=0.5, passes=3, seed=1)

Of a conversation only the assistant's words are learned, the end token among them: the template's
`{% generation %}` says where they are, as in TRL's `assistant_only_loss` (a test holds both equal).
Nothing is cut in silence: a conversation that is too long is left out and counted.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Any

from tenfold.science.finetune.conversations import Conversation
from tenfold.terms.refusal import refusal

UNLEARNED = -100
LEAST_TOKENS = 8  # a shorter end of the text is not worth a row

Row = dict[str, list[int]]


def chat_rows(
    tokenizer: Any, conversations: Sequence[Conversation], length: int
) -> tuple[list[Row], list[str]]:
    """Rows of at most `length` tokens, and what was left out in words."""
    rows, too_long = [], 0
    for messages in conversations:
        row = chat_row(tokenizer, messages)
        if len(row["input_ids"]) > length:
            too_long += 1
        else:
            rows.append(row)
    if conversations and not rows:
        raise refusal("finetune.long", count=too_long, length=length)
    notes = []
    if too_long:
        notes.append(
            f"{too_long} conversations are longer than {length} tokens and are left out; a larger"
            " --context takes them in."
        )
    return rows, notes


def chat_row(tokenizer: Any, messages: Conversation) -> Row:
    said = tokenizer.apply_chat_template(
        messages, tokenize=True, return_dict=True, return_assistant_tokens_mask=True
    )
    ids = list(said["input_ids"])
    learned = said["assistant_masks"]
    if 1 not in learned:
        raise refusal("finetune.template", model=getattr(tokenizer, "name_or_path", "the model"))
    return {
        "input_ids": ids,
        "labels": [token if use else UNLEARNED for token, use in zip(ids, learned, strict=True)],
    }


def stop_token(tokenizer: Any, row: Row) -> int:
    """The special token that ends what the assistant says. Where none is learned, the model would
    never learn to stop: a Refusal."""
    special = set(tokenizer.all_special_ids)
    learned = [token for token in row["labels"] if token in special]
    if not learned:
        raise refusal("finetune.stop", model=getattr(tokenizer, "name_or_path", "the model"))
    return learned[-1]


def settle_stop(model: Any, tokenizer: Any, row: Row) -> list[str]:
    """Generation has to stop at the token that training ends with. Notes in words."""
    stop = stop_token(tokenizer, row)
    known = model.generation_config.eos_token_id
    stops = [known] if isinstance(known, int) else list(known or [])
    if stop in stops:
        return []
    model.generation_config.eos_token_id = [stop, *stops]
    said = tokenizer.convert_ids_to_tokens(stop)
    return [f"Generation did not stop at {said}, which ends an answer: now it does."]


def text_rows(tokenizer: Any, documents: Iterable[str], length: int) -> list[Row]:
    """Documents one after another, each with its beginning and end, cut into rows: packed."""
    first, last = start_token(tokenizer), tokenizer.eos_token_id
    row: list[int] = []
    for text in documents:
        row += [first, *tokenizer(text, add_special_tokens=False)["input_ids"]]
        if last != first:
            row.append(last)
    row.append(last)
    return windows(row, length)


def windows(tokens: Sequence[int], length: int) -> list[Row]:
    cut = (list(map(int, tokens[i : i + length])) for i in range(0, len(tokens), length))
    return [{"input_ids": ids, "labels": ids} for ids in cut if len(ids) >= LEAST_TOKENS]


def start_token(tokenizer: Any) -> int:
    """What a document begins with; where a tokenizer has no such token, its end token."""
    first = tokenizer.bos_token_id
    return int(tokenizer.eos_token_id if first is None else first)


def typical_length(rows: Sequence[Row]) -> int:
    """The mean number of tokens, rounded up to a multiple of 16: windows of replayed text are as
    long, so that a share of the rows is about the same share of the tokens."""
    mean = sum(len(row["input_ids"]) for row in rows) / len(rows)
    return -(-round(mean) // 16) * 16


def replayed_a_batch(sequences: int, share: float) -> int:
    """Rows of old text in a batch; one's own rows are never crowded out."""
    return min(round(sequences * share), sequences - 1)


def steps_of(own_rows: int, sequences: int, share: float, passes: float) -> int:
    own = sequences - replayed_a_batch(sequences, share)
    return max(-(-round(passes * own_rows) // own), 1)


def mixed(
    own: Sequence[Row],
    replay: Sequence[Row],
    sequences: int,
    share: float,
    passes: float,
    seed: int,
) -> list[Row]:
    """All rows of the run in their order: every `sequences` of them are a batch with the same
    share of replayed text, and no own row comes again before all have come."""
    old = replayed_a_batch(sequences, share) if replay else 0
    steps = steps_of(len(own), sequences, share if replay else 0.0, passes)
    chance = random.Random(f"order {seed}")
    mine, theirs = _turns(own, chance), _turns(replay, chance)
    rows = []
    for _ in range(steps):
        batch = [next(mine) for _ in range(sequences - old)] + [next(theirs) for _ in range(old)]
        chance.shuffle(batch)
        rows += batch
    return rows


def _turns(rows: Sequence[Row], chance: random.Random) -> Any:
    while rows:
        yield from chance.sample(rows, len(rows))
