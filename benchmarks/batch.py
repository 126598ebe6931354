"""Batches on one card: when the last task ends, against proven bounds. `part(seeds)`.

Tasks as in FAR's generator (Villarrubia et al., JPDC 2025; artecs-group/RL_MIG_scheduler): 1 to
100 s on one compute slice; from s - 1 to s slices the time is multiplied by (s - 1 + e) / s, with e
from N(.05, .05) while the task scales and from N(.75, .25), within .5 and 1, once it does not.
Tasks bound by memory have e from N(-.3, .3), within -.5 and 0, but do not scale from 3 to 4 slices,
where no memory is added. Here the last size that a task scales to is drawn evenly, and every second
task is bound by memory. One H100, and the driver's seconds to create and destroy instances.

- *tenfold*: decide() in the simulation, all tasks children of one parent; *old rule*: the same
  without a parent. What they did is judged and played again by a clock of its own, on which the
  driver does one thing at a time.
- *far-like*: a family of moldings, each with its tasks listed longest first on the tree of slots,
  without FAR's last phase, which moves and exchanges tasks. Played by the same clock.
- The bound is CP-SAT's for a relaxation: each task has a placement, and on no memory slice do tasks
  and the driver's work (each placement in use is created once, and destroyed but for the last) take
  longer than the makespan. Who waits for the driver or for a larger slot is left out, so every
  ratio is a little too high, never too low. Up to 8 tasks the relaxation's optimum is proven;
  beyond, the bound is what CP-SAT has proven in bounded work, or the area, or the longest task.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from faults.kept import keep
from ortools.sat.python import cp_model

from tenfold.hardware.declared import box as declared
from tenfold.placement.simulate import Arrival, Record, simulate
from tenfold.terms.budget import Budget, BudgetStep
from tenfold.terms.job import JobSpec
from tenfold.terms.needs import Needs

FEW = range(3, 9)
MANY = (10, 20, 30, 40)
FREE = Budget((BudgetStep(0.0, float("inf")),))
BOX = "1xH100-SXM"
SLICES = (1, 2, 3, 4, 7)  # compute slices of the sizes
CELLS = 8  # memory slices of a card
# Work of CP-SAT, in its own measure, which is the same on every machine: 1 is two to three seconds.
PROOF_FEW, PROOF_MANY = 10.0, 0.5
TICKS = 100  # of a second


@dataclass(frozen=True)
class Size:
    """A profile, typed off `nvidia-smi mig -lgipp` and FAR's table of seconds anew."""

    compute: int
    cells: int
    starts: tuple[int, ...]
    create_s: float
    destroy_s: float


SIZES = {
    "7g.80gb": Size(7, 8, (0,), 0.42, 0.26),
    "4g.40gb": Size(4, 4, (0,), 0.38, 0.26),
    "3g.40gb": Size(3, 4, (0, 4), 0.33, 0.25),
    "2g.20gb": Size(2, 2, (0, 2, 4), 0.21, 0.23),
    "1g.20gb": Size(1, 2, (0, 2, 4, 6), 0.16, 0.21),
    "1g.10gb": Size(1, 1, (0, 1, 2, 3, 4, 5, 6), 0.16, 0.21),
}
Spot = tuple[str, int]  # profile and start
# A double-memory 1g does nothing here that a 1g on the same start would not do.
SPOTS: list[Spot] = [
    (name, start) for name, size in SIZES.items() for start in size.starts if name != "1g.20gb"
]
Task = dict[int, float]  # compute slices -> seconds


@dataclass(frozen=True)
class Run:
    """One task of a schedule; a schedule is in the order of starts."""

    task: int
    spot: Spot
    from_s: float = 0.0  # not before


def part(seeds: Sequence[int]) -> dict[str, Any]:
    """Ratios of the makespan to the optimum (few tasks) and to the proven bound (many)."""
    few = [_compared(seed, count, PROOF_FEW) for seed in seeds for count in FEW]
    # Many tasks take long to play and to bound: of every second seed.
    many = {str(n): [_compared(seed, n, PROOF_MANY) for seed in seeds[::2]] for n in MANY}
    proven = [one for one in few if one["proven"]]
    return {
        "seeds": len(seeds),
        "few": {"drawn": len(few), "proven": len(proven), **_ratios(proven)},
        "many": {count: {"drawn": len(found), **_ratios(found)} for count, found in many.items()},
    }


