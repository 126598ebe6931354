"""system.calibrate on a simulated card with a clock of its own; its check sees planted faults."""

from __future__ import annotations

import copy
import csv
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tenfold.science import card_loads
from tenfold.science.card_loads import Load
from tenfold.terms.box import Device, DeviceKind, Slot
from tenfold.terms.outcome import Result
from tenfold.terms.refusal import Refusal
from tenfold.workloads.system import calibrate
from tenfold.workloads.system.calibrate import Params

UUID = "GPU-00000000-0000-4000-8000-000000000000"
FALLS = {"compute": 0.9, "light": 0.05, "decode": 0.0}  # of speed, from full limit to none, squared
DRAWS = {"compute": 0.97, "light": 0.4, "decode": 0.43}
PARAMS = Params(points=5, seconds=4.0)


class Stopped(BaseException):
    """Stands for a stop."""


class SimulatedCard:
    """A card behind a daemon that gives `lowest_w` to `highest_w`, `late_s` after it was asked."""

    uuid, model, driver = UUID, "H100 PCIe", "575.57.08"

    def __init__(self) -> None:
        self.now_s, self.spent_j, self.load = 0.0, 0.0, "compute"
        self.lowest_w, self.highest_w, self.late_s = 203.0, 350.0, 1.5
        self.drift_a_s = 0.0
        self.over = 1.0  # what it draws more than it may
        self.deaf = False
        self._asked: list[tuple[float, float]] = []

    def cap(self, watts: float | None) -> None:
        given_w = self.highest_w if watts is None else watts
        if not self._asked:  # it stands where the daemon started the job
            self._asked.append((0.0, self.highest_w))
        given_w = min(self.highest_w, max(self.lowest_w, given_w))
        if not self.deaf:
            self._asked.append((self.now_s + self.late_s, given_w))

    def limit_w(self) -> float | None:
        if not self._asked:
            return self.highest_w
        return [watts for at_s, watts in self._asked if at_s <= self.now_s][-1]

    def usual_limit_w(self) -> float | None:
        return 350.0

    def lowest_limit_w(self) -> float | None:
        return 200.0

    def energy_j(self) -> float | None:
        return self.spent_j

    def power_w(self) -> float | None:
        raise AssertionError("the counter is better")

    def clock(self) -> float:
        return self.now_s

    def pause(self, seconds: float) -> None:
        self.now_s += seconds

    def make(self, name: str, device: str) -> Load:
        def work() -> float:
            limit_w = self.limit_w() or 0.0
            took_s = 0.1 / (true_speed(name, limit_w) * (1 + self.drift_a_s * self.now_s))
            self.now_s += took_s
            self.spent_j += took_s * min(DRAWS[name] * 350.0, limit_w) * self.over
            return 60.0

        return Load("TFLOP/s", work)


def true_speed(load: str, limit_w: float) -> float:
    return 1.0 - FALLS[load] * (1.0 - limit_w / 350.0) ** 2


class Bench:
    """The part of `Job` that this workload uses."""

    device = "cuda:0"
    devices = (UUID,)

    def __init__(self, folder: Path, card: SimulatedCard) -> None:
        self.slot = Slot("n", (UUID,), DeviceKind.GPU, 1, 79.0)
        self.artifacts = folder
        self.asked: list[float | None] = []
        self.notes: list[str] = []
        self.shown: list[str] = []
        self.logged: list[dict[str, float]] = []
        self.stop_after = 10_000
        self._card = card

    def cap(self, watts: float | None) -> None:
        self.asked.append(watts)
        self._card.cap(watts)

    def progress(self, items: Iterable[Any], unit: str = "step") -> Iterator[Any]:
        return iter(items)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def log(self, step: int, **metrics: float) -> None:
        self.logged.append(metrics)

    def checkpoint(self, save: Callable[[Path], object], step: int, every_s: float) -> None:
        self.stop_after -= 1
        if self.stop_after < 0:
            raise Stopped

    def artifact(self, path: str, kind: str, title: str) -> None:
        assert (self.artifacts / path).stat().st_size > 0
        self.shown.append(path)


def ran(folder: Path, card: SimulatedCard, params: Params = PARAMS) -> tuple[Bench, Result]:
    job = Bench(folder, card)
    result = calibrate.measured(job, params, card, card.make, card.clock, card.pause)
    return job, Result(result.summary, json.loads(json.dumps(result.figures)))


def test_it_finds_the_curves_of_a_card_and_holds(tmp_path: Path) -> None:
    job, result = ran(tmp_path, SimulatedCard())
    figures = result.figures
    assert figures["card"] == {"uuid": UUID, "model": "H100 PCIe", "driver": "575.57.08"}
    assert (figures["lowest_w"], figures["highest_w"]) == (203.0, 350.0)
    assert [curve["load"] for curve in figures["curves"]] == ["compute", "light", "decode"]
    for curve in figures["curves"]:
        assert [point["cap_w"] for point in curve["points"]] == [203, 240, 276, 313, 350]
        for point in curve["points"]:
            expected = true_speed(curve["load"], point["cap_w"])
            assert point["speed"] == pytest.approx(expected, abs=0.02)
            watts = min(DRAWS[curve["load"]] * 350.0, point["cap_w"])
            assert point["draw"] == pytest.approx(watts / 350.0, rel=1e-6)
    verdict = calibrate.check(PARAMS, result)
    assert verdict.holds, verdict.sentence
    assert job.shown[0] == "curves.csv" and "compute" in result.summary
    rows = list(csv.DictReader((tmp_path / "curves.csv").read_text().splitlines()))
    assert len(rows) == 15 and rows[0]["load"] == "compute"
    assert job.asked[:2] == [None, 200.0] and job.asked[-1] is None
    assert len(job.logged) == 18


