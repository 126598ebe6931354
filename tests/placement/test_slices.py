"""Slices: which one, where, beside whom, and in what words one waits for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tenfold.hardware.declared import box as declared
from tenfold.hardware.mig import GEOMETRIES
from tenfold.placement.decide import decide, fits
from tenfold.placement.packing import packing
from tenfold.terms.box import Box, Device, Slot
from tenfold.terms.budget import Budget, BudgetStep
from tenfold.terms.decision import Decision, Relayout
from tenfold.terms.job import Job, Kind
from tenfold.terms.mig import Instance, Placement
from tenfold.terms.needs import Needs
from tenfold.terms.states import State
from tests.placement.worlds import FREE, cpu, gpu, job, on, one_node, places_of, started, wait_of

H100 = GEOMETRIES["H100-SXM"]


def card(number: int, **fields: object) -> Device:
    return replace(gpu(number, memory_gib=79.25), mig=H100, **fields)  # type: ignore[arg-type]


def cards(count: int) -> Box:
    return one_node(*(card(n) for n in range(count)), cpu(cores=70))


def place(words: str) -> Placement:
    profile, start = words.split("@")
    found = H100.profile(profile)
    assert found is not None
    return Placement(profile, int(start), found.size)


def sits(asked: Job, device: str, words: str, started_s: float = 0.0) -> Job:
    """The job, running on that slice."""
    slot = Slot("a", (device,), gpu(0).kind, 1, 10.0, slice=place(words))
    return replace(asked, state=State.RUNNING, slot=slot, started_s=started_s)


def seats(decision: Decision) -> dict[str, str]:
    return {
        id: f"{slot.devices[0]} {slot.slice.words}" if slot.slice else "+".join(slot.devices)
        for id, slot in started(decision).items()
    }


def standing(box: Box, **instances: str) -> Box:
    """The box with idle instances, `gpu0="1g.10gb@6 3g.40gb@0"`."""
    made = {
        id: tuple(Instance(place(words)) for words in told.split())
        for id, told in instances.items()
    }
    devices = tuple(
        replace(d, instances=made[d.id]) if d.id in made else d for d in box.nodes[0].devices
    )
    return replace(box, nodes=(replace(box.nodes[0], devices=devices),))


def test_small_slices_go_to_slot_six_and_downwards() -> None:
    jobs = [job(str(n), slice="1g.10gb") for n in range(7)]
    decision = decide(cards(1), FREE, jobs, 0.0)
    starts = [slot.slice.start for slot in started(decision).values() if slot.slice]
    assert starts[0] == 6 and sorted(starts) == list(range(7))
    # The 4g keeps its place as long as it can.
    assert set(starts[:3]) == {4, 5, 6}


def test_the_smallest_slice_that_suffices_is_given() -> None:
    pack = packing(H100)
    for needs, profile in (
        (Needs(gpus=1, share=0.1, memory_gib=5), "1g.10gb"),
        (Needs(gpus=1, share=0.1, memory_gib=15), "1g.20gb"),
        (Needs(gpus=1, share=0.2, memory_gib=5), "2g.20gb"),
        # 60 of 132 multiprocessors: more than three sevenths.
        (Needs(gpus=1, share=0.45, memory_gib=5), "3g.40gb"),
        (Needs(gpus=1, share=0.47, memory_gib=5), "4g.40gb"),
        (Needs(gpus=1, share=0.5, memory_gib=5), "7g.80gb"),
        (Needs(slice="1g.10gb+me"), "1g.10gb+me"),
        (Needs(gpus=1, speeds=(0.0, 0.4, 0.6, 0.7, 1.0)), "2g.20gb"),
    ):
        found = pack.wanted(needs)
        assert found is not None and found.name == profile
    assert pack.wanted(Needs(slice="1g.10gb", memory_gib=12)) is None


def test_a_card_that_is_carved_already_comes_first() -> None:
    jobs = [
        sits(job("1", slice="1g.10gb"), "gpu1", "1g.10gb@6"),
        job("2", slice="2g.20gb"),
        job("3", gpus=1, memory_gib=70),
    ]
    assert seats(decide(cards(2), FREE, jobs, 0.0)) == {"2": "gpu1 2g.20gb@4", "3": "gpu0"}


def test_an_instance_that_stands_is_used_again() -> None:
    box = standing(cards(1), gpu0="1g.10gb@6 3g.40gb@0")
    decision = decide(box, FREE, [job("1", slice="1g.10gb")], 0.0)
    assert seats(decision) == {"1": "gpu0 1g.10gb@6"}
    assert decision.relayouts == () and decision.starts[0].slot.carve_s == 0


def test_carving_destroys_only_what_is_idle_and_in_the_way() -> None:
    box = standing(cards(1), gpu0="1g.10gb@6 1g.10gb@5 3g.40gb@0")
    jobs = [sits(job("1", slice="1g.10gb"), "gpu0", "1g.10gb@5"), job("2", slice="4g.40gb")]
    decision = decide(box, FREE, jobs, 0.0)
    assert decision.relayouts == (Relayout("gpu0", (place("3g.40gb@0"),), (place("4g.40gb@0"),)),)
    # As the driver takes for one 3g destroyed and one 4g created.
    assert decision.starts[0].slot.carve_s == pytest.approx(0.25 + 0.38)


def test_a_whole_card_finds_no_instance_left() -> None:
    box = standing(cards(1), gpu0="1g.10gb@6 3g.40gb@0")
    decision = decide(box, FREE, [job("1", gpus=1)], 0.0)
    assert decision.relayouts == (Relayout("gpu0", (place("1g.10gb@6"), place("3g.40gb@0"))),)


def test_what_somebody_else_made_is_left_alone() -> None:
    theirs = (Instance(place("2g.20gb@2"), foreign=True),)
    box = one_node(card(0, instances=theirs), cpu())
    jobs = [job("1", slice="4g.40gb"), job("2", gpus=1), job("3", slice="3g.40gb")]
    decision = decide(box, FREE, jobs, 0.0)
    assert seats(decision) == {"3": "gpu0 3g.40gb@4"}
    assert all(not relayout.destroy for relayout in decision.relayouts)
    assert "somebody else's" in places_of(decision, "1")["gpu0"]


def test_a_card_that_is_not_carved_live_is_drained_first() -> None:
    box = one_node(card(0, carves_live=False), cpu())
    jobs = [sits(job("1", slice="1g.10gb"), "gpu0", "1g.10gb@6"), job("2", slice="2g.20gb")]
    there = standing(box, gpu0="1g.10gb@6")
    decision = decide(there, FREE, jobs, 0.0)
    assert decision.starts == ()
    assert "not carved beside running slices" in places_of(decision, "2")["gpu0"]
    there = standing(box, gpu0="1g.10gb@6 2g.20gb@0")
    assert seats(decide(there, FREE, jobs, 0.0)) == {"2": "gpu0 2g.20gb@0"}


def test_a_slice_waits_in_words() -> None:
    jobs = [
        sits(job("1", slice="4g.40gb", time_s=100), "gpu0", "4g.40gb@0"),
        sits(job("2", slice="2g.20gb", time_s=300), "gpu0", "2g.20gb@4"),
        on(cards(2), job("3", gpus=1, time_s=500), "gpu1"),
        job("4", slice="3g.40gb"),
        job("5", slice="2g.20gb"),
    ]
    decision = decide(cards(2), FREE, jobs, 0.0)
    wait = wait_of(decision, "4")
    assert wait.why == "It asks for a slice 3g.40gb; no card has room for one (2 looked at)."
    assert wait.expected_s == 100.0
    assert places_of(decision, "4") == {
        "gpu0": "no room for a 3g.40gb, which starts at 0, 4"
        " (carved: 4g.40gb@0 job 1, 2g.20gb@4 job 2)",
        "gpu1": "busy with job 3",
    }


def test_backfill_beside_a_kept_slice() -> None:
    jobs = [
        sits(job("1", slice="4g.40gb", time_s=100), "gpu0", "4g.40gb@0"),
        sits(job("2", slice="1g.10gb", time_s=300), "gpu0", "1g.10gb@4"),
        job("3", slice="4g.40gb"),
        job("4", slice="1g.10gb"),  # nobody knows how long, and it is in nobody's way
    ]
    assert seats(decide(cards(1), FREE, jobs, 0.0)) == {"4": "gpu0 1g.10gb@5"}
    jobs = [
        sits(job("1", slice="1g.10gb", time_s=100), "gpu0", "1g.10gb@6"),
        job("2", gpus=1),
        job("3", slice="1g.10gb", time_s=101),
        job("4", slice="1g.10gb", time_s=99),
    ]
    decision = decide(cards(1), FREE, jobs, 0.0)
    assert set(started(decision)) == {"4"}
    assert places_of(decision, "3")["gpu0"] == "has room for a 1g.10gb, but it is kept for job 2"


def test_the_watts_of_a_card_count_once() -> None:
    # At the lowest caps a busy card draws 210 W, an idle one 50 W.
    box, budget = cards(2), Budget((BudgetStep(0.0, 270.0),))
    jobs = [job("1", slice="1g.10gb"), job("2", slice="1g.10gb"), job("3", gpus=1)]
    decision = decide(box, budget, jobs, 0.0)
    assert set(started(decision)) == {"1", "2"}
    assert "270 W" in wait_of(decision, "3").why


def test_over_the_budget_slices_beside_one_that_stays_are_not_asked() -> None:
    box, budget = cards(2), Budget((BudgetStep(0.0, 270.0),))
    jobs = [
        sits(job("1", slice="1g.10gb", kind=Kind.SERVICE), "gpu0", "1g.10gb@6"),
        sits(job("2", slice="1g.10gb", resumes=True), "gpu0", "1g.10gb@5"),
        sits(job("3", slice="1g.10gb", resumes=True), "gpu1", "1g.10gb@5"),
    ]
    assert [leave.job for leave in decide(box, budget, jobs, 0.0).yields] == ["3"]


def test_what_never_fits_names_the_nearest_slice() -> None:
    h200 = declared("8xH200")
    assert fits(h200, Needs(slice="2g.20gb")) == (
        "a slice 2g.20gb",
        "a slice 2g.35gb of 32.5 GiB",
    )
    assert fits(cards(1), Needs(slice="1g.10gb", memory_gib=15)) == (
        "a slice 1g.10gb with 15 GiB",
        "a slice 1g.20gb of 19.62 GiB",
    )
    assert fits(cards(1), Needs(slice="1g.10gb", gpus=2)) is not None
    assert fits(cards(1), Needs(slice="nonsense")) is not None


def test_a_part_of_a_card_that_cannot_be_carved_is_all_of_it() -> None:
    box = one_node(gpu(0), card(1), cpu())
    jobs = [job("1", gpus=1, share=0.1), job("2", gpus=1, share=0.1)]
    assert seats(decide(one_node(gpu(0), cpu()), FREE, jobs, 0.0)) == {"1": "gpu0"}
    assert seats(decide(box, FREE, jobs, 0.0)) == {"1": "gpu1 1g.10gb@6", "2": "gpu1 1g.10gb@5"}


def test_gangs_keep_to_bridges_and_break_as_few_as_they_can() -> None:
    ten = declared("10xH100-PCIe")
    alone = on(ten, job("0", gpus=1), "gpu4")
    jobs = [alone, job("1", gpus=2), job("2", gpus=3), job("3", gpus=1), job("4", gpus=2)]
    assert seats(decide(ten, FREE, jobs, 0.0)) == {
        "1": "gpu0+gpu1",
        "2": "gpu2+gpu3+gpu5",
        "3": "gpu6",
        "4": "gpu8+gpu9",
    }
    assert len(started(decide(ten, FREE, [job("1", gpus=10)], 0.0))["1"].devices) == 10


def test_one_switch_comes_before_several() -> None:
    switched = [
        replace(gpu(n), switch="s0" if n < 3 else "s1", bridge=f"b{n // 2}") for n in range(6)
    ]
    box = one_node(*switched, cpu())
    busy = on(box, job("0", gpus=1), "gpu0")
    assert seats(decide(box, FREE, [busy, job("1", gpus=3)], 0.0)) == {"1": "gpu3+gpu4+gpu5"}


def test_a_gang_that_no_node_holds_spans_two_at_a_price() -> None:
    both = declared("8xH100-SXM+2xH100-SXM")
    slot = started(decide(both, FREE, [job("1", gpus=10, time_s=100)], 0.0))["1"]
    assert slot.node == "node0+node1" and len(slot.devices) == 10
    assert slot.factor == both.span_factor
    # What one node holds waits for it.
    jobs = [on(both, job("1", gpus=1, time_s=50), "gpu0"), job("2", gpus=8)]
    assert wait_of(decide(both, FREE, jobs, 0.0), "2").expected_s == 50.0
    assert fits(replace(both, span_factor=None), Needs(gpus=10)) is not None


# -- who yields ---------------------------------------------------------------------------------


def test_a_service_makes_a_batch_job_yield_where_the_wait_is_longer_than_the_pause() -> None:
    batch = [
        sits(job("1", slice="4g.40gb", resumes=True, time_s=5000), "gpu0", "4g.40gb@0"),
        sits(job("2", slice="3g.40gb", resumes=True, time_s=5000), "gpu0", "3g.40gb@4"),
    ]
    service = job("3", slice="3g.40gb", kind=Kind.SERVICE)
    assert [y.job for y in decide(cards(1), FREE, [*batch, service], 1000.0).yields] == ["2"]
    # Not just started, not when it ends soon anyway, and never for its own kind.
    assert decide(cards(1), FREE, [*batch, service], 100.0).yields == ()
    assert decide(cards(1), FREE, [*batch, service], 4990.0).yields == ()
    peer = job("3", slice="3g.40gb", submitted_s=1.0)
    assert decide(cards(1), FREE, [*batch, peer], 1000.0).yields == ()
    stubborn = [replace(one, spec=replace(one.spec, resumes=False)) for one in batch]
    assert decide(cards(1), FREE, [*stubborn, service], 1000.0).yields == ()


def test_slices_move_together_where_that_makes_room() -> None:
    scattered = [
        sits(job("1", slice="1g.10gb", resumes=True, time_s=9000), "gpu0", "1g.10gb@6"),
        sits(job("2", slice="1g.10gb", resumes=True, time_s=9000), "gpu1", "1g.10gb@6"),
    ]
    whole = job("3", gpus=1, submitted_s=9.0, time_s=10)
    decision = decide(cards(2), FREE, [*scattered, whole], 1000.0)
    assert len(decision.yields) == 1
    (moved,) = (leave.job for leave in decision.yields)
    # Carried out: it leaves, and all of them have a place in the next decision.
    left = [
        replace(one, state=State.QUEUED, slot=None) if one.id == moved else one for one in scattered
    ]
    assert set(started(decide(cards(2), FREE, [*left, whole], 1030.0))) == {moved, "3"}
    # Two gangs' worth of room is not there, so nobody is moved in vain.
    both = job("3", gpus=2, submitted_s=9.0, time_s=10)
    assert decide(cards(2), FREE, [*scattered, both], 1000.0).yields == ()


def test_nobody_is_asked_while_somebody_leaves() -> None:
    scattered = [
        sits(job("1", slice="1g.10gb", resumes=True, time_s=9000), "gpu0", "1g.10gb@6"),
        sits(job("2", slice="1g.10gb", resumes=True, time_s=9000), "gpu1", "1g.10gb@6"),
    ]
    scattered[0] = replace(scattered[0], state=State.YIELDING)
    whole = job("3", gpus=2, kind=Kind.SERVICE)
    assert decide(cards(2), FREE, [*scattered, whole], 1000.0).yields == ()


# -- times --------------------------------------------------------------------------------------


def with_times(one: Job, **times: float) -> Job:
    return replace(one, spec=replace(one.spec, **times))


def test_a_job_does_not_start_before_its_time() -> None:
    early = with_times(job("1", gpus=1), not_before_s=50.0)
    decision = decide(cards(1), FREE, [early], 20.0)
    assert decision.starts == () and wait_of(decision, "1").expected_s == 50.0
    assert set(started(decide(cards(1), FREE, [early], 50.0))) == {"1"}


def test_a_deadline_counts_once_its_latest_start_is_near() -> None:
    jobs = [
        job("1", gpus=1, time_s=600),
        with_times(job("2", gpus=1, time_s=600, submitted_s=1.0), deadline_s=20_000.0),
    ]
    assert set(started(decide(cards(1), FREE, jobs, 2.0))) == {"1"}
    assert set(started(decide(cards(1), FREE, jobs, 16_000.0))) == {"2"}
    above = replace(jobs[0], spec=replace(jobs[0].spec, priority=1))
    assert set(started(decide(cards(1), FREE, [above, jobs[1]], 16_000.0))) == {"1"}
