"""Cards that are hot, break, or are in use by others: the real daemon on a stand-in for NVIDIA's
library, and on a declared box whose heat is modelled."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from engine.conftest import ended, private, until
from engine.test_displace import HOLD, second_attempt
from engine.test_gpus import seen, shell, tenfold
from faults.daemon import PrivateDaemon, kill_marked
from faults.nvml.cards import Card, Process, h100_pcie
from faults.nvml.standin import StandIn
from faults.rights import Helper

from tenfold.engine.cards import Cards
from tenfold.engine.home import Home
from tenfold.hardware import declared
from tenfold.hardware.modelled import modelled_reading
from tenfold.ledger.ledger import Ledger
from tenfold.ledger.read import Reader
from tenfold.ledger.schema import open_for_reading
from tenfold.rights.ask import VARIABLE
from tenfold.terms.box import Box, DeviceKind, Slot

WAIT_S = 30.0


@pytest.fixture
def stand_in(tmp_path: Path) -> StandIn:
    return StandIn(tmp_path, [h100_pcie(0), h100_pcie(1)])


@pytest.fixture
def host(tmp_path: Path, stand_in: StandIn) -> Iterator[PrivateDaemon]:
    found = private(tmp_path, **stand_in.environment)
    found.start()
    yield found
    found.end()
    kill_marked(str(tmp_path))


def events(host: PrivateDaemon) -> list[dict[str, Any]]:
    """What happened to cards, oldest first."""
    reader = Reader(open_for_reading(Home(host.home).ledger))
    try:
        return [one.data for one in reader.events() if (one.job, one.kind) == ("", "card")]
    finally:
        reader.close()


def told(host: PrivateDaemon, right: Callable[[list[str]], Any]) -> list[dict[str, Any]]:
    """The events as soon as their steps are `right`."""
    until_s = time.monotonic() + WAIT_S
    while True:
        found = events(host)
        if right([one["step"] for one in found]):
            return found
        assert time.monotonic() < until_s, found
        time.sleep(0.05)


def log_error(stand_in: StandIn, uuid: str, number: int) -> Card:
    """The card's driver logs this XID."""
    card = next(one for one in stand_in.cards if one.uuid == uuid)
    card.xids.append(number)
    stand_in.write()
    return card


def asides(box: dict[str, Any]) -> dict[str, str]:
    return {one["device"]["id"]: one["why"] for one in box["box"]["nodes"][0]["aside"]}


def test_a_job_whose_card_breaks_goes_on_elsewhere(host: PrivateDaemon, stand_in: StandIn) -> None:
    job = shell(host, HOLD, yields=True)
    (first,) = until(host, job, "running")["slot"]["devices"]
    log_error(stand_in, first, 31)  # a program's own: it is told, and nothing more
    told(host, lambda steps: steps == ["error"])
    assert asides(host.api.get("/api/box")) == {}
    log_error(stand_in, first, 95)
    (other,) = second_attempt(host, job)["slot"]["devices"]
    assert other != first
    found = told(host, lambda steps: "aside" in steps)
    assert [one["step"] for one in found] == ["error", "error", "aside"]
    assert {one["device"] for one in found} == {first} and "XID 95" in found[-1]["why"]
    assert "XID 95" in str(host.api.get(f"/api/jobs/{job}/explain")["history"])
    box = host.api.get("/api/box")
    assert "it broke: XID 95" in asides(box)[first]
    assert box["relief"] == [
        {"device": first, "step": "aside", "why": found[-1]["why"].split(";")[0]}
    ]
    status = tenfold(host, "status")
    assert "1 × H100 PCIe; 1 GPU set aside" in status and "it broke: XID 95" in status
    # Nobody new comes, and the next daemon trusts it again.
    waiting = shell(host, "true")
    time.sleep(0.7)
    assert host.api.get(f"/api/jobs/{waiting}")["job"]["state"] == "queued"
    host.end()
    host.start()
    assert ended(host, waiting)["state"] == "succeeded"
    host.api.post(f"/api/jobs/{job}/cancel")


def test_a_plain_command_is_left_on_a_card_that_breaks(
    host: PrivateDaemon, stand_in: StandIn
) -> None:
    job = shell(host, HOLD)
    (first,) = until(host, job, "running")["slot"]["devices"]
    log_error(stand_in, first, 79)
    seen(host, lambda box: first in asides(box))
    time.sleep(0.7)
    found = host.api.get(f"/api/jobs/{job}")["job"]
    assert (found["state"], found["attempt"]) == ("running", 1)


