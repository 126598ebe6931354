"""Batches: one card's plan, and the children of one parent under decide().

What a plan does is played again here by a clock that shares no code with the planner.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from tenfold.hardware.mig import GEOMETRIES
from tenfold.placement import batch, mold
from tenfold.placement.batch import Card, Plan, Task, plan, share
from tenfold.placement.decide import decide
from tenfold.placement.simulate import Arrival, Record, simulate
from tenfold.terms.box import Box
from tenfold.terms.job import Job, JobSpec
from tenfold.terms.mig import Placement
from tenfold.terms.needs import Needs
from tests.placement.checker import H100, Checker, cells
from tests.placement.test_slices import cards, place, seats, sits, standing
from tests.placement.worlds import FREE, job, started, wait_of

GEOMETRY = GEOMETRIES["H100-SXM"]
CREATE_S = {"1g.10gb": 0.16, "1g.20gb": 0.16, "2g.20gb": 0.21, "3g.40gb": 0.33}
CREATE_S |= {"4g.40gb": 0.38, "7g.80gb": 0.42}
DESTROY_S = {"1g.10gb": 0.21, "1g.20gb": 0.21, "2g.20gb": 0.23, "3g.40gb": 0.25}
DESTROY_S |= {"4g.40gb": 0.26, "7g.80gb": 0.26}
# Who scales hardly gains from small slices beside others; who does not, all the more.
SCALES = (0.12, 0.26, 0.42, 0.55, 1.0)
STAYS = (0.9, 0.95, 0.97, 0.99, 1.0)


def task(id: str, speeds: Sequence[float], time_s: float, memory_gib: float = 0.5) -> Task:
    rates = dict(zip((1, 2, 3, 4, 7), speeds, strict=True))
    seconds = {name: time_s / rates[row[2]] for name, row in H100.items() if rates[row[2]] > 0}
    return Task(id, seconds, memory_gib)


def drawn(count: int, seed: int) -> list[Task]:
    rng = random.Random(seed)
    return [
        task(str(n), sorted([*(rng.uniform(0.1, 1.0) for _ in range(4)), 1.0]), rng.uniform(5, 90))
        for n in range(count)
    ]


def played_s(
    card: Card, tasks: Sequence[Task], order: Sequence[tuple[str, Placement]]
) -> dict[str, tuple[float, float]]:
    """When each is given its slot, and when it ends: as soon as it can, in this order."""
    by_id = {one.id: one for one in tasks}
    free_s = list(card.free_s)
    there = {(one.profile, one.start) for one in card.standing}
    driver_s = 0.0
    ran = {}
    for id, where in order:
        mine = cells(where.profile, where.start)
        assert -1 not in mine
        given_s = begin_s = max(free_s[cell] for cell in mine)
        if (where.profile, where.start) not in there:
            gone = {one for one in there if cells(*one) & mine}
            driver_s = max(driver_s, given_s) + sum(DESTROY_S[name] for name, _ in gone)
            begin_s = driver_s = driver_s + CREATE_S[where.profile]
            there = there - gone | {(where.profile, where.start)}
        ran[id] = (given_s, begin_s + by_id[id].seconds[where.profile])
        for cell in mine:
            free_s[cell] = ran[id][1]
    return ran


def judge(card: Card, tasks: Sequence[Task], found: Plan) -> None:
    """It is legal, all are seated or left, and its times are those of the clock above."""
    assert sorted([*(seat.task for seat in found.seats), *found.left]) == sorted(
        one.id for one in tasks
    )
    by_id = {one.id: one for one in tasks}
    for seat in found.seats:
        assert H100[seat.place.profile][3] >= by_id[seat.task].memory_gib
    ran = played_s(card, tasks, [(seat.task, seat.place) for seat in found.seats])
    for seat in found.seats:
        assert (seat.start_s, seat.end_s) == pytest.approx(ran[seat.task]), seat
    assert found.end_s == max((seat.end_s for seat in found.seats), default=0.0)


# -- one card -----------------------------------------------------------------------------------

BUSY = Card(
    GEOMETRY,
    (0.0, 0.0, 30.0, 30.0, math.inf, 7.0, 0.0, 0.0),
    (place("2g.20gb@2"), place("1g.10gb@4"), place("1g.10gb@5"), place("1g.10gb@0")),
)


@pytest.mark.parametrize("card", [Card(GEOMETRY), BUSY], ids=["empty", "busy"])
@pytest.mark.parametrize("count", [1, 2, 5, 12, 40])
def test_a_plan_is_legal_and_takes_as_long_as_it_says(card: Card, count: int) -> None:
    tasks = drawn(count, seed=count)
    judge(card, tasks, plan(card, tasks))


def test_what_is_blocked_is_left_alone() -> None:
    found = plan(BUSY, drawn(12, seed=1))
    assert all(4 not in cells(seat.place.profile, seat.place.start) for seat in found.seats)
    # Nobody waits for the slices that are free at once.
    assert {seat.start_s for seat in found.seats if seat.place.start in (0, 1, 6)} >= {0.0}


def test_the_same_again_whatever_the_order() -> None:
    tasks = drawn(12, seed=3)
    assert plan(Card(GEOMETRY), tasks) == plan(Card(GEOMETRY), tasks)
    assert plan(Card(GEOMETRY), tasks[::-1]) == plan(Card(GEOMETRY), tasks)


def test_memory_is_what_a_slice_has() -> None:
    tasks = [task(str(n), STAYS, 50.0, memory_gib) for n, memory_gib in enumerate((5, 15, 30, 60))]
    found = plan(Card(GEOMETRY), tasks)
    judge(Card(GEOMETRY), tasks, found)
    sits_on = {seat.task: seat.place.profile for seat in found.seats}
    assert sits_on["3"] == "7g.80gb" and sits_on["2"] in ("3g.40gb", "4g.40gb", "7g.80gb")


def test_who_fits_nowhere_is_left_out() -> None:
    tasks = [task("large", STAYS, 50.0, 100.0), task("small", STAYS, 50.0)]
    found = plan(Card(GEOMETRY), tasks)
    assert found.left == ("large",) and [seat.task for seat in found.seats] == ["small"]
    never = Card(GEOMETRY, (math.inf,) * 8)
    assert plan(never, tasks) == Plan((), ("large", "small"), 0.0)


def test_what_stands_and_fits_is_used() -> None:
    tasks = [task("1", STAYS, 50.0)]
    there = Card(GEOMETRY, standing=(place("1g.10gb@3"),))
    (seat,) = plan(there, [Task("1", {"1g.10gb": 50.0})]).seats
    assert (seat.place.words, seat.end_s) == ("1g.10gb@3", 50.0)
    (seat,) = plan(Card(GEOMETRY), [Task("1", {"1g.10gb": 50.0})]).seats
    assert seat.end_s == pytest.approx(50.16)
    # A whole card is a little faster, but not by the driver's seconds.
    near = Card(GEOMETRY, standing=(place("4g.40gb@0"),))
    assert plan(near, tasks).seats[0].place.words == "4g.40gb@0"


def test_nobody_gains_from_a_slice_that_is_no_faster() -> None:
    tasks = [task(str(n), (1.0,) * 5, 20.0) for n in range(7)]
    found = plan(Card(GEOMETRY), tasks)
    assert {seat.place.profile for seat in found.seats} == {"1g.10gb"}
    assert found.end_s == pytest.approx(20.0 + 7 * 0.16)


@pytest.mark.parametrize("seed", range(4))
def test_three_tasks_end_as_early_as_in_the_best_of_all_ways(seed: int) -> None:
    tasks = drawn(3, seed)
    spots = [Placement(n, start, row[1]) for n, row in H100.items() for start in row[0]]
    least_s = math.inf
    for places in itertools.product(spots, repeat=3):
        longest_s = max(t.seconds[p.profile] for t, p in zip(tasks, places, strict=True))
        if longest_s >= least_s:
            continue
        for order in itertools.permutations(range(3)):
            ran = played_s(Card(GEOMETRY), tasks, [(tasks[n].id, places[n]) for n in order])
            least_s = min(least_s, max(end_s for _, end_s in ran.values()))
    assert plan(Card(GEOMETRY), tasks).end_s == pytest.approx(least_s, rel=1e-3)


def test_the_search_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    puts = 0
    put = batch._Layout.put

    def counted(self: batch._Layout, number: int, spot: int) -> None:
        nonlocal puts
        puts += 1
        put(self, number, spot)

    monkeypatch.setattr(batch._Layout, "put", counted)
    found = plan(Card(GEOMETRY), drawn(500, seed=5))
    assert len(found.seats) == batch.MOST and found.left == ()
    assert puts < 2 * batch.LOOKS
    # Of more than that, the longest come first.
    assert min(seat.end_s for seat in found.seats) > 5.0


def test_a_batch_is_dealt_over_the_cards() -> None:
    tasks = drawn(12, seed=9)
    late = Card(GEOMETRY, (1000.0,) * 8)
    never = Card(GEOMETRY, (math.inf,) * 8)
    first, second, *none = share([Card(GEOMETRY), Card(GEOMETRY), late, never], tasks)
    assert none == [[], []] and sorted(t.id for t in first + second) == sorted(t.id for t in tasks)
    ends_s = [plan(Card(GEOMETRY), part).end_s for part in (first, second)]
    assert max(ends_s) < 1.3 * min(ends_s)
    assert share([never], tasks) == [[]]


# -- children of one parent ---------------------------------------------------------------------


def child(number: int, speeds: tuple[float, ...], time_s: float | None, **spec: object) -> Job:
    needs = Needs(gpus=1, speeds=speeds, time_s=time_s, memory_gib=4.0, pause_s=10.0)
    asked = job(f"7.{number}", needs)
    return replace(asked, spec=replace(asked.spec, **{"parent": "7", **spec}))  # type: ignore[arg-type]


SWEEP = [child(n, (SCALES, STAYS)[n % 2], 20.0 + 7 * (n % 5)) for n in range(12)]


def alone(jobs: Sequence[Job]) -> list[Job]:
    return [replace(one, spec=replace(one.spec, parent=None)) for one in jobs]


def record_of(box: Box, jobs: Sequence[Job], checker: Checker | None = None) -> Record:
    arrivals = [Arrival(one.id, one.spec) for one in jobs]
    return simulate(box, FREE, arrivals, watch=checker.watch if checker else None)


@pytest.mark.parametrize("count", [1, 3])
def test_children_of_one_parent_end_sooner_together(count: int) -> None:
    checker = Checker(FREE)
    together = record_of(cards(count), SWEEP, checker)
    assert checker.wrong == [] and len(together.ended_s) == len(SWEEP) and together.yields == 0
    assert together.makespan_s < 0.9 * record_of(cards(count), alone(SWEEP)).makespan_s


def test_every_card_is_used_from_the_start() -> None:
    slots = started(decide(cards(3), FREE, SWEEP, 0.0))
    assert {slot.devices[0] for slot in slots.values()} == {"gpu0", "gpu1", "gpu2"}


def test_the_same_batch_the_same_decision() -> None:
    decision = decide(cards(2), FREE, SWEEP, 0.0)
    assert decide(cards(2), FREE, SWEEP[::-1], 0.0) == decision
    assert {wait.job for wait in decision.waits} | set(started(decision)) == {j.id for j in SWEEP}


OTHERS = {
    "a job that wants a whole card": job("9", gpus=1, submitted_s=1.0),
    "a job that wants a slice": job("9", slice="3g.40gb", submitted_s=1.0),
    "a child of another parent": replace(child(99, STAYS, 9.0, parent="8"), id="8.1"),
    "a job without a parent": replace(child(99, STAYS, 9.0, parent=None), id="9"),
    "a child whose time nobody knows": child(99, STAYS, None),
}


@pytest.mark.parametrize("other", OTHERS)
def test_beside_others_the_old_rule_holds(other: str) -> None:
    jobs = [*SWEEP, OTHERS[other]]
    assert decide(cards(2), FREE, jobs, 0.0) == decide(cards(2), FREE, alone(jobs), 0.0)


def test_who_waits_for_a_share_of_the_cpu_changes_nothing() -> None:
    small = job("5", cores=1, submitted_s=-1.0), job("9", cores=500, submitted_s=1.0)
    seated = started(decide(cards(1), FREE, [*SWEEP, *small], 0.0))
    assert seated.pop("5").cores == 1
    assert seated == started(decide(cards(1), FREE, SWEEP, 0.0))


def test_nobody_moves_for_a_batch() -> None:
    running = sits(child(50, SCALES, 900.0, resumes=True), "gpu0", "3g.40gb@4")
    decision = decide(cards(1), FREE, [running, *SWEEP], 100.0)
    assert decision.yields == () and decision.starts
    assert "7.50" in wait_of(decision, SWEEP[-1].id).places[0].why
    # One that is beyond its time is still there.
    late = sits(child(50, SCALES, 1.0), "gpu0", "3g.40gb@4")
    for slots in (started(decision), started(decide(cards(1), FREE, [late, *SWEEP], 100.0))):
        places = [slot.slice for slot in slots.values() if slot.slice]
        assert places and all(one.mask < 1 << 4 for one in places)


def test_an_idle_slice_is_taken_as_it_is() -> None:
    box = standing(cards(1), gpu0="7g.80gb@0")
    decision = decide(box, FREE, [child(1, SCALES, 40.0)], 0.0)
    assert seats(decision) == {"7.1": "gpu0 7g.80gb@0"} and decision.relayouts == ()


def test_a_child_that_never_fits_says_so() -> None:
    large = child(60, STAYS, 10.0)
    large = replace(
        large, spec=replace(large.spec, needs=replace(large.spec.needs, memory_gib=99.0))
    )
    decision = decide(cards(1), FREE, [*SWEEP, large], 0.0)
    assert "never fits" in wait_of(decision, large.id).why and decision.starts


def test_less_than_a_second_is_not_taken_for_one() -> None:
    short = mold._task(child(1, SCALES, 0.24), [Card(GEOMETRY)])
    assert short.seconds["7g.80gb"] == 0.24 and short.seconds["1g.10gb"] == pytest.approx(2.0)


def test_a_parent_that_waits_for_them_changes_nothing() -> None:
    parent = Job("7", JobSpec("sweep", needs=Needs(gpus=1)), SWEEP[0].state, 0.0, 0.0)
    parent = replace(parent, awaits=tuple(one.id for one in SWEEP))
    assert started(decide(cards(1), FREE, [parent, *SWEEP], 0.0)) == started(
        decide(cards(1), FREE, SWEEP, 0.0)
    )
