"""The plan ahead: who is played, how long it is reckoned, and how long it stands."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest

from tenfold.engine.ahead import REST, STANDS_S, Ahead, first_in_line
from tenfold.hardware.declared import box as declared
from tenfold.terms.budget import Budget, BudgetStep
from tenfold.terms.job import Job, JobSpec
from tenfold.terms.needs import Needs
from tenfold.terms.states import State

FREE = Budget((BudgetStep(0.0, math.inf),))


def job(id: int, state: State = State.QUEUED, **fields: Any) -> Job:
    asks = {"gpus": 1, "time_s": 100.0, **fields.pop("needs", {})}
    awaits = fields.pop("awaits", ())
    spec = JobSpec("a.b", needs=Needs(**asks), **fields)
    return Job(str(id), spec, state, float(id), float(id), awaits=awaits)


class Passing:
    """A clock that goes on by `step_s` whenever it is asked."""

    def __init__(self, step_s: float) -> None:
        self.now_s, self.step_s = 0.0, step_s

    def __call__(self) -> float:
        self.now_s += self.step_s
        return self.now_s


def ahead(jobs: list[Job], clock: Passing) -> tuple[Ahead, Any]:
    house: Any = SimpleNamespace(
        clock=lambda: 1000.0,
        box=declared("1xH100-PCIe"),
        latest=(None, FREE, None),
        ledger=SimpleNamespace(open_jobs=lambda: jobs),
    )
    return Ahead(house, clock), house


def test_a_long_queue_is_played_for_a_second_at_most() -> None:
    jobs = [job(n) for n in range(1, 301)]
    found, _ = ahead(jobs, Passing(0.1))
    told = found.plan(24.0, 300)
    shown = [bar["id"] for bar in told["jobs"]]
    assert 5 <= len(shown) <= 15 and shown == [str(n) for n in range(1, len(shown) + 1)]
    assert told["left_out"] == 300 - len(shown)
    assert [bar["start_s"] for bar in told["jobs"]][:3] == [1000.0, 1100.0, 1200.0]


@pytest.mark.parametrize(("step_s", "stands_s"), [(0.0, STANDS_S), (0.3, REST * 0.6)])
def test_a_plan_stands_for_a_while_and_longer_if_it_took_long(
    step_s: float, stands_s: float
) -> None:
    clock = Passing(step_s)
    found, house = ahead([job(1)], clock)
    first = found.plan(24.0, 5)
    began_s, clock.step_s = clock.now_s, 0.0
    house.clock = lambda: 2000.0
    clock.now_s = began_s + stands_s - 0.7
    assert found.plan(24.0, 5) == first and found.plan(24.0, 4)["now_s"] == 2000.0
    clock.now_s = began_s + 10 * stands_s
    assert found.plan(24.0, 5)["now_s"] == 2000.0


def test_who_waits_for_somebody_that_is_left_out_is_left_out() -> None:
    jobs = [
        job(1),
        job(2, after=("9",)),  # for one that is not played
        job(3, after=("2",)),
        job(4, needs={"gpus": 0}),
        job(5, after=("6",)),
        job(6, State.PAUSED),
        job(7, awaits=("4", "77")),
        *(job(n, priority=-1) for n in range(8, 12)),
    ]
    played = {one.id: one for one in first_in_line(jobs, 5, 0.0)}
    assert set(played) == {"1", "4", "5", "6", "7"}
    assert (played["7"].awaits, played["7"].spec.after) == ((), ("4",))  # 77 is over
