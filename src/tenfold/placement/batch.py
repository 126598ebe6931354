"""A batch on cards that are carved for it: which task runs on which slice, and when, so that the
last one ends as early as can be.

`plan(card, tasks)` lays out one card; `share(cards, tasks)` deals a batch over several first.
Nobody is moved or stopped. What counts beside the tasks: the driver's seconds to create and destroy
instances (one at a time on a card; one that stands there already and fits is free), and from when
each memory slice is free.

Legal placements lie inside one another or side by side, never across. So all that matters is who
runs on which placement: each placement's tasks run in one go, those of the large placements before
those of the small ones inside them (as in FAR: Villarrubia et al., JPDC 2025) or after them, and a
layout ends when its fullest memory slice does. The seats are dealt longest task first. Then two to
four tasks at a time are lifted, one of them from a fullest memory slice, and put back in the best
of all ways; where that helps no more, all are dealt anew in another order and by another measure.
The search is bounded by the seats that it looks at, never by a clock: the same batch has the same
plan.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import mul

from tenfold.terms.mig import SLICES, Geometry, Placement

LOOKS = 16_000  # seats that one plan looks at, of 4 microseconds each
LOOKS_FIRST = 1500  # for one task; for n tasks n * n as many, up to the above
MOST = 64  # tasks that are planned on one card: of more, the longest
LIFTED = (2, 3, 3, 4)  # tasks that are put back together, drawn anew each time
PATIENCE = 0.1  # vain attempts, times the square of the tasks, before all are dealt anew

_Score = tuple[float, float]  # when the fullest memory slice is done; then how even they are
_Runs = dict[int, tuple[float, float]]  # spot -> from when it is taken, from when its tasks run


@dataclass(frozen=True)
class Task:
    """What is left to do."""

    id: str
    seconds: Mapping[str, float]  # by profile, more than 0; where one is missing it does not run
    memory_gib: float = 0.0


@dataclass(frozen=True)
class Card:
    """A card as it is at time 0, the present."""

    geometry: Geometry
    free_s: tuple[float, ...] = (0.0,) * SLICES  # from when each memory slice is free; inf: never
    standing: tuple[Placement, ...] = ()  # instances of ours, also those that are in use


@dataclass(frozen=True)
class Seat:
    """A task's place. It is taken from `start_s` on; the driver's work, if any, comes first."""

    task: str
    place: Placement
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Plan:
    seats: tuple[Seat, ...]  # in the order in which they are to be started
    left: tuple[str, ...]  # tasks that have no place on this card
    end_s: float


def plan(card: Card, tasks: Sequence[Task], looks: int = LOOKS) -> Plan:
    """The shortest plan that was found for `tasks` on one card."""
    board = _board(card.geometry)
    options = {task.id: board.options(card, task) for task in tasks}
    able = [task.id for task in tasks if options[task.id]]
    left = tuple(task.id for task in tasks if not options[task.id])
    able.sort(key=lambda id: (-min(options[id].values()), id))
    ids = able[:MOST]
    if not ids:
        return Plan((), left, 0.0)
    seats = _Search(board, card, [options[id] for id in ids], looks).seats(ids)
    return Plan(seats, left, max(seat.end_s for seat in seats))


def share(cards: Sequence[Card], tasks: Sequence[Task]) -> list[list[Task]]:
    """Deal `tasks` over `cards`: the one with the largest part of a card's time first, each to the
    card that is then done soonest. Who fits on no card is given to none."""
    boards = [_board(card.geometry) for card in cards]
    loads_s = [sum(s for s in card.free_s if s < math.inf) / SLICES for card in cards]
    parts_s = {
        task.id: [
            board.part_s(board.options(card, task))
            for board, card in zip(boards, cards, strict=True)
        ]
        for task in tasks
    }
    shares: list[list[Task]] = [[] for _ in cards]
    for task in sorted(tasks, key=lambda one: (-min(parts_s[one.id]), one.id)):
        ends_s = [load_s + part_s for load_s, part_s in zip(loads_s, parts_s[task.id], strict=True)]
        end_s = min(ends_s)
        if end_s < math.inf:
            card = ends_s.index(end_s)
            loads_s[card] = end_s
            shares[card].append(task)
    return shares


@dataclass(frozen=True)
class _Spot:
    """A placement, by its number on the board."""

    place: Placement
    memory_gib: float
    create_s: float
    destroy_s: float
    across: int  # the spots that share a memory slice with it, itself among them, as bits


class _Board:
    """All spots of a geometry, the large ones first."""

    def __init__(self, geometry: Geometry) -> None:
        found = [
            (place, profile)
            for profile in geometry.profiles
            if not profile.with_media
            for place in profile.placements
        ]
        found.sort(key=lambda one: (-one[0].size, -one[1].compute, one[0].start))
        self.spots = tuple(
            _Spot(
                place,
                profile.memory_gib,
                profile.create_s,
                profile.destroy_s,
                sum(1 << n for n, (other, _) in enumerate(found) if other.mask & place.mask),
            )
            for place, profile in found
        )
        self.numbers = {spot.place: number for number, spot in enumerate(self.spots)}

    def options(self, card: Card, task: Task) -> dict[int, float]:
        """The spots that the task could have, and its seconds there, without those where it is no
        faster than on a part of their memory slices, unless they stand there already."""
        found: dict[int, float] = {}
        for number, spot in reversed(list(enumerate(self.spots))):  # small ones first
            place = spot.place
            seconds = task.seconds.get(place.profile)
            if seconds is None or spot.memory_gib < task.memory_gib:
                continue
            if math.inf in card.free_s[place.start : place.start + place.size]:
                continue
            inside = (s for n, s in found.items() if not self.spots[n].place.mask & ~place.mask)
            if place in card.standing or seconds < min(inside, default=math.inf):
                found[number] = seconds
        return found

    def part_s(self, options: Mapping[int, float]) -> float:
        """The least that a task takes of a whole card's time; inf where it has no place."""
        parts = (self.spots[n].place.size * seconds for n, seconds in options.items())
        return min(parts, default=math.inf) / SLICES


