"""JSON that a schema allows, token by token, and closed before the tokens run out.

    grammars = Grammars(tokenizer_json, vocabulary, ends)
    writing = grammars.begin(schema, most=200)
    writing.mask(n)              # which tokens may come next
    id = writing.take(id, left)  # the token that is taken: `id`, or one that still lets it close

The grammar is llguidance's (MIT, Rust, no GPU). A grammar alone does not end: a model that likes
long strings is cut in the middle when its tokens run out. So near the end every token is tried
first: if the shortest way to close would not fit behind it, the way itself is taken instead.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np
import torch
from llguidance import LLMatcher, LLTokenizer
from torch import Tensor

from tenfold.terms.refusal import Refusal

WATCHED = 256  # so many tokens before the end, every token is tried
ANY_OBJECT: dict[str, Any] = {"type": "object"}


@final
class Grammars:
    """`tokenizer_json` as tokenizers writes it; `ends` are the tokens that end an answer."""

    def __init__(self, tokenizer_json: str, ends: Sequence[int]) -> None:
        self.tokenizer = LLTokenizer(tokenizer_json, eos_token=list(ends))
        self.ends = tuple(ends)
        self.closing = _Closing(self.tokenizer, self.ends)

    def begin(self, schema: Mapping[str, Any], most: int) -> Writing:
        """Raises a Refusal for a schema that the grammar cannot hold, or whose shortest answer
        takes more than `most` tokens."""
        try:
            # No white space but the one blank: a model could go on with blanks for ever.
            grammar = LLMatcher.grammar_from_json_schema(
                json.dumps(schema), overrides={"whitespace_flexible": False}
            )
        except ValueError as error:
            raise _bad_schema(str(error)) from error
        matcher = LLMatcher(self.tokenizer, grammar, log_level=0)
        if matcher.is_error():
            raise _bad_schema(matcher.get_error())
        way = self.closing.way(matcher, WATCHED * 64)
        if way is None or len(way) > most:
            raise Refusal(
                "serve.schema_long",
                f"No answer to this schema fits into {most} tokens.",
                f"The shortest one takes {len(way)}." if way else "None was found that ends.",
                "raise max_tokens, or ask for less in the schema",
            )
        return Writing(matcher, self.closing)


@final
class Writing:
    """One answer on its way."""

    def __init__(self, matcher: LLMatcher, closing: _Closing) -> None:
        self._matcher, self._closing = matcher, closing

    @property
    def over(self) -> bool:
        """Whether nothing can follow."""
        return bool(self._matcher.is_stopped())

    @property
    def whole(self) -> bool:
        """Whether what was taken so far is an answer."""
        return bool(self._matcher.is_accepting() or self._matcher.is_stopped())

    def mask(self, vocabulary: int) -> Tensor:
        """(vocabulary,), True where a token may come."""
        return torch.from_numpy(_bits(self._matcher, vocabulary))

    def take(self, id: int, left: int) -> int:
        """`left` counts this token and what may follow it."""
        if left <= WATCHED and id not in self._closing.ends:
            tried = self._matcher.deep_copy()
            tried.consume_token(id)
            if self._closing.way(tried, left - 1) is None:
                way = self._closing.way(self._matcher, left)
                id = way[0] if way else id
        self._matcher.consume_token(id)
        return id


class _Closing:
    """A short way to the end of an answer, by what its tokens look like: a string is closed, then
    objects and arrays, and a comma comes only where nothing else may."""

    def __init__(self, tokenizer: LLTokenizer, ends: tuple[int, ...]) -> None:
        self.ends = ends
        texts = {id: tokenizer.decode_bytes([id]) for id in range(tokenizer.vocab_size)}
        text = {one: id for id, one in reversed(texts.items()) if len(one) == 1}
        self._quote = text.get(b'"')
        self._letter = text.get(b"z")  # allowed nowhere but in a string
        self._brackets = [text[b] for b in (b"}", b"]") if b in text]
        self._commas = [text[b] for b in (b",", b":") if b in text]
        self._digits = [text[b] for b in (b"0", b"1") if b in text]

    def way(self, matcher: LLMatcher, most: int) -> list[int] | None:
        """The tokens that end the answer; None where they are more than `most`."""
        trial, taken = matcher.deep_copy(), list[int]()
        while not (trial.is_stopped() or trial.is_accepting()):
            if len(taken) >= most or trial.is_error():
                return None
            forced = trial.compute_ff_tokens()
            step = forced or [self._next(trial)]
            trial.consume_tokens(step)
            taken += step
        return taken if len(taken) <= most and not trial.is_error() else None

    def _next(self, matcher: LLMatcher) -> int:
        allowed = _bits(matcher, 0)
        within = self._letter is not None and allowed[self._letter]
        first = [self._quote] if within else [*self._brackets, self._quote, *self._digits]
        for id in (*first, *self._commas):
            if id is not None and allowed[id]:
                return id
        return int(np.flatnonzero(allowed)[0])


def _bits(matcher: LLMatcher, vocabulary: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """The mask, as long as the model's vocabulary, which may be longer than the tokenizer's; 0
    for the tokenizer's own."""
    packed = np.frombuffer(matcher.compute_bitmask(), dtype=np.uint8)
    bits = np.unpackbits(packed, bitorder="little").astype(np.bool_)
    if vocabulary:
        bits = np.pad(bits[:vocabulary], (0, max(vocabulary - len(bits), 0)))
    return bits


def _bad_schema(why: str) -> Refusal:
    return Refusal(
        "serve.schema",
        "This JSON schema cannot be followed.",
        why.strip().splitlines()[0][:400] if why.strip() else "It is no JSON schema.",
        "change response_format.json_schema.schema",
    )
