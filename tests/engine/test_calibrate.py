"""`tenfold calibrate` through everything: the program, the daemon, the helper with rights and a
stand-in for NVIDIA's library. Only the card's work and watts are simulated, after the limit that
the stand-in shows; `sitecustomize` puts them into the job's process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from engine.conftest import private
from engine.test_gpus import seen
from faults.daemon import PrivateDaemon, kill_marked
from faults.nvml.cards import Card, h100_pcie
from faults.nvml.standin import StandIn
from faults.rights import Helper

from tenfold.rights.ask import VARIABLE

SIMULATED = '''
"""A card whose speed falls by 0.9 times the square of what its limit is short of 350 W."""
import time

from tenfold.science import card_loads, card_meter

METERS = []


class Simulated(card_meter.CardMeter):
    def __init__(self, uuid):
        super().__init__(uuid)
        METERS.append(self)
        self.spent_j, self.at_s = 0.0, time.monotonic()

    def energy_j(self):
        now_s = time.monotonic()
        self.spent_j += 0.96 * self.limit_w() * (now_s - self.at_s)
        self.at_s = now_s
        return self.spent_j


def load(name, device):
    falls = {"compute": 0.9, "light": 0.1, "decode": 0.0}[name]

    def work():
        began_s = time.monotonic()
        time.sleep(0.005)
        short = 1.0 - METERS[0].limit_w() / 350.0
        return (1.0 - falls * short**2) * (time.monotonic() - began_s)

    return card_loads.Load("TFLOP/s", work)


card_meter.CardMeter = Simulated
card_loads.load = load
card_loads.why_not = lambda device: ""
'''


@pytest.fixture
def cards() -> list[Card]:
    """Whose lowest limit is also the lowest that placement sets: the published knee."""
    found = [h100_pcie(0), h100_pcie(1)]
    for card in found:
        card.limit_lowest = 203_000
    return found


@pytest.fixture
def stand_in(tmp_path: Path, cards: list[Card]) -> StandIn:
    return StandIn(tmp_path, cards)


@pytest.fixture
def helper(tmp_path: Path, stand_in: StandIn) -> Iterator[Helper]:
    helper = Helper(tmp_path, stand_in, os.getuid())
    yield helper
    if helper.process is not None and helper.process.poll() is None:
        helper.end()


@pytest.fixture
def measured(tmp_path: Path, stand_in: StandIn, helper: Helper) -> Iterator[PrivateDaemon]:
    """The card is simulated where a `sitecustomize.py` stands in `folder/simulated`."""
    found = private(tmp_path, **stand_in.environment, **{VARIABLE: str(helper.socket)})
    (tmp_path / "simulated").mkdir()
    path = os.pathsep.join([str(tmp_path / "simulated"), found.environment["PYTHONPATH"]])
    found.environment["PYTHONPATH"] = path
    yield found
    found.end()
    kill_marked(str(tmp_path))


def calibrated(daemon: PrivateDaemon, *words: str) -> tuple[int, Any, str]:
    done = subprocess.run(
        [sys.executable, "-m", "tenfold.cli", "calibrate", "--json", *words],
        env={**daemon.environment, "COLUMNS": "160"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, json.loads(done.stdout), done.stderr


def gpus(box: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in box["box"]["nodes"][0]["devices"] if one["kind"] == "gpu"]


def true_speed(share: float) -> float:
    return 1.0 - 0.9 * (1.0 - share) ** 2


def test_a_card_is_measured_and_its_curves_are_in_force(
    measured: PrivateDaemon, helper: Helper, cards: list[Card], tmp_path: Path
) -> None:
    """The second of two: the job that came to sit on the first one was cancelled."""
    (tmp_path / "simulated" / "sitecustomize.py").write_text(SIMULATED)
    helper.start()
    measured.start()
    uuid = cards[1].uuid
    words = ("--gpu", uuid[:12], "--points", "3", "--seconds", "0.4")
    status, told, way = calibrated(measured, *words)
    assert status == 0, (told, way)
    assert list(told["cards"]) == [uuid] and told["missed"] == {}
    states = sorted(view["state"] for view in measured.jobs().values())
    assert states == ["cancelled", "succeeded"]
    kept = json.loads((measured.home / "curves.json").read_text())
    assert kept == told["cards"] and kept[uuid]["model"] == "H100 PCIe"
    curves = {curve["load"]: curve for curve in kept[uuid]["curves"]}
    assert set(curves) == {"compute", "light", "decode"}
    compute = curves["compute"]
    assert compute["caps"] == [round(203 / 350, 6), round(276 / 350, 6), 1.0]
    for cap, speed, draw in zip(compute["caps"], compute["speeds"], compute["draws"], strict=True):
        assert speed == pytest.approx(true_speed(cap), abs=0.02)
        assert draw == pytest.approx(0.96 * cap, rel=0.01)
    assert "driver 575.57.08" in compute["source"]
    # Both cards: the other one is of the same model.
    found = seen(
        measured,
        lambda box: all("measured on" in one["curves"][0]["source"] for one in gpus(box)),
    )
    assert [one["knee"] for one in gpus(found)] == [round(203 / 350, 6)] * 2
    reaches_full(measured)
    # A daemon that starts finds them as well.
    measured.end()
    measured.start()
    assert gpus(measured.api.get("/api/box"))[0]["curves"][0]["caps"] == compute["caps"]


def reaches_full(daemon: PrivateDaemon) -> None:
    seen(daemon, lambda box: [one["cap_w"] for one in gpus(box)] == [350.0, 350.0])


def test_without_the_helper_it_is_refused(measured: PrivateDaemon) -> None:
    measured.start()
    status, told, _ = calibrated(measured)
    assert status == 2 and told["refusal"]["code"] == "calibrate.rights"
    assert "no helper" in told["refusal"]["why"].lower()
    assert "tenfold rights install" in told["refusal"]["next"]
    assert measured.jobs() == {}


def test_a_job_that_fails_leaves_no_curves(measured: PrivateDaemon, helper: Helper) -> None:
    """Here torch itself has no GPU to work on."""
    helper.start()
    measured.start()
    status, told, _ = calibrated(measured, "--points", "3", "--seconds", "0.1")
    assert status == 1 and told["cards"] == {} and len(told["missed"]) == 1
    assert not (measured.home / "curves.json").exists()
    (job,) = measured.jobs().values()
    assert job["outcome"]["refusal"]["code"] == "calibrate.meter"
    (card,) = told["missed"]
    assert told["missed"][card] == f"job {job['id']} failed"


def test_an_unknown_card_is_refused(measured: PrivateDaemon, helper: Helper) -> None:
    helper.start()
    measured.start()
    for word, why in (("GPU-7", "None is called so"), ("GPU-0", "Several begin so")):
        status, told, _ = calibrated(measured, "--gpu", word)
        assert status == 2 and told["refusal"]["code"] == "calibrate.card"
        assert why in told["refusal"]["why"]


def test_a_daemon_does_not_start_on_a_broken_file(measured: PrivateDaemon) -> None:
    measured.home.mkdir(exist_ok=True)
    (measured.home / "curves.json").write_text('{"GPU-1": {}}')
    done = subprocess.run(
        [sys.executable, "-m", "tenfold.cli", "up", "--json", "--port", str(measured.port)],
        env=measured.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    told = json.loads(done.stdout)["refusal"]
    assert done.returncode == 2 and told["code"] == "curves.file" and "'model'" in told["why"]


def test_a_running_daemon_keeps_what_it_had(measured: PrivateDaemon) -> None:
    measured.start()
    before = gpus(seen(measured, lambda box: True))[0]["curves"]
    (measured.home / "curves.json").write_text("{")
    until_s = time.monotonic() + 30
    while "curves.json" not in (measured.folder / "log").read_text():
        assert time.monotonic() < until_s
        time.sleep(0.1)
    assert gpus(measured.api.get("/api/box"))[0]["curves"] == before
