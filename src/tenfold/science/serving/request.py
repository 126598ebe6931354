"""What an engine is asked, and what it says back. Standard library only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tenfold.terms.refusal import Refusal


@dataclass(frozen=True)
class Request:
    """One text to continue. `temperature` 0 takes the likeliest token."""

    prompt: tuple[int, ...]
    most: int  # new tokens
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0  # 0: all tokens
    seed: int | None = None  # None: another text each time
    stop: tuple[str, ...] = ()
    top_logprobs: int | None = None  # alternatives told with each token; None: no logprobs
    presence: float = 0.0  # taken off the logit of a token that occurred
    frequency: float = 0.0  # the same, for each time
    schema: Mapping[str, Any] | None = None  # the text is JSON that this allows


@dataclass(frozen=True)
class Chosen:
    """A token of the answer. Logprobs are the model's own (natural logarithm, temperature 1),
    before any mask."""

    id: int
    logprob: float = 0.0
    top: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True)
class Piece:
    """Some of an answer: text that will not change, and the tokens chosen since the last piece.
    `ended` is "" while more comes, else "stop" or "length"."""

    text: str = ""
    tokens: tuple[Chosen, ...] = ()
    ended: str = ""


# What an engine calls, on its own thread, for each thing it has to say of one request: pieces, or
# the Refusal that ends it.
Tell = Callable[[Piece | Refusal], None]
