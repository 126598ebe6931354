"""The contract of an engine: many requests at once, each answered in pieces.

`batching.Batching` fulfils it in this process. vLLM does not: it is a server of its own that speaks
the same HTTP, so the workload starts it instead (vllm.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tenfold.science.serving.request import Request, Tell
from tenfold.terms.refusal import Refusal


@dataclass(frozen=True)
class Load:
    """What an engine does now, and has done since it began."""

    running: int
    waiting: int
    requests: int
    tokens: int  # written
    alive: bool = True


class Running(Protocol):
    def cancel(self) -> None:
        """Nobody waits for the rest: its place is free before the next step."""


class Engine(Protocol):
    context: int  # tokens of prompt and answer together

    def start(self, request: Request, tell: Tell) -> Running:
        """Returns at once. Raises a Refusal `serve.busy` where too many wait already."""

    def embed(self, prompts: Sequence[tuple[int, ...]]) -> list[list[float]]:
        """Blocks: the mean of the last hidden states of each, of length 1."""

    @property
    def load(self) -> Load: ...

    def close(self) -> None:
        """Ends what runs, in words."""


def busy(running: int, waiting: int) -> Refusal:
    return Refusal(
        "serve.busy",
        "Too many requests wait already.",
        f"{running} are being answered and {waiting} wait; there is room for no more.",
        "ask again in a moment, or give the service more --concurrent and --waiting",
    )
