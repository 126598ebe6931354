"""Alibaba's openb trace on ten cards: what is accepted when nobody waits, and who waits how long.

A trace nobody here made: 8,152 tasks with fractional asks. Each is kept with a chance that makes
the highest demand what ten cards hold, or `load` times that, and its fraction is mapped to the
smallest slice with that share of the multiprocessors. Only the placing is compared, never the
order: first-fit takes the first card and the lowest start, best-fit the card with the least left
that holds it. The memory column is the host's and is left out.

- *lost*: a task is placed when it arrives or lost.
- *queued*: it waits its turn, the first come first. The first that has no place is given seats for
  the moment at which it would have them if nobody else came; who stands behind it may pass on
  seats that are not kept for it, or that are free again by then. All three are told the true times.

Fragmentation is FGD's (ATC'23): the free memory slices that a task of the mix could not use, every
kind of task weighed by how often it comes; its time average over the arrivals, as a share of what
is free. A gang that finds too few empty cards can use nothing of what is free.
"""

from __future__ import annotations

import argparse
import csv
import heapq
import math
import random
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from faults.kept import keep

from tenfold.hardware.declared import box as declared
from tenfold.placement.packing import packing
from tenfold.placement.slots import Occupancy
from tenfold.terms.box import DeviceKind, Slot
from tenfold.terms.mig import Placement
from tenfold.terms.needs import Needs

DATA = Path(__file__).parent / "data" / "openb.csv"
CARDS = 10
FULL = 255
STATES = 1 << 16  # of the cards, remembered
LOADS = (1.0, 1.2, 1.5)  # highest demand, of what ten cards hold
# The PCIe card has the same profiles and starts as the SXM one, and ten stand in one chassis.
_BOX = declared("10xH100-PCIe")
# Shares of the multiprocessors are those of the SXM card.
_PACK = packing(declared("1xH100-SXM").gpus[0].mig)


@dataclass(frozen=True)
class Task:
    at_s: float
    lasts_s: float
    gpus: float  # asked: a fraction of one, or several whole ones
    profile: str  # the smallest slice that holds it; empty: whole cards

    @cached_property
    def ask(self) -> tuple[str, int]:
        """What decides where there is a place: a profile, or so many whole cards."""
        return (self.profile, 0 if self.profile else max(1, round(self.gpus)))


Seats = list[tuple[int, int]]  # cards and masks
Place = Callable[[Task, list[int]], Seats | None]


def tasks(seed: int, load: float = 1.0) -> list[Task]:
    """One draw, in order of arrival; a higher load keeps all of it and adds to it."""
    found = _trace()
    chance = min(1.0, load * CARDS / _highest(found))
    rng = random.Random(seed)
    return sorted((t for t in found if rng.random() < chance), key=lambda t: t.at_s)


@cache
def _trace() -> tuple[Task, ...]:
    """Every task that ran, and that ten cards can hold."""
    found = []
    with open(DATA, encoding="utf-8") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            if not row["scheduled_s"] or not row["deleted_s"] or int(row["num_gpu"]) < 1:
                continue
            count, share = int(row["num_gpu"]), int(row["gpu_milli"]) / 1000
            lasts_s = float(row["deleted_s"]) - float(row["scheduled_s"])
            if lasts_s <= 0 or count > CARDS:
                continue
            profile = _PACK.wanted(Needs(gpus=1, share=share)) if count == 1 else None
            name = profile.name if profile and profile.compute < 7 else ""
            asked = share if count == 1 else float(count)
            found.append(Task(float(row["created_s"]), lasts_s, asked, name))
    return tuple(found)


def _highest(found: Sequence[Task]) -> float:
    """GPUs asked for at the busiest moment."""
    changes = [(t.at_s, t.gpus) for t in found] + [(t.at_s + t.lasts_s, -t.gpus) for t in found]
    now = most = 0.0
    for _, change in sorted(changes):
        now += change
        most = max(most, now)
    return most


def accepted(kept: list[Task], place: Place) -> dict[str, float]:
    """The share of the asked GPU time and of the tasks that had a place, and how often a task was
    lost though as many memory slices as it takes were free (fragmentation)."""
    taken = [0] * CARDS
    ends: list[tuple[float, int, Seats]] = []
    got_s = count = missed = 0.0
    for number, task in enumerate(kept):
        while ends and ends[0][0] <= task.at_s:
            for card, mask in heapq.heappop(ends)[2]:
                taken[card] &= ~mask
        seats = place(task, taken)
        if seats is None:
            free = sum(8 - mask.bit_count() for mask in taken)
            missed += free >= _size(task)
            continue
        for card, mask in seats:
            assert not taken[card] & mask
            taken[card] |= mask
        heapq.heappush(ends, (task.at_s + task.lasts_s, number, seats))
        got_s += task.gpus * task.lasts_s
        count += 1
    return {
        "gpu_time": round(got_s / sum(t.gpus * t.lasts_s for t in kept), 4),
        "tasks": round(count / len(kept), 4),
        "lost_though_free": round(missed / len(kept), 4),
    }