@lru_cache(maxsize=64)
def _board(geometry: Geometry) -> _Board:
    return _Board(geometry)


class _Layout:
    """Which spot every task has, and what that makes of the card. The driver's seconds for each
    spot that is used count here as if it were always made and destroyed."""

    def __init__(self, search: _Search) -> None:
        self.search = search
        self.spots = [-1] * len(search.options)
        self.users = [0] * len(search.carve_s)
        self.loads_s = [0.0] * len(search.carve_s)
        self.cells_s = list(search.free_s)  # when each memory slice is done, if nobody waits

    def put(self, task: int, spot: int) -> None:
        self.spots[task] = spot
        self._add(spot, 1, self.search.options[task][spot])

    def lift(self, task: int) -> None:
        spot = self.spots[task]
        self._add(spot, -1, -self.search.options[task][spot])

    def _add(self, spot: int, users: int, added_s: float) -> None:
        if self.users[spot] == (0 if users > 0 else 1):
            added_s += users * self.search.carve_s[spot]
        self.users[spot] += users
        self.loads_s[spot] += added_s
        low, high = self.search.bounds[spot]
        for cell in range(low, high):
            self.cells_s[cell] += added_s

    def score(self) -> _Score:
        """The least is the best."""
        if self.search.even:
            return _score(self.cells_s)
        return min(_score(self._ends_s(order)) for order in self.search.orders)

    def _ends_s(self, order: Iterable[int]) -> list[float]:
        """When each memory slice is done if who comes first in `order` goes first."""
        ends_s = list(self.search.free_s)
        for spot in order:
            if self.users[spot]:
                low, high = self.search.bounds[spot]
                ends_s[low:high] = [max(ends_s[low:high]) + self.loads_s[spot]] * (high - low)
        return ends_s


