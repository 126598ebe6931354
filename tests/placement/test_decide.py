"""Order, slots, dependencies and the words of a Wait."""

from __future__ import annotations

import random
from cProfile import Profile
from dataclasses import replace
from itertools import permutations

import pytest

from tenfold.placement.decide import decide, fits, order
from tenfold.terms.box import Box, DeviceKind, Node
from tenfold.terms.job import Kind
from tenfold.terms.needs import Needs
from tenfold.terms.states import State
from tests.placement.worlds import (
    FREE,
    cpu,
    gpu,
    gpus,
    job,
    on,
    one_node,
    places_of,
    started,
    wait_of,
)

TWO_NODES = Box(
    "two",
    (
        Node("a", (gpu(0), gpu(1), cpu("a", id="a:cpu"))),
        Node("b", (gpu(2, "b"), gpu(3, "b"), gpu(4, "b"), cpu("b", 4, id="b:cpu"))),
    ),
)


def test_services_first_then_interactive_then_batch_by_priority_then_age() -> None:
    jobs = [
        job("9", kind=Kind.SERVICE, submitted_s=9.0),
        job("8", kind=Kind.INTERACTIVE, priority=-5, submitted_s=8.0),
        job("3", priority=2, submitted_s=7.0),
        job("2", submitted_s=1.0),
        job("10", submitted_s=1.0),
        job("10.b", submitted_s=1.0),
        job("10.11", submitted_s=1.0),
        job("1", submitted_s=2.0),
    ]
    for shuffled in list(permutations(jobs))[::500]:
        ids = [one.id for one in sorted(shuffled, key=order)]
        assert ids == ["9", "8", "3", "2", "10", "10.11", "10.b", "1"]


def test_the_last_gpu_goes_to_the_first_in_order() -> None:
    box = gpus(1)
    jobs = [job("1", gpus=1), job("2", gpus=1, priority=1), job("3", gpus=1, kind=Kind.SERVICE)]
    assert list(started(decide(box, FREE, jobs, 0.0))) == ["3"]
    assert list(started(decide(box, FREE, jobs[:2], 0.0))) == ["2"]


def test_a_gang_sits_on_one_node_and_gets_its_share_of_the_cores() -> None:
    slots = started(decide(TWO_NODES, FREE, [job("1", gpus=3, memory_gib=10)], 0.0))
    assert slots["1"].devices == ("gpu2", "gpu3", "gpu4")
    assert slots["1"].node == "b"
    assert slots["1"].cores == 4
    assert slots["1"].memory_gib == 240.0
    four = decide(TWO_NODES, FREE, [job("1", gpus=4)], 0.0)
    assert "never fits" in wait_of(four, "1").why


def test_a_gang_takes_the_node_that_it_fills() -> None:
    assert started(decide(TWO_NODES, FREE, [job("1", gpus=2)], 0.0))["1"].node == "a"


def test_the_smallest_card_that_suffices_is_given() -> None:
    box = one_node(gpu(0, memory_gib=80), gpu(1, memory_gib=24), cpu())
    assert started(decide(box, FREE, [job("1", gpus=1, memory_gib=20)], 0.0))["1"].devices == (
        "gpu1",
    )
    assert started(decide(box, FREE, [job("1", gpus=1, memory_gib=30)], 0.0))["1"].devices == (
        "gpu0",
    )


def test_gpu_jobs_have_at_least_one_core_and_leave_the_cpu_shares_alone() -> None:
    box = gpus(4, cores=2)
    jobs = [*(job(str(n), gpus=1) for n in range(4)), job("9", cores=2)]
    slots = started(decide(box, FREE, jobs, 0.0))
    assert {slots[str(n)].cores for n in range(4)} == {1}
    assert slots["9"].kind is DeviceKind.CPU


def test_cpu_shares_use_up_cores_and_memory() -> None:
    box = one_node(cpu(cores=4, memory_gib=16))
    by_cores = [job(str(n), cores=2, memory_gib=1) for n in range(3)]
    assert list(started(decide(box, FREE, by_cores, 0.0))) == ["0", "1"]
    by_memory = [job(str(n), cores=1, memory_gib=7) for n in range(3)]
    assert list(started(decide(box, FREE, by_memory, 0.0))) == ["0", "1"]
    assert places_of(decide(box, FREE, by_memory, 0.0), "2") == {
        "cpu": "7 GiB asked, 2 of 16 GiB free; the rest is held by jobs 0, 1"
    }


def test_a_device_is_not_given_again_while_anything_of_its_job_is_there() -> None:
    box = gpus(1)
    for state in (State.STARTING, State.RUNNING, State.YIELDING):
        before = replace(on(box, job("1", gpus=1), "gpu0"), state=state)
        decision = decide(box, FREE, [before, job("2", gpus=1)], 5.0)
        assert decision.starts == ()
        assert places_of(decision, "2") == {"gpu0": "busy with job 1"}


def test_paused_and_sleeping_jobs_hold_nothing_and_are_not_told_to_wait() -> None:
    box = gpus(1)
    resting = [
        replace(on(box, job("1", gpus=1), "gpu0"), state=State.PAUSED),
        job("2", state=State.ASLEEP, kind=Kind.SERVICE, gpus=1),
    ]
    decision = decide(box, FREE, [*resting, job("3", gpus=1)], 0.0)
    assert list(started(decision)) == ["3"]
    assert decision.waits == ()


