"""What an engine is, and what it reports of a live attempt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from tenfold.terms.job import Attempt, Job
from tenfold.terms.outcome import Outcome


@dataclass(frozen=True)
class Sighting:
    """What was seen of one live attempt since the last look."""

    job: str
    attempt: int
    entered: bool  # its runner has claimed it
    lines: list[dict[str, Any]] = field(default_factory=list)  # of events.jsonl
    read_to: int = 0  # where these lines end
    wants: list[dict[str, Any]] = field(default_factory=list)  # every child asked for so far
    outcome: Outcome | None = None  # it is over, and nothing of it is left


class Engine(Protocol):
    """What carries a decision out. None of it blocks for long; all of it may be repeated."""

    def look(self, jobs: Sequence[tuple[Job, Attempt]], now_s: float) -> list[Sighting]: ...

    def start(self, job: Job, attempt: Attempt, children: dict[str, dict[str, object]]) -> None:
        """Start a promised attempt. What hinders it comes back as the outcome of a look."""

    def stop(self, job: Job, attempt: Attempt, now_s: float) -> None:
        """Ask a yielding job to stop; end it when its grace is over. Called in every tick."""

    def wants(self, job: Job) -> list[dict[str, Any]]:
        """Every child that `job` has asked for so far, in any attempt."""

    def close(self) -> None:
        """Let go of everything; running attempts go on."""
