"""Fill in the middle: a prompt of what stands before and after, for models that learned it."""

from __future__ import annotations

from typing import Any

from tenfold.terms.refusal import Refusal

# (before, after, now the middle): ours and Qwen's coders, then StarCoder's.
MARKS = (
    ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),
    ("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),
)


def prompt(tokenizer: Any, before: Any, after: str) -> list[int]:
    """Raises a Refusal where the tokenizer has no such tokens."""
    known = tokenizer.get_vocab()
    marks = next((marks for marks in MARKS if all(mark in known for mark in marks)), None)
    if marks is None or not isinstance(before, str):
        raise Refusal(
            "serve.no_middle",
            "This model fills no gaps.",
            "Its tokenizer has no tokens for it."
            if marks is None
            else "`suffix` goes with a prompt that is text.",
            "leave `suffix` out",
            {"param": "suffix"},
        )

    def ids(text: str) -> list[int]:
        found: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
        return found

    first, second, third = (known[mark] for mark in marks)
    begin = [] if tokenizer.bos_token_id is None else [tokenizer.bos_token_id]
    return [*begin, first, *ids(before), second, *ids(after), third]
