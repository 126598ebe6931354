"""How fast jobs get on under limits, and what is known of it later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tenfold.engine.modelled import ModelledEngine
from tenfold.engine.pace import at_full_speed, keep_pace
from tenfold.hardware.declared import box
from tenfold.hardware.modelled import capped
from tenfold.ledger.ledger import Ledger
from tenfold.terms.box import DeviceKind, Slot
from tenfold.terms.decision import Cap
from tenfold.terms.job import Attempt, Job, JobSpec, Pace, worked_s
from tenfold.terms.needs import Needs
from tenfold.terms.outcome import Ending, Outcome, Used
from tenfold.terms.states import Change

BOX = box("2xH100-PCIe")
AT_70 = 0.914  # of full speed, at 70 % of the highest limit


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    found = Ledger(tmp_path / "ledger.sqlite")
    yield found
    found.close()


def started(ledger: Ledger, *devices: str, load: str = "compute", carve_s: float = 0.0) -> Attempt:
    """A job of a thousand seconds that runs since 100 s."""
    spec = JobSpec("a.b", needs=Needs(gpus=len(devices), time_s=1000.0, load=load))
    id = ledger.write(lambda t: t.submit(spec, 100.0)).id
    slot = Slot("node0", devices, DeviceKind.GPU, 1, 1.0, carve_s=carve_s)
    attempt = ledger.write(lambda t: t.promise(id, slot, "f" * 32, 100.0))
    ledger.write(lambda t: t.change(id, Change.ENTER, 100.0))
    return attempt


def job_of(ledger: Ledger, id: str) -> Job:
    return next(job for job in ledger.open_jobs() if job.id == id)


def paced(ledger: Ledger, attempt: Attempt, watts: float, now_s: float) -> Job:
    box = capped(BOX, [Cap("gpu0", watts)])
    keep_pace(ledger, box, [(job_of(ledger, attempt.job), attempt)], now_s)
    return job_of(ledger, attempt.job)


def test_full_speed_is_noted_nowhere(ledger: Ledger) -> None:
    assert paced(ledger, started(ledger, "gpu0"), 350.0, 200.0).pace is None


def test_a_lower_limit_is_noted_with_what_was_done_before(ledger: Ledger) -> None:
    job = paced(ledger, started(ledger, "gpu0"), 245.0, 300.0)
    assert job.pace == Pace(300.0, pytest.approx(AT_70), 200.0)
    assert worked_s(job, 400.0) == pytest.approx(200.0 + 100.0 * AT_70)
    again = paced(ledger, Attempt(job.id, 1, "f" * 32, job.slot or SLOT, 100.0), 245.0, 350.0)
    assert again.pace == job.pace, "nothing has changed"
    full = paced(ledger, Attempt(job.id, 1, "f" * 32, job.slot or SLOT, 100.0), 350.0, 400.0)
    assert full.pace == Pace(400.0, 1.0, pytest.approx(200.0 + 100.0 * AT_70))


SLOT = Slot("node0", ("gpu0",), DeviceKind.GPU, 1, 1.0)


def test_a_gang_goes_at_the_pace_of_its_slowest_card(ledger: Ledger) -> None:
    assert paced(ledger, started(ledger, "gpu0", "gpu1"), 245.0, 100.0).pace is not None
    assert paced(ledger, started(ledger, "gpu1"), 245.0, 100.0).pace is None


def test_work_that_a_limit_does_not_hold_down(ledger: Ledger) -> None:
    assert paced(ledger, started(ledger, "gpu0", load="decode"), 203.0, 200.0).pace is None


def test_a_slice_that_is_still_made_has_done_nothing(ledger: Ledger) -> None:
    job = paced(ledger, started(ledger, "gpu0", carve_s=5.0), 245.0, 102.0)
    assert job.pace == Pace(105.0, pytest.approx(AT_70), 0.0)
    assert worked_s(job, 104.0) == 0.0


def test_on_a_declared_box_the_job_ends_when_its_work_is_done(ledger: Ledger) -> None:
    attempt = started(ledger, "gpu0")
    job = paced(ledger, attempt, 245.0, 300.0)
    ends_s = 300.0 + 800.0 / AT_70
    engine = ModelledEngine()
    (before,) = engine.look([(job, attempt)], ends_s - 1.0)
    (after,) = engine.look([(job, attempt)], ends_s + 60.0)
    assert before.outcome is None and after.outcome is not None
    assert after.outcome.ended_s == pytest.approx(ends_s)


def test_what_a_run_teaches_is_its_time_at_full_speed(ledger: Ledger) -> None:
    job = paced(ledger, started(ledger, "gpu0"), 245.0, 100.0)
    outcome = Outcome(1, Ending.SUCCEEDED, 100.0, 100.0 + 1000.0 / AT_70)
    used = at_full_speed(job, outcome, Used(1000.0 / AT_70, 5.0, 1.0))
    assert used == Used(pytest.approx(1000.0), 5.0, 1.0)
    plain = replace(job, pace=None)
    assert at_full_speed(plain, outcome, Used(7.0, 5.0, 1.0)) == Used(7.0, 5.0, 1.0)


def test_the_next_attempt_begins_at_full_speed(ledger: Ledger) -> None:
    job = paced(ledger, started(ledger, "gpu0"), 245.0, 300.0)
    ledger.write(lambda t: t.change(job.id, Change.STOP, 400.0))
    ledger.write(lambda t: t.change(job.id, Change.REQUEUE, 400.0, slot=None))
    ledger.write(lambda t: t.promise(job.id, SLOT, "e" * 32, 500.0))
    assert job_of(ledger, job.id).pace is None
