"""Worst-case watts, caps, and who leaves when the budget falls."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tenfold.hardware.curves import CURVES
from tenfold.placement.decide import decide
from tenfold.placement.power import CAP_LEAD_S, LEAVE_LEAD_S, lowest_cap_w, watts_of
from tenfold.placement.simulate import Arrival, simulate
from tenfold.terms.box import Box, Device
from tenfold.terms.budget import Budget, BudgetStep
from tenfold.terms.decision import Cap, Decision
from tenfold.terms.job import Job, Kind
from tenfold.terms.states import State
from tests.placement.worlds import FREE, cpu, gpu, gpus, job, on, one_node, started, wait_of


def limit(*steps: tuple[float, float]) -> Budget:
    return Budget(tuple(BudgetStep(start_s, watts) for start_s, watts in steps))


def caps_of(decision: Decision) -> dict[str, float]:
    return {cap.device: cap.watts for cap in decision.caps}


def busy(box: Box, count: int, **fields: object) -> list[Job]:
    return [on(box, job(str(n), gpus=1, **fields), f"gpu{n}") for n in range(count)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("device", "watts"),
    [
        (gpu(0, knee=0.58, cap_max_w=350.0, cap_min_w=200.0), 203.0),
        (gpu(0, knee=0.58, cap_max_w=700.0, cap_min_w=200.0), 406.0),
        (gpu(0, knee=0.2, cap_max_w=400.0, cap_min_w=200.0), 200.0),
        (gpu(0, knee=0.58, cap_max_w=600.0, cap_min_w=600.0), 600.0),
        (gpu(0, knee=1.0, cap_max_w=82.5, cap_min_w=10.0), 82.5),
    ],
)
def test_the_lowest_cap_is_the_knee_or_the_cards_own_minimum(device: Device, watts: float) -> None:
    assert lowest_cap_w(device) == watts
    assert lowest_cap_w(device) >= device.knee * device.cap_max_w - 1e-9


def test_the_worst_case_counts_host_idle_cards_and_busy_ones() -> None:
    box = gpus(3, host_w=500.0)
    watts = watts_of(box)
    assert watts.unused_w == 500.0 + 3 * 50.0
    slot = on(box, job("1", gpus=2), "gpu0", "gpu1").slot
    assert slot is not None
    assert watts.extra_w(slot, job("1", gpus=2).spec.needs) == 2 * (210.0 - 50.0)


def test_a_start_that_would_break_the_budget_waits_and_says_the_watts() -> None:
    box = gpus(2, host_w=500.0)
    jobs = [job("1", gpus=1), job("2", gpus=1)]
    assert set(started(decide(box, limit((0.0, 920.0)), jobs, 0.0))) == {"1", "2"}
    decision = decide(box, limit((0.0, 919.0)), jobs, 0.0)
    assert set(started(decision)) == {"1"}
    assert wait_of(decision, "2").why == (
        "With it the box may draw 920 W at the lowest caps; the site allows 919 W while it runs."
    )
    assert {place.why for place in wait_of(decision, "2").places} == {
        "busy with job 1",
        "free, but the site's watts are used up",
    }


def test_a_start_must_hold_through_every_step_that_it_touches() -> None:
    box = gpus(1)
    evening = limit((0.0, 500.0), (100.0, 209.0), (200.0, 500.0))
    for time_s, starts in ((100.0, True), (101.0, False), (None, False)):
        decision = decide(box, evening, [job("1", gpus=1, time_s=time_s)], 0.0)
        assert bool(decision.starts) is starts
    assert decide(box, evening, [job("1", gpus=1)], 200.0).starts


def test_cpu_shares_count_their_own_watts() -> None:
    box = one_node(cpu(cores=8), host_w=100.0)
    jobs = [job(str(n), cores=1, watts=100.0) for n in range(3)]
    assert set(started(decide(box, limit((0.0, 300.0)), jobs, 0.0))) == {"0", "1"}
    unknown = [job(str(n), cores=1) for n in range(3)]
    assert len(decide(box, limit((0.0, 100.0)), unknown, 0.0).starts) == 3


def test_a_card_whose_watts_nobody_knows_starts_only_without_a_limit() -> None:
    box = one_node(gpu(0, idle_w=0.0, cap_w=0.0, cap_min_w=0.0, cap_max_w=0.0), cpu())
    assert decide(box, FREE, [job("1", gpus=1)], 0.0).starts
    refused = decide(box, limit((0.0, 5000.0)), [job("1", gpus=1)], 0.0)
    assert "Nobody knows" in wait_of(refused, "1").why
    told = [job("1", gpus=1, watts=300.0)]
    assert decide(box, limit((0.0, 300.0)), told, 0.0).starts
    assert not decide(box, limit((0.0, 299.0)), told, 0.0).starts
    assert decide(box, FREE, [job("1", gpus=1)], 0.0).caps == ()


def test_caps_fall_evenly_over_the_busy_cards_and_come_with_the_start() -> None:
    box = gpus(3)
    # Two busy cards and an idle one, which is kept low: 650 W leave 300 W for each of the two.
    decision = decide(box, limit((0.0, 650.0)), [job("1", gpus=1), job("2", gpus=1)], 0.0)
    assert len(decision.starts) == 2
    assert caps_of(decision) == {"gpu0": 300.0, "gpu1": 300.0, "gpu2": 210.0}


def test_caps_never_go_below_the_knee_even_when_the_budget_is_broken() -> None:
    box = gpus(2)
    decision = decide(box, limit((0.0, 100.0)), busy(box, 2), 0.0)
    assert caps_of(decision) == {"gpu0": 210.0, "gpu1": 210.0}


def test_unequal_cards_stand_at_the_same_fraction_of_their_range() -> None:
    large = {"cap_w": 700.0, "cap_max_w": 700.0, "knee": 0.5}
    box = one_node(gpu(0), gpu(1, **large))
    jobs = [on(box, job("1", gpus=2), "gpu0", "gpu1")]
    # Ranges 210..350 and 350..700: half of both is 280 + 525.
    assert caps_of(decide(box, limit((0.0, 805.0)), jobs, 0.0)) == {"gpu0": 280.0, "gpu1": 525.0}


def test_caps_are_raised_again_when_there_is_room() -> None:
    low = one_node(gpu(0, cap_w=210.0), gpu(1, cap_w=210.0), cpu())
    assert caps_of(decide(low, FREE, busy(low, 1), 0.0)) == {"gpu0": 350.0, "gpu1": 350.0}
    assert caps_of(decide(low, limit((0.0, 300.0)), busy(low, 1), 0.0)) == {"gpu0": 250.0}
    settled = one_node(gpu(0, cap_w=250.0), gpu(1, cap_w=210.0), cpu())
    assert decide(settled, limit((0.0, 300.0)), busy(settled, 1), 0.0).caps == ()


def test_caps_are_down_before_a_step_begins() -> None:
    box = gpus(1)
    evening = limit((0.0, 500.0), (1000.0, 250.0))
    early = decide(box, evening, busy(box, 1), 1000.0 - CAP_LEAD_S)
    assert early.caps == ()
    late = decide(box, evening, busy(box, 1), 1000.0 - CAP_LEAD_S + 0.1)
    assert late.caps == (Cap("gpu0", 250.0),)


def test_the_newest_of_the_lowest_order_leave_until_the_rest_fits() -> None:
    box = gpus(4)
    jobs = [
        on(box, job("1", gpus=1, resumes=True, submitted_s=1.0), "gpu0"),
        on(box, job("2", gpus=1, resumes=True, submitted_s=2.0), "gpu1"),
        on(box, job("3", gpus=1, resumes=True, submitted_s=3.0, priority=1), "gpu2"),
        on(box, job("4", gpus=1, resumes=False, submitted_s=4.0), "gpu3"),
    ]
    # All four need 840 W at the lowest caps; each one that leaves saves 160 W.
    for watts, leave in ((840.0, []), (839.0, ["2"]), (680.0, ["2"]), (679.0, ["2", "1"])):
        decision = decide(box, limit((0.0, watts)), jobs, 10.0)
        assert [one.job for one in decision.yields] == leave
    assert [y.job for y in decide(box, limit((0.0, 10.0)), jobs, 10.0).yields] == ["2", "1", "3"]


def test_services_and_interactive_jobs_never_leave() -> None:
    box = gpus(2)
    jobs = [
        on(box, job("1", gpus=1, resumes=True, kind=Kind.SERVICE), "gpu0"),
        on(box, job("2", gpus=1, resumes=True, kind=Kind.INTERACTIVE), "gpu1"),
    ]
    assert decide(box, limit((0.0, 10.0)), jobs, 0.0).yields == ()


def test_whoever_is_leaving_already_counts_as_gone_but_still_draws() -> None:
    box = gpus(2)
    leaving = on(box, job("2", gpus=1, resumes=True), "gpu1")
    jobs = [
        on(box, job("1", gpus=1, resumes=True), "gpu0"),
        replace(leaving, state=State.YIELDING),
    ]
    decision = decide(box, limit((0.0, 300.0)), [*jobs, job("3", cores=1, watts=10.0)], 0.0)
    assert decision.yields == ()
    assert decision.starts == ()
    assert caps_of(decision) == {"gpu0": 210.0, "gpu1": 210.0}


def test_a_job_that_saves_nothing_is_not_asked_to_leave() -> None:
    box = gpus(1)
    jobs = [*busy(box, 1), on(box, job("9", cores=1, resumes=True), "cpu")]
    assert decide(box, limit((0.0, 100.0)), jobs, 0.0).yields == ()


def test_no_limit_means_no_caps_and_no_waits() -> None:
    box = gpus(2)
    decision = decide(box, FREE, [job("1", gpus=2)], 0.0)
    assert decision.caps == ()
    assert FREE.lowest_w(0.0, math.inf) == math.inf


def test_those_that_have_to_leave_for_a_step_are_asked_in_time() -> None:
    box = gpus(2)
    evening = limit((0.0, 2000.0), (1000.0, 300.0))
    jobs = [
        on(box, job("1", gpus=1, resumes=True, time_s=9000.0, pause_s=20.0), "gpu0"),
        on(box, job("2", gpus=1, resumes=True, time_s=9000.0, pause_s=40.0), "gpu1"),
    ]
    lead_s = LEAVE_LEAD_S + 40.0
    assert decide(box, evening, jobs, 1000.0 - lead_s - 0.1).yields == ()
    asked = decide(box, evening, jobs, 1000.0 - lead_s).yields
    assert [one.job for one in asked] == ["2"]
    assert "allows 300 W soon" in asked[0].why


def test_who_can_leave_is_not_taken_at_its_word_to_end_before_a_step() -> None:
    box = gpus(2)
    evening = limit((0.0, 2000.0), (1000.0, 300.0))
    stays = on(box, job("1", gpus=1, resumes=True, time_s=9000.0), "gpu0")
    for told_s in (500.0, 990.0):
        ends = on(box, job("2", gpus=1, resumes=True, time_s=told_s), "gpu1")
        assert [one.job for one in decide(box, evening, [stays, ends], 950.0).yields] == ["2"]
    # Who cannot leave is: else another one would be asked for it.
    bound = on(box, job("2", gpus=1, time_s=990.0), "gpu1")
    assert decide(box, evening, [stays, bound], 950.0).yields == ()
    # Nor does one start that would end just before the step, and could not be asked in time.
    short = job("3", gpus=1, resumes=True, time_s=30.0)
    assert not decide(gpus(1), limit((0.0, 2000.0), (1000.0, 100.0)), [short], 960.0).starts
    assert decide(gpus(1), limit((0.0, 2000.0), (1000.0, 100.0)), [short], 850.0).starts


def test_a_long_job_that_can_leave_starts_before_the_quiet_hours_and_one_that_cannot_waits() -> (
    None
):
    box = gpus(1)
    evening = limit((0.0, 2000.0), (3600.0, 100.0), (30_000.0, 2000.0))
    long = {"gpus": 1, "time_s": 6 * 3600.0}
    assert decide(box, evening, [job("1", resumes=True, **long)], 0.0).starts
    assert not decide(box, evening, [job("1", **long)], 0.0).starts
    # Where its cap lets it pass it need not leave.
    passes = limit((0.0, 2000.0), (3600.0, 210.0), (30_000.0, 2000.0))
    assert decide(box, passes, [job("1", **long)], 0.0).starts
    # Ten minutes before it is no more worth its pause.
    assert not decide(box, evening, [job("1", resumes=True, **long)], 3000.0).starts


def test_a_long_job_runs_between_nights_that_have_no_watts_for_it() -> None:
    nights = limit(*((n * 43_200.0, 100.0 if n % 2 else 2000.0) for n in range(8)))
    wants = job("1", gpus=1, time_s=90_000.0, resumes=True)
    record = simulate(gpus(1), nights, [Arrival("1", wants.spec)])
    assert "1" in record.ended_s and record.yields == 2
    for stay in record.stays:
        assert nights.lowest_w(stay.start_s, stay.end_s) == 2000.0


def test_under_a_cap_a_job_takes_as_long_as_its_curve_says() -> None:
    box = one_node(gpu(0, cap_min_w=200.0, knee=0.58, curves=CURVES, idle_w=0.0), cpu())
    wants = job("1", gpus=1, time_s=1000.0)
    record = simulate(box, limit((0.0, 245.0)), [Arrival("1", wants.spec)])
    assert record.ended_s["1"] == pytest.approx(1000.0 / 0.914)
    # It draws less than its cap, and by the wall's worst case that counts as its cap.
    assert record.kwh == pytest.approx(350.0 * 0.656 * 1000.0 / 0.914 / 3.6e6)
    assert record.most_w == 245.0


def test_a_cap_that_changes_changes_the_pace_from_then_on() -> None:
    box = one_node(gpu(0, cap_min_w=200.0, knee=0.58, curves=CURVES, idle_w=0.0), cpu())
    evening = limit((0.0, 350.0), (500.0 + CAP_LEAD_S, 245.0))
    record = simulate(box, evening, [Arrival("1", job("1", gpus=1, time_s=1000.0).spec)])
    assert record.ended_s["1"] == pytest.approx(501.0 + 499.0 / 0.914)


def test_what_waits_is_promised_a_time_that_caps_cannot_break() -> None:
    """The first runs at whatever the budget leaves; nobody behind it is told a start too early."""
    box = one_node(*(gpu(n, cap_min_w=200.0, knee=0.58, curves=CURVES) for n in range(2)), cpu())
    tight = limit((0.0, 460.0))
    arrivals = [
        Arrival(str(n), job(str(n), gpus=gpus_, time_s=1000.0, submitted_s=0.0).spec)
        for n, gpus_ in enumerate((1, 1, 2, 1))
    ]
    record = simulate(box, tight, arrivals, watch=lambda *_: None)
    assert len(record.ended_s) == 4
    for id, promised_s in record.promised_s.items():
        assert record.started_s[id] <= promised_s + 1e-6
