"""Alibaba's openb trace on ten cards: what is accepted when nobody waits.

A trace nobody here made: 8,152 tasks with fractional asks. Each is kept with a chance that makes
the highest demand what ten cards hold, its fraction is mapped to the smallest slice with that share
of the multiprocessors, and it is placed when it arrives or lost (a loss system: so only the placing
is compared, not the order). Peers: first-fit (first card, lowest start), best-fit (the card with
the least left that holds it, lowest start). The memory column is the host's and is left out.
"""

from __future__ import annotations

import csv
import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tenfold.hardware.declared import box as declared
from tenfold.placement.packing import packing
from tenfold.placement.slots import Hold, Occupancy
from tenfold.terms.box import DeviceKind, Slot
from tenfold.terms.mig import Placement
from tenfold.terms.needs import Needs

DATA = Path(__file__).parent / "data" / "openb.csv"
CARDS = 10
FULL = 255


@dataclass(frozen=True)
class Task:
    at_s: float
    lasts_s: float
    gpus: float  # asked: a fraction of one, or several whole ones
    profile: str  # the smallest slice that holds it; empty: whole cards


Place = Callable[[Task, list[int]], "list[tuple[int, int]] | None"]  # cards and masks


def tasks(seed: int) -> list[Task]:
    """One draw, in order of arrival."""
    pack = packing(declared("1xH100-SXM").gpus[0].mig)  # type: ignore[arg-type]
    found = []
    with open(DATA, encoding="utf-8") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            if not row["scheduled_s"] or not row["deleted_s"] or int(row["num_gpu"]) < 1:
                continue
            count, share = int(row["num_gpu"]), int(row["gpu_milli"]) / 1000
            lasts_s = float(row["deleted_s"]) - float(row["scheduled_s"])
            if lasts_s <= 0 or count > CARDS:
                continue
            profile = pack.wanted(Needs(gpus=1, share=share)) if count == 1 else None
            name = profile.name if profile and profile.compute < 7 else ""
            asked = share if count == 1 else float(count)
            found.append(Task(float(row["created_s"]), lasts_s, asked, name))
    chance = min(1.0, CARDS / _highest(found))
    rng = random.Random(seed)
    return sorted((t for t in found if rng.random() < chance), key=lambda t: t.at_s)


def _highest(found: list[Task]) -> float:
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
    ends: list[tuple[float, int, list[tuple[int, int]]]] = []
    got_s = count = scattered = 0.0
    for number, task in enumerate(kept):
        while ends and ends[0][0] <= task.at_s:
            for card, mask in heapq.heappop(ends)[2]:
                taken[card] &= ~mask
        seats = place(task, taken)
        if seats is None:
            free = sum(8 - mask.bit_count() for mask in taken)
            scattered += free >= _size(task)
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
        "lost_though_free": round(scattered / len(kept), 4),
    }


def _size(task: Task) -> int:
    if not task.profile:
        return 8 * max(1, round(task.gpus))
    profile = _PACK.geometry.profile(task.profile)
    assert profile is not None
    return profile.size


_PACK = packing(declared("1xH100-SXM").gpus[0].mig)  # type: ignore[arg-type]


def _starts(task: Task, mask: int) -> list[Placement]:
    return _PACK.free(task.profile, mask)


def first_fit(task: Task, taken: list[int]) -> list[tuple[int, int]] | None:
    return _fit(task, taken, list(range(CARDS)))


def best_fit(task: Task, taken: list[int]) -> list[tuple[int, int]] | None:
    return _fit(task, taken, sorted(range(CARDS), key=lambda card: -taken[card].bit_count()))


def _fit(task: Task, taken: list[int], cards: list[int]) -> list[tuple[int, int]] | None:
    if not task.profile:
        free = [card for card in cards if not taken[card]][: max(1, round(task.gpus))]
        return [(c, FULL) for c in free] if len(free) == max(1, round(task.gpus)) else None
    for card in cards:
        starts = _starts(task, taken[card])
        if starts:
            return [(card, min(starts, key=lambda one: one.start).mask)]
    return None


def tenfold(task: Task, taken: list[int]) -> list[tuple[int, int]] | None:
    """The slot of Tenfold's own packer for the same state."""
    occupied = Occupancy(_BOX)
    for card, mask in enumerate(taken):
        for start in range(8):
            if mask >> start & 1:
                cell = Placement("", start, 1)
                slot = Slot("node0", (f"gpu{card}",), DeviceKind.GPU, 1, 1.0, slice=cell)
                occupied.take(Hold(f"{card}.{start}", slot, 0.0, 0.0))
    needs = Needs(slice=task.profile) if task.profile else Needs(gpus=max(1, round(task.gpus)))
    slot = occupied.slot(needs)
    if slot is None:
        return None
    mask = FULL if slot.slice is None else slot.slice.mask
    return [(int(id.removeprefix("gpu")), mask) for id in slot.devices]


# The PCIe card has the same profiles and starts, ten to a chassis.
_BOX = declared("10xH100-PCIe")


def part(seeds: range) -> dict[str, object]:
    """Means over the draws."""
    sums: dict[str, dict[str, float]] = {}
    for seed in seeds:
        kept = tasks(seed)
        for name, place in (("tenfold", tenfold), ("first-fit", first_fit), ("best-fit", best_fit)):
            found = accepted(kept, place)
            row = sums.setdefault(name, dict.fromkeys(found, 0.0))
            for key, value in found.items():
                row[key] += value / len(seeds)
    means = {name: {k: round(v, 4) for k, v in row.items()} for name, row in sums.items()}
    return {"seeds": len(seeds), "tasks": len(tasks(0)), **means}
