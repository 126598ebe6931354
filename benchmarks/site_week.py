"""The owner's week (`examples/owner-week.toml`) on ten H100, as the wall and the tariff allow it.

All of it modelled: cards are as fast under a limit, and draw as much, as the default curves say
(`hardware/curves.py`), and host and fans draw what a ten-card chassis does.

*circuit*: one circuit of 208 V and 30 A carries 4,992 W for hours. Beside the same week without a
limit stand Tenfold's own caps, 250 W on every card whatever runs, and cards that are never capped,
of which fewer run at once. `as it arrives` is the week as it stands; `ready at zero` asks for all
of it at once, so that the cards are never idle and every watt that is missing costs time. For that
the bound is told: with so many watts ten busy cards cannot be faster, however they are divided.

*tariff*: the three prices a day of `examples/site.toml`. With `when = "cheap"` every batch job that
names no earliest start runs in cheap hours as far as its deadline allows; one without a deadline
within two days. Beside it the same week at any time.

Money and energy run until the last of the plays that are compared has ended, idle box included.
"""

from __future__ import annotations

import argparse
import math
import sys
import tomllib
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from faults.kept import keep
from owner_week import week

from tenfold.engine.plan import Plan, PlanJob
from tenfold.placement.power import lowest_cap_w, speed
from tenfold.placement.simulate import Arrival, Record, simulate
from tenfold.site.budget import week_budget
from tenfold.site.config.config import parsed
from tenfold.terms.box import Box, Device
from tenfold.terms.budget import Budget, BudgetStep
from tenfold.terms.job import Kind, When

CIRCUIT = """
[[circuit]]
name = "wall"
volts = 208
amps = 30
"""
UNIFORM_W = 250.0
HOUR_S, DAY_S = 3600.0, 86_400.0
SITE = Path(__file__).parents[1] / "examples" / "site.toml"
DAYS = 14  # of budget: the week, and what runs on after it


def part() -> dict[str, Any]:
    plan = week()
    return {"jobs": len(plan.jobs), "circuit": circuit_part(plan), "tariff": tariff_part(plan)}


# -- one circuit ----------------------------------------------------------------------------------


def circuit_part(plan: Plan) -> dict[str, Any]:
    start_s = min(job.at_s for job in plan.jobs)
    allowed = week_budget(parsed(CIRCUIT, Path("site.toml")), start_s, DAYS)
    limit_w = allowed.steps[0].watts
    free = Budget((BudgetStep(start_s, math.inf),))
    boxes: dict[str, tuple[Box, Budget]] = {
        "no limit": (plan.box, free),
        "Tenfold's caps": (plan.box, allowed),
        "250 W on every card": (_cards(plan.box, _fixed(UNIFORM_W)), allowed),
        "never capped": (_cards(plan.box, _uncapped), allowed),
    }
    return {
        "limit_w": round(limit_w, 1),
        "as it arrives": _compared(plan, boxes, plan.jobs),
        "ready at zero": {
            **_compared(plan, boxes, [_ready(job, start_s) for job in plan.jobs]),
            "bound": _bound(plan.box, limit_w),
        },
    }


def _compared(
    plan: Plan, boxes: dict[str, tuple[Box, Budget]], jobs: list[PlanJob] | tuple[PlanJob, ...]
) -> dict[str, Any]:
    arrivals = [Arrival(job.id, job.spec, job.at_s) for job in jobs]
    records = {name: simulate(*both, arrivals) for name, both in boxes.items()}
    until_s = max(_last_s(record) for record in records.values())
    rows = {name: _row(plan, jobs, record, until_s) for name, record in records.items()}
    for row in rows.values():
        for key, over in (("last_end_h", "longer"), ("kwh", "kwh_over")):
            row[over] = round(row[key] / rows["no limit"][key] - 1.0, 4)
    return rows


def _row(
    plan: Plan, jobs: list[PlanJob] | tuple[PlanJob, ...], record: Record, until_s: float
) -> dict[str, Any]:
    start_s = min(job.at_s for job in jobs)
    limits = {job.id: job.spec.deadline_s for job in jobs if job.spec.deadline_s is not None}
    batch = [job for job in jobs if job.spec.kind is not Kind.SERVICE]
    return {
        "last_end_h": _hours(_last_s(record) - start_s),
        "deadlines": len(limits),
        "deadlines_met": sum(
            record.ended_s.get(id, math.inf) <= by_s for id, by_s in limits.items()
        ),
        "never_ran": sum(job.id not in record.ended_s for job in batch),
        "kwh": round(_kwh(record, until_s), 1),
        "most_w": round(record.most_w, 1),
        "yields": record.yields,
    }


def _bound(box: Box, limit_w: float) -> dict[str, float]:
    """Curves are concave above the lowest caps, so alike is the best division of the watts."""
    cards = box.gpus
    each_w = (limit_w - box.host_w) / len(cards)
    level_w = max(lowest_cap_w(cards[0]), min(cards[0].cap_max_w, each_w))
    rate = speed(cards[0], level_w, "compute")
    return {
        "each_card_w": round(each_w, 1),
        "speed": round(rate, 4),
        "longer": round(1 / rate - 1, 4),
    }


