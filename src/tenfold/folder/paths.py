"""Names inside a job folder, and the two small files that the daemon writes there."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from tenfold.folder.durable import write_json
from tenfold.terms.box import Slot
from tenfold.terms.job import JobSpec, StopFor
from tenfold.terms.outcome import Outcome
from tenfold.terms.refusal import refusal
from tenfold.terms.wire import from_json, to_json

T = TypeVar("T")

TOKEN_VARIABLE = "TENFOLD_ATTEMPT"  # in the environment of every process of an attempt
CGROUP_VARIABLE = "TENFOLD_CGROUP"  # where the runner finds its cgroup, if it has one


@dataclass(frozen=True)
class JobFile:
    """job.json"""

    id: str
    spec: JobSpec


@dataclass(frozen=True)
class CurrentFile:
    """current.json"""

    attempt: int
    token: str
    slot: Slot
    children: dict[str, dict[str, object]] = field(default_factory=dict)  # key -> child's outcome


@dataclass(frozen=True)
class StopFile:
    """stop.json"""

    attempt: int
    stop_for: StopFor
    why: str = ""


@dataclass(frozen=True)
class JobFolder:
    """One job's folder. Reading a damaged file raises a Refusal (`job.folder`)."""

    path: Path

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def lock(self) -> Path:
        return self.path / "lock"

    @property
    def wants(self) -> Path:
        return self.path / "wants.jsonl"

    @property
    def work(self) -> Path:
        return self.path / "work"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def artifacts(self) -> Path:
        return self.path / "artifacts"

    def attempt(self, number: int) -> Path:
        return self.path / "attempts" / str(number)

    def events(self, number: int) -> Path:
        return self.attempt(number) / "events.jsonl"

    def log(self, number: int) -> Path:
        return self.attempt(number) / "log.txt"

    def outcome(self, number: int) -> Path:
        return self.attempt(number) / "outcome.json"

    def cgroup(self, number: int) -> Path:
        """Holds the path of the attempt's cgroup, where it has one."""
        return self.attempt(number) / "cgroup"

    def joined_cgroup(self, number: int) -> Path | None:
        """What its runner joined, made by whichever daemon; None where there is none."""
        try:
            return Path(self.cgroup(number).read_text())
        except OSError:
            return None

    def write_job(self, job: JobFile) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        write_json(self.path / "job.json", to_json(job), sync=False)

    def read_job(self) -> JobFile:
        return self._read("job.json", JobFile)

    def write_current(self, current: CurrentFile) -> None:
        write_json(self.path / "current.json", to_json(current), sync=False)

    def read_current(self) -> CurrentFile:
        return self._read("current.json", CurrentFile)

    def write_stop(self, stop: StopFile) -> None:
        write_json(self.path / "stop.json", to_json(stop), sync=False)

    def read_stop(self, attempt: int) -> StopFile | None:
        """The stop asked of `attempt`, or None."""
        if not (self.path / "stop.json").exists():
            return None
        stop = self._read("stop.json", StopFile)
        return stop if stop.attempt == attempt else None

    def read_outcome(self, number: int) -> Outcome | None:
        """None where the attempt has recorded none."""
        if not self.outcome(number).exists():
            return None
        return self._read(f"attempts/{number}/outcome.json", Outcome)

    def _read(self, name: str, kind: type[T]) -> T:
        try:
            return from_json(kind, json.loads((self.path / name).read_bytes()))
        except (OSError, ValueError) as error:
            raise refusal("job.folder", id=self.id, why=f"{name}: {error}") from error
