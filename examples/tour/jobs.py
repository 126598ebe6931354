"""One job of the tour: what the daemon knows of it now, and what came of it."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field

from tenfold.cli.words import duration
from tenfold.client.call import Api
from tenfold.client.follow import LogTail, job_path
from tenfold.client.job import ArtifactFile, JobHandle
from tenfold.terms.outcome import Outcome
from tenfold.terms.states import ENDED

# The curve that says most of each job, and how its newest value is written.
CURVES = {"loss": ".3f", "residual": ".1e"}

_EPOCH = re.compile(r"epoch (\d+) of (\d+): (.*)")


@dataclass
class Act:
    """`command` is what a person would type for it."""

    job: JobHandle
    api: Api
    command: str
    name: str = ""
    state: str = "queued"
    done: float = 0.0
    total: float | None = None
    words: str = ""  # about it, for the screen
    outcome: Outcome | None = None
    asked_s: float = 0.0
    files: list[ArtifactFile] = field(default_factory=list)
    curves: dict[str, list[tuple[int, float, float]]] = field(default_factory=dict)
    printed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._log = LogTail(self.api, self.job.id)

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def share(self) -> float:
        """How far it is, 0 to 1."""
        return self.done / self.total if self.total else 0.0

    @property
    def took_s(self) -> float | None:
        return self.outcome.ended_s - self.outcome.started_s if self.outcome else None

    @property
    def holds(self) -> bool:
        """A command is judged by its exit status; a workload by its own check."""
        verdict = self.outcome.verdict if self.outcome else None
        return self.state == "succeeded" and (verdict is None or verdict.holds)

    @property
    def sentence(self) -> str:
        if self.outcome and self.outcome.verdict:
            return self.outcome.verdict.sentence
        if self.outcome and self.outcome.refusal:
            return f"{self.outcome.refusal['what']} {self.outcome.refusal['why']}"
        return f"It exited with status 0; its last line: {self.printed[-1] if self.printed else ''}"

    def read_log(self, attempt: int) -> None:
        text = "".join(piece for piece, _ in self._log.pieces(attempt))
        self.printed += text.splitlines()


def look(act: Act) -> None:
    """Ask the daemon how `act` is."""
    if act.ended:
        return
    page = act.api.get(job_path(act.job.id))
    view = page["job"]
    act.name, act.state, act.asked_s = view["name"], view["state"], view["submitted_s"]
    act.curves = act.job.metrics
    act.read_log(view["attempt"])
    if act.ended:
        act.outcome, act.files = act.job.outcome, act.job.artifacts
        act.total = act.total or 1
        act.done, act.words = act.total, act.state
    elif act.state == "queued":
        act.words = f"waits: {act.api.get(job_path(act.job.id, 'explain'))['why']}"
    else:
        _look_at_running(act, page["progress"], time.time() - (view["started_s"] or time.time()))


def _look_at_running(act: Act, progress: dict[str, float] | None, elapsed_s: float) -> None:
    left_s = None
    said = _newest(act)
    if progress:
        act.done, act.total, left_s = progress["done"], progress["total"], progress["eta_s"]
    elif act.printed and (found := _EPOCH.fullmatch(act.printed[-1])):
        # A command tells nothing but what it prints, so that is read.
        act.done, act.total, said = float(found[1]), float(found[2]), f", {found[3]}"
        left_s = elapsed_s * (act.total - act.done) / act.done
    act.words = f"{duration(elapsed_s)}, {duration(left_s)} left{said}"


def _newest(act: Act) -> str:
    for name, form in CURVES.items():
        if act.curves.get(name):
            return f", {name} {act.curves[name][-1][2]:{form}}"
    return ""
