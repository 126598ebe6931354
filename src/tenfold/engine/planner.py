"""Makes plans for whoever asks the daemon: reads the week, asks the describer what its workloads
need on that box, and plays it in a process of its own, one at a time and within a time limit."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

from tenfold.engine import week
from tenfold.engine.describe import Describer
from tenfold.engine.orders import target
from tenfold.engine.plan import Plan, PlanJob, emptied
from tenfold.engine.week import Asked, WeekJob
from tenfold.engine.week_times import DAY_S
from tenfold.placement.fits import fits
from tenfold.site.budget import week_budget
from tenfold.site.config import config
from tenfold.site.host import hosted
from tenfold.site.settings import SiteConfig
from tenfold.terms.box import Box
from tenfold.terms.command import COMMAND
from tenfold.terms.job import JobSpec, Kind, When
from tenfold.terms.needs import Needs
from tenfold.terms.refusal import Refusal, refusal
from tenfold.terms.wire import from_json, to_json

PLAY_S = 120.0
LATE_DAYS = 14  # that the site is known for after the plan, for what takes longer
_ASKED = ("gpus", "slice", "cores", "memory_gib", "load")  # fields of WeekJob and of Needs


class Planner:
    """Safe in any thread."""

    def __init__(self, describer: Describer, play_s: float = PLAY_S) -> None:
        self._describer = describer
        self._play_s = play_s
        self._turn = threading.Lock()
        self._closed = False
        self._playing: subprocess.Popen[str] | None = None

    def plan(self, text: str, file: str, box: Box, site: SiteConfig) -> dict[str, Any]:
        """The answer of `engine.plan.played` for the week in `text`; `file` is its name."""
        if not self._turn.acquire(blocking=False):
            raise refusal("plan.busy")
        try:
            return self._played(plan_of(text, file, box, site, self._describer))
        finally:
            self._turn.release()

    def close(self) -> None:
        """End what is being played; whoever waits for it is told that it broke."""
        self._closed = True
        playing = self._playing
        if playing is not None:
            playing.kill()

    def _played(self, plan: Plan) -> dict[str, Any]:
        with subprocess.Popen(
            [sys.executable, "-P", "-m", "tenfold.engine.plan"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as playing:
            self._playing = playing
            if self._closed:
                playing.kill()
            try:
                out, err = playing.communicate(json.dumps(to_json(plan)), self._play_s)
            except subprocess.TimeoutExpired as error:
                facts = {"seconds": self._play_s, "jobs": len(plan.jobs), "box": plan.box.name}
                raise refusal("plan.slow", **facts) from error
            finally:
                playing.kill()
                self._playing = None
        if playing.returncode != 0:
            last = err.strip().splitlines()[-1:] or [f"exit status {playing.returncode}"]
            raise refusal("api.broken", path="POST /api/plan", error=last[0])
        answer: dict[str, Any] = json.loads(out)
        return answer


def no_limits() -> SiteConfig:
    return SiteConfig()


def site_of(text: str, file: str) -> SiteConfig:
    """The settings in the file that a person named, which has to have some."""
    if not config.sections(text, Path(file)):
        why = f"It has no section: it knows {', '.join(config.SECTIONS)}."
        raise refusal("site.config", field="site", path=file, value="", why=why)
    return config.parsed(text, Path(file))


def plan_of(text: str, file: str, box: Box, site: SiteConfig, describer: Describer) -> Plan:
    """What is played for the week in `text`."""
    found = week.read(text, file)
    specs: dict[str, JobSpec] = {}  # of a job's name
    for asked in found.asked:
        if asked.job.name not in specs:
            specs[asked.job.name] = _spec(asked.job, box, site.when, describer)
    return Plan(
        name=Path(file).stem,
        box=emptied(hosted(box, site)),
        budget=week_budget(site, found.start_s, (found.end_s - found.start_s) / DAY_S + LATE_DAYS),
        jobs=tuple(_job(asked, specs[asked.job.name]) for asked in found.asked),
        end_s=found.end_s,
    )


def _job(asked: Asked, spec: JobSpec) -> PlanJob:
    spec = replace(
        spec,
        name=asked.name,
        after=asked.after,
        not_before_s=asked.not_before_s,
        deadline_s=asked.by_s,
    )
    return PlanJob(asked.id, asked.name, _group(asked.job, spec), spec, asked.at_s)


def _group(job: WeekJob, spec: JobSpec) -> str:
    return job.group or (spec.kind.value if job.workload is None else job.workload.split(".")[0])


def _spec(job: WeekJob, box: Box, hours: When, describer: Describer) -> JobSpec:
    """What the job is on this box; a Refusal where it can never be there. `hours` are those of
    batch jobs that say nothing."""
    named = {name: value for name in _ASKED if (value := getattr(job, name)) is not None}
    if job.time is not None:
        named["time_s"] = job.time
    if job.workload is None:
        needs = replace(Needs(basis="as asked"), **named)
        kind, resumes = job.kind or Kind.BATCH, bool(job.yields)
    else:
        told = _told(job, box, describer)
        needs = replace(from_json(Needs, told["needs"]), **named)
        kind = job.kind or Kind(told["kind"])
        resumes = bool(told["resumes"]) if job.yields is None else job.yields
    misfit = fits(box, needs)
    if misfit is not None:
        why = f"It asks for {misfit[0]}; the nearest that fits {box.name} is {misfit[1]}."
        raise refusal("week.job", where=job.where, why=why, next=f"edit {job.place}")
    if needs.time_s is None and kind is not Kind.SERVICE:
        why = "Nobody knows how long it runs."
        raise refusal("week.job", where=job.where, why=why, next=f"add time = '2h', {job.place}")
    if kind is not Kind.BATCH and job.when not in (None, When.ANYTIME):
        why = f"Hours are for batch jobs, and this is a {kind.value} job."
        raise refusal("week.job", where=job.where, why=why, next=f"edit {job.place}")
    return JobSpec(
        job.workload or COMMAND,
        dict(job.params),
        job.size,
        kind=kind,
        priority=job.priority,
        needs=needs,
        resumes=resumes,
        when=When.ANYTIME if kind is not Kind.BATCH else job.when or hours,
    )


def _told(job: WeekJob, box: Box, describer: Describer) -> dict[str, Any]:
    assert job.workload is not None
    device = target(box, 0 if job.cores else None)
    try:
        return describer.describe(job.workload, job.params, job.size, device)
    except Refusal as no:
        why = f"{no.what} {no.why}"
        raise refusal("week.job", where=job.where, why=why, next=no.next) from no
