"""From tick to ledger: when it is written, what a crash leaves, and what is spent in a year."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from engine.test_energy import AT_S, BUSY_W, IDLE_W, NONE, box, card, cpu_told, known, of, told

from tenfold.engine.energy_book import FACT, FLUSH_S, WATTS, EnergyBook, Live
from tenfold.engine.sighting import Sighting
from tenfold.ledger.ledger import Ledger
from tenfold.ledger.transaction import Event, Transaction
from tenfold.site.settings import SiteConfig
from tenfold.terms.box import Box, DeviceKind, Slot
from tenfold.terms.budget import Budget, BudgetStep
from tenfold.terms.energy import HOST, IDLE, Basis, Energy, EnergyRow, total
from tenfold.terms.job import JobSpec
from tenfold.terms.outcome import Ending, Outcome
from tenfold.terms.reading import DeviceReading, PlaceReading, Reading
from tenfold.terms.refusal import refusal
from tenfold.terms.states import Change

SITE = SiteConfig(zone="UTC")
ALLOWED = Budget((BudgetStep(0.0, 1e4, 0.30),))


class World:
    """A ledger, a clock of real seconds that stands still, and jobs on one card."""

    def __init__(self, folder: Path, of_box: Box | None = None, site: SiteConfig = SITE) -> None:
        self.path = folder / "ledger.sqlite"
        self.box = of_box or box()
        self.site = site
        self.real_s = 0.0
        self.live: Live = []
        self.open()

    def open(self) -> None:
        """As a new daemon does."""
        self.ledger = Ledger(self.path)
        self.book = EnergyBook(self.ledger, self.site, self.box, self.live, lambda: self.real_s)

    def crash(self) -> None:
        """kill -9: what was posted may be there; what was not, is not."""
        self.ledger.close()
        self.open()

    def start(self, at_s: float = AT_S) -> str:
        slot = Slot("host", ("GPU-a",), DeviceKind.GPU, 1, 80.0)
        job = self.ledger.write(lambda t: t.submit(JobSpec("a.b"), at_s))
        attempt = self.ledger.write(lambda t: t.promise(job.id, slot, "t" * 32, at_s))
        self.live = [*self.live, (replace(job, attempt=1), attempt)]
        return job.id

    def tick(self, at_s: float, *devices: DeviceReading, seen: tuple[Sighting, ...] = ()) -> None:
        reading = Reading(AT_S + at_s, devices)
        self.live = [one for one in self.live if one[0].id not in {s.job for s in seen}]
        self.book.count(self.box, reading, ALLOWED, self.live, seen)
        self.ledger.write(lambda t: None)  # what was posted is there

    def counted(self, at_s: float, joules: float, seen: tuple[Sighting, ...] = ()) -> None:
        self.tick(at_s, told(NONE, joules), seen=seen)

    def written(self) -> dict[tuple[int, str, Basis], Energy]:
        self.ledger.write(lambda t: None)
        reader = self.ledger.reader()
        found = reader.energy_by_job(0)
        reader.close()
        return {(0, row.of, row.basis): row.energy for row in found}


def ended(job: str, at_s: float) -> Sighting:
    outcome = Outcome(1, Ending.SUCCEEDED, AT_S, AT_S + at_s)
    return Sighting(job, 1, entered=True, outcome=outcome)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    found = World(tmp_path)
    yield found
    found.ledger.close()


def test_it_is_written_every_minute_when_a_job_ends_and_at_the_end(world: World) -> None:
    job = world.start()
    world.counted(0, 0.0)
    world.counted(1, 300.0)
    assert world.written() == {}
    world.real_s = FLUSH_S
    world.counted(2, 600.0)
    assert of(world.written(), job).joules == 600.0
    world.counted(3, 900.0)
    assert of(world.written(), job).joules == 600.0 and world.book.counting(job)
    world.counted(4, 1200.0, (ended(job, 3.5),))
    found = world.written()
    assert of(found, job).joules == pytest.approx(900 + 300 * BUSY_W / (BUSY_W + IDLE_W))
    assert of(found, IDLE).joules == pytest.approx(300 * IDLE_W / (BUSY_W + IDLE_W))
    assert not world.book.counting(job)
    world.counted(5, 1250.0)
    world.book.close()
    assert total(world.written().values()).joules == pytest.approx(1250.0)


def test_after_a_crash_the_counter_tells_what_was_missed(world: World) -> None:
    job = world.start()
    world.counted(0, 0.0)
    world.real_s = FLUSH_S
    world.counted(60, 18_000.0)
    world.counted(90, 27_000.0)  # counted, and lost with the daemon
    world.crash()
    world.counted(3600, 1_080_000.0)
    world.book.close()
    found = world.written()
    assert of(found, job).joules == pytest.approx(1_080_000.0)
    assert known(found, job) == {Basis.COUNTER}
    assert of(found, job).seconds == pytest.approx(3600)


def test_after_a_crash_nobody_guesses_what_was_missed(world: World) -> None:
    job = world.start()
    world.tick(0, told(300.0))
    world.real_s = FLUSH_S
    world.tick(60, told(300.0))
    world.crash()
    world.tick(3600, told(300.0))
    world.tick(3601, told(300.0))
    world.book.close()
    found = world.written()
    assert of(found, job, Basis.READING).joules == pytest.approx(61 * 300.0)
    assert of(found, job, Basis.UNKNOWN) == Energy(gpu_s=3540.0, seconds=3540.0)


def test_after_a_crash_nobody_guesses_a_short_time_either(world: World) -> None:
    job = world.start()
    world.tick(0, told(300.0))
    world.crash()
    world.tick(20, told(300.0))
    world.book.close()
    assert of(world.written(), job) == Energy(gpu_s=20.0, seconds=20.0)


def test_a_job_that_ended_while_nobody_looked_has_paid_until_then(world: World) -> None:
    job = world.start()
    world.counted(0, 0.0)
    world.real_s = FLUSH_S
    world.counted(60, 0.0)
    world.crash()
    drawn_j = 1000 * BUSY_W + 2000 * IDLE_W
    world.counted(3060, drawn_j, (ended(job, 1060),))
    world.book.close()
    assert of(world.written(), job).joules == pytest.approx(1000 * BUSY_W)
    assert of(world.written(), IDLE).joules == pytest.approx(2000 * IDLE_W)


def test_what_somebody_else_left_behind_is_idle(world: World) -> None:
    """The job's end was in the ledger before the daemon died; its card went on being counted."""
    job = world.start()
    world.counted(0, 0.0)
    world.counted(10, 3_000.0, (ended(job, 10),))
    assert of(world.written(), job).joules == 3_000.0
    world.crash()
    world.counted(100, 8_000.0)
    world.book.close()
    assert of(world.written(), job).joules == 3_000.0
    assert of(world.written(), IDLE).joules == pytest.approx(5_000.0)