class _Search:
    """The seats of one batch on one card. Tasks and spots are numbers."""

    def __init__(
        self, board: _Board, card: Card, options: Sequence[dict[int, float]], looks: int
    ) -> None:
        self.options = options
        self.board = board
        self.bounds = [(s.place.start, s.place.start + s.place.size) for s in board.spots]
        # Nobody uses what is never free, so it may count as nothing.
        self.free_s = [free_s if free_s < math.inf else 0.0 for free_s in card.free_s]
        # Where all is free at the same time nobody waits for anybody, whoever goes first.
        self.even = len({free_s for free_s in card.free_s if free_s < math.inf}) == 1
        large_first = range(len(board.spots))
        self.orders: tuple[Sequence[int], ...] = (large_first, large_first[::-1])
        self.standing = sum(
            1 << board.numbers[place] for place in set(card.standing) & board.numbers.keys()
        )
        self.carve_s = [
            0.0 if self.standing >> number & 1 else spot.create_s + spot.destroy_s
            for number, spot in enumerate(board.spots)
        ]
        self.parts_s = [
            min((high - low) * found[n] for n, (low, high) in enumerate(self.bounds) if n in found)
            for found in options
        ]  # the least of all memory slices' time together
        self.looks = min(looks, LOOKS_FIRST * len(options) ** 2)
        self.random = random.Random(len(options))  # the same for the same batch, no more is asked
        self.layout = _Layout(self)
        self.least: _Score = (math.inf, math.inf)
        self.found: list[int] = []  # the best way to put back those that are lifted

    def seats(self, ids: Sequence[str]) -> tuple[Seat, ...]:
        """In the order of their starts."""
        spots, order = self._best()
        runs = self._runs(spots, order)
        seats = []
        for task in sorted(range(len(ids)), key=lambda task: (-self._lasts_s(spots, task), task)):
            taken_s, begin_s = runs[spots[task]]
            end_s = begin_s + self._lasts_s(spots, task)
            runs[spots[task]] = (end_s, end_s)
            seat = Seat(ids[task], self.board.spots[spots[task]].place, taken_s, end_s)
            seats.append((taken_s, begin_s, seat))
        return tuple(seat for _, _, seat in sorted(seats, key=lambda one: one[:2]))

    def _lasts_s(self, spots: Sequence[int], task: int) -> float:
        return self.options[task][spots[task]]

    def _best(self) -> tuple[list[int], Sequence[int]]:
        """The best of all layouts that could not be improved, with the driver's work played."""
        count = len(self.options)
        self._deal(range(count), by=1)
        best = self._played()
        vain = deals = 0
        while self.looks > 0:
            vain = 0 if self._improve() else vain + 1
            if vain > PATIENCE * count**2 or self.looks <= 0:
                best = min(best, self._played())
                for task in range(count):
                    self.layout.lift(task)
                self._deal(self._some(range(count), count), by=deals % 2)
                vain, deals = 0, deals + 1
        _, spots, number = best
        return spots, self.orders[number]

    def _played(self) -> tuple[float, list[int], int]:
        """When the layout ends, its spots, and which order is the better one."""
        spots = list(self.layout.spots)
        ends_s = [self._end_s(spots, order) for order in self.orders]
        return min(ends_s), spots, ends_s.index(min(ends_s))

    def _end_s(self, spots: Sequence[int], order: Sequence[int]) -> float:
        runs, loads_s = self._runs(spots, order), self._loads_s(spots)
        return max(begin_s + loads_s[spot] for spot, (_, begin_s) in runs.items())

    def _deal(self, order: Sequence[int], by: int) -> None:
        """Each where that part of the score grows the least: by the sum of squares small slices
        are filled evenly, by the fullest memory slice large ones are used sooner."""
        layout = self.layout
        for task in order:
            options = self.options[task]
            scores = []
            for spot in options:
                layout.put(task, spot)
                scores.append((layout.score()[by], spot))
                layout.lift(task)
            layout.put(task, min(scores)[1])

    def _improve(self) -> bool:
        """Put some tasks back in the best of all ways; whether that is better than it was."""
        layout = self.layout
        before = self.least = layout.score()
        cells_s = layout.cells_s
        full_s = max(cells_s) - 1e-9
        late: list[int] = []
        others: list[int] = []
        for task, spot in enumerate(layout.spots):
            low, high = self.bounds[spot]
            (late if max(cells_s[low:high]) >= full_s else others).append(task)
        first = self.random.choice(late or others)
        rest = [task for task in range(len(self.options)) if task != first]
        tasks = sorted([first, *self._some(rest, self.random.choice(LIFTED) - 1)])
        self.found = [layout.spots[task] for task in tasks]
        for task in tasks:
            layout.lift(task)
        spare_s = (
            len(cells_s) * before[0] - sum(cells_s) - sum(self.parts_s[task] for task in tasks)
        )
        self._try(tasks, spare_s + 1e-6)
        for task, spot in zip(tasks, self.found, strict=True):
            layout.put(task, spot)
        return self.least < before

    def _some(self, tasks: Sequence[int], count: int) -> list[int]:
        return self.random.sample(tasks, min(count, len(tasks)))

    def _try(self, tasks: Sequence[int], spare_s: float, seated: int = 0) -> None:
        """All ways to seat `tasks`, but for those that are seen to be too late before the last has
        a seat: on a memory slice, or since only `spare_s` of all of them together is to spare."""
        layout = self.layout
        if seated == len(tasks):
            score = layout.score()
            if score < self.least:
                self.least, self.found = score, [layout.spots[task] for task in tasks]
            return
        task = tasks[seated]
        cells_s, users = layout.cells_s, layout.users
        for spot, lasts_s in self.options[task].items():
            if self.looks <= 0:
                return
            self.looks -= 1
            low, high = self.bounds[spot]
            added_s = lasts_s if users[spot] else lasts_s + self.carve_s[spot]
            left_s = spare_s - (high - low) * added_s + self.parts_s[task]
            if left_s >= 0 and max(cells_s[low:high]) + added_s <= self.least[0]:
                layout.put(task, spot)
                self._try(tasks, left_s, seated + 1)
                layout.lift(task)

    def _loads_s(self, spots: Sequence[int]) -> dict[int, float]:
        loads_s = dict.fromkeys(spots, 0.0)
        for task, spot in enumerate(spots):
            loads_s[spot] += self.options[task][spot]
        return loads_s

    def _runs(self, spots: Sequence[int], order: Sequence[int]) -> _Runs:
        """When each spot's tasks run, with the driver's work one after another."""
        loads_s = self._loads_s(spots)
        waiting = [spot for spot in order if spot in loads_s]
        ahead_s = self._ahead_s(loads_s, waiting)
        free_s = list(self.free_s)
        standing, driver_s = self.standing, 0.0
        runs: _Runs = {}
        while waiting:
            passed, ready = 0, []
            for spot in waiting:
                if not passed & self.board.spots[spot].across:
                    low, high = self.bounds[spot]
                    ready.append((max(free_s[low:high]), -ahead_s[spot], spot))
                passed |= 1 << spot
            taken_s, _, spot = min(ready)
            begin_s = taken_s
            if not standing >> spot & 1:
                begin_s = driver_s = max(driver_s, taken_s) + self._work_s(spot, standing)
                standing = standing & ~self.board.spots[spot].across | 1 << spot
            runs[spot] = (taken_s, begin_s)
            low, high = self.bounds[spot]
            free_s[low:high] = [begin_s + loads_s[spot]] * (high - low)
            waiting.remove(spot)
        return runs

    def _ahead_s(self, loads_s: Mapping[int, float], used: Sequence[int]) -> dict[int, float]:
        """What each spot still has to run, and whoever waits for it: of those that are ready at
        once the driver serves the longest first."""
        found = {}
        ahead_s = [0.0] * SLICES
        for spot in reversed(used):
            low, high = self.bounds[spot]
            found[spot] = max(ahead_s[low:high]) + loads_s[spot]
            ahead_s[low:high] = [found[spot]] * (high - low)
        return found

    def _work_s(self, spot: int, standing: int) -> float:
        """The driver's, so that the spot stands: what is in its way goes first."""
        gone = standing & self.board.spots[spot].across
        gone_s = sum(one.destroy_s for n, one in enumerate(self.board.spots) if gone >> n & 1)
        return self.board.spots[spot].create_s + gone_s


def _score(cells_s: Sequence[float]) -> _Score:
    return max(cells_s), sum(map(mul, cells_s, cells_s))