def test_the_first_measurement_waits_for_a_warm_card(tmp_path: Path) -> None:
    """It is as fast as the last one, although a cold card is faster for a while."""
    card = SimulatedCard()
    plain, began_s = card.make, list[float]()

    def make(name: str, device: str) -> Load:
        load = plain(name, device)

        def work() -> float:
            began_s.append(card.now_s)
            done = load.work()
            return done * (1.2 if card.now_s - began_s[0] < 10.0 else 1.0)

        return Load(load.unit, work)

    card.make = make  # type: ignore[method-assign]
    _, result = ran(tmp_path, card, Params(points=3, seconds=6.0, loads=("compute",)))
    assert abs(result.figures["curves"][0]["drift"]) < 0.01


def test_a_card_that_drifts_does_not_hold(tmp_path: Path) -> None:
    card = SimulatedCard()
    card.drift_a_s = -0.1 / 60
    _, result = ran(tmp_path, card)
    verdict = calibrate.check(PARAMS, result)
    assert not verdict.holds and "drifted" in verdict.sentence


def test_a_card_that_keeps_no_limit_does_not_hold(tmp_path: Path) -> None:
    card = SimulatedCard()
    card.over = 1.08
    _, result = ran(tmp_path, card)
    verdict = calibrate.check(PARAMS, result)
    assert not verdict.holds and "did not keep it" in verdict.sentence
    assert verdict.figures["over"] == pytest.approx(1.08, rel=1e-6)


@pytest.mark.parametrize(
    ("point", "name", "value", "why"),
    [
        (1, "speed", 0.5, "slower"),
        (-1, "speed", 0.999, "is not 1"),
        (2, "watts", 400.0, "its limit"),
        (1, "speed", float("nan"), "slower"),
    ],
)
def test_faults_in_the_figures(
    tmp_path: Path, point: int, name: str, value: float, why: str
) -> None:
    _, result = ran(tmp_path, SimulatedCard())
    assert calibrate.check(PARAMS, result).holds
    figures = copy.deepcopy(result.figures)
    figures["curves"][0]["points"][point][name] = value
    verdict = calibrate.check(PARAMS, Result("", figures))
    assert not verdict.holds and why in verdict.sentence


def test_a_limit_that_does_not_move_is_refused(tmp_path: Path) -> None:
    card = SimulatedCard()
    card.deaf = True
    with pytest.raises(Refusal) as no:
        ran(tmp_path, card)
    assert no.value.code == "calibrate.rights" and "stays at 350 W" in no.value.why
    assert "tenfold rights install" in no.value.next
    assert card.now_s < 30.0


def test_a_limit_that_does_not_come_is_refused_after_a_minute(tmp_path: Path) -> None:
    """The site takes watts away in the middle."""
    card = SimulatedCard()
    plain, began = card.make, [0.0]

    def make(name: str, device: str) -> Load:
        load = plain(name, device)

        def work() -> float:
            card.highest_w, began[0] = 260.0, card.now_s
            return load.work()

        return Load(load.unit, work)

    card.make = make  # type: ignore[method-assign]
    with pytest.raises(Refusal) as no:
        ran(tmp_path, card)
    assert no.value.code == "calibrate.rights" and "after 60 s shows 260 W" in no.value.why
    assert 60.0 <= card.now_s - began[0] < 62.0


def test_less_than_its_usual_limit_is_told(tmp_path: Path) -> None:
    card = SimulatedCard()
    card.highest_w = 300.0
    job, result = ran(tmp_path, card)
    assert result.figures["highest_w"] == 300.0
    assert "300 W of its usual 350 W" in job.notes[0]


def test_limits_that_would_lie_too_close(tmp_path: Path) -> None:
    card = SimulatedCard()
    card.lowest_w = 320.0
    job, result = ran(tmp_path, card)
    assert len(result.figures["curves"][0]["points"]) == 4
    assert "4 limits" in job.notes[0]


def test_a_stop_is_heeded_while_it_waits(tmp_path: Path) -> None:
    card = SimulatedCard()
    job = Bench(tmp_path, card)
    job.stop_after = 5
    with pytest.raises(Stopped):
        calibrate.measured(job, PARAMS, card, card.make, card.clock, card.pause)
    assert card.now_s < 1.0


def test_a_cpu_has_nothing_to_measure(tmp_path: Path) -> None:
    job = Bench(tmp_path, SimulatedCard())
    job.slot = Slot("n", ("cpu",), DeviceKind.CPU, 1, 1.0)
    with pytest.raises(Refusal) as no:
        calibrate.run(job, PARAMS)
    assert no.value.code == "calibrate.cards"


def test_needs_one_gpu_wherever_it_is_asked() -> None:
    for device in (
        Device("cpu", DeviceKind.CPU, "a CPU", "n", 16.0, cores=2),
        Device("gpu0", DeviceKind.GPU, "H100 PCIe", "n", 79.0),
    ):
        asked = calibrate.needs(Params(), device)
        assert (asked.gpus, asked.memory_gib) == (1, 6.0)
        assert 200 < (asked.time_s or 0) < 600
    assert calibrate.needs(Params(loads=("decode",)), device).time_s < 200


@pytest.mark.parametrize(
    "wrong", [{"points": 2}, {"seconds": 0.0}, {"loads": ()}, {"loads": ("games",)}]
)
def test_params_out_of_range(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Params(**wrong)


@pytest.mark.parametrize("name", card_loads.LOADS)
def test_every_load_works_on_a_cpu(name: str) -> None:
    """Small, to try the code: the same amount each time, in the time that was meant."""
    made = card_loads.load(name, "cpu")
    began = made.work()
    assert began > 0 and made.work() == began
    assert made.unit == ("GB/s" if name == "decode" else "TFLOP/s")