def test_a_declared_box_goes_on_without_a_daemon(tmp_path: Path) -> None:
    world = World(tmp_path, box(card(), modelled=True, host_w=700.0))
    job = world.start()
    world.tick(0)
    world.book.close()
    world.box = box(card(cap_w=200.0), modelled=True, host_w=700.0)
    world.tick(100)
    world.book.close()
    world.box = box(card(), modelled=True, host_w=700.0)  # until a decision lowers it again
    world.crash()
    world.tick(1100, seen=(ended(job, 1000),))
    world.book.close()
    found = world.written()
    assert of(found, job).joules == pytest.approx(100 * BUSY_W + 900 * 200.0)
    assert of(found, HOST).joules == pytest.approx(1100 * 700.0)
    world.box = replace(world.box, name="another")
    world.crash()
    world.tick(9000)
    world.book.close()
    assert world.written() == found  # what another box has drawn is not known
    world.ledger.close()


def test_a_full_disk_loses_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    job = world.start()
    write = Transaction.add_energy

    def full(*_: object) -> None:
        raise refusal("disk.full", why="No room.", next="free some")

    world.counted(0, 0.0)
    monkeypatch.setattr(Transaction, "add_energy", full)
    world.real_s = FLUSH_S
    world.counted(10, 3_000.0)
    assert world.written() == {} and world.book.counting(job)
    assert world.ledger.fact(FACT)["at_s"] == AT_S  # of one piece with the sums
    monkeypatch.setattr(Transaction, "add_energy", write)
    world.counted(20, 6_000.0)
    assert world.written() == {}  # not in every tick again
    world.real_s = 2 * FLUSH_S
    world.counted(30, 9_000.0)
    assert of(world.written(), job).joules == 9_000.0


def test_a_clock_that_is_put_back_loses_no_counter(world: World) -> None:
    job = world.start()
    world.counted(0, 0.0)
    world.counted(100, 1_000.0)
    world.counted(40, 1_200.0)
    world.counted(50, 1_500.0)
    world.book.close()
    assert of(world.written(), job).joules == 1_500.0


