"""The owner's week (`examples/owner-week.toml`) on ten H100: `part()`.

Synthetic, as the file says, and all of it modelled: a card in use draws what its curve says of its
limit, else it idles.

*ready*: everything is asked for at zero, without earliest starts and deadlines; how long until the
last job has ended, against a bound below which no schedule can be. The two services never end: they
run from zero on, and what they hold is taken off the capacity of the bound. `chains` are the jobs
that come after others; without them every job is ready at once. Jobs asked for at one moment go in
the order of their numbers, which is the file's; `widest first` numbers them by their cards, then by
their time, as an owner could write the file.

*arrivals*: the week as it stands, beside layouts that never change. `whole`: a job has whole cards,
also where a slice would do. `static`: eight or nine whole cards, and any MIG partition of each of
the others, on which every job fits (less than eight would not hold the gangs of eight); the best is
chosen with hindsight. These peers have a clock and a rule of their own: the next job takes the
smallest free place that holds it, the first that waits has a place kept for the moment at which it
is free, and those behind it pass where that does not delay it. They are told the true times, carve
nothing and stop nobody. In the order `fifo` the first asked for comes first; in `ranked` services,
interactive jobs and priorities, and deadlines that are near, go ahead, as they do at Tenfold.

Waiting is all the time from when a job could run until it ends in which it does not run. Energy is
reckoned by one function for all, over the week, or to the end of the longest play if that is later.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from ortools.sat.python import cp_model

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from faults.kept import keep
from owner_week_peers import (
    COMPUTE,
    HOUR_S,
    ORDERS,
    Play,
    Stay,
    Unit,
    lasts_s,
    profile_of,
    served_all,
    start_of,
    static,
    static_layouts,
)

from tenfold.engine.describe import Describer
from tenfold.engine.plan import Plan, PlanJob
from tenfold.engine.planner import no_limits, plan_of
from tenfold.hardware.declared import box as declared
from tenfold.placement.power import draw_w
from tenfold.placement.simulate import Arrival, Record, simulate
from tenfold.terms.box import Box, DeviceKind
from tenfold.terms.budget import Budget, BudgetStep
from tenfold.terms.job import Kind
from tenfold.terms.mig import SLICES
from tenfold.terms.needs import Needs

WEEK = Path(__file__).parents[1] / "examples" / "owner-week.toml"
BOX = "10xH100-PCIe"
FREE = Budget((BudgetStep(0.0, math.inf),))
WORK = 40.0  # of CP-SAT, in its own measure, which is the same on every machine; a proof takes 3
TICK_S = 300  # of the bound's clock: every longer time of the week is a multiple


def part() -> dict[str, Any]:
    plan = week()
    return {"jobs": len(plan.jobs), "ready": ready_part(plan), "arrivals": arrivals_part(plan)}


def week() -> Plan:
    """By the product's own reader; what the catalogue's jobs need, the describer says."""
    with tempfile.TemporaryDirectory() as home:
        describer = Describer(Path(home))
        text = WEEK.read_text(encoding="utf-8")
        return plan_of(text, WEEK.name, declared(BOX), no_limits(), describer)


# -- everything ready at zero ---------------------------------------------------------------------


def ready_part(plan: Plan) -> dict[str, Any]:
    plays: dict[str, dict[str, float]] = {}
    for chains in (False, True):
        row = plays["with chains" if chains else "without chains"] = {}
        row["as filed"] = _ready_s(plan, plan.jobs, chains)
        row["widest first"] = _ready_s(plan, sorted(plan.jobs, key=_width), chains)
    bounds_s = plain_bounds_s(plan)
    shortest_s = min(min(row.values()) for row in plays.values())
    proven_s, proved = proven_bound_s(plan, shortest_s)
    plain_s = max(bounds_s.values())
    bound_s = max(plain_s, proven_s)
    return {
        "bounds_h": {name: _hours(of_s) for name, of_s in bounds_s.items()},
        "proven_bound_h": _hours(bound_s),
        "bound_is_its_relaxations_optimum": proved,
        **{
            chains: {
                order: {
                    "makespan_h": _hours(makespan_s),
                    "over_proven_bound": round(makespan_s / bound_s, 4),
                    "over_plain_bound": round(makespan_s / plain_s, 4),
                }
                for order, makespan_s in row.items()
            }
            for chains, row in plays.items()
        },
    }


def _width(job: PlanJob) -> tuple[float, float]:
    return (-job.spec.needs.gpus, -lasts_s(job))


def _ready_s(plan: Plan, jobs: Sequence[PlanJob], chains: bool) -> float:
    """The makespan where `jobs` are numbered in this order."""
    ids = {job.id: str(number) for number, job in enumerate(jobs, 1)}
    arrivals = []
    for job in jobs:
        after = tuple(ids[id] for id in job.spec.after) if chains else ()
        spec = replace(job.spec, after=after, not_before_s=None, deadline_s=None)
        arrivals.append(Arrival(ids[job.id], spec))
    return simulate(plan.box, FREE, arrivals).makespan_s


@dataclass(frozen=True)
class _Room:
    """What is left of the box beside the services, at every moment."""

    cards: int  # on which no service is
    cells: int  # memory slices
    compute: int  # compute slices


def _room(plan: Plan) -> _Room:
    """At least one card has a service on it, wherever they are."""
    served = [job for job in plan.jobs if job.spec.kind is Kind.SERVICE]
    cards = len(plan.box.gpus)
    return _Room(
        cards=cards - min(1, len(served)),
        cells=SLICES * cards - sum(_cells(plan.box, job) for job in served),
        compute=COMPUTE * cards - sum(_compute(plan.box, job) for job in served),
    )


def plain_bounds_s(plan: Plan) -> dict[str, float]:
    """Each holds for every schedule in which the services run from zero on."""
    room = _room(plan)
    jobs = _ending(plan)
    by_id = {job.id: job for job in plan.jobs}

    @cache
    def chain_s(id: str) -> float:
        before = max(map(chain_s, by_id[id].spec.after), default=0.0)
        return before + lasts_s(by_id[id])

    def area_s(size: Callable[[PlanJob], int]) -> float:
        return sum(size(job) * lasts_s(job) for job in jobs)

    wide = [job for job in jobs if 2 * job.spec.needs.gpus > room.cards]
    return {
        "whole cards": area_s(lambda job: job.spec.needs.gpus) / room.cards,
        "memory slices": area_s(lambda job: _cells(plan.box, job)) / room.cells,
        "compute slices": area_s(lambda job: _compute(plan.box, job)) / room.compute,
        "no two of the widest at once": sum(map(lasts_s, wide)),
        "longest job": max(map(lasts_s, jobs)),
        "longest chain": max(chain_s(job.id) for job in jobs),
    }


def proven_bound_s(plan: Plan, horizon_s: float) -> tuple[float, bool]:
    """CP-SAT's for a relaxation without chains, and whether that is its optimum.

    At no moment do jobs take more memory slices or compute slices than are left beside the services
    (so no more whole cards either). Where on a card a slice stands is left out, and times are
    rounded down to ticks, so that the bound is never too high. `horizon_s`: within which there is a
    schedule.
    """
    room, model = _room(plan), cp_model.CpModel()
    horizon = math.ceil(horizon_s / TICK_S)
    makespan = model.new_int_var(0, horizon, "makespan")
    spans, jobs = [], []
    alike: dict[Needs, cp_model.IntVar] = {}
    for job in _ending(plan):
        ticks = int(lasts_s(job) / TICK_S + 1e-6)
        if not _cells(plan.box, job) or not ticks:
            continue
        start = model.new_int_var(0, horizon - ticks, job.id)
        model.add(start + ticks <= makespan)
        spans.append(model.new_fixed_size_interval_var(start, ticks, job.id))
        jobs.append(job)
        # Of equal jobs the first starts first: without a loss, and with much less to search.
        before = alike.get(job.spec.needs)
        if before is not None:
            model.add(before <= start)
        alike[job.spec.needs] = start
    model.add_cumulative(spans, [_cells(plan.box, job) for job in jobs], room.cells)
    model.add_cumulative(spans, [_compute(plan.box, job) for job in jobs], room.compute)
    model.minimize(makespan)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    solver.parameters.max_deterministic_time = WORK
    status = solver.solve(model)
    return solver.best_objective_bound * TICK_S, status == cp_model.OPTIMAL


def _ending(plan: Plan) -> list[PlanJob]:
    return [job for job in plan.jobs if job.spec.kind is not Kind.SERVICE]


def _cells(box: Box, job: PlanJob) -> int:
    profile = profile_of(box, job)
    return SLICES * job.spec.needs.gpus if profile is None else profile.size


def _compute(box: Box, job: PlanJob) -> int:
    profile = profile_of(box, job)
    return COMPUTE * job.spec.needs.gpus if profile is None else profile.compute


# -- as they are asked for ------------------------------------------------------------------------


def arrivals_part(plan: Plan) -> dict[str, Any]:
    still = replace(plan, jobs=tuple(map(_unyielding, plan.jobs)))
    plays = {
        "tenfold": tenfold(plan),
        "tenfold, nobody yields": tenfold(still),
        "whole, Tenfold's own rules": tenfold(_all_whole(plan)),
    }
    whole = [Unit(card.id) for card in plan.box.gpus]
    for order in ORDERS:
        plays[f"whole, {order}"] = static(plan, whole, order, spills=True)
    layouts = {
        f"{name}, {order}{', also on whole cards' if spills else ''}": static(
            plan, units, order, spills=spills
        )
        for name, units in static_layouts(plan.box)
        for order in ORDERS
        for spills in (False, True)
    }
    fitting = {name: play for name, play in layouts.items() if served_all(plan, play)}
    ends_s = [play.last_s for play in (*plays.values(), *fitting.values())]
    until_s = max([plan.end_s, *ends_s])
    figures = {name: judged(plan, play, until_s) for name, play in plays.items()}
    rows = {name: judged(plan, play, until_s) for name, play in fitting.items()}
    figures |= _best(rows, figures["tenfold"]["deadlines_met"])
    deadlines = sum(job.spec.deadline_s is not None for job in plan.jobs)
    return {
        "deadlines": deadlines,
        "static_plays": len(layouts),
        "static_plays_that_hold_every_job": len(fitting),
        "energy_over_h": _hours(until_s - start_of(plan)),
        "policies": figures,
    }


def _best(rows: dict[str, dict[str, float]], met: float) -> dict[str, dict[str, Any]]:
    """Static layouts, each the best in another sense; of equals the first in the listing."""

    def least(key: str, among: Iterable[str]) -> dict[str, Any]:
        name = min(among, key=lambda name: rows[name][key], default=None)
        return {} if name is None else {"layout": name, **rows[name]}

    punctual = [name for name in rows if rows[name]["deadlines_met"] >= met]
    return {
        "static, least waiting": least("wait_by_share_h", rows),
        "static, least waiting at Tenfold's deadlines": least("wait_by_share_h", punctual),
        "static, least kWh at Tenfold's deadlines": least("kwh", punctual),
    }


def _unyielding(job: PlanJob) -> PlanJob:
    return replace(job, spec=replace(job.spec, resumes=False))


def _all_whole(plan: Plan) -> Plan:
    """The same jobs, each of a slice on a card of its own."""

    def whole(job: PlanJob) -> PlanJob:
        needs = job.spec.needs
        if needs.slice is None:
            return job
        return replace(job, spec=replace(job.spec, needs=replace(needs, slice=None, gpus=1)))

    return replace(plan, jobs=tuple(map(whole, plan.jobs)))


def tenfold(plan: Plan) -> Play:
    arrivals = [Arrival(job.id, job.spec, job.at_s) for job in plan.jobs]
    return played(simulate(plan.box, plan.budget, arrivals))


def played(record: Record) -> Play:
    """Whoever has not ended runs on: nothing of it changes after the simulation's last moment."""
    stays = [
        Stay(
            stay.job,
            stay.slot.devices if stay.slot.kind is DeviceKind.GPU else (),
            stay.start_s,
            math.inf if not stay.done and stay.end_s == record.end_s else stay.end_s,
        )
        for stay in record.stays
    ]
    return Play(stays, dict(record.started_s), dict(record.ended_s))


