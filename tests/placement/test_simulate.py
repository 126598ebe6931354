"""The virtual clock: what it records of days that can be reckoned by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tenfold.hardware.declared import box as declared
from tenfold.placement.simulate import Arrival, Layout, Record, expected_start, simulate
from tenfold.terms.budget import Budget, BudgetStep
from tenfold.terms.job import JobSpec, Kind
from tenfold.terms.mig import Placement
from tenfold.terms.needs import Needs
from tenfold.terms.states import State
from tests.placement.worlds import FREE, gpus, job, on

ONE = declared("1xH100-PCIe")


def arrival(id: str, at_s: float = 0.0, lasts_s: float | None = None, **asks: object) -> Arrival:
    """`asks` are fields of Needs, and `resumes`, `kind`, `after` of the spec."""
    spec = {name: asks.pop(name) for name in ("resumes", "kind", "after") if name in asks}
    needs = Needs(**asks)  # type: ignore[arg-type]
    return Arrival(id, JobSpec("test", needs=needs, **spec), at_s, lasts_s)  # type: ignore[arg-type]


def ran(record: Record) -> dict[str, tuple[float, float]]:
    return {stay.job: (stay.start_s, stay.end_s) for stay in record.stays if stay.done}


def test_one_after_another_on_one_card() -> None:
    record = simulate(
        gpus(1), FREE, [arrival("1", gpus=1, time_s=100), arrival("2", gpus=1, time_s=50)]
    )
    assert ran(record) == {"1": (0.0, 100.0), "2": (100.0, 150.0)}
    assert record.makespan_s == 150.0 and record.promised_s == {"2": 100.0}


def test_what_a_job_really_takes_is_not_told() -> None:
    late = [arrival("1", lasts_s=300.0, gpus=1, time_s=100), arrival("2", gpus=1, time_s=50)]
    assert ran(simulate(gpus(1), FREE, late))["2"] == (300.0, 350.0)


def test_slices_wait_for_the_driver_and_layouts_are_kept() -> None:
    record = simulate(ONE, FREE, [arrival("1", slice="1g.10gb", time_s=100)])
    assert ran(record)["1"] == (0.0, pytest.approx(100.16))
    assert record.layouts == [Layout(0.0, "gpu0", (Placement("1g.10gb", 6, 1),))]
    both = [
        arrival("1", slice="1g.10gb", time_s=100),
        arrival("2", 10.0, slice="4g.40gb", time_s=9),
    ]
    record = simulate(ONE, FREE, both)
    assert ran(record)["2"] == (10.0, pytest.approx(19.38))
    # Carved beside the running one, which is still there in the new layout.
    assert record.layouts[-1].placements == (Placement("4g.40gb", 0, 4), Placement("1g.10gb", 6, 1))


def test_who_yields_goes_on_where_it_was() -> None:
    jobs = [
        arrival("1", gpus=1, time_s=1000, resumes=True, pause_s=20.0),
        arrival("2", 400.0, gpus=1, time_s=100, kind=Kind.INTERACTIVE),
    ]
    record = simulate(gpus(1), FREE, jobs)
    assert record.yields == 1
    first, second, last = record.stays
    assert (first.job, first.done, first.end_s) == ("1", False, 420.0)
    assert (second.job, second.start_s, second.end_s) == ("2", 420.0, 520.0)
    assert (last.start_s, last.end_s) == (520.0, 1120.0)  # 400 of 1000 s were behind it


def test_energy_is_reckoned_with_its_price() -> None:
    priced = Budget((BudgetStep(0.0, float("inf"), 0.5), BudgetStep(1800.0, float("inf"), 0.1)))
    box = gpus(1)  # 50 W idle, 350 W in use
    record = simulate(box, priced, [arrival("1", gpus=1, time_s=3600)])
    assert record.kwh == pytest.approx(0.35)
    assert record.cost == pytest.approx(0.175 * 0.5 + 0.175 * 0.1)
    assert simulate(box, FREE, [arrival("1", gpus=1, time_s=3600)]).cost is None


def test_the_night_is_waited_for_and_what_never_runs_says_why() -> None:
    budget = Budget((BudgetStep(0.0, 100.0), BudgetStep(500.0, 900.0)))
    record = simulate(gpus(1), budget, [arrival("1", gpus=1, time_s=10), arrival("2", gpus=3)])
    assert ran(record)["1"] == (500.0, 510.0)
    assert "never fits" in record.waiting["2"]


def test_it_can_be_cut_off_and_services_run_on() -> None:
    jobs = [arrival("1", slice="1g.10gb", kind=Kind.SERVICE), arrival("2", gpus=1, time_s=900.0)]
    record = simulate(replace(ONE), FREE, jobs, until_s=600.0)
    assert record.end_s == 600.0 and list(record.waiting) == ["2"]
    assert [(stay.job, stay.end_s, stay.done) for stay in record.stays] == [("1", 600.0, False)]


def test_what_comes_after_waits() -> None:
    jobs = [arrival("1", gpus=1, time_s=50), arrival("2", gpus=1, time_s=50, after=("1",))]
    assert ran(simulate(gpus(2), FREE, jobs))["2"] == (50.0, 100.0)


def test_the_same_again() -> None:
    jobs = [
        arrival(str(n), 7.0 * n, slice=name, time_s=40.0 + n)
        for n, name in enumerate(["1g.10gb", "3g.40gb", "2g.20gb", "4g.40gb"] * 8)
    ]
    assert simulate(ONE, FREE, jobs) == simulate(ONE, FREE, list(reversed(jobs)))


def test_when_each_of_a_queue_starts_by_the_plan() -> None:
    box = gpus(1)
    running = on(box, job("1", gpus=1, time_s=100), "gpu0", started_s=50.0)
    queue = [job(str(n), gpus=1, time_s=10.0 * n, submitted_s=n) for n in (2, 3, 4)]
    found = [expected_start(box, FREE, [running, *queue], 80.0, id) for id in "234"]
    assert found == [150.0, 170.0, 200.0]
    # Behind a job whose time nobody knows nothing can be told.
    unknown = job("2", gpus=1, submitted_s=1.0)
    assert expected_start(box, FREE, [running, unknown, queue[1]], 80.0, "3") is None
    assert expected_start(box, FREE, [job("1", gpus=2)], 0.0, "1") is None
    leaving = replace(running, state=State.YIELDING, spec=replace(running.spec, resumes=True))
    assert expected_start(box, FREE, [leaving, queue[0]], 80.0, "2") is not None
