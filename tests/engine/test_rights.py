"""Power limits through the helper with rights: the real daemon, the real helper, a stand-in for
NVIDIA's library. Without the helper everything else works, and status says so."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from engine.conftest import private, until
from engine.test_gpus import seen, shell, tenfold
from faults.daemon import PrivateDaemon, kill_marked
from faults.nvml.cards import Card, Process, h100_pcie
from faults.nvml.standin import NO_PERMISSION, StandIn
from faults.rights import Helper

from tenfold.engine.limits import Limits
from tenfold.rights.ask import (
    LONGEST_PAUSE_S,
    NOT_INSTALLED,
    NOT_OURS,
    VARIABLE,
    Denied,
    Rights,
)
from tenfold.terms.box import Box, Device, DeviceKind, Node, Slot
from tenfold.terms.decision import Cap, Decision, Start

HOST = 250
WATTS = 600 + HOST  # of the site: two cards at 350 W are too much for it, at 300 W they are not
HOLD = "while :; do sleep 0.05; done"


@pytest.fixture
def cards() -> list[Card]:
    return [h100_pcie(0), h100_pcie(1)]


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
def rationed(tmp_path: Path, stand_in: StandIn, helper: Helper) -> Iterator[PrivateDaemon]:
    found = private(tmp_path, **stand_in.environment, **{VARIABLE: str(helper.socket)})
    found.home.mkdir(mode=0o700, exist_ok=True)
    (found.home / "site.toml").write_text(f"[site]\nwatts = {WATTS}\nhost_watts = {HOST}\n")
    yield found
    found.end()
    kill_marked(str(tmp_path))


def limits(stand_in: StandIn) -> dict[str, int]:
    """What every card was last set to, in watts."""
    told = [line.split() for line in stand_in.called() if line.startswith("limit ")]
    return {card: int(milliwatts) // 1000 for _, card, milliwatts in told}


def reaches(stand_in: StandIn, expected: dict[str, int]) -> None:
    until_s = time.monotonic() + 30
    while limits(stand_in) != expected:
        assert time.monotonic() < until_s, limits(stand_in)
        time.sleep(0.02)


def around(card: Card) -> Box:
    limits = {"cap_w": 350.0, "cap_min_w": 200.0, "cap_max_w": 350.0}
    return Box(
        "", (Node("host", (Device(card.uuid, DeviceKind.GPU, "", "host", 80.0, **limits),)),)
    )


def decided(card: Card) -> Decision:
    slot = Slot("host", (card.uuid,), DeviceKind.GPU, 1, 1.0)
    return Decision(starts=(Start("7", slot),), caps=(Cap(card.uuid, 250.0),))


def test_without_the_helper_the_second_job_waits_and_status_says_advisory(
    rationed: PrivateDaemon, stand_in: StandIn
) -> None:
    rationed.start()
    first = shell(rationed, HOLD)
    until(rationed, first, "running")
    second = shell(rationed, HOLD)
    found = seen(rationed, lambda box: box["jobs"].get("queued") == 1)
    assert found["rights"] == {"granted": False, "why": NOT_INSTALLED}
    assert "limits are advisory" in tenfold(rationed, "status")
    assert "advisory" in tenfold(rationed, "rights")
    assert rationed.api.get(f"/api/jobs/{second}")["job"]["state"] == "queued"
    assert limits(stand_in) == {}


def test_two_jobs_share_the_wall_by_their_cards_limits(
    rationed: PrivateDaemon, helper: Helper, stand_in: StandIn
) -> None:
    """And the limits come back when the daemon is killed, are set anew by the next one, and come
    back when it ends."""
    helper.start()
    rationed.start()
    jobs = [shell(rationed, HOLD), shell(rationed, HOLD)]
    for job in jobs:
        until(rationed, job, "running")
    reaches(stand_in, {"0": 300, "1": 300})
    found = seen(rationed, lambda box: [one["cap_w"] for one in _gpus(box)] == [300.0, 300.0])
    assert found["rights"] == {"granted": True, "why": ""}
    assert [(one["cap_min_w"], one["cap_max_w"]) for one in _gpus(found)] == [(200.0, 350.0)] * 2
    assert "advisory" not in tenfold(rationed, "status")
    assert "granted" in tenfold(rationed, "rights")
    rationed.kill()
    reaches(stand_in, {"0": 350, "1": 350})
    rationed.start()
    reaches(stand_in, {"0": 300, "1": 300})
    assert [one["cap_max_w"] for one in _gpus(rationed.api.get("/api/box"))] == [350.0, 350.0]
    rationed.end()
    reaches(stand_in, {"0": 350, "1": 350})


def test_a_killed_helper_is_found_again(
    rationed: PrivateDaemon, helper: Helper, stand_in: StandIn
) -> None:
    helper.start()
    rationed.start()
    for job in [shell(rationed, HOLD), shell(rationed, HOLD)]:
        until(rationed, job, "running")
    reaches(stand_in, {"0": 300, "1": 300})
    helper.end(signal.SIGKILL)
    helper.start()  # puts the limits back; the daemon sees that and asks again
    reaches(stand_in, {"0": 300, "1": 300})
    asked = limits_seen(stand_in)
    assert asked[-6:] == [300, 300, 350, 350, 300, 300]
    # A tick that saw the first job alone held the second card low, since nobody used it.
    assert asked[:-6] in ([], [203])
    seen(rationed, lambda box: box["rights"]["granted"])


def limits_seen(stand_in: StandIn) -> list[int]:
    lines = [line.split() for line in stand_in.called() if line.startswith("limit ")]
    return [int(line[2]) // 1000 for line in lines]


def _gpus(box: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in box["box"]["nodes"][0]["devices"] if one["kind"] == "gpu"]


def test_what_counts_on_a_limit_that_cannot_be_set_waits(
    helper: Helper, stand_in: StandIn, cards: list[Card]
) -> None:
    helper.start()
    rights = Rights(helper.socket)
    assert rights.look()
    assert (
        Limits(rights.ask, settle_s=0.0).carry_out(decided(cards[0]), around(cards[0]), 0.0).starts
    )
    cards[0].errors = {"nvmlDeviceSetPowerManagementLimit": NO_PERMISSION}
    stand_in.write()
    limits = Limits(rights.ask)
    left = limits.carry_out(decided(cards[0]), around(cards[0]), 0.0)
    assert left.starts == () and left.waits[0].job == "7"
    assert "could not be set" in left.waits[0].why
    helper.end(signal.SIGKILL)
    assert limits.carry_out(decided(cards[0]), around(cards[0]), 0.0).starts == ()
    assert not rights.granted and "does not answer" in rights.why


def test_a_second_daemon_gets_no_lease_and_holds_nobody_up(
    helper: Helper, cards: list[Card]
) -> None:
    helper.start()
    first = Rights(helper.socket)
    assert first.look()
    second = Rights(helper.socket)
    assert not second.look() and second.why == NOT_OURS
    assert second.ask("set-cap", cards[0].uuid, 250) == Denied("gone", NOT_OURS)
    assert first.ask("set-cap", cards[0].uuid, 250) == {}
    first.close()


def test_it_is_looked_for_with_a_growing_pause(tmp_path: Path) -> None:
    now = [100.0]
    path = tmp_path / "socket"
    rights = Rights(path, clock=lambda: now[0])
    assert not rights.look() and rights.why == NOT_INSTALLED
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))  # nobody listens yet
    now[0] += 1.0
    rights.look()
    assert rights.why == NOT_INSTALLED  # not looked for
    for _ in range(8):
        now[0] += LONGEST_PAUSE_S
        assert not rights.look()
    assert rights.why == NOT_OURS
    now[0] += LONGEST_PAUSE_S - 1.0
    listening.close()
    path.unlink()
    rights.look()
    assert rights.why == NOT_OURS
    now[0] += 1.0
    rights.look()
    assert rights.why == NOT_INSTALLED


def test_what_a_dead_daemon_left_held_down_is_not_taken_for_the_owners_own_limit(
    rationed: PrivateDaemon, helper: Helper, stand_in: StandIn, cards: list[Card]
) -> None:
    """Its jobs run on, with something on their cards, so the helper waits."""
    helper.start()
    rationed.start()
    for job in [shell(rationed, HOLD), shell(rationed, HOLD)]:
        until(rationed, job, "running")
    reaches(stand_in, {"0": 300, "1": 300})
    for card in cards:
        card.processes = [Process(os.getpid())]
    stand_in.write()
    rationed.kill()
    rationed.start()
    found = seen(rationed, lambda box: box["rights"]["granted"])
    assert [(one["cap_w"], one["cap_max_w"]) for one in _gpus(found)] == [(300.0, 350.0)] * 2
    assert 350 not in limits_seen(stand_in), "at no moment both may draw all that they can"
