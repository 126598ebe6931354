"""The handle of one job: what a script holds after `box.run(...)`.

Everything is asked of the daemon when it is read; nothing is remembered but the id.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenfold.client.call import Api
from tenfold.client.follow import PATIENCE_S, LogTail, follow, job_path
from tenfold.folder.paths import JobFolder
from tenfold.terms.decision import Place
from tenfold.terms.job import Job
from tenfold.terms.outcome import Outcome, Result, Verdict
from tenfold.terms.states import State
from tenfold.terms.wire import from_json


@dataclass(frozen=True)
class ArtifactFile:
    path: Path  # absolute
    kind: str
    title: str


@dataclass(frozen=True)
class Explanation:
    """Why a job is where it is: one sentence, the places looked at, and how it got here."""

    why: str
    places: tuple[Place, ...]
    expected_s: float | None  # when it should start, where that can be told
    history: tuple[dict[str, Any], ...]

    def __str__(self) -> str:
        return "\n".join([self.why, *(f"  {place.slot}: {place.why}" for place in self.places)])


class JobHandle:
    def __init__(self, api: Api, id: str) -> None:
        self.id = id
        self._api = api

    def __repr__(self) -> str:
        return f"<job {self.id}>"

    @property
    def job(self) -> Job:
        """The whole row of the ledger."""
        return from_json(Job, self._page()["job"])

    @property
    def state(self) -> State:
        return self.job.state

    @property
    def outcome(self) -> Outcome | None:
        """Of the newest ended attempt."""
        return self.job.outcome

    @property
    def result(self) -> Result | None:
        outcome = self.outcome
        return outcome.result if outcome else None

    @property
    def verdict(self) -> Verdict | None:
        outcome = self.outcome
        return outcome.verdict if outcome else None

    @property
    def progress(self) -> dict[str, Any] | None:
        """done, total, unit, rate and eta_s, while it runs and says so."""
        found: dict[str, Any] | None = self._page()["progress"]
        return found

    @property
    def metrics(self) -> dict[str, list[tuple[int, float, float]]]:
        """Its curves: name -> [(step, time, value), ...]."""
        curves = self._api.get(job_path(self.id, "metrics"))["metrics"]
        return {name: [tuple(point) for point in points] for name, points in curves.items()}

    @property
    def folder(self) -> JobFolder:
        return JobFolder(self._api.home / "jobs" / self.id)

    @property
    def artifacts(self) -> list[ArtifactFile]:
        folder = self.folder.path
        return [
            ArtifactFile(folder / fields["path"], fields["kind"], fields["title"])
            for fields in self._page()["artifacts"]
        ]

    def wait(
        self,
        timeout_s: float | None = None,
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        patience_s: float = PATIENCE_S,
    ) -> State | None:
        """Until it has ended, or `timeout_s` is over; returns the state it is then in, None if the
        daemon was away all the time. A restart of the daemon does not disturb it: only after
        `patience_s` without one, `daemon.absent` is raised."""
        until_s = None if timeout_s is None else clock() + timeout_s
        page: dict[str, Any] = {}
        for glimpse in follow(self._api, self.id, pause=pause, clock=clock, patience_s=patience_s):
            page = glimpse.page
            if until_s is not None and clock() >= until_s:
                break
        return State(page["job"]["state"]) if page else None

    def log(self, attempt: int | None = None) -> str:
        """Of the newest attempt, or of `attempt`."""
        newest = attempt or self.job.attempt
        return "".join(text for text, _ in LogTail(self._api, self.id, newest).pieces(newest))

    def explain(self) -> Explanation:
        fields = self._api.get(job_path(self.id, "explain"))
        return Explanation(
            fields["why"],
            tuple(from_json(Place, place) for place in fields["places"]),
            fields["expected_s"],
            tuple(fields["history"]),
        )

    def cancel(self) -> State:
        return self._ask("cancel")

    def pause(self) -> State:
        return self._ask("pause")

    def resume(self) -> State:
        return self._ask("resume")

    def retry(self) -> State:
        return self._ask("retry")

    def _ask(self, change: str) -> State:
        return State(self._api.post(job_path(self.id, change))["job"]["state"])

    def _page(self) -> dict[str, Any]:
        return dict(self._api.get(job_path(self.id)))