def _ratios(found: Sequence[dict[str, float]]) -> dict[str, Any]:
    return {
        name: {
            "mean": round(statistics.mean(one[name] for one in found), 4),
            "worst": round(max(one[name] for one in found), 4),
        }
        for name in ("tenfold", "old rule", "far-like")
    }


def _compared(seed: int, count: int, proof: float) -> dict[str, float]:
    tasks = drawn(seed, count)
    least_s, proven = bound(tasks, proof)
    return {
        "tenfold": played(tasks, scheduled(tasks, "sweep")) / least_s,
        "old rule": played(tasks, scheduled(tasks, None)) / least_s,
        "far-like": played(tasks, far_like(tasks)) / least_s,
        "proven": proven,
    }


# -- tasks --------------------------------------------------------------------------------------


def drawn(seed: int, count: int) -> list[Task]:
    rng = random.Random(f"{seed}/{count}")
    return [_task(rng, rng.choice(SLICES), number % 2 == 0) for number in range(count)]


def _task(rng: random.Random, scales_to: int, memory_bound: bool) -> Task:
    lasts_s = rng.uniform(1.0, 100.0)
    seconds = {1: lasts_s}
    for slices in range(2, 8):
        if slices > scales_to or (memory_bound and slices == 4):
            e = _clipped(rng.gauss(0.75, 0.25), 0.5, 1.0)
        elif memory_bound:
            e = _clipped(rng.gauss(-0.3, 0.3), -0.5, 0.0)
            memory_bound = rng.random() > 0.025  # now and then memory is enough from here on
        else:
            e = _clipped(rng.gauss(0.05, 0.05), 0.0, 1.0)
        lasts_s *= (slices - 1 + e) / slices
        seconds[slices] = lasts_s
    return {slices: seconds[slices] for slices in SLICES}


def _clipped(value: float, least: float, most: float) -> float:
    return min(most, max(least, value))


# -- schedules ----------------------------------------------------------------------------------


def scheduled(tasks: Sequence[Task], parent: str | None) -> list[Run]:
    """What decide() does with them in the simulation."""
    record = simulate(declared(BOX), FREE, [_arrival(n, t, parent) for n, t in enumerate(tasks)])
    _judge(tasks, record)
    stays = sorted(record.stays, key=lambda stay: (stay.start_s, stay.slot.carve_s))
    return [
        Run(int(stay.job), (stay.slot.slice.profile, stay.slot.slice.start), stay.start_s)
        for stay in stays
        if stay.slot.slice is not None
    ]


def _arrival(number: int, task: Task, parent: str | None) -> Arrival:
    speeds = tuple(task[7] / task[slices] for slices in SLICES)
    needs = Needs(gpus=1, speeds=speeds, time_s=task[7])
    return Arrival(str(number), JobSpec("batch", needs=needs, parent=parent))


def _judge(tasks: Sequence[Task], record: Record) -> None:
    """Every task ran once, for as long as its slice takes, and nobody sat on anybody."""
    assert sorted(int(stay.job) for stay in record.stays) == list(range(len(tasks)))
    for stay in record.stays:
        place = stay.slot.slice
        assert stay.done and place is not None and place.start in SIZES[place.profile].starts
        lasts_s = tasks[int(stay.job)][SIZES[place.profile].compute]
        assert abs(stay.end_s - stay.start_s - stay.slot.carve_s - lasts_s) < 1e-6
    for number, stay in enumerate(record.stays):
        for other in record.stays[:number]:
            apart = stay.start_s > other.end_s - 1e-9 or other.start_s > stay.end_s - 1e-9
            assert apart or not _cells(stay) & _cells(other)


def _cells(stay: Any) -> set[int]:
    place = stay.slot.slice
    return set(_covered((place.profile, place.start)))


def _covered(spot: Spot) -> range:
    name, start = spot
    return range(start, start + SIZES[name].cells)


def played(tasks: Sequence[Task], schedule: Sequence[Run]) -> float:
    """When the last one ends, each as soon as its memory slices are free and the driver has made
    its instance. The driver does one thing at a time, in the order of the schedule."""
    free_s = [0.0] * CELLS
    standing: set[Spot] = set()
    driver_s = 0.0
    for run in schedule:
        covered = _covered(run.spot)
        begin_s = max(run.from_s, *(free_s[cell] for cell in covered))
        if run.spot not in standing:
            gone = {spot for spot in standing if set(_covered(spot)) & set(covered)}
            driver_s = max(driver_s, begin_s) + sum(SIZES[name].destroy_s for name, _ in gone)
            driver_s += SIZES[run.spot[0]].create_s
            standing = standing - gone | {run.spot}
            begin_s = driver_s
        for cell in covered:
            free_s[cell] = begin_s + tasks[run.task][SIZES[run.spot[0]].compute]
    return max(free_s)


