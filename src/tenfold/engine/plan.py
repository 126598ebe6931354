"""A plan on the virtual clock: jobs in, plain figures and who sat where out.

    python -m tenfold.engine.plan < plan.json > answer.json

`played(plan)` is pure. The daemon runs it as a process of its own (see `planner`), so that a long
one neither holds up a tick nor outlives its time. Times are seconds since the Monday, 00:00, of the
week that is planned; everything is modelled.
"""

from __future__ import annotations

import json
import math
import os
import sys
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

from tenfold.placement.simulate import Arrival, Record, Stay, simulate
from tenfold.terms.box import Box, Device, DeviceKind
from tenfold.terms.budget import Budget
from tenfold.terms.job import JobSpec, Kind
from tenfold.terms.wire import from_json, to_json

NICENESS = 10  # the box's own work goes first
COMPUTE_SLICES = 7  # of a card


@dataclass(frozen=True)
class PlanJob:
    id: str
    name: str
    group: str
    spec: JobSpec
    at_s: float


@dataclass(frozen=True)
class Plan:
    """`end_s`: how far the clock goes at least; it goes on while jobs have not ended."""

    name: str
    box: Box
    budget: Budget
    jobs: tuple[PlanJob, ...]
    end_s: float


def played(plan: Plan) -> dict[str, Any]:
    """The answer of /api/plan."""
    arrivals = [Arrival(job.id, job.spec, job.at_s) for job in plan.jobs]
    record = simulate(plan.box, plan.budget, arrivals, at_least_s=plan.end_s)
    stays = sorted(record.stays, key=lambda stay: (stay.start_s, stay.end_s, stay.job))
    of_job: dict[str, list[Stay]] = {}
    for stay in stays:
        of_job.setdefault(stay.job, []).append(stay)
    rows = [_row(job, record, of_job.get(job.id, [])) for job in plan.jobs]
    start_s = min(job.at_s for job in plan.jobs)
    return {
        "name": plan.name,
        "box": plan.box.name,
        "modelled": True,
        "start_s": start_s,
        "end_s": record.end_s,
        "devices": [_device(device) for device in plan.box.devices],
        "figures": _figures(plan, record, rows, start_s),
        "rows": rows,
        "stays": [_stay(stay, plan) for stay in stays],
        "layouts": _first_layouts(plan.box, start_s) + [to_json(one) for one in record.layouts],
        "watts": [list(point) for point in dict(record.watts).items()],  # the last at each moment
        "limits": _limits(plan.budget, start_s, record.end_s),
    }


def _limits(budget: Budget, start_s: float, end_s: float) -> list[list[float | None]]:
    """[from, W] wherever the watts change; None: no limit."""
    found: list[list[float | None]] = []
    for step in budget.steps:
        watts = step.watts if step.watts < math.inf else None
        if step.start_s <= start_s or not found:
            found = [[start_s, watts]]
        elif step.start_s < end_s and watts != found[-1][1]:
            found.append([step.start_s, watts])
    return found


def _row(job: PlanJob, record: Record, stays: list[Stay]) -> dict[str, Any]:
    """One job: when it was asked for and could start, started and ended; where; and why not."""
    spec = job.spec
    started_s = record.started_s.get(job.id)
    ended_s = record.ended_s.get(job.id)
    ready_s = _ready_s(job, record)
    waited_s = None if started_s is None or ready_s is None else max(0.0, started_s - ready_s)
    late = spec.deadline_s is not None and (ended_s is None or ended_s > spec.deadline_s)
    served = spec.kind is Kind.SERVICE and started_s is not None
    return {
        "job": job.id,
        "name": job.name,
        "group": job.group,
        "kind": spec.kind.value,
        "needs": to_json(spec.needs),
        "asked_s": job.at_s,
        "ready_s": ready_s,
        "started_s": started_s,
        "ended_s": ended_s,
        "waited_s": waited_s,
        "deadline_s": spec.deadline_s,
        "late": late,
        "yields": sum(not stay.done for stay in stays) if ended_s is not None else 0,
        "state": _state(ended_s, started_s, served),
        "where": list(dict.fromkeys(_where(stay) for stay in stays)),
        "why": "" if started_s is not None else record.waiting.get(job.id, ""),
    }


def _ready_s(job: PlanJob, record: Record) -> float | None:
    """From when it could have run: it is asked for, what it comes after has ended, and its earliest
    start is past. None: never."""
    past = [job.at_s, job.spec.not_before_s or job.at_s]
    for id in job.spec.after:
        ended_s = record.ended_s.get(id)
        if ended_s is None:
            return None
        past.append(ended_s)
    return max(past)


