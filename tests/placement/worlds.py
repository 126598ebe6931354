"""Small boxes, jobs and a simulation, for the tests of placement.

The simulation knows how long each job really runs; `decide` only knows what the job's needs say.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from tenfold.placement.decide import decide
from tenfold.terms.box import Box, Device, DeviceKind, Node, Slot
from tenfold.terms.budget import Budget, BudgetStep
from tenfold.terms.decision import Decision, Wait
from tenfold.terms.job import Job, JobSpec, Kind
from tenfold.terms.needs import Needs
from tenfold.terms.states import LIVE, State

FREE = Budget((BudgetStep(0.0, math.inf),))


def gpu(number: int, node: str = "a", memory_gib: float = 80.0, **fields: float) -> Device:
    watts = {"idle_w": 50.0, "cap_w": 350.0, "cap_min_w": 100.0, "cap_max_w": 350.0, "knee": 0.6}
    return Device(
        f"gpu{number}", DeviceKind.GPU, "Test 80 GB", node, memory_gib, **{**watts, **fields}
    )


def cpu(node: str = "a", cores: int = 8, memory_gib: float = 64.0, id: str = "cpu") -> Device:
    return Device(id, DeviceKind.CPU, "Test CPU", node, memory_gib, cores=cores)


def one_node(*devices: Device, host_w: float = 0.0) -> Box:
    return Box("test", (Node("a", devices, host_w),), modelled=True)


def gpus(count: int, cores: int = 8, host_w: float = 0.0) -> Box:
    return one_node(*(gpu(n) for n in range(count)), cpu(cores=cores), host_w=host_w)


def two_nodes(first: int, second: int, host_w: float = 50.0) -> Box:
    """Two nodes with so many GPUs."""
    left = (*(gpu(n, "a") for n in range(first)), cpu("a", 4, id="a:cpu"))
    right = (*(gpu(first + n, "b") for n in range(second)), cpu("b", 2, id="b:cpu"))
    return Box("test", (Node("a", left, host_w), Node("b", right, host_w)), modelled=True)


def job(
    id: str,
    needs: Needs | None = None,
    state: State = State.QUEUED,
    *,
    submitted_s: float = 0.0,
    kind: Kind = Kind.BATCH,
    priority: int = 0,
    resumes: bool = False,
    after: tuple[str, ...] = (),
    awaits: tuple[str, ...] = (),
    **asks: object,
) -> Job:
    """`asks` are fields of Needs."""
    spec = JobSpec(
        "test",
        kind=kind,
        priority=priority,
        after=after,
        needs=needs or Needs(**asks),  # type: ignore[arg-type]
        resumes=resumes,
    )
    return Job(id, spec, state, submitted_s, submitted_s, awaits=awaits)


def on(box: Box, asked: Job, *devices: str, started_s: float = 0.0) -> Job:
    """The job, running on these devices."""
    found = [device for device in box.devices if device.id in devices]
    is_gpu = found[0].kind is DeviceKind.GPU
    needs = asked.spec.needs
    slot = Slot(
        found[0].node,
        devices,
        found[0].kind,
        1 if is_gpu else needs.cores,
        sum(d.memory_gib for d in found) if is_gpu else needs.memory_gib,
    )
    return replace(asked, state=State.RUNNING, slot=slot, started_s=started_s)


def started(decision: Decision) -> dict[str, Slot]:
    return {start.job: start.slot for start in decision.starts}


def wait_of(decision: Decision, id: str) -> Wait:
    return next(wait for wait in decision.waits if wait.job == id)


def places_of(decision: Decision, id: str) -> dict[str, str]:
    return {place.slot: place.why for place in wait_of(decision, id).places}


@dataclass
class Run:
    """What a simulation did."""

    started_s: dict[str, float] = field(default_factory=dict)
    promised_s: dict[str, float] = field(default_factory=dict)  # first one, to whoever came first
    expected_s: dict[str, float] = field(default_factory=dict)  # first one, to anybody
    yields: int = 0


def simulate(
    box: Box,
    budget: Budget,
    jobs: Sequence[Job],
    lasts_s: dict[str, float],
    watch: Callable[[Decision, Sequence[Job], float], None] = lambda decision, jobs, now: None,
) -> Run:
    """Carry decisions out until all have ended or nothing changes any more.

    `watch` sees each decision, the jobs after its starts, and the time.
    """
    run = Run()
    open_jobs = {one.id: one for one in jobs}
    now = 0.0
    while open_jobs:
        decision = decide(box, budget, tuple(open_jobs.values()), now)
        run.yields += len(decision.yields)
        for start in decision.starts:
            asked = open_jobs[start.job]
            open_jobs[start.job] = replace(
                asked, state=State.RUNNING, slot=start.slot, started_s=now
            )
            run.started_s[start.job] = now
        for place, wait in enumerate(decision.waits):
            if wait.expected_s is not None:
                run.expected_s.setdefault(wait.job, wait.expected_s)
                if place == 0:
                    run.promised_s.setdefault(wait.job, wait.expected_s)
        watch(decision, tuple(open_jobs.values()), now)
        now = _next(open_jobs.values(), budget, lasts_s, now)
        if now == math.inf:
            break
        for id in [i for i, one in open_jobs.items() if _end_s(one, lasts_s) <= now]:
            del open_jobs[id]
    return run


def _end_s(one: Job, lasts_s: dict[str, float]) -> float:
    return one.started_s + lasts_s[one.id] if one.started_s is not None else math.inf


def _next(jobs: Sequence[Job], budget: Budget, lasts_s: dict[str, float], now: float) -> float:
    ends = [_end_s(one, lasts_s) for one in jobs if one.state in LIVE]
    steps = [step.start_s for step in budget.steps if step.start_s > now]
    return min([*ends, *steps], default=math.inf)
