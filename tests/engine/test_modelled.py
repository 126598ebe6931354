"""A declared box: jobs advance by estimate on a fast clock, and nothing runs.

The second half is the contract of both engines: the same owner's orders, on processes here and on
the model, lead through the same states, and every attempt's outcome is written down once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from engine.conftest import ended, explained, private, until
from faults.daemon import PrivateDaemon, kill_marked, marked

from tenfold.terms.refusal import Refusal

SPEED = 600.0
TEN = "10xH100-PCIe"
CAP_W = 350.0  # of one card


def modelled(folder: Path, box: str = TEN, speed: float = SPEED) -> PrivateDaemon:
    found = private(folder)
    found.options = ("--box", box, "--speed", f"{speed:g}")
    return found


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateDaemon]:
    folder = tmp_path_factory.mktemp("modelled")
    found = modelled(folder)
    found.start()
    yield found
    found.end()
    kill_marked(str(folder))


def command(daemon: PrivateDaemon, **more: Any) -> str:
    """One that would do harm if it ran."""
    argv = ["/bin/sh", "-c", f"touch {daemon.folder}/ran"]
    return daemon.submit(workload="system.command", params={"argv": argv}, **more)


def children_of(daemon: PrivateDaemon) -> list[int]:
    assert daemon.process is not None
    found = list(marked(str(daemon.folder)))
    found.remove(daemon.process.pid)
    return found


def test_a_job_advances_by_its_estimate_and_computes_nothing(daemon: PrivateDaemon) -> None:
    job = command(daemon, gpus=1, time_s=1200)
    until(daemon, job, "running")
    assert children_of(daemon) == []
    done = ended(daemon, job)
    assert done["state"] == "succeeded"
    result = done["outcome"]["result"]
    assert "Modelled" in result["summary"] and "Nothing was computed" in result["summary"]
    assert result["figures"] == {"modelled_s": 1200.0}
    (attempt,) = daemon.api.get(f"/api/jobs/{job}")["attempts"]
    outcome = attempt["outcome"]
    assert outcome["ended_s"] - attempt["promised_s"] == pytest.approx(1200)
    assert attempt["slot"]["devices"] == ["gpu0"]
    assert not (daemon.folder / "ran").exists()
    assert not (daemon.home / "jobs" / job).exists()


def test_slices_are_carved_beside_running_ones(tmp_path: Path) -> None:
    """On one declared card; whoever has to wait is told for what."""
    daemon = modelled(tmp_path, "1xH100-PCIe", speed=60.0)
    daemon.start()
    try:
        small = [command(daemon, slice="1g.10gb", time_s=3600) for _ in range(3)]
        for job in small:
            until(daemon, job, "running")
        half = command(daemon, slice="4g.40gb", time_s=3600, name="half")
        until(daemon, half, "running")
        (attempt,) = daemon.api.get(f"/api/jobs/{half}")["attempts"]
        assert attempt["slot"]["slice"] == {"profile": "4g.40gb", "start": 0, "size": 4}
        assert attempt["slot"]["carve_s"] == pytest.approx(0.38)
        assert all(until(daemon, job, "running")["attempt"] == 1 for job in small)
        standing = {
            (one["placement"]["profile"], one["placement"]["start"])
            for node in daemon.api.get("/api/box")["box"]["nodes"]
            for device in node["devices"]
            for one in device["instances"]
        }
        assert standing == {("1g.10gb", 4), ("1g.10gb", 5), ("1g.10gb", 6), ("4g.40gb", 0)}
        waits = command(daemon, slice="3g.40gb", time_s=60)
        told = explained(daemon, waits)
        assert told["job"]["state"] == "queued" and "3g.40gb" in told["why"]
        assert "4g.40gb@0 job" in told["places"][0]["why"] and told["expected_s"]
        # Another daemon finds the slices of running jobs again.
        daemon.kill()
        daemon.start()
        time.sleep(0.7)
        assert all(until(daemon, job, "running")["attempt"] == 1 for job in [*small, half])
        with pytest.raises(Refusal) as told_why:
            command(daemon, slice="3g.71gb")
        assert "3g.40gb" in str(told_why.value)
    finally:
        daemon.end()
        kill_marked(str(tmp_path))


def test_what_nobody_estimated_is_told_to_be_assumed(daemon: PrivateDaemon) -> None:
    done = ended(daemon, command(daemon, gpus=1))
    assert "assumed" in done["outcome"]["result"]["summary"]


def test_all_ten_may_be_asked_for_at_once(daemon: PrivateDaemon) -> None:
    before = command(daemon, gpus=1, time_s=3000)
    whole = command(daemon, gpus=10, time_s=1200)
    until(daemon, before, "running")
    waiting = daemon.api.get(f"/api/jobs/{whole}/explain")
    assert waiting["job"]["state"] == "queued"
    done = ended(daemon, whole)
    assert done["state"] == "succeeded"
    (attempt,) = daemon.api.get(f"/api/jobs/{whole}")["attempts"]
    assert len(attempt["slot"]["devices"]) == 10
    assert attempt["promised_s"] >= ended(daemon, before)["outcome"]["ended_s"]


def test_everything_it_shows_is_labelled(daemon: PrivateDaemon) -> None:
    seen = daemon.api.get("/api/box")
    assert seen["modelled"] is True and seen["box"]["modelled"] is True
    assert len([d for n in seen["box"]["nodes"] for d in n["devices"] if d["kind"] == "gpu"]) == 10
    gpu = seen["reading"]["devices"][0]
    assert 25 < gpu["temperature_c"] <= 70 and "missing" in gpu["fan"]


def test_kill_dash_nine_changes_nothing(tmp_path: Path) -> None:
    """The clock goes on while no daemon is there, also at another speed."""
    daemon = modelled(tmp_path)
    daemon.start()
    try:
        job = command(daemon, gpus=2, time_s=2400)
        long = command(daemon, gpus=1, time_s=SPEED * 3600)
        until(daemon, job, "running")
        until(daemon, long, "running")
        began_s, began = daemon.api.get("/api/box")["now_s"], time.monotonic()
        daemon.kill()
        time.sleep(4.5)  # it would have taken 4 s
        daemon.start()
        done = ended(daemon, job)
        assert (done["state"], done["attempt"]) == ("succeeded", 1)
        (attempt,) = daemon.api.get(f"/api/jobs/{job}")["attempts"]
        assert attempt["outcome"]["ended_s"] - attempt["promised_s"] == pytest.approx(2400)
        passed_s = daemon.api.get("/api/box")["now_s"] - began_s
        assert passed_s == pytest.approx((time.monotonic() - began) * SPEED, rel=0.05)
        assert until(daemon, long, "running")["attempt"] == 1
        daemon.kill()
        daemon.options = ("--box", TEN, "--speed", "1")
        before_s = daemon.start() and daemon.api.get("/api/box")["now_s"]
        assert before_s >= began_s + passed_s
        assert daemon.api.get("/api/box")["now_s"] - before_s < 60
    finally:
        daemon.end()
        kill_marked(str(tmp_path))


def test_the_sites_watts_are_kept_by_caps_and_by_waiting(tmp_path: Path) -> None:
    daemon = modelled(tmp_path)
    config = daemon.home / "site.toml"
    config.write_text("[site]\nwatts = 3100\n")  # 3,000 W are idle
    daemon.start()
    try:
        jobs = [command(daemon, gpus=1, time_s=SPEED * 600, name=f"j{n}") for n in range(10)]
        time.sleep(0.7)  # a few ticks
        for job in jobs:
            told = daemon.api.get(f"/api/jobs/{job}/explain")
            assert told["job"]["state"] == "queued" and "3,100 W" in told["why"]
        daemon.end()
        config.write_text("[site]\nwatts = 4000\n")
        daemon.start()
        until(daemon, jobs[0], "running")
        time.sleep(0.7)  # caps are set after the starts
        seen = daemon.api.get("/api/box")
        assert seen["budget"][0]["watts"] == 4000
        running = len(seen["slots"])
        assert 1 < running < 10
        drawn_w = sum(d["power_w"] for d in seen["reading"]["devices"])
        assert drawn_w <= 4000 < drawn_w + CAP_W
        busy = {device for slot in seen["slots"] for device in slot["slot"]["devices"]}
        caps = {d["id"]: d["cap_w"] for n in seen["box"]["nodes"] for d in n["devices"]}
        assert len(busy) == running and all(caps[gpu] < CAP_W for gpu in busy)
        last = explained(daemon, jobs[-1])
        assert last["job"]["state"] == "queued" and "4,000 W" in last["why"]
    finally:
        daemon.end()
        kill_marked(str(tmp_path))


# The contract of both engines.

ENGINES = ("local", "modelled")


@pytest.fixture(scope="module", params=ENGINES)
def either(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PrivateDaemon]:
    folder = tmp_path_factory.mktemp(request.param)
    found = private(folder) if request.param == "local" else modelled(folder, "cpu", 60.0)
    found.start()
    yield found
    found.end()
    kill_marked(str(folder))


def changes(daemon: PrivateDaemon, job: str) -> list[str]:
    history = daemon.api.get(f"/api/jobs/{job}/explain")["history"]
    return [event["change"] for event in history if event["kind"] == "change"]


def steps(daemon: PrivateDaemon, seconds: float) -> str:
    """A job of so many seconds of its daemon's clock."""
    speed = 60.0 if daemon.api.get("/api/box")["modelled"] else 1.0
    params = {"steps": 20, "step_ms": seconds * speed * 50}
    return daemon.submit(workload="load.count", params=params)