def _state(ended_s: float | None, started_s: float | None, served: bool) -> str:
    if ended_s is not None:
        return "done"
    if served:
        return "serves"
    return "never ran" if started_s is None else "never ended"


def _where(stay: Stay) -> str:
    slot = stay.slot
    if slot.kind is DeviceKind.CPU:
        return f"{slot.cores} {'core' if slot.cores == 1 else 'cores'}"
    cards = _cards(slot.devices)
    return f"{slot.slice.profile} of {cards}" if slot.slice else cards


def _cards(devices: tuple[str, ...]) -> str:
    """`gpu0`, `gpu0 to gpu3`, `gpu0, gpu2`."""
    numbers = [device[3:] for device in devices if device.startswith("gpu")]
    if len(devices) > 2 and len(numbers) == len(devices) and all(n.isdecimal() for n in numbers):
        found = [int(n) for n in numbers]
        if found == list(range(found[0], found[0] + len(found))):
            return f"{devices[0]} to {devices[-1]}"
    return ", ".join(devices)


def _figures(
    plan: Plan, record: Record, rows: list[dict[str, Any]], start_s: float
) -> dict[str, Any]:
    waits = sorted(row["waited_s"] for row in rows if row["waited_s"] is not None)
    states = [row["state"] for row in rows]
    peak_w = record.most_w
    known = peak_w > 0  # a box without any watts is one of which nobody knows them
    return {
        "jobs": len(rows),
        "done": states.count("done"),
        "serve": states.count("serves"),
        "late": sum(row["late"] for row in rows),
        "never": states.count("never ran") + states.count("never ended"),
        "makespan_s": record.makespan_s if record.ended_s else None,
        "utilisation": _utilisation(plan.box, record, start_s),
        "waiting_mean_s": fmean(waits) if waits else None,
        "waiting_p95_s": waits[math.ceil(0.95 * len(waits)) - 1] if waits else None,
        "waiting_most_s": waits[-1] if waits else None,
        "kwh": record.kwh if known else None,
        "cost": record.cost if known else None,
        "peak_w": peak_w if known else None,
        "yields": record.yields,
        "layouts": len(record.layouts),
    }


def _utilisation(box: Box, record: Record, start_s: float) -> float | None:
    """Share of the cards' compute slices that was given to jobs, from `start_s` to the end."""
    gpus = {gpu.id: gpu for gpu in box.gpus}
    span_s = record.end_s - start_s
    if not gpus or span_s <= 0:
        return None
    given_s = sum(
        (stay.end_s - stay.start_s) * sum(_share(gpus[id], stay) for id in stay.slot.devices)
        for stay in record.stays
        if stay.slot.kind is DeviceKind.GPU
    )
    return given_s / (span_s * len(gpus))


def _share(gpu: Device, stay: Stay) -> float:
    profile = gpu.mig.profile(stay.slot.slice.profile) if gpu.mig and stay.slot.slice else None
    return 1.0 if profile is None else profile.compute / COMPUTE_SLICES


def _stay(stay: Stay, plan: Plan) -> dict[str, Any]:
    gpu = next((gpu for gpu in plan.box.gpus if gpu.id == stay.slot.devices[0]), None)
    return {
        "job": stay.job,
        "kind": stay.slot.kind.value,
        "devices": list(stay.slot.devices),
        "slice": to_json(stay.slot.slice),
        "share": None if gpu is None else _share(gpu, stay),
        "cores": stay.slot.cores,
        "start_s": stay.start_s,
        "end_s": stay.end_s,
        "done": stay.done,
    }


def _device(device: Device) -> dict[str, Any]:
    return {
        "id": device.id,
        "kind": device.kind.value,
        "model": device.model,
        "node": device.node,
        "memory_gib": device.memory_gib,
        "cores": device.cores,
        "mig": device.mig is not None,
    }


def _first_layouts(box: Box, start_s: float) -> list[dict[str, Any]]:
    return [
        {
            "at_s": start_s,
            "device": gpu.id,
            "placements": [to_json(one.placement) for one in gpu.instances],
        }
        for gpu in box.gpus
        if gpu.instances
    ]


def emptied(box: Box) -> Box:
    """The box as it is planned on: idle, at its highest caps, without slices of ours."""

    def empty(device: Device) -> Device:
        foreign = tuple(one for one in device.instances if one.foreign)
        return replace(device, instances=foreign, cap_w=device.cap_max_w or device.cap_w)

    nodes = [replace(node, devices=tuple(map(empty, node.devices))) for node in box.nodes]
    return replace(box, nodes=tuple(nodes))


def main() -> None:
    os.nice(NICENESS)
    plan = from_json(Plan, json.load(sys.stdin))
    json.dump(played(plan), sys.stdout)


if __name__ == "__main__":
    main()
