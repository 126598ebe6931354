"""MISO's experiment (SoCC'22) again: its trace and speeds, and the policies beside ours.

100 jobs of its trace in a random order, Poisson gaps (mean 30 s for the first third, 60 s after),
eight A100 40 GB. What is here are the policies that Tenfold is compared with:

- `whole`: a job has a card for itself, first come first served;
- `static`: every card keeps one of MISO's partitions; the next job takes the free slice on which it
  is fastest, and jobs behind one that fits no free slice may pass it;
- `plain`: MISO's idea with an oracle for the speeds: the next job goes to the card with the fewest
  jobs on which all still fit, the card is laid out for the largest sum of speeds, and every job on
  a card that is laid out anew stops for the pause.

None of them knows arrivals or how long a job still runs.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import permutations
from pathlib import Path

DATA = json.loads((Path(__file__).parent / "data" / "miso.json").read_text(encoding="utf-8"))
GPUS = 8
SIZES = ("1", "2", "3", "4", "7")
Speeds = tuple[float, ...]
PARTITIONS = tuple(tuple(sorted(one, reverse=True)) for one in DATA["partitions"])


@dataclass(frozen=True)
class Task:
    number: int
    at_s: float
    work_s: float  # on a whole card
    speeds: Speeds  # on 1, 2, 3, 4, 7 compute slices; 0 does not fit

    def speed(self, size: int) -> float:
        return self.speeds[SIZES.index(str(size))]


def trace(seed: int) -> list[Task]:
    """One draw of the experiment."""
    rng = random.Random(seed)
    jobs = [
        (float(DATA["job_seconds_on_7g"][key]), DATA["job_model"][key])
        for key in DATA["job_seconds_on_7g"]
    ]
    rng.shuffle(jobs)
    tasks, at_s = [], 0.0
    for number, (work_s, model) in enumerate(jobs):
        at_s += rng.expovariate(1 / (30.0 if number < len(jobs) / 3 else 60.0))
        speeds = tuple(float(DATA["speed"][model][size]) for size in SIZES)
        tasks.append(Task(number, at_s, work_s, speeds))
    return tasks


@dataclass
class Running:
    task: Task
    left_s: float  # on a whole card
    size: int = 0
    paused_until_s: float = 0.0

    def end_s(self, now: float) -> float:
        return max(now, self.paused_until_s) + self.left_s / self.task.speed(self.size)

    def advance(self, from_s: float, until_s: float) -> None:
        worked_s = max(0.0, until_s - max(from_s, self.paused_until_s))
        self.left_s -= worked_s * self.task.speed(self.size)


@dataclass
class Card:
    jobs: list[Running] = field(default_factory=list)


def whole(tasks: Sequence[Task]) -> dict[int, float]:
    return static(tasks, (7,))


def static(tasks: Sequence[Task], partition: tuple[int, ...]) -> dict[int, float]:
    """When each ends."""
    free = sorted(list(partition) * GPUS)
    waiting: list[Task] = []
    coming = list(tasks)
    running: list[tuple[float, int, Task]] = []
    ended: dict[int, float] = {}
    now = 0.0
    while coming or running:
        following = min([coming[0].at_s] if coming else [], default=None)
        ends = min(running)[0] if running else None
        now = min(one for one in (following, ends) if one is not None)
        for one in [one for one in running if one[0] <= now]:
            running.remove(one)
            free.append(one[1])
            ended[one[2].number] = one[0]
        while coming and coming[0].at_s <= now:
            waiting.append(coming.pop(0))
        for task in list(waiting):
            able = [size for size in free if task.speed(size) > 0]
            if able:
                size = max(able, key=task.speed)
                free.remove(size)
                waiting.remove(task)
                running.append((now + task.work_s / task.speed(size), size, task))
    return ended


def holds_all(tasks: Sequence[Task], partition: tuple[int, ...]) -> bool:
    return all(any(task.speed(size) > 0 for size in partition) for task in tasks)


@cache
def best_split(speeds: tuple[Speeds, ...]) -> tuple[float, tuple[int, ...]]:
    """The sizes for these jobs with the largest sum of speeds; (0, ()) where they do not fit."""
    best: tuple[float, tuple[int, ...]] = (0.0, ())
    for partition in PARTITIONS:
        if len(partition) < len(speeds):
            continue
        for sizes in set(permutations(partition, len(speeds))):
            each = [one[SIZES.index(str(size))] for one, size in zip(speeds, sizes, strict=True)]
            if min(each, default=1.0) > 0 and sum(each) > best[0]:
                best = (sum(each), sizes)
    return best


def plain(tasks: Sequence[Task], pause_s: float) -> dict[int, float]:
    """The oracle re-layout policy; when each ends."""
    cards = [Card() for _ in range(GPUS)]
    waiting: list[Task] = []
    coming = list(tasks)
    ended: dict[int, float] = {}
    now = 0.0
    while coming or any(card.jobs for card in cards):
        ends = [(job.end_s(now), job) for card in cards for job in card.jobs]
        following = min([coming[0].at_s if coming else float("inf"), *(end_s for end_s, _ in ends)])
        for card in cards:
            for job in card.jobs:
                job.advance(now, following)
        now = following
        for card in cards:
            done = [job for job in card.jobs if job.left_s <= 1e-6]
            if done:
                ended.update({job.task.number: now for job in done})
                card.jobs = [job for job in card.jobs if job not in done]
                _lay_out(card, now, pause_s)
        while coming and coming[0].at_s <= now:
            waiting.append(coming.pop(0))
        while waiting:
            able = [card for card in cards if _fits(card, waiting[0])]
            if not able:
                break
            card = min(able, key=lambda card: len(card.jobs))
            task = waiting.pop(0)
            card.jobs.append(Running(task, task.work_s))
            _lay_out(card, now, pause_s)
    return ended


def _fits(card: Card, task: Task) -> bool:
    if len(card.jobs) == 7:
        return False
    return bool(best_split(_speeds([*(job.task for job in card.jobs), task]))[1])


def _speeds(tasks: Sequence[Task]) -> tuple[Speeds, ...]:
    return tuple(task.speeds for task in tasks)


def _lay_out(card: Card, now: float, pause_s: float) -> None:
    card.jobs.sort(key=lambda job: job.task.speeds)
    _, sizes = best_split(_speeds([job.task for job in card.jobs]))
    if list(sizes) == [job.size for job in card.jobs]:
        return
    alone = len(card.jobs) == 1 and card.jobs[0].size == 0
    for job, size in zip(card.jobs, sizes, strict=True):
        job.size = size
        job.paused_until_s = now if alone else now + pause_s


def mean_s(tasks: Sequence[Task], ended: dict[int, float]) -> float:
    """Mean time from arrival to end."""
    return sum(ended[task.number] - task.at_s for task in tasks) / len(tasks)
