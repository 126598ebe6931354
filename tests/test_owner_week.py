"""`benchmarks/owner_week.py`: its bounds, its peers and its energy, on weeks of a few jobs."""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tenfold.engine.plan import Plan, PlanJob
from tenfold.hardware.declared import box
from tenfold.placement.simulate import Arrival, simulate
from tenfold.terms.job import JobSpec, Kind
from tenfold.terms.needs import Needs

pytest.importorskip("ortools")
sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import owner_week
from owner_week_peers import ORDERS, Play, Stay, Unit, lasts_s, partitions, served_all

HOUR_S = 3600.0
BOX = box(owner_week.BOX)


def job(id: int, ask: int | str, hours: float, at_h: float = 0.0, **spec: object) -> PlanJob:
    place = Needs(gpus=ask) if isinstance(ask, int) else Needs(slice=ask)
    needs = replace(place, memory_gib=4.0, time_s=hours * HOUR_S)
    told = JobSpec("test", needs=needs, **spec)  # type: ignore[arg-type]
    return PlanJob(str(id), f"job {id}", "", told, at_h * HOUR_S)


def service(id: int, profile: str) -> PlanJob:
    asked = job(id, profile, 1.0, kind=Kind.SERVICE)
    needs = replace(asked.spec.needs, time_s=None)
    return replace(asked, spec=replace(asked.spec, needs=needs))


def plan(*jobs: PlanJob) -> Plan:
    return Plan("test", BOX, owner_week.FREE, jobs, 24 * HOUR_S)


def crowd() -> Plan:
    """Two services, and a day in which the cards do not suffice."""
    asks: list[int | str] = ["1g.10gb", 4, "2g.20gb", 1, "3g.40gb", 8, "4g.40gb", "1g.20gb"]
    some = [
        job(
            n,
            ask,
            hours=1.0 + n % 4,
            at_h=0.5 * n,
            priority=n % 3,
            resumes=n % 2 == 0,
            after=(str(n - 3),) if n % 7 == 0 else (),
            deadline_s=30 * HOUR_S if n % 5 == 0 else None,
        )
        for n, ask in enumerate(asks * 4, 3)
    ]
    return plan(service(1, "3g.40gb"), service(2, "1g.10gb"), *some)


def test_bounds_of_a_week_whose_optimum_is_known() -> None:
    """Gangs of six on the nine cards beside a service never meet: three hours, not two."""
    week = plan(service(1, "1g.10gb"), *(job(n, 6, 1.0) for n in (2, 3, 4)))
    bounds_s = owner_week.plain_bounds_s(week)
    assert bounds_s["whole cards"] == pytest.approx(3 * 6 / 9 * HOUR_S)
    assert bounds_s["memory slices"] == pytest.approx(3 * 48 / 79 * HOUR_S)
    assert bounds_s["no two of the widest at once"] == 3 * HOUR_S
    assert owner_week.proven_bound_s(week, 10 * HOUR_S) == (3 * HOUR_S, True)


def test_the_proven_bound_is_above_the_area_and_below_every_play() -> None:
    """Three gangs of four on nine cards: two at once, so two hours; the area says 1 1/3."""
    week = plan(service(1, "1g.10gb"), *(job(n, 4, 1.0) for n in (2, 3, 4)))
    proven_s, proved = owner_week.proven_bound_s(week, 10 * HOUR_S)
    assert (proven_s, proved) == (2 * HOUR_S, True)
    assert max(owner_week.plain_bounds_s(week).values()) < proven_s
    assert owner_week._ready_s(week, week.jobs, True) >= proven_s


def test_a_chain_is_as_long_as_its_jobs() -> None:
    week = plan(job(1, 1, 2.0), job(2, 1, 3.0, after=("1",)), job(3, 1, 1.0, after=("1", "2")))
    assert owner_week.plain_bounds_s(week)["longest chain"] == 6 * HOUR_S


def test_energy_is_that_of_the_simulation() -> None:
    week = crowd()
    arrivals = [Arrival(one.id, one.spec, one.at_s) for one in week.jobs]
    record = simulate(week.box, week.budget, arrivals)
    assert record.yields > 0
    play = owner_week.played(record)
    assert owner_week.kwh(BOX, play.stays, 0.0, record.end_s) == pytest.approx(record.kwh)


def test_a_card_of_several_draws_once() -> None:
    stays = [Stay("1", ("gpu0",), 0.0, 2 * HOUR_S), Stay("2", ("gpu0",), HOUR_S, math.inf)]
    kwh = owner_week.kwh(BOX, stays, 0.0, 4 * HOUR_S)
    assert kwh == pytest.approx(4 * (2.2 + 9 * 0.08 + 0.881 * 0.35))


