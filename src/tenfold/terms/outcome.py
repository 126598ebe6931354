"""What came out of an attempt, and of a workload: result, verdict, artifacts, outcome."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


@dataclass(frozen=True)
class Artifact:
    path: str  # relative to the job folder
    kind: str  # `image`, `table`, `plot`, `audio`, `video`, `mesh`, `points`, `text`, `data`
    title: str


@dataclass(frozen=True)
class Result:
    """What a workload's `run` returns. `figures` are JSON values; big things are artifacts."""

    summary: str  # one sentence for a person
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """What a workload's `check` says of a result: one gate, able to fail."""

    holds: bool
    sentence: str  # the figure, the gate and its source, in words
    figures: dict[str, float] = field(default_factory=dict)


class Ending(StrEnum):
    """How an attempt ended, in its own words (the ledger turns this into a change of the job)."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"  # heard the stop, saved what it could
    DISK_FULL = "disk-full"  # pauses the job; its last whole checkpoint stands
    AWAITS_CHILDREN = "awaits-children"  # gives its slot back until they are done
    CRASHED = "crashed"  # written by the daemon: lock free and no outcome


@dataclass(frozen=True)
class Used:
    """What an attempt took, measured: needs are estimated before and this is known after."""

    time_s: float  # from its start to its end
    core_s: float  # CPU time of all its processes that have ended
    host_gib: float  # the most host memory at once
    gpu_gib: float | None = None  # the most memory of one GPU at once; None where nobody measured


@dataclass(frozen=True)
class Outcome:
    attempt: int
    ending: Ending
    started_s: float
    ended_s: float
    result: Result | None = None
    verdict: Verdict | None = None
    refusal: dict[str, Any] | None = None  # Refusal.as_json()
    error: str | None = None  # traceback
    exit_code: int | None = None  # of a plain command
    last_step: int | None = None  # of the newest whole checkpoint
    used: Used | None = None  # None for a modelled attempt and for one that crashed
