"""Backfill never delays a promise."""

from __future__ import annotations

import math
import random
from functools import partial
from itertools import product

import pytest

from tenfold.placement.decide import decide, order
from tenfold.terms.box import Box, DeviceKind
from tenfold.terms.budget import Budget, BudgetStep
from tenfold.terms.decision import Decision
from tenfold.terms.job import Job, Kind
from tenfold.terms.needs import Needs
from tenfold.terms.states import LIVE, State
from tests.placement.worlds import (
    FREE,
    gpus,
    job,
    on,
    places_of,
    simulate,
    started,
    two_nodes,
    wait_of,
)


def test_the_first_that_cannot_start_is_told_when_it_will() -> None:
    box = gpus(2)
    jobs = [
        on(box, job("1", gpus=1, time_s=100), "gpu0", started_s=10.0),
        job("2", gpus=2),
        job("3", gpus=2),
    ]
    decision = decide(box, FREE, jobs, 20.0)
    assert wait_of(decision, "2").expected_s == 110.0
    assert wait_of(decision, "3").expected_s is None


def test_a_short_job_passes_and_a_long_one_does_not() -> None:
    box = gpus(2)
    running = on(box, job("1", gpus=1, time_s=100), "gpu0", started_s=0.0)
    gang = job("2", gpus=2)
    for time_s, passes in ((79.0, True), (80.0, True), (81.0, False), (None, False)):
        decision = decide(box, FREE, [running, gang, job("3", gpus=1, time_s=time_s)], 20.0)
        assert ("3" in started(decision)) is passes
        if not passes:
            assert "kept for job 2" in wait_of(decision, "3").why
            assert places_of(decision, "3")["gpu1"] == "free, but kept for job 2"


def test_a_long_job_takes_what_the_promise_does_not_need() -> None:
    box = gpus(4)
    jobs = [
        on(box, job("1", gpus=2, time_s=100), "gpu0", "gpu1"),
        job("2", gpus=3),
        job("3", gpus=1),
        job("4", gpus=1),
    ]
    decision = decide(box, FREE, jobs, 0.0)
    assert set(started(decision)) == {"3"}
    assert wait_of(decision, "2").expected_s == 100.0


def test_what_becomes_free_last_is_promised() -> None:
    box = gpus(3)
    jobs = [
        on(box, job("1", gpus=1, time_s=50), "gpu0"),
        on(box, job("2", gpus=1, time_s=100), "gpu1"),
        job("3", gpus=3, time_s=10),
        job("4", gpus=1, time_s=100),
        job("5", gpus=1, time_s=101),
    ]
    assert set(started(decide(box, FREE, jobs, 0.0))) == {"4"}


def test_behind_a_job_without_a_time_only_jobs_with_a_time_pass() -> None:
    box = gpus(2)
    jobs = [
        on(box, job("1", gpus=1), "gpu0"),
        job("2", gpus=2),
        job("3", gpus=1),
        job("4", gpus=1, time_s=1e6),
    ]
    decision = decide(box, FREE, jobs, 0.0)
    assert set(started(decision)) == {"4"}
    assert wait_of(decision, "2").expected_s is None
    assert "nobody knows how long" in wait_of(decision, "3").why


def test_nothing_passes_on_what_an_overdue_job_should_leave_any_moment() -> None:
    box = gpus(2)
    overdue = on(box, job("1", gpus=1, time_s=10), "gpu0")
    jobs = [overdue, job("2", gpus=2), job("3", gpus=1, time_s=1.0)]
    decision = decide(box, FREE, jobs, 50.0)
    assert decision.starts == ()
    assert wait_of(decision, "2").expected_s is None


def test_a_gang_that_only_a_service_keeps_out_blocks_nobody() -> None:
    box = gpus(2)
    jobs = [
        on(box, job("1", gpus=1, kind=Kind.SERVICE, time_s=5), "gpu0"),
        job("2", gpus=2),
        job("3", gpus=1),
    ]
    assert set(started(decide(box, FREE, jobs, 0.0))) == {"3"}


def test_cpu_shares_have_a_promise_of_their_own() -> None:
    box = gpus(1, cores=8)
    jobs = [
        on(box, job("1", gpus=1), "gpu0"),
        on(box, job("2", cores=4, time_s=100), "cpu"),
        job("3", gpus=1),
        job("4", cores=6),
        job("5", cores=2),
        job("6", cores=1),
        job("7", cores=2, time_s=100),
    ]
    decision = decide(box, FREE, jobs, 0.0)
    # At 100 s job 4 needs 6 of 8 cores: 2 are spare beyond, the other 2 only until then.
    assert set(started(decision)) == {"5", "7"}
    assert wait_of(decision, "4").expected_s == 100.0


