"""What a workload file has, and what the `job` it is given can do.

A workload is one Python file in a group's folder. It needs a docstring whose first line is its
title, and these names:

    class Params(WorkloadParams)      every field with a default, a sentence and a unit
    SIZES = {"smoke": {...}, ...}     values of params by size; may be empty
    REQUIRES = ("simulate",)          extras of this package that it needs; may be empty
    RESUMES = True                    whether a killed attempt continues from its checkpoint
    def needs(params, device)         -> Needs, before anything runs
    def run(job, params)              -> Result; or serve(job, params) for what runs until stopped
    def check(params, result)         -> Verdict; a plain command has none
    KIND = Kind.INTERACTIVE           only where it is neither batch (run) nor a service (serve)
    LAUNCHES = True                   only where it starts its own processes on all devices of its
                                      slot: then `run` is called once, not once a rank

It is light to import: what is heavy is imported inside `run`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from tenfold.terms.box import Slot
from tenfold.terms.job import JobSpec
from tenfold.terms.outcome import Outcome

T = TypeVar("T")


class WorkloadParams(BaseModel):
    """The typed options of a workload: CLI flags, the web form and the docs derive from it.

    A field is written `Field(default, description="One sentence.", ge=..., le=...,
    json_schema_extra={"unit": "s"})`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class Checkpoint:
    """A whole checkpoint: every file in `folder` is as it was when `step` was saved."""

    step: int
    folder: Path


class Job(Protocol):
    """What `run(job, params)` is given. In a gang, every rank has its own."""

    id: str
    attempt: int
    spec: JobSpec
    slot: Slot
    devices: tuple[str, ...]  # ids of the slot's devices
    device: str  # of this rank, as torch names it: `cpu`, `cuda:0`
    rank: int
    world: int  # how many ranks there are
    folder: Path  # the job's own
    artifacts: Path  # exists; what is to be shown goes here
    exit_code: int | None  # of the last `process`

    @property
    def stop_asked(self) -> bool:
        """Whether to save and end. In a gang every rank must ask at the same place."""

    def progress(
        self, iterable: Iterable[T], total: float | None = None, unit: str = "step"
    ) -> Iterator[T]:
        """Yields the items and shows how far it is; `range(40, 100)` with `total=100` begins
        at 40."""

    def log(self, step: int, **metrics: float) -> None:
        """Figures of this step, for the curves."""

    def note(self, text: str) -> None:
        """One line a person should see."""

    def health(self, healthy: bool, why: str) -> None:
        """What a service says of itself; call it on a change."""

    def cap(self, watts: float | None) -> None:
        """Asks that each of its cards gets no higher power limit than `watts`; None takes that
        back. It takes a moment, and holds until the attempt ends. The limit may come lower, since
        the place has a say, and not below what placement sets at all (the card's knee); where
        limits cannot be set nothing happens. Ask the card what it was given."""

    def serves(self, port: int = 0) -> int:
        """Tells where a service will listen on 127.0.0.1, so that the proxy finds it; 0 takes a
        free port. Returns the port. Call it before `health` says yes for the first time."""

    def checkpoint(self, save: Callable[[Path], object], step: int, every_s: float = 30.0) -> None:
        """Call it after every step. When one is due, or a stop is asked, `save(folder)` writes
        the state after `step` into an empty folder; after a stop it does not return. In a gang
        every rank calls it, and rank 0 saves."""

    def resume(self) -> Checkpoint | None:
        """The newest whole checkpoint of this job, or None to begin at the beginning."""

    def artifact(self, path: str | Path, kind: str, title: str) -> None:
        """Shows a file below `artifacts`; a path that is not absolute starts there."""

    def spawn(
        self, workload: str, params: Mapping[str, Any], key: str, size: str | None = None
    ) -> None:
        """Asks for a child job. `key` names it, so a resumed parent finds it again."""

    def gather(self) -> dict[str, Outcome]:
        """The outcomes of all children, by key. While one is not ended it does not return: the
        slot is given back, and `run` starts anew once they are done."""

    def process(
        self,
        argv: Sequence[str],
        env: str = "",
        cwd: Path | None = None,
        variables: Mapping[str, str] | None = None,
        port: int = 0,
        health: str = "",
        idle_minutes: float = 0.0,
        ready: str = "",
    ) -> int:
        """Runs a process to its end inside the slot; its exit status (128 + signal if killed).

        One with a `port` is asked for its health, by HTTP where `health` is a path; `ready` is
        noted when it is healthy for the first time. After `idle_minutes` without CPU use it is
        ended, and that counts as status 0. A stop ends it too, and then this call does not
        return."""