def far_like(tasks: Sequence[Task]) -> list[Run]:
    """First every task where it takes the least of the card; then, one molding after another, the
    longest gets the next size on which it is faster. The molding that ends first."""
    names = list(reversed(SIZES))  # small ones first
    molding = [
        min(names, key=lambda name: SIZES[name].cells * task[SIZES[name].compute]) for task in tasks
    ]
    best: tuple[float, list[Run]] | None = None
    while True:
        listed = _listed(tasks, molding)
        end_s = played(tasks, listed)
        if best is None or end_s < best[0]:
            best = (end_s, listed)
        seconds = [task[SIZES[name].compute] for task, name in zip(tasks, molding, strict=True)]
        longest = seconds.index(max(seconds))
        faster = [
            name
            for name in names[names.index(molding[longest]) :]
            if tasks[longest][SIZES[name].compute] < seconds[longest]
        ]
        if not faster:
            return best[1]
        molding[longest] = faster[0]


def _listed(tasks: Sequence[Task], molding: Sequence[str]) -> list[Run]:
    """The large sizes first, of a size the longest first, each on the start that is free first."""
    free_s = [0.0] * CELLS
    begun: list[tuple[float, int, Run]] = []
    for name, size in SIZES.items():
        mine = [number for number, molded in enumerate(molding) if molded == name]
        for number in sorted(mine, key=lambda n: -tasks[n][size.compute]):
            spots = [(name, start) for start in size.starts]
            spot = min(spots, key=lambda one: max(free_s[cell] for cell in _covered(one)))
            begin_s = max(free_s[cell] for cell in _covered(spot))
            begun.append((begin_s, len(begun), Run(number, spot)))
            for cell in _covered(spot):
                free_s[cell] = begin_s + tasks[number][size.compute]
    return [run for _, _, run in sorted(begun, key=lambda one: one[:2])]


# -- the proven bound ---------------------------------------------------------------------------


def bound(tasks: Sequence[Task], work: float) -> tuple[float, bool]:
    """Seconds that no schedule ends before, and whether the relaxation's optimum is proven."""
    model = cp_model.CpModel()
    end = model.new_int_var(0, 10**6 * TICKS, "end")
    used = {spot: model.new_bool_var(f"{spot}") for spot in SPOTS}
    terms: list[list[Any]] = [[] for _ in range(CELLS)]
    for number, task in enumerate(tasks):
        seats = []
        for spot in SPOTS:
            seat = model.new_bool_var(f"{number} on {spot}")
            model.add_implication(seat, used[spot])
            seats.append(seat)
            for cell in _covered(spot):  # rounded down: a bound stays one
                terms[cell].append(int(task[SIZES[spot[0]].compute] * TICKS) * seat)
        model.add_exactly_one(seats)
    for spot, is_used in used.items():
        size = SIZES[spot[0]]
        for cell in _covered(spot):
            terms[cell].append(round((size.create_s + size.destroy_s) * TICKS) * is_used)
    last = round(max(size.destroy_s for size in SIZES.values()) * TICKS)
    for cell in range(CELLS):
        model.add(sum(terms[cell]) - last <= end)
    model.minimize(end)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    solver.parameters.max_deterministic_time = work
    status = solver.solve(model)
    proven_s = solver.best_objective_bound / TICKS
    return max(proven_s, _plain_bound(tasks)), status == cp_model.OPTIMAL


def _plain_bound(tasks: Sequence[Task]) -> float:
    """The longest task on its fastest size, and the area on memory and on compute slices."""
    return max(
        max(min(task.values()) for task in tasks),
        sum(_least(task, lambda size: size.cells / CELLS) for task in tasks),
        sum(_least(task, lambda size: size.compute / 7) for task in tasks),
    )


def _least(task: Task, share: Callable[[Size], float]) -> float:
    return min(share(size) * task[size.compute] for size in SIZES.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--out", type=Path, help="JSON file, instead of the kept one")
    asked = parser.parse_args()
    keep("batch", part(range(asked.seeds)), asked.out)


if __name__ == "__main__":
    main()
