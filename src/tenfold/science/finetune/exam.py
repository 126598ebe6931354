"""Greedy answers: whether facts are known, and whether every hand-over says the same.

    share = exact(model, tokenizer, [("Where does Mira live?", "Oslo"), ...])
    texts = greedy(model, tokenizer, prompts)             # one after another, as a client asks

The same-text gate compares `greedy` of the trainer's model, of base and adapter loaded anew, and of
the merged folder loaded anew with its own tokenizer and template. In float32 they have to be equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from tenfold.science.finetune.conversations import Conversation

AT_ONCE = 32
SAME_TEXT_TOKENS = 24
SAME_TEXT_PROMPTS = 6


def exact(model: Any, tokenizer: Any, questions: Sequence[tuple[str, str]]) -> float:
    """Share of the answers that are right to the letter, end included."""
    right = 0
    for start in range(0, len(questions), AT_ONCE):
        some = questions[start : start + AT_ONCE]
        longest = max(len(tokenizer(answer)["input_ids"]) for _, answer in some) + 4
        prompts = [[{"role": "user", "content": asked}] for asked, _ in some]
        said = _generate(model, tokenizer, prompts, longest)
        right += sum(one.strip() == answer for one, (_, answer) in zip(said, some, strict=True))
    return right / max(len(questions), 1)


def greedy(model: Any, tokenizer: Any, prompts: Sequence[Conversation]) -> list[str]:
    return [_generate(model, tokenizer, [one], SAME_TEXT_TOKENS)[0] for one in prompts]


def prompts_of(conversations: Sequence[Conversation]) -> list[Conversation]:
    """Some of the questions that were trained, without what was answered last."""
    return [one[:-1] for one in conversations[:SAME_TEXT_PROMPTS]]


@torch.inference_mode()
def _generate(model: Any, tokenizer: Any, prompts: list[Conversation], most: int) -> list[str]:
    was, tokenizer.padding_side = tokenizer.padding_side, "left"
    inputs = tokenizer.apply_chat_template(
        prompts,
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        padding=True,
        return_tensors="pt",
    )
    tokenizer.padding_side = was
    device = model.get_input_embeddings().weight.device
    ids, mask = inputs["input_ids"].to(device), inputs["attention_mask"].to(device)
    training = model.training
    model.eval()
    written = model.generate(
        input_ids=ids,
        attention_mask=mask,
        do_sample=False,
        temperature=None,
        top_k=None,
        top_p=None,
        max_new_tokens=most,
        pad_token_id=tokenizer.pad_token_id,
    )
    model.train(training)
    new = written[:, ids.shape[1] :]
    return [str(text) for text in tokenizer.batch_decode(new, skip_special_tokens=True)]