def test_a_promise_keeps_its_memory_too() -> None:
    box = gpus(0, cores=8)
    jobs = [
        on(box, job("1", cores=1, memory_gib=40, time_s=100), "cpu"),
        job("2", cores=1, memory_gib=60),
        job("3", cores=1, memory_gib=8),
        job("4", cores=1, memory_gib=4),
    ]
    assert set(started(decide(box, FREE, jobs, 0.0))) == {"4"}


def test_the_watts_of_a_promise_are_kept() -> None:
    # At the lowest caps a busy GPU draws 210 W, an idle one 50 W.
    box = gpus(4)
    budget = Budget((BudgetStep(0.0, 700.0),))
    jobs = [
        on(box, job("1", gpus=2, time_s=100), "gpu0", "gpu1"),
        job("2", gpus=3, time_s=50),
        job("3", gpus=1, time_s=101),
        job("4", gpus=1, time_s=100),
    ]
    decision = decide(box, budget, jobs, 0.0)
    assert wait_of(decision, "2").expected_s == 100.0
    assert set(started(decision)) == {"4"}


def test_every_start_beside_a_promise_leaves_less_beside_it() -> None:
    box = gpus(2, cores=8)
    running = on(box, job("1", gpus=1, time_s=100), "gpu0")
    # At 100 s the gang makes it 420 W: one more share of 150 W fits in 700 W, not two.
    shares = [job(str(n), cores=1, watts=150.0) for n in (3, 4)]
    decision = decide(
        box, Budget((BudgetStep(0.0, 700.0),)), [running, job("2", gpus=2), *shares], 0.0
    )
    assert set(started(decision)) == {"3"}
    box = gpus(0, cores=8)
    jobs = [
        on(box, job("1", cores=1, memory_gib=40, time_s=100), "cpu"),
        job("2", cores=1, memory_gib=50),
        job("3", cores=1, memory_gib=8),
        job("4", cores=1, memory_gib=8),
    ]
    assert set(started(decide(box, FREE, jobs, 0.0))) == {"3"}


def test_both_promises_are_kept_at_once() -> None:
    box = gpus(4, cores=8)
    jobs = [
        on(box, job("1", gpus=1, time_s=100), "gpu0"),
        on(box, job("2", gpus=1, time_s=100), "gpu1"),
        on(box, job("3", cores=8, time_s=50), "cpu"),
        job("4", gpus=3),
        job("5", cores=8, watts=600.0),
    ]
    budget = Budget((BudgetStep(0.0, 1300.0),))
    # From 50 s on 1120 W, from 100 s on 1280 W: a fourth GPU fits until then and no longer.
    for time_s, starts in ((100.0, True), (101.0, False), (None, False)):
        decision = decide(box, budget, [*jobs, job("6", gpus=1, time_s=time_s)], 0.0)
        assert wait_of(decision, "4").expected_s == 100.0
        assert wait_of(decision, "5").expected_s == 50.0
        assert bool(decision.starts) is starts


def test_a_promise_waits_for_the_night() -> None:
    box = gpus(2)
    budget = Budget((BudgetStep(0.0, 200.0), BudgetStep(500.0, 900.0)))
    decision = decide(box, budget, [job("1", gpus=2)], 0.0)
    assert wait_of(decision, "1").expected_s == 500.0


# -- the same in random worlds ------------------------------------------------------------------


def _world(seed: int) -> tuple[Box, Budget, list[Job], dict[str, float]]:
    rng = random.Random(seed)
    box = gpus(rng.choice([1, 2, 4]), cores=rng.choice([2, 4, 8]), host_w=100.0)
    if seed % 4 == 3:
        box = two_nodes(rng.choice([1, 2]), rng.choice([1, 2, 4]))
    idle_w = 100.0 + 50.0 * len(box.gpus)
    room_w = [rng.choice([math.inf, idle_w + rng.choice([200, 400, 700])]) for _ in range(3)]
    budget = Budget(tuple(BudgetStep(70.0 * n, watts) for n, watts in enumerate(room_w)))
    jobs, lasts_s = [], {}
    most_gpus = max(sum(d.kind is DeviceKind.GPU for d in node.devices) for node in box.nodes)
    for n in range(rng.randint(3, 14)):
        time_s = rng.choice([None, 5.0, 20.0, 20.0, 50.0, 110.0])
        is_gpu = rng.random() < 0.6
        needs = Needs(
            gpus=rng.randint(1, most_gpus) if is_gpu else 0,
            cores=rng.randint(1, 4),
            memory_gib=rng.choice([1.0, 20.0, 30.0]),
            time_s=time_s,
            watts=None if is_gpu else rng.choice([None, 100.0, 300.0]),
        )
        jobs.append(job(str(n), needs, submitted_s=float(n), priority=rng.randrange(2)))
        # A job with a time runs just as long; one without may run for any time.
        lasts_s[str(n)] = rng.choice([3.0, 40.0, 90.0]) if time_s is None else time_s
    return box, budget, jobs, lasts_s


