"""How busy cards divide the watts above their lowest caps."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import pytest

from tenfold.hardware.curves import CURVES
from tenfold.placement.decide import decide
from tenfold.placement.power import lowest_cap_w, speed
from tenfold.terms.box import Box, Device
from tenfold.terms.budget import Budget, BudgetStep
from tenfold.terms.job import Job, Kind
from tests.placement.worlds import cpu, gpu, job, on, one_node


def card(number: int, **fields: object) -> Device:
    """An H100 PCIe: lowest cap 203 W, 350 W at most."""
    known: dict[str, object] = {"cap_min_w": 200.0, "knee": 0.58, "curves": CURVES}
    return gpu(number, **{**known, **fields})  # type: ignore[arg-type]


def cards(count: int) -> Box:
    return one_node(*(card(n) for n in range(count)), cpu())


def limit(watts: float) -> Budget:
    return Budget((BudgetStep(0.0, watts),))


def levels(box: Box, watts: float, jobs: list[Job]) -> dict[str, float]:
    """What every card stands at after the decision."""
    decision = decide(box, limit(watts), jobs, 0.0)
    assert not decision.yields
    told = {cap.device: cap.watts for cap in decision.caps}
    return {gpu.id: told.get(gpu.id, gpu.cap_w) for gpu in box.gpus}


def total_speed(box: Box, jobs: list[Job], at: dict[str, float]) -> float:
    by_id = {gpu.id: gpu for gpu in box.gpus}
    return sum(
        len(one.slot.devices)
        * min(speed(by_id[id], at[id], one.spec.needs.load) for id in one.slot.devices)
        for one in jobs
        if one.slot is not None
    )


def test_work_that_gains_nothing_leaves_its_watts_to_work_that_does() -> None:
    box = cards(2)
    jobs = [
        on(box, job("1", gpus=1, load="compute"), "gpu0"),
        on(box, job("2", gpus=1, load="decode"), "gpu1"),
    ]
    assert levels(box, 203.0 + 330.0, jobs) == {"gpu0": 330.0, "gpu1": 203.0}


def test_the_same_work_stands_alike_whatever_the_cards_number() -> None:
    box = cards(5)
    jobs = [on(box, job(str(n), gpus=1), f"gpu{n}") for n in range(5)]
    assert set(levels(box, 5 * 281.0, jobs).values()) == {281.0}


def test_all_cards_of_a_gang_stand_alike() -> None:
    box = one_node(card(0), card(1, cap_min_w=240.0), card(2), cpu())
    jobs = [
        on(box, job("1", gpus=2), "gpu0", "gpu1"),
        on(box, job("2", gpus=1, load="decode"), "gpu2"),
    ]
    at = levels(box, 900.0, jobs)
    way = [(at[id] - low) / (350.0 - low) for id, low in (("gpu0", 203.0), ("gpu1", 240.0))]
    assert way[0] == pytest.approx(way[1], abs=0.01)
    assert at["gpu2"] == 203.0
    assert 898.0 <= sum(at.values()) <= 900.0


def test_who_is_waited_for_comes_first() -> None:
    box = cards(2)
    jobs = [
        on(box, job("1", gpus=1), "gpu0"),
        on(box, job("2", gpus=1, kind=Kind.INTERACTIVE), "gpu1"),
    ]
    at = levels(box, 203.0 + 350.0, jobs)
    # From 70 % of its limit on a watt gains batch work less than half of what the first ones do.
    assert (at["gpu0"], at["gpu1"]) == (245.0, 308.0)


def test_a_job_gets_no_more_than_it_asks_for() -> None:
    box = cards(2)
    first = replace(on(box, job("1", gpus=1), "gpu0"), cap_w=250.0)
    jobs = [first, on(box, job("2", gpus=1), "gpu1")]
    assert levels(box, 5000.0, jobs) == {"gpu0": 250.0, "gpu1": 350.0}
    assert levels(box, 570.0, jobs)["gpu0"] <= 250.0
    # Also below the knee, but not below what the card takes.
    low = one_node(card(0, cap_min_w=100.0), card(1), cpu())
    for asked_w, given_w in ((150.0, 150.0), (150.7, 150.0), (60.0, 100.0)):
        asks = replace(on(low, job("1", gpus=1), "gpu0"), cap_w=asked_w)
        assert levels(low, 5000.0, [asks])["gpu0"] == given_w
        assert levels(low, 300.0, [asks])["gpu0"] == given_w


def test_a_card_that_is_relieved_stays_under_its_ceiling() -> None:
    box = one_node(card(0, ceiling_w=276.0), card(1), cpu())
    jobs = [on(box, job(str(n), gpus=1), f"gpu{n}") for n in range(2)]
    assert levels(box, 5000.0, jobs) == {"gpu0": 276.0, "gpu1": 350.0}


def test_what_a_card_draws_over_its_limit_is_counted() -> None:
    box = one_node(card(0, overdraw=1.1), cpu())
    busy = [on(box, job("1", gpus=1), "gpu0")]
    for watts in (240.0, 300.0, 350.0):
        assert levels(box, watts, busy)["gpu0"] * 1.1 <= watts
    assert decide(box, limit(203.0 * 1.1 - 0.1), [job("1", gpus=1)], 0.0).starts == ()


def test_a_card_that_somebody_else_uses_counts_and_is_given_to_nobody() -> None:
    box = one_node(card(0, others=True), card(1), cpu())
    decision = decide(box, limit(5000.0), [job("1", gpus=1), job("2", gpus=1)], 0.0)
    assert [start.slot.devices for start in decision.starts] == [("gpu1",)]
    places = {place.slot: place.why for wait in decision.waits for place in wait.places}
    assert "somebody else's process" in places["gpu0"]
    # 203 W for theirs, 203 W for ours: below that nothing of ours starts.
    assert decide(box, limit(406.0), [job("1", gpus=1)], 0.0).starts
    assert not decide(box, limit(405.0), [job("1", gpus=1)], 0.0).starts


def test_a_small_gain_is_no_reason_to_ask_the_driver() -> None:
    box = one_node(card(0, cap_w=296.0), cpu())
    busy = [on(box, job("1", gpus=1), "gpu0")]
    assert decide(box, limit(300.0), busy, 0.0).caps == ()
    assert levels(box, 302.0, busy) == {"gpu0": 302.0}
    assert levels(box, 295.0, busy) == {"gpu0": 295.0}, "downward every watt counts"


def test_no_other_division_in_steps_of_a_twelfth_is_faster() -> None:
    """Beside every division of the same watts, for random mixes of work."""
    chance = random.Random(3)
    for _ in range(25):
        box = cards(3)
        loads = [chance.choice(["compute", "light", "decode"]) for _ in range(3)]
        jobs = [on(box, job(str(n), gpus=1, load=load), f"gpu{n}") for n, load in enumerate(loads)]
        watts = chance.uniform(3 * 203.0, 3 * 350.0)
        at = levels(box, watts, jobs)
        assert sum(at.values()) <= watts
        low = lowest_cap_w(box.gpus[0])
        steps = [low + (350.0 - low) * n / 12 for n in range(13)]
        best = max(
            total_speed(box, jobs, dict(zip(at, tried, strict=True)))
            for tried in itertools.product(steps, repeat=3)
            if sum(tried) <= watts
        )
        # A watt on each card is lost to whole watts, and SLACK_W to standing still.
        assert total_speed(box, jobs, at) >= best - 0.03
