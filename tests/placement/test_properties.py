"""Random boxes, queues and arrivals, judged by a checker that shares no code with decide().

Each planted fault of the last test is one that the checker has to see; a checker that sees nothing
proves nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from tenfold.hardware.mig import GEOMETRIES
from tenfold.placement import carve, decide, packing, reserve, room, slots
from tenfold.placement.simulate import Arrival, Record, simulate
from tenfold.terms.box import Box, Device, Node
from tenfold.terms.budget import Budget
from tenfold.terms.job import JobSpec, Kind
from tenfold.terms.mig import Instance, Placement
from tenfold.terms.needs import Needs
from tests.placement.checker import Checker, fits_empty
from tests.placement.worlds import FREE, cpu, gpu

H100 = GEOMETRIES["H100-SXM"]
steadily = settings(
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=100,
    suppress_health_check=list(HealthCheck),
)


@dataclasses.dataclass(frozen=True)
class World:
    box: Box
    arrivals: tuple[Arrival, ...]


def card(number: int, node: str, kind: str) -> Device:
    plain = gpu(number, node, memory_gib=79.25)
    if kind == "whole":
        return plain
    device = dataclasses.replace(plain, mig=H100, bridge=f"{node}{number // 2}")
    if kind == "drained":
        return dataclasses.replace(device, carves_live=False)
    if kind == "in MIG mode":
        return dataclasses.replace(device, carves_live=False, gangs=False)
    if kind == "foreign":
        theirs = Instance(Placement("2g.20gb", 2, 2), foreign=True)
        return dataclasses.replace(device, instances=(theirs,))
    if kind == "idle":
        idle = Instance(Placement("3g.40gb", 0, 4)), Instance(Placement("1g.10gb", 6, 1))
        return dataclasses.replace(device, instances=idle)
    return device


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    kinds = ("mig", "mig", "mig", "whole", "drained", "foreign", "idle", "in MIG mode")
    number = 0
    nodes = []
    for name in ("a", "b")[: draw(st.integers(1, 2))]:
        some = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=2))
        cards = [card(number + n, name, kind) for n, kind in enumerate(some)]
        number += len(cards)
        nodes.append(Node(name, (*cards, cpu(name, draw(st.integers(2, 8)), id=f"{name}:cpu"))))
    factor = 1.25 if len(nodes) > 1 and draw(st.booleans()) else None
    return Box("random", tuple(nodes), modelled=True, span_factor=factor)


ASKS = st.one_of(
    st.sampled_from(["1g.10gb", "1g.10gb", "1g.20gb", "2g.20gb", "3g.40gb", "4g.40gb"]).map(
        lambda name: {"slice": name}
    ),
    st.sampled_from([0.1, 0.2, 0.3, 0.6]).map(lambda share: {"gpus": 1, "share": share}),
    st.sampled_from([(0.3, 0.5, 0.7, 0.8, 1.0), (0.0, 0.3, 0.5, 0.6, 1.0)]).map(
        lambda speeds: {"gpus": 1, "speeds": speeds}
    ),
    st.sampled_from([0, 1]).map(lambda count: {"gpus": count, "shared": True}),
    st.integers(1, 3).map(lambda count: {"gpus": count}),
    st.integers(1, 3).map(lambda count: {"cores": count}),
)


@st.composite
def worlds(draw: st.DrawFn, honest: bool) -> World:
    """`honest`: all of one class and ready when they arrive, with exact times: then nobody comes
    between a promise and its job but by backfill."""
    arrivals = []
    for number in range(draw(st.integers(2, 18))):
        lasts_s = draw(st.sampled_from([20.0, 50.0, 110.0, 400.0, 1500.0]))
        known = honest or draw(st.booleans())
        asks = draw(ASKS)
        # Accounts are so large that three of them are too much for a card.
        memories_gib = [8.0, 30.0, 45.0] if "shared" in asks else [1.0, 8.0, 15.0, 30.0]
        needs = Needs(
            **asks,
            memory_gib=draw(st.sampled_from(memories_gib)),
            time_s=lasts_s * (1.0 if honest else draw(st.sampled_from([0.5, 1.0, 2.0])))
            if known
            else None,
            pause_s=10.0,
        )
        kinds = [Kind.BATCH] if honest else [Kind.BATCH, Kind.BATCH, Kind.INTERACTIVE]
        follows = not honest and number % 5 == draw(st.integers(1, 9))
        spec = JobSpec(
            "random",
            needs=needs,
            kind=draw(st.sampled_from(kinds)),
            priority=0 if honest else draw(st.integers(0, 2)),
            after=(str(number - 1),) if follows else (),
            not_before_s=None if honest else draw(st.sampled_from([None, None, None, 200.0])),
            deadline_s=None if honest else draw(st.sampled_from([None, 3000.0])),
            resumes=draw(st.booleans()),
        )
        at_s = draw(st.sampled_from([0.0, 0.0, 10.0, 60.0, 300.0]))
        arrivals.append(Arrival(str(number), spec, at_s, lasts_s))
    # Who needs a job that never fits never runs either, and is not counted.
    return World(draw(boxes()), tuple(arrivals))


def judged(world: World, promises: bool, budget: Budget = FREE) -> tuple[Checker, Record]:
    checker = Checker(budget)
    arrivals = _able(world)
    record = simulate(world.box, budget, arrivals, review_s=50.0, watch=checker.watch)
    checker.ended(world.box, arrivals, record)
    if promises:
        checker.promises(arrivals, record)
    return checker, record


def _able(world: World) -> list[Arrival]:
    """Without those that would wait for a job that never fits."""
    able: list[Arrival] = []
    gone: set[str] = set()
    for one in world.arrivals:
        if gone & set(one.spec.after) or not fits_empty(world.box, one.spec.needs):
            gone.add(one.id)
        else:
            able.append(one)
    return able


@steadily
@given(worlds(honest=False))
def test_every_limit_holds_in_random_worlds(world: World) -> None:
    checker, _ = judged(world, promises=False)
    assert checker.wrong == []


@steadily
@given(worlds(honest=True))
def test_backfill_delays_no_promise(world: World) -> None:
    checker, _ = judged(world, promises=True)
    assert checker.wrong == []


# -- what the checker has to see ----------------------------------------------------------------

Plant = Callable[[pytest.MonkeyPatch], None]


def _given_twice(patch: pytest.MonkeyPatch) -> None:
    """Slices are not noted as taken."""
    patch.setattr(slots, "mask_of", lambda slot: 0 if slot.slice else packing.FULL)


def _illegal_start(patch: pytest.MonkeyPatch) -> None:
    best = packing.Packing.best

    def shifted(self: packing.Packing, profile: str, taken: int) -> Any:
        found = best(self, profile, taken)
        if found is None or found[1].size < 2 or found[1].start == 0:
            return found
        return found[0], dataclasses.replace(found[1], start=found[1].start - 1)

    patch.setattr(packing.Packing, "best", shifted)


def _destroyed_under_its_job(patch: pytest.MonkeyPatch) -> None:
    def everything(gpu: Device, held: object) -> carve._Card:
        return carve._Card(gpu, [one.placement for one in gpu.instances])

    patch.setattr(carve, "_card", everything)
    patch.setattr(carve, "mask_of", lambda slot: packing.FULL)


def _nothing_kept(patch: pytest.MonkeyPatch) -> None:
    noted = reserve._noted

    def forgetful(*args: Any) -> reserve.Reservation:
        return dataclasses.replace(noted(*args), kept={})

    patch.setattr(reserve, "_noted", forgetful)


def _all_end_in_time(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reserve.Reservation, "outlasts", lambda self, end_s: True)


def _order_of_arrival(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decide, "in_order", lambda jobs, now, by: list(jobs))


def _never_a_4g(patch: pytest.MonkeyPatch) -> None:
    """The largest slice is passed over for ever."""
    wanted = packing.Packing.wanted

    def without(self: packing.Packing, needs: Needs) -> Any:
        return None if needs.slice == "4g.40gb" else wanted(self, needs)

    patch.setattr(packing.Packing, "wanted", without)


def _dependencies_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decide, "waits_for", lambda job, open_ids, now: None)


def _carved_while_it_runs(patch: pytest.MonkeyPatch) -> None:
    place = slots.Occupancy._place

    def always(self: slots.Occupancy, gpu: Device, *args: Any) -> Any:
        return place(self, dataclasses.replace(gpu, carves_live=True), *args)

    patch.setattr(slots.Occupancy, "_place", always)


def _anybody_yields(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(room, "_may_be_asked", lambda job, now: job.slot is not None)


def _too_small_a_slice(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        packing.Packing, "_suffices", lambda self, profile, needs: needs.share is not None
    )


def _accounts_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(slots.Occupancy, "spare_gib", lambda self, gpu: gpu.memory_gib)


def _left_by_the_first(patch: pytest.MonkeyPatch) -> None:
    """A shared card counts as free once somebody has been given an account of it."""
    take = slots.Occupancy.take

    def lightly(self: slots.Occupancy, hold: slots.Hold) -> None:
        take(self, hold)
        if hold.slot.fraction is not None:
            self._set(hold.slot.devices[0], 0)

    patch.setattr(slots.Occupancy, "take", lightly)


def _gangs_anywhere(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(slots, "serves", lambda gpu, needs: gpu.memory_gib >= needs.memory_gib)


FAULTS: dict[str, tuple[Plant, str]] = {
    "given twice": (_given_twice, "given twice"),
    "illegal start": (_illegal_start, "legal"),
    "destroyed under its job": (_destroyed_under_its_job, "destroyed under its job"),
    "nothing kept": (_nothing_kept, "was promised"),
    "all end in time": (_all_end_in_time, "was promised"),
    "order of arrival": (_order_of_arrival, "another decision"),
    "never a 4g": (_never_a_4g, "never ended"),
    "dependencies forgotten": (_dependencies_forgotten, "before what it comes after"),
    "carved while it runs": (_carved_while_it_runs, "carved beside running"),
    "anybody yields": (_anybody_yields, "asked to yield"),
    "accounts forgotten": (_accounts_forgotten, "more than it has"),
    "left by the first": (_left_by_the_first, "given twice"),
    "gangs anywhere": (_gangs_anywhere, "reaches no other"),
    "too small a slice": (_too_small_a_slice, "not "),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_checker_sees_a_planted_fault(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plant, words = FAULTS[fault]
    packing.packing.cache_clear()
    plant(monkeypatch)
    promises = words == "was promised"

    def seen(world: World) -> bool:
        return any(words in wrong for wrong in judged(world, promises)[0].wrong)

    searching = settings(steadily, max_examples=400, phases=[Phase.generate])
    try:
        find(worlds(honest=promises), seen, settings=searching)  # NoSuchExample: nobody saw it
    finally:
        packing.packing.cache_clear()