def _check(box: Box, budget: Budget, decision: Decision, jobs: list[Job], now: float) -> None:
    """What must hold after every decision."""
    live = [one for one in jobs if one.state in LIVE]
    held = [d for one in live if one.slot.kind is DeviceKind.GPU for d in one.slot.devices]
    assert len(held) == len(set(held))
    shares = [one.slot for one in live if one.slot.kind is DeviceKind.CPU]
    for host in (device for device in box.devices if device.kind is DeviceKind.CPU):
        here = [slot for slot in shares if slot.devices == (host.id,)]
        assert sum(slot.cores for slot in here) <= host.cores
        assert sum(slot.memory_gib for slot in here) <= host.memory_gib
    told = [start.job for start in decision.starts] + [wait.job for wait in decision.waits]
    queued = [one.id for one in jobs if one.state is State.QUEUED]
    assert sorted(told) == sorted([*queued, *(start.job for start in decision.starts)])
    for step in [now, *(s.start_s for s in budget.steps if s.start_s > now)]:
        there = [one for one in live if step == now or _expected_end_s(one) > step]
        assert _lowest_w(box, there) <= budget.watts_at(step)
    caps = {gpu.id: gpu.cap_w for gpu in box.gpus} | {c.device: c.watts for c in decision.caps}
    drawn_w = _lowest_w(box, live) + sum(caps[id] - 210.0 for id in held)
    assert drawn_w <= budget.watts_at(now)
    assert all(210.0 <= watts <= 350.0 for watts in caps.values())


def _expected_end_s(one: Job) -> float:
    return math.inf if one.spec.needs.time_s is None else one.started_s + one.spec.needs.time_s


def _lowest_w(box: Box, live: list[Job]) -> float:
    held = sum(len(one.slot.devices) for one in live if one.slot.kind is DeviceKind.GPU)
    shares_w = sum(one.spec.needs.watts or 0.0 for one in live if not one.spec.needs.gpus)
    return box.host_w + 50.0 * len(box.gpus) + 160.0 * held + shares_w


@pytest.mark.parametrize("block", range(8))
def test_random_worlds_keep_every_limit_and_every_promise(block: int) -> None:
    promises = 0
    for seed in range(block * 40, block * 40 + 40):
        box, budget, jobs, lasts_s = _world(seed)
        run = simulate(box, budget, jobs, lasts_s, partial(_check, box, budget))
        assert run.yields == 0
        # With a limit on the watts, a job of the other kind that is ahead may still come between
        # the second promise and its job; the first promise always holds.
        free = all(step.watts == math.inf for step in budget.steps)
        for id, promised_s in (run.expected_s if free else run.promised_s).items():
            assert run.started_s[id] <= promised_s, (seed, id)
            promises += 1
    assert promises > 20


def test_the_first_blocked_job_starts_as_early_as_without_those_behind_it() -> None:
    compared = 0
    for seed in range(400, 700):
        box, budget, jobs, lasts_s = _world(seed)
        ordered = sorted(jobs, key=order)
        first = decide(box, budget, jobs, 0.0)
        blocked = next((one for one in ordered if one.id not in started(first)), None)
        if blocked is None:
            continue
        ahead = ordered[: ordered.index(blocked) + 1]
        alone_s = simulate(box, budget, ahead, lasts_s).started_s.get(blocked.id, math.inf)
        among_s = simulate(box, budget, jobs, lasts_s).started_s.get(blocked.id, math.inf)
        if any(one.spec.needs.time_s is None for one in ahead[:-1]):
            # Whoever has a time may pass a job whose wait nobody can tell, and only for that time.
            alone_s += max(one.spec.needs.time_s or 0.0 for one in jobs)
        assert among_s <= alone_s, seed
        compared += 1
    assert compared > 150


def test_all_small_cases_waste_nothing() -> None:
    """Every queue of three on two GPUs: whoever waits first has no room, and limits hold."""
    box = gpus(2, cores=2)
    asks = [
        Needs(gpus=count, cores=2, memory_gib=1, time_s=time_s)
        for count in (0, 1, 2)
        for time_s in (None, 10.0, 30.0)
    ]
    for queue in product(asks, repeat=3):
        jobs = [job(str(n), needs, submitted_s=float(n)) for n, needs in enumerate(queue)]
        slots = started(decide(box, FREE, jobs, 0.0))
        used = [device for slot in slots.values() for device in slot.devices]
        assert len(used) == len(set(used))
        free = 2 - sum(device != "cpu" for device in used)
        for kind in (DeviceKind.GPU, DeviceKind.CPU):
            waiting = [
                one
                for one in jobs
                if one.id not in slots and bool(one.spec.needs.gpus) is (kind is DeviceKind.GPU)
            ]
            if waiting and kind is DeviceKind.GPU:
                assert waiting[0].spec.needs.gpus > free
            elif waiting:
                assert "cpu" in used