def test_what_is_spent_in_a_year(tmp_path: Path) -> None:
    """In the ledger and not yet, each once, from the year's begin at the place."""
    site = SiteConfig(zone="Asia/Taipei")
    new_year_s = datetime(2026, 12, 31, 16, tzinfo=UTC).timestamp()
    world = World(tmp_path, site=site)
    rows = [
        EnergyRow("7", Basis.COUNTER, Energy(3.6e6, 3.6e6, 0.5, 1.0, 1.0), int(hour_s))
        for hour_s in (new_year_s - 3600, new_year_s, new_year_s + 86_400)
    ]
    now_s = new_year_s + 2 * 86_400
    nobody = world.book.spent(now_s)
    assert (nobody.kwh, nobody.money, nobody.since_s) == (0.0, 0.0, None)
    world.ledger.write(lambda t: t.add_energy(rows))
    world.crash()
    world.start(now_s)
    world.counted(now_s - AT_S, 0.0)
    world.counted(now_s - AT_S + 10, 1.8e6)
    spent = world.book.spent(now_s + 10)
    assert (spent.kwh, spent.since_s) == (pytest.approx(2.5), new_year_s)
    assert spent.money == pytest.approx(1.0 + 0.5 * 0.30)
    world.real_s = FLUSH_S
    world.counted(now_s - AT_S + 20, 3.6e6)
    assert world.book.spent(now_s + 20).kwh == pytest.approx(3.0)
    world.crash()
    assert world.book.spent(now_s + 20).kwh == pytest.approx(3.0)
    before = world.book.spent(new_year_s + 366 * 86_400)
    assert before.kwh == 0.0
    world.ledger.close()


def test_what_was_posted_is_spent_once_and_what_was_before_the_year_is_not(tmp_path: Path) -> None:
    new_year_s = datetime(2027, 1, 1, tzinfo=UTC).timestamp()
    world = World(tmp_path)
    world.start(new_year_s - 100)
    world.counted(new_year_s - 10 - AT_S, 0.0)
    world.counted(new_year_s - AT_S, 3.6e6)
    assert world.book.spent(new_year_s).kwh == 0.0  # not written, and of the old year
    world.real_s = FLUSH_S
    world.counted(new_year_s + 10 - AT_S, 5.4e6)  # posted, and there
    world.book._year = None  # as a daemon that never asked
    assert world.book.spent(new_year_s + 10).kwh == pytest.approx(0.5)
    world.ledger.close()


def test_a_meter_at_the_wall_tells_the_host(world: World) -> None:
    place = PlaceReading(NONE, NONE, 900.0)
    for at_s in (0.0, 10.0):
        reading = Reading(AT_S + at_s, (told(300.0), cpu_told(NONE)), place)
        world.book.count(world.box, reading, ALLOWED, (), ())
    world.book.close()
    assert of(world.written(), HOST, Basis.READING).joules == pytest.approx(6_000.0)


def test_the_owners_watts_are_a_model_of_the_host(tmp_path: Path) -> None:
    world = World(tmp_path, site=replace(SITE, host_watts=400.0))
    for at_s in (0.0, 10.0):
        world.tick(at_s, told(50.0))
    world.book.close()
    found = world.written()
    assert of(found, HOST, Basis.MODELLED).joules == pytest.approx(4_000.0)
    assert of(found, HOST).money == pytest.approx(4_000.0 / 3.6e6 * 0.30)
    world.ledger.close()


def test_a_tick_hardly_notices_it(tmp_path: Path) -> None:
    """Ten cards: what a tick pays, in the median."""
    cards = [card(f"GPU-{n}") for n in range(10)]
    world = World(tmp_path, box(*cards))
    world.start()
    spans = []
    for tick in range(200):
        began_s = time.perf_counter()
        world.tick(tick / 4, *(told(NONE, tick * 80.0, one.id) for one in cards))
        spans.append(time.perf_counter() - began_s)
    assert sorted(spans)[100] < 0.005
    world.ledger.close()


def drawn_rows(world: World) -> list[tuple[int, float, float | None, Basis]]:
    world.ledger.write(lambda t: None)
    reader = world.ledger.reader()
    found = reader.drawn(0)
    reader.close()
    return [(row.minute_s - int(AT_S), row.seconds, row.joules, row.basis) for row in found]


def curve(world: World, job: str) -> list[tuple[int, float]]:
    world.ledger.write(lambda t: None)
    reader = world.ledger.reader()
    found = reader.metrics(job).get(WATTS, [])
    reader.close()
    return [(step, value) for step, _, value in found]