def test_a_job_that_dies_of_its_card_has_crashed_and_not_failed(
    host: PrivateDaemon, stand_in: StandIn, tmp_path: Path
) -> None:
    """Without the error of the card the same end is final."""
    once = f"[ -e {tmp_path}/one ] && exec sleep 600; touch {tmp_path}/one; "
    once += f"while [ ! -e {tmp_path}/go ]; do sleep 0.02; done; exit 7"
    job = shell(host, once, yields=True)
    (first,) = until(host, job, "running")["slot"]["devices"]
    sound = shell(host, "exit 7", yields=True)
    assert ended(host, sound)["state"] == "failed"
    log_error(stand_in, first, 94)
    (tmp_path / "go").touch()
    assert second_attempt(host, job)["attempt"] == 2
    assert asides(host.api.get("/api/box")) == {}  # it was contained: the card goes on


def test_errors_of_memory_that_cannot_be_corrected(host: PrivateDaemon, stand_in: StandIn) -> None:
    seen(host, lambda box: True)
    stand_in.cards[1].ecc = 2
    stand_in.write()
    found = seen(host, asides)
    assert "went from 0 to 2" in asides(found)[stand_in.cards[1].uuid]


def test_without_rights_a_hot_card_is_emptied(host: PrivateDaemon, stand_in: StandIn) -> None:
    job = shell(host, HOLD, yields=True)
    plain = shell(host, HOLD)
    (first,) = until(host, job, "running")["slot"]["devices"]
    (second,) = until(host, plain, "running")["slot"]["devices"]
    for card in stand_in.cards:
        card.margin, card.reasons = 1, 0x20
    stand_in.write()
    found = told(host, lambda steps: len(steps) == 2)
    assert [one["step"] for one in found] == ["yield", "yield"]
    assert {one["device"] for one in found} == {first, second}
    queued = until(host, job, "queued")
    assert "too hot" in str(host.api.get(f"/api/jobs/{job}/explain")["history"]), queued
    assert host.api.get(f"/api/jobs/{plain}")["job"]["state"] == "running"
    status = tenfold(host, "status")
    assert "it is too hot: it is 1 °C from the warmest" in status


def test_with_rights_its_limit_comes_down_first(tmp_path: Path, stand_in: StandIn) -> None:
    helper = Helper(tmp_path, stand_in, os.getuid())
    helper.start()
    host = private(tmp_path, **stand_in.environment, **{VARIABLE: str(helper.socket)})
    host.start()
    try:
        job = shell(host, HOLD, yields=True)
        (first,) = until(host, job, "running")["slot"]["devices"]
        card = next(one for one in stand_in.cards if one.uuid == first)
        card.margin = 3
        stand_in.write()

        def limit_w(box: dict[str, Any]) -> float:
            devices = {one["id"]: one for one in box["box"]["nodes"][0]["devices"]}
            return float(devices[first]["cap_w"])

        found = seen(host, lambda box: limit_w(box) == 276.0)
        assert found["relief"][0]["step"] == "cap"
        assert "its limit is 276 W at most" in told(host, len)[0]["why"]
        assert "relieved: it is 3 °C from the warmest" in tenfold(host, "status")
        assert host.api.get(f"/api/jobs/{job}")["job"]["state"] == "running"
    finally:
        host.end()
        kill_marked(str(tmp_path))
        helper.end()


def test_a_card_that_draws_too_much_and_one_that_others_use(
    host: PrivateDaemon, stand_in: StandIn
) -> None:
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        stand_in.cards[0].power = 385_000
        stand_in.cards[1].processes = [Process(other.pid, 2048)]
        stand_in.write()

        def both(box: dict[str, Any]) -> bool:
            devices = {one["id"]: one for one in box["box"]["nodes"][0]["devices"]}
            first, second = (devices[card.uuid] for card in stand_in.cards)
            return bool(first["overdraw"] == 1.1 and second["others"] and not first["others"])

        seen(host, both)
        steps = {one["step"]: one for one in events(host)}
        assert "1.10 times" in steps["overdraw"]["why"]
        assert f"({other.pid}) holds 2.0 GiB" in steps["others"]["why"]
    finally:
        other.communicate(b"\n")