def test_a_job_waits_for_what_it_comes_after_and_for_its_children() -> None:
    jobs = [
        job("1", cores=1),
        job("2", after=("1", "77")),
        job("3", awaits=("3.a", "3.gone")),
        job("3.a", state=State.PAUSED),
    ]
    decision = decide(gpus(0), FREE, jobs, 0.0)
    assert list(started(decision)) == ["1"]
    assert wait_of(decision, "2").why == "It waits for job 1."
    assert wait_of(decision, "3").why == "It waits for 2 of its children: 3.a, 3.gone."
    assert list(started(decide(gpus(0), FREE, [job("2", after=("1",))], 0.0))) == ["2"]


def test_a_slice_never_fits_cards_that_cannot_be_carved() -> None:
    for box in (gpus(0), gpus(2)):
        decision = decide(box, FREE, [job("1", slice="2g.20gb")], 0.0)
        assert "slice 2g.20gb" in wait_of(decision, "1").why
        assert "never fits" in wait_of(decision, "1").why
        assert [place.why for place in wait_of(decision, "1").places] == [
            "cannot be carved" for _ in box.gpus
        ]


def test_every_device_has_its_own_reason() -> None:
    box = one_node(gpu(0), gpu(1, memory_gib=24), gpu(2), cpu())
    jobs = [on(box, job("1", gpus=1), "gpu0"), job("2", gpus=2, memory_gib=40)]
    decision = decide(box, FREE, jobs, 0.0)
    assert places_of(decision, "2") == {
        "gpu0": "busy with job 1",
        "gpu1": "40 GiB asked, 24 GiB there",
        "gpu2": "free, but only 1 of 2 GPUs are free on its node",
    }
    assert wait_of(decision, "2").why == (
        "It asks for 2 GPUs of 40 GiB each on one node; 1 is free."
    )


def test_a_card_that_is_too_small_says_so_even_while_it_is_busy() -> None:
    box = one_node(gpu(0), gpu(1, memory_gib=24), cpu())
    jobs = [on(box, job("1", gpus=2), "gpu0", "gpu1"), job("2", gpus=1, memory_gib=40)]
    assert places_of(decide(box, FREE, jobs, 0.0), "2") == {
        "gpu0": "busy with job 1",
        "gpu1": "40 GiB asked, 24 GiB there",
    }


def test_a_job_that_outlived_a_change_of_the_box_does_no_harm() -> None:
    old = on(gpus(8), job("1", gpus=1), "gpu7")
    share = on(one_node(cpu(id="b:cpu")), job("2", cores=4), "b:cpu")
    decision = decide(gpus(1), FREE, [old, share, job("3", gpus=1), job("4", cores=8)], 0.0)
    assert set(started(decision)) == {"3", "4"}


def test_the_order_of_the_jobs_given_does_not_matter() -> None:
    rng = random.Random(11)
    box = gpus(3, cores=4)
    for _ in range(30):
        jobs = [
            job(
                str(n),
                kind=rng.choice(list(Kind)),
                priority=rng.randrange(3),
                submitted_s=float(rng.randrange(3)),
                gpus=rng.randrange(3),
                memory_gib=1.0,
                time_s=rng.choice([None, 10.0, 60.0]),
            )
            for n in range(12)
        ]
        jobs[0] = on(box, jobs[0], "gpu1") if jobs[0].spec.needs.gpus else jobs[0]
        once = decide(box, FREE, jobs, 20.0)
        for _ in range(5):
            rng.shuffle(jobs)
            assert decide(box, FREE, jobs, 20.0) == once


@pytest.mark.parametrize(
    ("needs", "asked", "largest"),
    [
        (Needs(gpus=3, memory_gib=10), "3 GPUs of 10 GiB each on one node", "2 GPUs of 80 GiB"),
        (Needs(gpus=1, memory_gib=81), "a GPU of 81 GiB", "2 GPUs of 80 GiB on one node"),
        (Needs(cores=9), "9 cores and 0.5 GiB of memory", "8 cores and 64 GiB of memory"),
        (Needs(memory_gib=65), "1 core and 65 GiB of memory", "8 cores and 64 GiB of memory"),
    ],
)
def test_what_never_fits_is_told_with_the_largest_that_does(
    needs: Needs, asked: str, largest: str
) -> None:
    misfit = fits(gpus(2), needs)
    assert misfit is not None
    assert misfit[0] == asked
    assert misfit[1].startswith(largest)
    assert "never fits" in wait_of(decide(gpus(2), FREE, [job("1", needs)], 0.0), "1").why


def test_what_fits_an_empty_box_fits() -> None:
    for needs in (Needs(gpus=2, memory_gib=80), Needs(cores=8), Needs(gpus=1, share=0.1)):
        assert fits(gpus(2), needs) is None
    assert fits(gpus(0), Needs(gpus=1)) == ("a GPU of 0.5 GiB", "a CPU share (there is no GPU)")


def test_ten_thousand_waiting_jobs_cost_little_each() -> None:
    # Calls are counted rather than seconds, which depend on who else is on the machine: 12 calls a
    # job were about 50 ms for all of them on one idle core.
    box = gpus(10, cores=64)
    asks = [Needs(gpus=g, memory_gib=40, time_s=t) for g in (1, 2) for t in (None, 60.0)]
    jobs = [job(str(n), asks[n % 4], submitted_s=float(n)) for n in range(10_000)]
    jobs[:10] = [on(box, job(str(n), gpus=1), f"gpu{n}") for n in range(10)]
    profile = Profile()
    decision = profile.runcall(decide, box, FREE, jobs, 1.0)
    assert len(decision.waits) == 9_990
    # Jobs that ask for the same share their places.
    assert len({id(wait.places) for wait in decision.waits}) == 1
    calls = sum(entry.callcount for entry in profile.getstats())
    assert calls < 20 * len(jobs)
