"""A plan over HTTP."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from typing import Any

import psutil
import pytest
from api.conftest import ask
from engine.conftest import ended
from faults.daemon import PrivateDaemon

from tenfold.client.home import daemon_pid
from tenfold.terms.refusal import Refusal

WEEK = 'days = 1\n[[job]]\nname = "one"\ngpus = 4\ntime = "2h"\n'


def asked(daemon: PrivateDaemon, **body: Any) -> dict[str, Any]:
    answer: dict[str, Any] = daemon.api.post("/api/plan", {"box": "10xH100-PCIe", **body})
    return answer


def test_a_week_on_a_declared_box(daemon: PrivateDaemon) -> None:
    answer = asked(daemon, week=WEEK, file="mine.toml", site="[site]\nprice_kwh = 0.25\n")
    assert (answer["name"], answer["box"], answer["modelled"]) == ("mine", "10xH100-PCIe", True)
    assert answer["figures"]["done"] == 1
    assert answer["figures"]["cost"] == pytest.approx(answer["figures"]["kwh"] / 4)


def test_without_a_box_it_is_the_daemons_own(daemon: PrivateDaemon) -> None:
    week = 'days = 1\n[[job]]\nname = "c"\ncores = 4\nmemory_gib = 0.1\ntime = "1h"\n'
    answer = daemon.api.post("/api/plan", {"week": week})
    assert (answer["box"], answer["figures"]["done"]) == ("this machine", 1)
    assert answer["figures"]["utilisation"] is None  # the tests' machine shows no GPU


def test_a_workload_of_the_owners_is_described(daemon: PrivateDaemon) -> None:
    week = '[[job]]\nworkload = "load.count"\nparams = { steps = 100, step_ms = 1000 }\n'
    (row,) = asked(daemon, week=week)["rows"]
    assert row["needs"]["time_s"] == 100.0


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"week": ""}, "week.file"),
        ({"week": WEEK, "box": "10xH100-SXM"}, "box.sxm"),
        ({"week": WEEK, "box": "abacus"}, "box.unknown"),
        ({"week": WEEK, "site": "[site]\nwatts = -1\n"}, "site.config"),
        ({"week": WEEK, "site": "watts = 1000\n"}, "site.config"),
        ({"week": '[[job]]\nworkload = "load.cout"\n'}, "week.job"),
        ({"week": '[[job]]\nworkload = "odd.dies"\n'}, "week.job"),
        ({"week": "#" * (2**20 + 1)}, "wire.shape"),
        ({"week": WEEK, "boxes": "x"}, "wire.shape"),
        ({}, "wire.shape"),
    ],
)
def test_what_cannot_be_planned_is_refused(
    daemon: PrivateDaemon, body: dict[str, Any], code: str
) -> None:
    with pytest.raises(Refusal) as told:
        asked(daemon, **body)
    assert told.value.code == code


def test_it_needs_the_token(daemon: PrivateDaemon) -> None:
    said = ask(daemon, "/api/plan", "POST", json.dumps({"week": WEEK}).encode(), token=None)
    assert (said.status, said.code) == (401, "api.token")


def test_the_daemon_answers_and_ticks_while_a_plan_is_made(daemon: PrivateDaemon) -> None:
    """The play is held for as long as the rest takes."""
    week = '[[job]]\nname = "many"\nslice = "1g.10gb"\ntime = "3h"\ncount = 1500\n'
    told: list[dict[str, Any]] = []
    long = threading.Thread(target=lambda: told.append(asked(daemon, week=week)))
    long.start()
    play = _play(daemon)
    play.suspend()
    try:
        with pytest.raises(Refusal) as no:
            asked(daemon, week=WEEK)
        assert no.value.code == "plan.busy"
        argv = {"workload": "system.command", "params": {"argv": ["true"]}}
        ended(daemon, daemon.api.post("/api/jobs", argv)["job"]["id"])
        assert long.is_alive()
    finally:
        play.resume()
    long.join(60)
    assert told[0]["figures"]["jobs"] == 1500


def _play(daemon: PrivateDaemon) -> psutil.Process:
    """The process that plays, as soon as the daemon has started it."""
    until_s = time.monotonic() + 20.0
    server = psutil.Process(daemon_pid(daemon.home))
    while time.monotonic() < until_s:
        for child in server.children():
            with contextlib.suppress(psutil.Error):
                if "tenfold.engine.plan" in child.cmdline():
                    return child
        time.sleep(0.005)
    raise AssertionError("nothing plays")