def shown(ledger: Ledger, seen_c: list[float], held: bool) -> tuple[Box, Box]:
    """A declared box before, and after its first card was as hot as this, a minute apart."""
    found = declared.box("2xH100-PCIe")
    cards, box = Cards(ledger, lambda pid: None), found
    slots = [Slot("node0", ("gpu0",), DeviceKind.GPU, 1, 79.25)] if held else []
    for minute, warm_c in enumerate(seen_c):
        reading = modelled_reading(found, slots, 60.0 * minute)
        first, *rest = reading.devices
        reading = replace(reading, devices=(replace(first, temperature_c=warm_c), *rest))
        box = cards.look(found, reading, slots, 60.0 * minute)
    assert cards.shown(found) == box
    return found, box


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    found = Ledger(tmp_path / "ledger.sqlite")
    yield found
    found.close()


@pytest.mark.parametrize(("held", "watts"), [(True, 350.0), (False, 80.0)])
def test_a_card_that_is_set_aside_still_counts_for_the_wall(
    ledger: Ledger, held: bool, watts: float
) -> None:
    found, box = shown(ledger, [99.0, 99.0, 99.0], held)
    assert [gpu.id for gpu in box.gpus] == ["gpu1"] and box.gpus[0] == found.gpus[1]
    (aside,) = box.aside
    assert aside.device.id == "gpu0" and "too hot" in aside.why
    assert box.host_w == found.host_w + watts


def test_a_card_that_is_well_is_as_it_was(ledger: Ledger) -> None:
    found, box = shown(ledger, [70.0, 82.0, 60.0], True)
    assert box == found
    reader = ledger.reader()
    assert reader.last_event() == 0
    reader.close()


def test_a_ceiling_is_put_on_a_hot_card(ledger: Ledger) -> None:
    _, box = shown(ledger, [99.0], True)
    assert [gpu.ceiling_w for gpu in box.gpus] == [276.0, None]
    _, box = shown(ledger, [99.0, 99.0], True)
    assert [gpu.ceiling_w for gpu in box.gpus] == [203.0, None]


HOT = """
[[node]]
[[node.card]]
model = "badly placed"
memory_gib = 79.25
idle_w = 80
cap_min_w = 200
cap_max_w = 350
kelvin_per_w = {kelvin}
"""


@pytest.fixture
def rehearsal(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[PrivateDaemon]:
    """A declared box of one card that is so badly placed, two minutes in a second."""
    box = tmp_path / "attic.toml"
    box.write_text(HOT.format(kelvin=request.param))
    found = private(tmp_path)
    found.options = ("--box", str(box), "--speed", "120")
    found.start()
    yield found
    found.end()
    kill_marked(str(tmp_path))


@pytest.mark.parametrize("rehearsal", [0.5], indirect=True)  # 126 °C at its lowest limit
def test_a_declared_card_that_is_too_hot_is_relieved_step_by_step(
    rehearsal: PrivateDaemon,
) -> None:
    job = shell(rehearsal, "true", time_s=1e6, yields=True)
    until(rehearsal, job, "running")
    found = told(rehearsal, lambda steps: "aside" in steps)
    assert [one["step"] for one in found[:4]] == ["cap", "cap", "yield", "aside"]
    assert "276 W" in found[0]["why"] and "203 W" in found[1]["why"]
    assert "°C and is to stay below 83 °C (assumed" in found[0]["why"]
    history = rehearsal.api.get(f"/api/jobs/{job}/explain")["history"]
    assert "requeue" in [event.get("change") for event in history]
    rehearsal.api.post(f"/api/jobs/{job}/cancel")
    found = told(rehearsal, lambda steps: steps[-3:] == ["back"] * 3)
    assert "its limit is its own" in found[-1]["why"]
    box = seen(rehearsal, lambda box: box["box"]["nodes"][0]["devices"][0]["cap_w"] == 350.0)
    assert box["relief"] == [] and asides(box) == {}


@pytest.mark.parametrize(
    "rehearsal", [0.19], indirect=True
)  # 91 °C at its highest limit, 77 halfway
def test_a_lower_limit_is_enough_for_one_that_is_a_little_too_hot(
    rehearsal: PrivateDaemon,
) -> None:
    job = shell(rehearsal, "true", time_s=1e6, yields=True)
    found = told(rehearsal, len)
    assert [one["step"] for one in found] == ["cap"]
    seen(rehearsal, lambda box: box["box"]["nodes"][0]["devices"][0]["cap_w"] == 276.0)
    rehearsal.kill()
    rehearsal.start()  # this one knows nothing of it, and relieves it anew
    assert until(rehearsal, job, "running")["attempt"] == 1