# -- where everybody waits ------------------------------------------------------------------------


@dataclass
class _Queue:
    """Ten cards, who sits where and who waits."""

    place: Place
    kinds: Counter[tuple[str, int]]
    taken: list[int] = field(default_factory=lambda: [0] * CARDS)
    waiting: list[tuple[int, Task]] = field(default_factory=list)
    running: list[tuple[float, int, Seats]] = field(default_factory=list)
    started_s: dict[int, float] = field(default_factory=dict)
    stays: list[tuple[int, Seats]] = field(default_factory=list)
    free_s: float = 0.0  # memory slices x seconds
    unusable_s: float = 0.0

    def leave(self, until_s: float) -> None:
        while self.running and self.running[0][0] <= until_s:
            for card, mask in heapq.heappop(self.running)[2]:
                self.taken[card] &= ~mask

    def admit(self, now: float) -> None:
        """Whoever may start now: in order, and past the first that cannot."""
        vain: set[tuple[object, ...]] = set()
        kept: Seats = []
        kept_from_s = math.inf
        left = []
        for number, task in self.waiting:
            ends_s = now + task.lasts_s
            asked = (task.ask, ends_s <= kept_from_s)
            seats = None if asked in vain else self._seats(task, kept, asked[1])
            if seats is not None:
                self._start(number, task, seats, now)
                continue
            vain.add(asked)
            left.append((number, task))
            if not kept:
                kept_from_s, kept = self._promise(task)
        self.waiting = left

    def _seats(self, task: Task, kept: Seats, in_time: bool) -> Seats | None:
        """What is not kept comes first; who ends in time may have the rest as well."""
        seats = self.place(task, _with(self.taken, kept))
        return self.place(task, self.taken) if seats is None and kept and in_time else seats

    def _start(self, number: int, task: Task, seats: Seats, now: float) -> None:
        for card, mask in seats:
            assert not self.taken[card] & mask
            self.taken[card] |= mask
        self.started_s[number] = now
        self.stays.append((number, seats))
        heapq.heappush(self.running, (now + task.lasts_s, number, seats))

    def _promise(self, task: Task) -> tuple[float, Seats]:
        """When the task would have a place if nobody else came, and which."""
        taken = list(self.taken)
        for ends_s, _, seats in sorted(self.running, key=lambda one: one[:2]):
            for card, mask in seats:
                taken[card] &= ~mask
            found = self.place(task, taken)
            if found is not None:
                return ends_s, found
        raise AssertionError("ten empty cards hold every task")

    def note(self, seconds: float) -> None:
        """That the cards stood so for so long."""
        free, unusable = _fragments(tuple(self.taken), tuple(sorted(self.kinds.items())))
        self.free_s += free * seconds
        self.unusable_s += unusable * seconds


def _with(taken: Sequence[int], seats: Seats) -> list[int]:
    both = list(taken)
    for card, mask in seats:
        both[card] |= mask
    return both


def queued(kept: list[Task], place: Place) -> _Queue:
    """Play a draw to its end."""
    queue = _Queue(place, Counter(task.ask for task in kept))
    coming = list(enumerate(kept))[::-1]
    now = kept[0].at_s
    while coming or queue.running:
        ends_s = queue.running[0][0] if queue.running else math.inf
        following = min(ends_s, coming[-1][1].at_s if coming else math.inf)
        if coming:
            queue.note(following - now)
        now = following
        queue.leave(now)
        while coming and coming[-1][1].at_s <= now:
            queue.waiting.append(coming.pop())
        queue.admit(now)
    return queue


@lru_cache(maxsize=STATES)
def _fragments(
    taken: tuple[int, ...], kinds: tuple[tuple[tuple[str, int], int], ...]
) -> tuple[float, float]:
    """Free memory slices, and how many of them a task of the mix cannot use on average."""
    free = [8 - mask.bit_count() for mask in taken]
    total = sum(count for _, count in kinds)
    unusable = sum(count * _useless(taken, free, *ask) for ask, count in kinds)
    return float(sum(free)), unusable / total


def _useless(taken: Sequence[int], free: Sequence[int], profile: str, gpus: int) -> int:
    if profile:
        able = [bool(_PACK.free(profile, mask)) for mask in taken]
    else:
        able = [not mask for mask in taken]
        if sum(able) < gpus:
            return sum(free)
    return sum(left for left, can in zip(free, able, strict=True) if not can)


