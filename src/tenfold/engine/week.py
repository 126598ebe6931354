"""The week file of `tenfold plan`: what a person wants done in a week, and when they ask for it.

    starts = "Mon 08:00"          # when the plan begins (Mon 00:00)
    days = 7                      # how long jobs are repeated, and how far the plan goes at least

    [[job]]
    name = "sweep"                # one of a kind; the workload's name where it is left out
    workload = "simulate.cavity"  # of the catalogue, with size and params; or a program of yours,
    size = "full"                 # which says itself what it needs:
    params = { cells = 2048 }
    gpus = 2                      # whole cards, or slice = "2g.20gb", or cores = 8
    memory_gib = 40               # of each card, or of the host
    time = "6h"                   # how long it runs there; a service runs to the end of the plan
    count = 12                    # so many of it at once (1)
    at = "Mon 09:00"              # when it is asked for: "18:30", "+2h" (the start)
    every = "daily"               # or "weekdays": again at that time
    not-before = "22:00"          # its earliest start
    by = "Fri 18:00"              # when it should be done; also called deadline
    after = ["prepare"]           # names of jobs that have to end first
    priority = 5                  # higher goes first (0)
    when = "cheap"                # or "night", "quiet-ok", "anytime" (as the site says)
    load = "compute"              # or "light", "decode": how a power limit slows it
    kind = "batch"                # or "service", "interactive"
    yields = true                 # it may be stopped for others, and goes on later
    group = "physics"             # its colour in the picture (the workload's group, or its kind)

"+2h" and a time without a day count from the start of the plan, in `not-before` and `by` from when
the job is asked for. Of two jobs that repeat alike, `after` means that of the same day. A job that
comes after others is asked for when the last of these has been, at the earliest.

`read` checks every field (see `week_fields`) and raises a Refusal with its line; whether a workload
exists and a job fits is known only for a box (see `planner`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from typing import Any

from tenfold.engine.week_fields import (
    FIELDS,
    HEAD,
    MOST_DAYS,
    MOST_JOBS,
    Lines,
    checked,
    lines_of,
    wrong,
)
from tenfold.engine.week_times import DAY_S, Moment, day, is_weekday, words
from tenfold.terms.job import Kind, When
from tenfold.terms.refusal import Refusal, refusal


@dataclass(frozen=True)
class WeekJob:
    """One entry of the file. None: not said."""

    name: str
    where: str  # `job 'sweep' (week.toml, line 12)`
    place: str  # `week.toml, line 12`
    workload: str | None = None
    size: str | None = None
    params: dict[str, Any] = field(default_factory=dict)
    gpus: int | None = None
    slice: str | None = None
    cores: int | None = None
    memory_gib: float | None = None
    time: float | None = None
    count: int = 1
    at: Moment = field(default_factory=lambda: Moment(after_s=0.0))
    every: str | None = None
    not_before: Moment | None = None
    by: Moment | None = None
    after: tuple[str, ...] = ()
    priority: int = 0
    when: When | None = None
    load: str | None = None
    kind: Kind | None = None
    yields: bool | None = None
    group: str = ""


@dataclass(frozen=True)
class Asked:
    """One copy of an entry at one of its times."""

    id: str
    job: WeekJob
    name: str  # `sweep 3/12`, `notebook Tue`
    at_s: float
    not_before_s: float | None
    by_s: float | None
    after: tuple[str, ...]  # ids


@dataclass(frozen=True)
class Week:
    start_s: float  # since Monday, 00:00
    end_s: float
    asked: tuple[Asked, ...]


def read(text: str, file: str) -> Week:
    """The week in `text`; `file` is what a person calls it. Raises a Refusal."""
    try:
        told = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        why = f"It is not TOML: {error}."
        raise refusal("week.file", file=file, why=why, next=f"edit {file}") from error
    head = checked(told, HEAD, "the week file", file)
    entries = head.get("job", [])
    if not entries:
        why = "It has no [[job]]: there is nothing to plan."
        raise refusal("week.file", file=file, why=why, next="see examples/owner-week.toml")
    lines = lines_of(text, len(entries))
    jobs = [_job(entry, n, file, lines[n]) for n, entry in enumerate(entries)]
    _check_names(jobs)
    start_s = head.get("starts", Moment()).at_s(0.0, 0.0)
    end_s = start_s + head.get("days", 7) * DAY_S
    return Week(start_s, end_s, _all_asked(jobs, start_s, end_s, file))


def _job(entry: Any, index: int, file: str, lines: Lines) -> WeekJob:
    head, of_field = lines
    title = f"job {index + 1}"
    if isinstance(entry, dict) and isinstance(name := entry.get("name"), str) and name:
        title = f"job '{name}'"

    def place(name: str = "") -> str:
        line = of_field.get(name, head)
        return file if line is None else f"{file}, line {line}"

    told = checked(entry, FIELDS, f"{title} ({place()})", place)
    if "deadline" in told:
        if "by" in told:
            why = "It means the same as by: one of the two."
            raise wrong("deadline", told["deadline"], f"{title} ({place()})", why, place)
        told["by"] = told.pop("deadline")
    told.setdefault("name", told.get("workload", f"job {index + 1}"))
    job = WeekJob(where=f"job '{told['name']}' ({place()})", place=place(), **told)
    _check_sense(job, place)
    return job


def _check_sense(job: WeekJob, place: Callable[[str], str]) -> None:
    """What is wrong of fields together."""

    def no(field: str, value: object, why: str) -> Refusal:
        return wrong(field, value, job.where, why, place)

    if job.slice is not None and (job.gpus or job.cores):
        raise no("slice", job.slice, "A job has a slice, or whole cards, or cores; one of them.")
    if job.gpus and job.cores:
        raise no("cores", job.cores, "A job on cards is given their host's cores as well.")
    if job.workload is None and (job.size or job.params):
        field = "size" if job.size else "params"
        raise no(field, getattr(job, field), "It belongs to a workload, and none is named.")
    if job.workload is None and not (job.gpus or job.slice or job.cores):
        why = f"A program of yours ({job.name}) says what it needs: gpus, slice or cores."
        raise refusal("week.job", where=job.where, why=why, next=f"edit {job.place}")
    if job.kind is Kind.SERVICE:
        if job.time is not None:
            raise no("time", f"{job.time:g} s", "A service runs to the end of the plan.")
        if job.by is not None:
            raise no("by", job.by.said, "A service is never done.")
        if job.every is not None:
            raise no("every", job.every, "A service runs to the end of the plan.")
    elif job.workload is None and job.time is None:
        why = "A program of yours says how long it runs."
        raise refusal("week.job", where=job.where, why=why, next=f"add time = '2h', {job.place}")
    for field, value in (("by", job.by), ("not_before", job.not_before)):
        if job.every is not None and value is not None and value.day is not None:
            why = "The job repeats: say '+6h' or a time such as '18:00', which counts each day."
            raise no(field, value.said, why)


def _check_names(jobs: list[WeekJob]) -> None:
    """Every name once, every name in `after` known, and no circle."""
    by_name: dict[str, WeekJob] = {}
    for job in jobs:
        if job.name in by_name:
            why = f"{by_name[job.name].place} has it already; count = 2 asks for two."
            raise wrong("name", job.name, job.where, why, job.place)
        by_name[job.name] = job
    for job in jobs:
        for name in job.after:
            if name not in by_name:
                near = get_close_matches(name, by_name, 1)
                more = f"the nearest is '{near[0]}'" if near else "none has a name like it"
                raise wrong("after", name, job.where, f"No job is called so; {more}.", job.place)
            if by_name[name].kind is Kind.SERVICE:
                why = f"'{name}' is a service and never ends."
                raise wrong("after", name, job.where, why, job.place)


def _all_asked(jobs: list[WeekJob], start_s: float, end_s: float, file: str) -> tuple[Asked, ...]:
    """Every copy at every time, numbered in the order of the file."""
    times = {job.name: _times(job, start_s, end_s) for job in jobs}
    total = sum(len(times[job.name]) * job.count for job in jobs)
    if total > MOST_JOBS:
        why = f"With all copies and repeats it has {total} jobs; a plan holds {MOST_JOBS}."
        raise refusal("week.file", file=file, why=why, next=f"edit {file}")
    ids: dict[str, list[list[str]]] = {}  # of a job's name: the copies at each of its times
    number = 0
    for job in jobs:
        ids[job.name] = []
        for _ in times[job.name]:
            ids[job.name].append([str(number + n + 1) for n in range(job.count)])
            number += job.count
    by_name = {job.name: job for job in jobs}
    asked: dict[str, Asked] = {}
    for job in _in_order(by_name):
        for turn, at_s in enumerate(times[job.name]):
            before = tuple(
                id for name in job.after for id in _turn(ids[name], turn, job, by_name[name])
            )
            at_s = max([at_s, *(asked[id].at_s for id in before)])
            one = _one(job, at_s, start_s, before)
            title = f"{job.name} {day(times[job.name][turn])}" if job.every else job.name
            for copy, id in enumerate(ids[job.name][turn]):
                name = f"{title} {copy + 1}/{job.count}" if job.count > 1 else title
                asked[id] = Asked(id, job, name, *one)
    return tuple(asked[str(n + 1)] for n in range(number))


def _turn(ids: list[list[str]], turn: int, job: WeekJob, other: WeekJob) -> Iterable[str]:
    if job.every is not None and job.every == other.every and turn < len(ids):
        return ids[turn]
    return [id for copies in ids for id in copies]


def _in_order(by_name: dict[str, WeekJob]) -> list[WeekJob]:
    """Each comes after those that it waits for; a Refusal where they wait for one another."""
    try:
        order = TopologicalSorter({name: job.after for name, job in by_name.items()}).static_order()
        return [by_name[name] for name in order]
    except CycleError as error:
        circle = error.args[1][::-1]  # each waits for the next
        job = by_name[circle[0]]
        why = f"They wait for one another: {' → '.join(circle)}."
        raise wrong("after", circle[1], job.where, why, job.place) from error


def _times(job: WeekJob, start_s: float, end_s: float) -> list[float]:
    """When it is asked for: once, or on each day of its kind before the plan ends."""
    first_s = job.at.at_s(start_s, start_s)
    times = [first_s]
    if job.every is not None:
        times = [first_s + n * DAY_S for n in range(MOST_DAYS)]
    found = [
        at_s for at_s in times if at_s < end_s and (job.every != "weekdays" or is_weekday(at_s))
    ]
    if not found:
        why = f"The plan ends before that, at {words(end_s)}."
        raise wrong("at", job.at.said, job.where, why, job.place)
    return found


def _one(
    job: WeekJob, at_s: float, start_s: float, after: tuple[str, ...]
) -> tuple[float, float | None, float | None, tuple[str, ...]]:
    not_before_s = None if job.not_before is None else job.not_before.at_s(start_s, at_s)
    by_s = None if job.by is None else job.by.at_s(start_s, at_s)
    if job.by is not None and by_s is not None:
        if by_s <= at_s:
            why = f"The job is asked for only at {words(at_s)}."
            raise wrong("by", job.by.said, job.where, why, job.place)
        if not_before_s is not None and by_s <= not_before_s:
            why = f"Its earliest start is {words(not_before_s)}."
            raise wrong("by", job.by.said, job.where, why, job.place)
    return at_s, not_before_s, by_s, after