def test_watts_of_the_box_are_written_with_its_energy(world: World) -> None:
    world.start()
    for second in range(121):
        world.counted(second, 300.0 * second)
    assert drawn_rows(world) == []
    world.real_s = FLUSH_S
    world.counted(121, 300.0 * 121)
    # The host is not known: it is said, and what the card drew is shown.
    assert drawn_rows(world) == [
        (0, 60.0, 18_000.0, Basis.UNKNOWN),
        (60, 60.0, 18_000.0, Basis.UNKNOWN),
        (120, 1.0, 300.0, Basis.UNKNOWN),
    ]
    world.crash()
    world.counted(150, 300.0 * 150)
    world.book.close()
    assert drawn_rows(world)[2:] == [(120, 30.0, 9000.0, Basis.UNKNOWN)]


def test_a_fast_clock_writes_no_more_rows_than_it_looks(tmp_path: Path) -> None:
    world = World(tmp_path, box(card(), modelled=True, host_w=700.0))
    for look in range(20):
        world.tick(3600.0 * look)
    world.book.close()
    found = drawn_rows(world)
    assert len(found) == 19
    assert all(row[1:] == (3600.0, 3600 * (IDLE_W + 700.0), Basis.MODELLED) for row in found)
    world.ledger.close()


def test_a_full_disk_loses_no_watts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    job = world.start()

    def full(*_: object) -> None:
        raise refusal("disk.full", why="No room.", next="free some")

    write = Transaction.remember
    world.counted(0, 0.0)
    monkeypatch.setattr(Transaction, "remember", full)
    world.real_s = FLUSH_S
    world.counted(70, 21_000.0)
    monkeypatch.setattr(Transaction, "remember", write)
    assert drawn_rows(world) == [] and curve(world, job) == []
    world.real_s = 2 * FLUSH_S
    world.counted(80, 24_000.0)
    world.real_s = 3 * FLUSH_S
    world.counted(81, 24_300.0)
    assert sum(row[2] or 0.0 for row in drawn_rows(world)) == 24_300.0
    assert curve(world, job) == [(70, 300.0)]


def test_a_job_has_its_watts_among_its_curves(world: World) -> None:
    shown: list[Event] = []
    world.ledger.listen(shown.extend)
    job = world.start()
    for second in range(131):
        world.counted(second, 300.0 * second)
    world.counted(131, 300.0 * 131, (ended(job, 131),))
    assert curve(world, job) == [(60, 300.0), (120, 300.0), (131, 300.0)]
    (last,) = [one for one in shown if one.kind == "metrics" and one.data["step"] == 131]
    assert (last.job, last.attempt, last.data["values"]) == (job, 1, {WATTS: 300.0})
    reader = world.ledger.reader()
    assert reader.job(job).last_step is None  # no checkpoint
    reader.close()


def test_the_curve_of_a_second_attempt_goes_on_from_the_first_start(world: World) -> None:
    slot = Slot("host", ("GPU-a",), DeviceKind.GPU, 1, 80.0)
    job = world.start()
    world.counted(0, 0.0)
    world.counted(30, 9_000.0, (ended(job, 30),))
    world.ledger.write(lambda t: t.change(job, Change.ENTER, AT_S + 30))
    world.ledger.write(lambda t: t.change(job, Change.REQUEUE, AT_S + 30))
    attempt = world.ledger.write(lambda t: t.promise(job, slot, "u" * 32, AT_S + 100))
    reader = world.ledger.reader()
    world.live = [(reader.job(job), attempt)]
    reader.close()
    world.counted(100, 9_000.0)
    world.counted(150, 19_000.0, (Sighting(job, 2, True, outcome=outcome_of(2, 150)),))
    assert curve(world, job) == [(30, 300.0), (150, 200.0)]


def outcome_of(attempt: int, at_s: float) -> Outcome:
    return Outcome(attempt, Ending.SUCCEEDED, AT_S, AT_S + at_s)


def test_of_a_job_that_nobody_can_measure_there_is_no_curve(tmp_path: Path) -> None:
    world = World(tmp_path, box(card(curves=())))
    job = world.start()
    for second in range(200):
        world.tick(second, told(NONE))
    world.tick(200, told(NONE), seen=(ended(job, 200),))
    assert curve(world, job) == []
    assert {row[2] for row in drawn_rows(world)} == {None}
    world.ledger.close()


def test_other_settings_hold_from_here_on(tmp_path: Path) -> None:
    world = World(tmp_path, box(card(), modelled=True))
    world.tick(0)
    world.tick(100)
    world.book.resite(replace(SITE, host_watts=900.0))
    world.tick(200)
    world.tick(300)
    world.book.close()
    assert of(world.written(), HOST, Basis.MODELLED).joules == pytest.approx(100 * 900.0)
    world.ledger.close()