def waits(kept: list[Task], place: Place) -> dict[str, float]:
    """Hours of waiting: plain, by the GPUs asked for, of the slowest; and the fragmentation."""
    queue = queued(kept, place)
    each_h = [(queue.started_s[n] - task.at_s) / 3600 for n, task in enumerate(kept)]
    pairs = zip(kept, each_h, strict=True)
    found = {
        "mean_h": statistics.mean(each_h),
        "by_gpus_h": sum(t.gpus * wait_h for t, wait_h in pairs) / sum(t.gpus for t in kept),
        "p95_h": sorted(each_h)[math.ceil(0.95 * len(each_h)) - 1],
        "at_once": sum(wait_h == 0.0 for wait_h in each_h) / len(each_h),
    }
    if place is not scattered:
        found["unusable"] = queue.unusable_s / queue.free_s
    return found


# -- the placers ----------------------------------------------------------------------------------


def _size(task: Task) -> int:
    if not task.profile:
        return 8 * task.ask[1]
    profile = _PACK.geometry.profile(task.profile)
    assert profile is not None
    return profile.size


def first_fit(task: Task, taken: list[int]) -> Seats | None:
    return _fit(task.ask, tuple(taken), fullest=False)


def best_fit(task: Task, taken: list[int]) -> Seats | None:
    return _fit(task.ask, tuple(taken), fullest=True)


@lru_cache(maxsize=STATES)
def _fit(ask: tuple[str, int], taken: tuple[int, ...], *, fullest: bool) -> Seats | None:
    profile, gpus = ask
    cards = list(range(CARDS))
    if fullest:
        cards.sort(key=lambda card: -taken[card].bit_count())
    if not profile:
        free = [card for card in cards if not taken[card]][:gpus]
        return [(card, FULL) for card in free] if len(free) == gpus else None
    for card in cards:
        starts = _PACK.free(profile, taken[card])
        if starts:
            return [(card, min(starts, key=lambda one: one.start).mask)]
    return None


def tenfold(task: Task, taken: list[int]) -> Seats | None:
    """The slot of Tenfold's own packer for the same state."""
    return _tenfold(task.ask, tuple(taken))


@lru_cache(maxsize=STATES)
def _tenfold(ask: tuple[str, int], taken: tuple[int, ...]) -> Seats | None:
    occupied = Occupancy(_BOX)
    for card, mask in enumerate(taken):
        for start in range(8):
            if mask >> start & 1:
                occupied.keep(_cell(card, start))
    profile, gpus = ask
    slot = occupied.slot(Needs(slice=profile) if profile else Needs(gpus=gpus))
    if slot is None:
        return None
    mask = FULL if slot.slice is None else slot.slice.mask
    return [(int(id.removeprefix("gpu")), mask) for id in slot.devices]


@cache
def _cell(card: int, start: int) -> Slot:
    """One memory slice."""
    cell = Placement("", start, 1)
    return Slot("node0", (f"gpu{card}",), DeviceKind.GPU, 1, 1.0, slice=cell)


def scattered(task: Task, taken: list[int]) -> Seats | None:
    """Any free memory slices, on whatever cards: what no placer can do."""
    left = _size(task)
    if sum(mask.bit_count() for mask in taken) > 8 * CARDS - left:
        return None
    seats = []
    for card, mask in enumerate(taken):
        cells = [1 << start for start in range(8) if not mask >> start & 1][:left]
        if cells:
            seats.append((card, sum(cells)))
            left -= len(cells)
    return seats


PLACERS: dict[str, Place] = {
    "tenfold": tenfold,
    "first-fit": first_fit,
    "best-fit": best_fit,
    "without geometry": scattered,
}


def part(seeds: range) -> dict[str, object]:
    """Means over the draws."""
    return {
        "seeds": len(seeds),
        "tasks": len(tasks(0)),
        **_means(seeds, 1.0, accepted),
        "queued": {
            f"load {load:g}": {"tasks": len(tasks(0, load)), **_means(seeds, load, waits)}
            for load in LOADS
        },
    }


def _means(
    seeds: range, load: float, judged: Callable[[list[Task], Place], dict[str, float]]
) -> dict[str, dict[str, float]]:
    draws = [tasks(seed, load) for seed in seeds]
    found = {name: [judged(kept, place) for kept in draws] for name, place in PLACERS.items()}
    return {
        name: {key: round(statistics.mean(row[key] for row in rows), 4) for key in rows[0]}
        for name, rows in found.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--out", type=Path, help="JSON file, instead of the kept one")
    asked = parser.parse_args()
    keep("openb", part(range(asked.seeds)), asked.out)


if __name__ == "__main__":
    main()