def _ready(job: PlanJob, start_s: float) -> PlanJob:
    return replace(job, at_s=start_s, spec=replace(job.spec, not_before_s=None, deadline_s=None))


def _cards(box: Box, change: Callable[[Device], Device]) -> Box:
    ids = {gpu.id for gpu in box.gpus}
    nodes = [
        replace(
            node,
            devices=tuple(change(one) if one.id in ids else one for one in node.devices),
        )
        for node in box.nodes
    ]
    return replace(box, nodes=tuple(nodes))


def _fixed(watts: float) -> Callable[[Device], Device]:
    """Shares are of the card's highest limit, so its curves are read at that share of them."""

    def fixed(gpu: Device) -> Device:
        return replace(
            gpu, cap_w=watts, cap_min_w=watts, ceiling_w=watts, knee=watts / gpu.cap_max_w
        )

    return fixed


def _uncapped(gpu: Device) -> Device:
    return replace(gpu, cap_min_w=gpu.cap_max_w)


# -- prices by the hour ----------------------------------------------------------------------


def tariff_part(plan: Plan) -> dict[str, Any]:
    told = tomllib.loads(SITE.read_text())["tariff"]
    site = parsed(_tariff_text(told), Path("site.toml"))
    start_s = min(job.at_s for job in plan.jobs)
    budget = week_budget(site, start_s, DAYS)
    plays = {
        "at any time": list(plan.jobs),
        "cheap": [_cheap(job) for job in plan.jobs],
    }
    records = {
        name: simulate(plan.box, budget, [Arrival(job.id, job.spec, job.at_s) for job in jobs])
        for name, jobs in plays.items()
    }
    until_s = max(_last_s(record) for record in records.values())
    rows = {}
    for name, record in records.items():
        idle = plan.box.host_w + sum(gpu.idle_w for gpu in plan.box.gpus)
        rows[name] = {
            **_row(plan, plays[name], record, until_s),
            "cost": round(_cost(record, budget, until_s, 0.0), 2),
            "cost_above_idle": round(_cost(record, budget, until_s, idle), 2),
            "wait_mean_h": _hours(_wait_s(plays[name], record)),
        }
    both = [rows[name] for name in ("cheap", "at any time")]
    return {
        "prices": told,
        **rows,
        "saved": round(1.0 - both[0]["cost"] / both[1]["cost"], 4),
        "saved_above_idle": round(1.0 - both[0]["cost_above_idle"] / both[1]["cost_above_idle"], 4),
    }


def _tariff_text(told: dict[str, Any]) -> str:
    lines = ["[tariff]", f"price = {told['price']}"]
    for row in told["row"]:
        lines += ["[[tariff.row]]", f'from = "{row["from"]}"', f'until = "{row["until"]}"']
        lines += [f"price = {row['price']}"]
    return "\n".join(lines)


def _cheap(job: PlanJob) -> PlanJob:
    fixed = job.spec.kind is not Kind.BATCH or job.spec.not_before_s is not None
    return job if fixed else replace(job, spec=replace(job.spec, when=When.CHEAP))


def _wait_s(jobs: list[PlanJob], record: Record) -> float:
    waits = []
    for job in jobs:
        past = [job.at_s, *(record.ended_s[id] for id in job.spec.after)]
        waits.append(record.started_s[job.id] - max(past))
    return sum(waits) / len(waits)


# -- of a record -----------------------------------------------------------------------------


def _last_s(record: Record) -> float:
    return max(record.ended_s.values())


def _draws(record: Record, until_s: float) -> list[tuple[float, float, float]]:
    """(from, until, W); after the last change it draws on."""
    points = [*dict(record.watts).items(), (until_s, 0.0)]
    return [(at_s, min(end_s, until_s), w) for (at_s, w), (end_s, _) in pairwise(points)]


def _kwh(record: Record, until_s: float) -> float:
    return sum(w * (end_s - at_s) for at_s, end_s, w in _draws(record, until_s)) / 3.6e6


def _cost(record: Record, budget: Budget, until_s: float, without_w: float) -> float:
    cost = 0.0
    starts = [step.start_s for step in budget.steps]
    for from_s, end_s, watts in _draws(record, until_s):
        marks = sorted({from_s, end_s} | {at_s for at_s in starts if from_s < at_s < end_s})
        for left_s, right_s in pairwise(marks):
            price = budget.at(left_s).price_kwh or 0.0
            cost += (watts - without_w) * (right_s - left_s) / 3.6e6 * price
    return cost


def _hours(seconds: float) -> float:
    return round(seconds / HOUR_S, 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="JSON file, instead of the kept one")
    asked = parser.parse_args()
    keep("site_week", part(), asked.out)


if __name__ == "__main__":
    main()