def test_a_card_is_carved_until_nothing_more_fits() -> None:
    geometry = BOX.gpus[0].mig
    assert geometry is not None
    names = {"+".join(one.name for one in some) for some in partitions(geometry)}
    assert {"4g.40gb+3g.40gb", "3g.40gb+3g.40gb", "+".join(["1g.10gb"] * 7)} <= names
    assert "4g.40gb" not in names
    assert not any("7g" in name or "+me" in name for name in names)


@pytest.mark.parametrize("order", ORDERS)
def test_peers_run_everybody_once_and_nobody_before_it_can(order: str) -> None:
    week = crowd()
    layouts = dict(owner_week.static_layouts(BOX))
    carved = layouts["8 whole | 3g.40gb+2g.20gb+1g.10gb+1g.10gb | 4g.40gb+3g.40gb"]
    whole = [Unit(gpu.id) for gpu in BOX.gpus]
    for units, spills in ((carved, False), (carved, True), (whole, True)):
        play = owner_week.static(week, units, order, spills=spills)
        assert served_all(week, play)
        _check(week, units, play)


def _check(week: Plan, units: Sequence[Unit], play: Play) -> None:
    by_id = {one.id: one for one in week.jobs}
    places = Counter(unit.card for unit in units)
    assert sorted(stay.job for stay in play.stays) == sorted(by_id)
    for stay in play.stays:
        told = by_id[stay.job]
        assert stay.start_s >= told.at_s
        assert all(stay.start_s >= play.ended_s[id] for id in told.spec.after)
        assert stay.end_s == stay.start_s + lasts_s(told)
        assert len(stay.cards) == max(1, told.spec.needs.gpus)
        beside = [one for one in play.stays if one.start_s <= stay.start_s < one.end_s]
        held = Counter(card for one in beside for card in one.cards)
        assert all(held[card] <= places[card] for card in stay.cards)


def test_a_layout_without_a_place_for_a_job_is_told() -> None:
    layouts = dict(owner_week.static_layouts(BOX))
    units = layouts["9 whole | " + "+".join(["1g.10gb"] * 7)]
    week = crowd()
    assert not served_all(week, owner_week.static(week, units, "fifo", spills=False))


def test_a_peer_passes_only_where_that_delays_nobody() -> None:
    week = plan(
        job(1, 1, 2.0),
        job(2, 10, 1.0, at_h=0.1),  # has the cards at two
        job(3, "1g.10gb", 1.9, at_h=0.2),  # would end behind that
        job(4, 1, 1.5, at_h=0.3),
    )
    units = [Unit(gpu.id) for gpu in BOX.gpus]
    play = owner_week.static(week, units, "fifo", spills=True)
    assert play.started_s["2"] == 2 * HOUR_S
    assert play.started_s["3"] == 3 * HOUR_S
    assert play.started_s["4"] == 0.3 * HOUR_S


def test_ranks_go_ahead_of_those_that_asked_before() -> None:
    week = plan(
        job(1, 10, 1.0),
        job(2, 10, 1.0, at_h=0.1),
        job(3, 10, 1.0, at_h=0.2, priority=1),
        job(4, 10, 1.0, at_h=0.3, deadline_s=3.5 * HOUR_S),
    )
    units = [Unit(gpu.id) for gpu in BOX.gpus]

    def starts_h(order: str) -> list[float]:
        play = owner_week.static(week, units, order, spills=False)
        return [play.started_s[one.id] / HOUR_S for one in week.jobs]

    assert starts_h("fifo") == [0.0, 1.0, 2.0, 3.0]
    assert starts_h("ranked") == [0.0, 3.0, 1.0, 2.0]


def test_waiting_is_what_a_job_does_not_run_of_its_time() -> None:
    week = plan(job(1, 2, 1.0), job(2, "3g.40gb", 1.0, after=("1",), deadline_s=4 * HOUR_S))
    ended_s = {"1": 2 * HOUR_S, "2": 4.5 * HOUR_S}
    play = Play([], {"1": 0.0, "2": 3 * HOUR_S}, ended_s)  # the first stopped for an hour
    found = owner_week.judged(week, play, 5 * HOUR_S)
    assert found["wait_mean_h"] == pytest.approx((1.0 + 1.5) / 2)
    assert found["wait_by_share_h"] == pytest.approx(
        (2 * 1.0 + 3 / 7 * 1.5) / (2 + 3 / 7), abs=1e-3
    )
    assert found["deadlines_met"] == 0