def test_it_starts_is_seen_running_and_succeeds(either: PrivateDaemon) -> None:
    job = steps(either, 1.0)
    running = until(either, job, "running")
    assert running["slot"] and running["started_s"]
    done = ended(either, job)
    assert done["state"] == "succeeded" and done["slot"] is None
    assert done["outcome"]["result"]["summary"]
    assert changes(either, job) == ["submit", "start", "enter", "succeed"]
    (attempt,) = either.api.get(f"/api/jobs/{job}")["attempts"]
    assert attempt["entered_s"] and attempt["ended_s"] >= attempt["promised_s"]


def test_it_is_paused_resumed_and_ends(either: PrivateDaemon) -> None:
    job = steps(either, 1.5)
    until(either, job, "running")
    assert either.api.post(f"/api/jobs/{job}/pause")["job"]["state"] == "yielding"
    paused = until(either, job, "paused")
    assert paused["slot"] is None and paused["stop_for"] is None
    assert either.api.get("/api/box")["slots"] == []
    assert either.api.post(f"/api/jobs/{job}/resume")["job"]["state"] == "queued"
    done = ended(either, job)
    assert (done["state"], done["attempt"]) == ("succeeded", 2)
    wanted = "submit start enter stop pause resume start enter succeed"
    assert changes(either, job) == wanted.split()