def judged(plan: Plan, play: Play, until_s: float) -> dict[str, float]:
    """Hours of waiting and, of jobs that end, from being asked for to the end; by the share of a
    card that a job asked for, where that is said. Energy until `until_s`."""
    shares = {job.id: _compute(plan.box, job) / COMPUTE for job in plan.jobs}
    waits_s = {job.id: _waited_s(job, play) for job in plan.jobs}
    done_s = {job.id: play.ended_s[job.id] - job.at_s for job in _ending(plan)}
    on_cards = sorted(waited_s for id, waited_s in waits_s.items() if shares[id])
    limits = [(job.id, job.spec.deadline_s) for job in plan.jobs if job.spec.deadline_s is not None]
    return {
        "wait_by_share_h": _hours(_weighed(waits_s, shares)),
        "wait_mean_h": _hours(statistics.mean(on_cards)),
        "wait_p95_h": _hours(on_cards[math.ceil(0.95 * len(on_cards)) - 1]),
        "asked_to_done_by_share_h": _hours(_weighed(done_s, shares)),
        "deadlines_met": sum(play.ended_s[id] <= by_s for id, by_s in limits),
        "last_end_h": _hours(play.last_s - start_of(plan)),
        "kwh": round(kwh(plan.box, play.stays, start_of(plan), until_s), 1),
    }


