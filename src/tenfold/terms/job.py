"""A job: what was asked, and where it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tenfold.terms.box import Slot
from tenfold.terms.needs import Needs
from tenfold.terms.outcome import Outcome
from tenfold.terms.states import State

_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")


class Kind(StrEnum):
    BATCH = "batch"
    SERVICE = "service"
    INTERACTIVE = "interactive"


class When(StrEnum):
    """The hours in which a job may run."""

    ANYTIME = "anytime"
    CHEAP = "cheap"  # where its energy costs least, before its deadline
    NIGHT = "night"
    QUIET_OK = "quiet-ok"  # where noise disturbs nobody: outside the quiet hours


class StopFor(StrEnum):
    """What comes after a stop."""

    YIELD = "yield"  # back to the queue
    PAUSE = "pause"
    SLEEP = "sleep"
    CANCEL = "cancel"
    RESTART = "restart"  # a service that does not answer any more


@dataclass(frozen=True)
class JobSpec:
    """One asked-for run. A plain command is the workload `system.command`."""

    workload: str
    params: dict[str, Any] = field(default_factory=dict)
    size: str | None = None  # smoke, desk or full, where the workload has sizes
    name: str = ""  # what a person calls it; the workload or the command line otherwise
    kind: Kind = Kind.BATCH
    priority: int = 0  # higher first
    after: tuple[str, ...] = ()  # ids that must succeed first
    needs: Needs = field(default_factory=Needs)
    resumes: bool = False  # continues from its checkpoint, so it may be asked to yield
    # Crashed attempts in a row, without a new checkpoint, that are tried again; None: for ever.
    retry: int | None = 0
    sleep_after_s: float | None = None  # of a service: without a request
    parent: str | None = None
    key: str | None = (
        None  # with `parent`: the child's name; alone: makes a repeated submit harmless
    )
    file_hash: str = ""  # of the workload file that was described
    not_before_s: float | None = None  # seconds since the epoch
    deadline_s: float | None = None  # when it should be done
    when: When = When.ANYTIME


@dataclass(frozen=True)
class Pace:
    """How an attempt gets on under the limits of its cards."""

    at_s: float  # since when
    speed: float  # share of full speed
    worked_s: float  # at full speed, it would have taken so long to come so far


@dataclass(frozen=True)
class Job:
    """A job as the ledger has it now."""

    id: str  # `12`; a child is `12.KEY`
    spec: JobSpec
    state: State
    submitted_s: float
    changed_s: float
    attempt: int = 0  # newest attempt's number; 0 before the first
    slot: Slot | None = None  # while live
    started_s: float | None = None  # of the newest attempt
    stop_for: StopFor | None = None  # while yielding
    crashes: int = 0  # crashed attempts in a row without a new checkpoint
    last_step: int | None = None  # newest whole checkpoint
    awaits: tuple[str, ...] = ()  # children it gave its slot back for
    outcome: Outcome | None = None  # of the newest ended attempt
    reason: str = ""  # one sentence: why it is in this state
    enlarged: bool = False  # its needs were raised, since it took more of a GPU than it asked for
    done: float | None = None  # share of its work that earlier attempts have kept, where known
    pace: Pace | None = None  # of the newest attempt; None: full speed since its slice stood
    cap_w: float | None = None  # its workload asks for no higher limit than this
    # Of a service:
    port: int | None = None  # where its newest attempt listens, as it told
    healthy_s: float | None = None  # since when its live attempt answers
    unhealthy_s: float | None = None  # since when that does not answer any more
    next_try_s: float | None = None  # queued after a crash: when it is started again


def worked_s(job: Job, until_s: float) -> float:
    """What the newest attempt of a live job has behind it: seconds at full speed on its slot."""
    if job.pace is not None:
        return job.pace.worked_s + job.pace.speed * max(0.0, until_s - job.pace.at_s)
    if job.started_s is None:
        return 0.0
    carve_s = 0.0 if job.slot is None else job.slot.carve_s
    return max(0.0, until_s - job.started_s - carve_s)


def child_id(parent: str, key: str) -> str:
    """The id of the child that `parent` calls `key`. Ids name folders, so what could lead out of
    one is replaced; the submit of such a key is refused, but its refusal needs an id as well."""
    return f"{parent}.{_UNSAFE.sub('_', key)[:64]}"


@dataclass(frozen=True)
class Attempt:
    """One try at a job."""

    job: str
    number: int
    token: str  # in the environment of every process of this attempt
    slot: Slot
    promised_s: float
    entered_s: float | None = None
    ended_s: float | None = None
    outcome: Outcome | None = None
    read_to: int = 0  # bytes of its events.jsonl that are in the ledger