def test_it_is_cancelled_and_tried_again(either: PrivateDaemon) -> None:
    job = steps(either, 2.0)
    until(either, job, "running")
    either.api.post(f"/api/jobs/{job}/cancel")
    assert ended(either, job)["state"] == "cancelled"
    either.api.post(f"/api/jobs/{job}/retry")
    done = ended(either, job)
    assert (done["state"], done["attempt"]) == ("succeeded", 2)
    wanted = "submit start enter stop cancel retry start enter succeed"
    assert changes(either, job) == wanted.split()


def test_a_service_runs_until_it_sleeps_and_wakes(either: PrivateDaemon) -> None:
    job = either.submit(workload="load.beacon")
    until(either, job, "running")
    either.api.post(f"/api/jobs/{job}/pause")
    assert until(either, job, "asleep")["slot"] is None
    either.api.post(f"/api/jobs/{job}/resume")
    until(either, job, "running")
    either.api.post(f"/api/jobs/{job}/cancel")
    assert ended(either, job)["state"] == "cancelled"


def test_every_attempt_has_one_outcome(either: PrivateDaemon) -> None:
    """Of all that the tests above made it do; also after another daemon looked again."""

    def outcomes() -> dict[str, list[Any]]:
        pages = (either.api.get(f"/api/jobs/{job}") for job in sorted(either.jobs()))
        return {page["job"]["id"]: [a["outcome"] for a in page["attempts"]] for page in pages}

    before = outcomes()
    assert len(before) >= 4 and all(all(found) for found in before.values())
    either.kill()
    either.start()
    assert outcomes() == before
    for job in before:
        told = changes(either, job)
        last = ("succeed", "fail", "cancel", "pause", "sleep", "requeue")
        assert sum(change in last for change in told) == len(before[job])