def _waited_s(job: PlanJob, play: Play) -> float:
    past_s = [job.at_s, job.spec.not_before_s or job.at_s]
    ready_s = max([*past_s, *(play.ended_s[id] for id in job.spec.after)])
    if job.spec.kind is Kind.SERVICE:
        return play.started_s[job.id] - ready_s
    return play.ended_s[job.id] - ready_s - lasts_s(job)


def _weighed(values: dict[str, float], weights: dict[str, float]) -> float:
    return sum(weights[id] * value for id, value in values.items()) / sum(
        weights[id] for id in values
    )


def kwh(box: Box, stays: Iterable[Stay], from_s: float, until_s: float) -> float:
    """Host and fans, every card idle, and what its curve says while anybody is on it."""
    spans: dict[str, list[tuple[float, float]]] = {}
    for stay in stays:
        for card in stay.cards:
            spans.setdefault(card, []).append((stay.start_s, min(stay.end_s, until_s)))
    drawn_ws = (box.host_w + sum(gpu.idle_w for gpu in box.gpus)) * (until_s - from_s)
    for gpu in box.gpus:
        reached_s, above_w = from_s, draw_w(gpu, gpu.cap_w, ("compute",)) - gpu.idle_w
        for start_s, end_s in sorted(spans.get(gpu.id, [])):
            drawn_ws += above_w * max(0.0, end_s - max(start_s, reached_s))
            reached_s = max(reached_s, end_s)
    return drawn_ws / 3.6e6


def _hours(seconds: float) -> float:
    return round(seconds / HOUR_S, 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="JSON file, instead of the kept one")
    asked = parser.parse_args()
    keep("owner_week", part(), asked.out)


if __name__ == "__main__":
    main()
