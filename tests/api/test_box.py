"""/api/box: what is there, what it does, who sits where."""

from __future__ import annotations

import threading
import time

from engine.conftest import ended, until
from faults.daemon import PrivateDaemon


def test_the_box_at_a_glance(daemon: PrivateDaemon) -> None:
    job = daemon.submit(workload="system.command", params={"argv": ["sleep", "600"]}, name="mine")
    until(daemon, job, "running")
    seen = daemon.api.get("/api/box")
    assert seen["modelled"] is False
    assert daemon.process is not None and seen["pid"] == daemon.process.pid
    assert seen["home"] == str(daemon.home)
    assert abs(seen["now_s"] - time.time()) < 60
    (slot,) = seen["slots"]
    assert (slot["job"], slot["name"], slot["state"]) == (job, "mine", "running")
    assert slot["slot"]["cores"] == 1
    assert seen["jobs"]["running"] == 1
    assert seen["budget"][0]["watts"] is None  # no limit; JSON knows no infinity
    *_, cpu = seen["reading"]["devices"]
    assert isinstance(cpu["temperature_c"], float | dict)
    assert isinstance(cpu["fan"], float | dict)


def test_it_answers_while_jobs_come_and_go(daemon: PrivateDaemon) -> None:
    failed: list[Exception] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            try:
                daemon.api.get("/api/box")
            except Exception as error:
                failed.append(error)

    looker = threading.Thread(target=look)
    looker.start()
    body = {"workload": "system.command", "params": {"argv": ["true"]}}
    jobs = daemon.api.post("/api/jobs", {"jobs": [body] * 16})["jobs"]
    for job in jobs:
        ended(daemon, job["id"])
    done.set()
    looker.join()
    assert not failed


def test_every_reading_is_a_number_or_says_why_not(daemon: PrivateDaemon) -> None:
    for device in daemon.api.get("/api/box")["reading"]["devices"]:
        assert device.pop("gpu") is None  # a CPU; tests/engine/test_gpus.py has cards
        for name, value in device.items():
            assert isinstance(value, float | int | str) or value["missing"], (name, value)
