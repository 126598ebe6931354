"""Jobs on the GPUs of this machine: the real daemon on a stand-in for NVIDIA's library."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from api.conftest import ask
from engine.conftest import ended, log_of, private, until
from faults.daemon import PrivateDaemon, kill_marked, marked
from faults.nvml.cards import Card, Process, Slice, h100_pcie
from faults.nvml.standin import LOST, StandIn

from tenfold.terms.refusal import Refusal

WAIT_S = 30.0


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> StandIn:
    return StandIn(tmp_path_factory.mktemp("nvml"), [h100_pcie(0), h100_pcie(1), carved()])


def carved() -> Card:
    card = h100_pcie(2)
    card.mig, card.slices = 1, [Slice("3g.40gb", 4, 1, "MIG-a")]
    return card


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory, stand_in: StandIn) -> Iterator[PrivateDaemon]:
    folder = tmp_path_factory.mktemp("daemon")
    found = private(folder, **stand_in.environment)
    found.start()
    yield found
    found.end()
    kill_marked(str(folder))


@pytest.fixture(autouse=True)
def well(stand_in: StandIn) -> Iterator[None]:
    """Every test finds the cards as they were at the start."""
    yield
    stand_in.cards[:] = [h100_pcie(0), h100_pcie(1), carved()]
    stand_in.write()


def shell(daemon: PrivateDaemon, text: str, gpus: int = 1, **more: object) -> str:
    params = {"argv": ["/bin/sh", "-c", text]}
    return daemon.submit(workload="system.command", params=params, gpus=gpus, **more)


def seen(daemon: PrivateDaemon, right: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    """/api/box as soon as it is `right`."""
    until_s = time.monotonic() + WAIT_S
    while True:
        found: dict[str, Any] = daemon.api.get("/api/box")
        if found["reading"] and right(found):
            return found
        assert time.monotonic() < until_s, found
        time.sleep(0.02)


def reading(found: dict[str, Any], index: int) -> dict[str, Any]:
    (one,) = [r for r in found["reading"]["devices"] if r["device"] == h100_pcie(index).uuid]
    return dict(one)


def tenfold(daemon: PrivateDaemon, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tenfold.cli", *words],
        env={**daemon.environment, "COLUMNS": "160"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_command_on_two_gpus_is_told_their_uuids(daemon: PrivateDaemon) -> None:
    said = tenfold(daemon, "run", "--gpus", "2", "--", "sh", "-c", "echo $CUDA_VISIBLE_DEVICES")
    assert f"{h100_pcie(0).uuid},{h100_pcie(1).uuid}" in said


def test_without_gpus_a_job_sees_none(daemon: PrivateDaemon) -> None:
    job = ended(daemon, shell(daemon, "echo [$CUDA_VISIBLE_DEVICES]", gpus=0))
    assert log_of(daemon, job["id"]).strip() == "[]"


def test_the_cards_their_figures_and_who_is_on_them(
    daemon: PrivateDaemon, stand_in: StandIn, tmp_path: Path
) -> None:
    job = shell(daemon, f"while [ ! -e {tmp_path}/go ]; do sleep 0.05; done", name="mine")
    slot = until(daemon, job, "running")["slot"]
    card = stand_in.cards[0]
    assert slot["devices"] == [card.uuid]
    ours = daemon_child(daemon, job)
    card.power, card.temperature, card.busy, card.reasons = 300_000, 71, 88, 0x4
    card.processes = [Process(ours, 2048), Process(os.getpid(), 512)]
    stand_in.write()
    found = seen(daemon, lambda box: len(reading(box, 0)["gpu"]["processes"]) == 2)
    one = reading(found, 0)
    assert (one["power_w"], one["temperature_c"], one["utilisation"]) == (300.0, 71.0, 0.88)
    assert one["fan"] == {"missing": "this card does not tell it"}
    assert one["gpu"]["limit_w"] == 350.0 and one["gpu"]["throttle"] == ["at its power limit"]
    of = {process["pid"]: process["job"] for process in one["gpu"]["processes"]}
    assert of == {ours: job, os.getpid(): None}
    (aside,) = found["box"]["nodes"][0]["aside"]
    assert aside["device"]["id"] == h100_pcie(2).uuid and "MIG mode" in aside["why"]
    assert reading(found, 2)["gpu"]["slices"][0]["profile"] == "3g.40gb"

    status = tenfold(daemon, "status")
    assert "2 × H100 PCIe; 1 GPU set aside" in status and "GPUs draw 408 W" in status
    (line,) = [line for line in status.splitlines() if "mine" in line]
    assert "GPU-00000000" in line and "300 W" in line and "71 °C" in line and "88%" in line
    assert "at its power limit; not ours: " in status and f"({os.getpid()})" in status
    assert "MIG mode" in status and "1 slice: 3g.40gb" in status

    (tmp_path / "go").touch()
    stand_in.cards[0].processes.clear()
    stand_in.write()
    assert ended(daemon, job)["state"] == "succeeded"


def daemon_child(daemon: PrivateDaemon, job: str) -> int:
    """A process of the job, as the kernel shows it."""
    told = marked(str(daemon.folder))
    return next(pid for pid, environ in told.items() if environ.get("TENFOLD_JOB") == job)


def test_prometheus_reads_the_cards(daemon: PrivateDaemon, stand_in: StandIn) -> None:
    stand_in.cards[1].energy = 5_000_000
    stand_in.cards[1].reasons = 0x20
    stand_in.write()
    seen(daemon, lambda box: reading(box, 1)["gpu"]["throttle"])
    page = ask(daemon, "/metrics").body.decode()
    id = h100_pcie(1).uuid
    assert f'tenfold_device_power_watts{{device="{id}",modelled="false"}} 54.0' in page
    assert f'tenfold_gpu_power_limit_watts{{device="{id}"}} 350.0' in page
    assert f'tenfold_gpu_energy_joules_total{{device="{id}"}} 5000.0' in page
    assert f'tenfold_gpu_held_down{{device="{id}",why="too warm"}} 1.0' in page


def test_a_card_that_is_lost_while_a_job_runs_takes_nobody_along(
    daemon: PrivateDaemon, stand_in: StandIn
) -> None:
    job = shell(daemon, "sleep 600")
    assert until(daemon, job, "running")["slot"]["devices"] == [h100_pcie(0).uuid]
    stand_in.cards[0].errors["*"] = LOST
    stand_in.write()
    found = seen(daemon, lambda box: len(box["box"]["nodes"][0]["aside"]) == 2)
    assert reading(found, 0)["power_w"] == {"missing": "the card fell off the bus"}
    assert reading(found, 1)["power_w"] == 54.0
    assert daemon.api.get(f"/api/jobs/{job}")["job"]["state"] == "running"
    # What is submitted now gets the other card; more wait and are told why.
    other = shell(daemon, "echo $CUDA_VISIBLE_DEVICES; sleep 600")
    assert until(daemon, other, "running")["slot"]["devices"] == [h100_pcie(1).uuid]
    waiting = shell(daemon, "true")
    told = until_told(daemon, waiting)
    assert any("does not answer" in place["why"] for place in told["places"]), told
    daemon.api.post(f"/api/jobs/{job}/cancel")
    assert ended(daemon, job)["state"] == "cancelled"
    stand_in.cards[0].errors.clear()
    stand_in.write()
    assert "Traceback" not in (daemon.folder / "log").read_text()
    daemon.api.post(f"/api/jobs/{other}/cancel")
    assert ended(daemon, waiting)["state"] == "succeeded"


def until_told(daemon: PrivateDaemon, job: str) -> dict[str, Any]:
    until_s = time.monotonic() + WAIT_S
    while True:
        told: dict[str, Any] = daemon.api.get(f"/api/jobs/{job}/explain")
        if told["places"] or time.monotonic() > until_s:
            return told
        time.sleep(0.02)


def test_a_job_that_asks_for_more_cards_than_may_be_given_is_refused(
    daemon: PrivateDaemon,
) -> None:
    with pytest.raises(Refusal) as told:
        shell(daemon, "true", gpus=3)
    assert told.value.code == "job.too-large"


def test_the_slot_is_kept_until_the_card_shows_empty(
    daemon: PrivateDaemon, stand_in: StandIn, tmp_path: Path
) -> None:
    job = shell(daemon, f"while [ ! -e {tmp_path}/go ]; do sleep 0.02; done")
    (device,) = until(daemon, job, "running")["slot"]["devices"]
    card = next(one for one in stand_in.cards if one.uuid == device)
    card.processes = [Process(daemon_child(daemon, job))]
    stand_in.write()
    (tmp_path / "go").touch()
    until_s = time.monotonic() + WAIT_S
    while not (notes := daemon.api.get(f"/api/jobs/{job}")["notes"]):
        assert time.monotonic() < until_s
        time.sleep(0.02)
    assert f"the driver still shows process {card.processes[0].pid} on {device}" in notes[0]["text"]
    assert daemon.api.get(f"/api/jobs/{job}")["job"]["state"] == "running"
    # Nobody else is put on that card meanwhile.
    after = shell(daemon, "true", gpus=2)
    assert until_told(daemon, after)["places"]
    assert daemon.api.get(f"/api/jobs/{after}")["job"]["state"] == "queued"
    card.processes.clear()
    stand_in.write()
    assert ended(daemon, job)["state"] == "succeeded"
    assert ended(daemon, after)["state"] == "succeeded"


def test_others_are_neither_waited_for_nor_ended(daemon: PrivateDaemon, stand_in: StandIn) -> None:
    other = subprocess.Popen(["sleep", "600"])
    try:
        for card in stand_in.cards[:2]:
            card.processes = [Process(other.pid)]
        stand_in.write()
        job = ended(daemon, shell(daemon, "true", gpus=2))
        assert job["state"] == "succeeded"
        assert daemon.api.get(f"/api/jobs/{job['id']}")["notes"] == []
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()
