"""The queue in short rows, priorities, and the plan ahead, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from api.conftest import ask
from engine.conftest import ended, explained, until
from faults.daemon import PrivateDaemon, kill_marked, variables

from tenfold.terms.refusal import Refusal


def sleeps(daemon: PrivateDaemon, **more: Any) -> str:
    return daemon.submit(
        workload="system.command", params={"argv": ["sleep", "60"]}, **{"time_s": 60, **more}
    )


def row(daemon: PrivateDaemon, job: str) -> dict[str, Any]:
    rows = daemon.api.get("/api/queue")["jobs"]
    return dict(next(one for one in rows if one["id"] == job))


def test_a_row_says_where_it_stands_and_what_may_be_asked(daemon: PrivateDaemon) -> None:
    first = sleeps(daemon, cores=3, name="first")
    until(daemon, first, "running")
    second = sleeps(daemon, cores=3, memory_gib=0.1, priority=5)
    explained(daemon, second)
    runs = row(daemon, first)
    assert (runs["name"], runs["state"], runs["place"]) == ("first", "running", "CPU, 3 cores")
    assert 0 <= runs["share"] < 1 and runs["eta_s"] > daemon.api.get("/api/box")["now_s"]
    assert runs["can"] == ["cancel", "priority"]  # a plain command is not paused
    waits = row(daemon, second)
    assert (waits["state"], waits["place"], waits["devices"]) == ("queued", None, [])
    assert waits["priority"] == 5 and waits["why"] and "It is new" not in waits["why"]
    assert waits["can"] == ["cancel", "pause", "priority"]
    daemon.api.post(f"/api/jobs/{second}/pause")
    assert row(daemon, second)["can"] == ["cancel", "resume", "priority"]
    daemon.api.post(f"/api/jobs/{second}/cancel")
    assert row(daemon, second)["can"] == ["retry"]


def test_what_a_row_offers_is_what_is_not_refused(daemon: PrivateDaemon) -> None:
    """Each order is tried on a job of each state: offered and taken, or neither."""
    bodies = {"priority": {"priority": 3}}
    for state in ("queued", "running", "paused", "succeeded", "cancelled"):
        for order in ("cancel", "pause", "resume", "retry", "priority"):
            job = brought(daemon, state)
            offered = order in row(daemon, job)["can"]
            try:
                daemon.api.post(f"/api/jobs/{job}/{order}", bodies.get(order))
                taken = True
            except Refusal:
                taken = False
            assert offered == taken, (state, order)
            if row(daemon, job)["state"] not in ("succeeded", "failed", "cancelled"):
                daemon.api.post(f"/api/jobs/{job}/cancel")
                ended(daemon, job)


def brought(daemon: PrivateDaemon, state: str) -> str:
    if state == "succeeded":
        job = daemon.submit(workload="system.command", params={"argv": ["true"]})
        return str(ended(daemon, job)["id"])
    if state == "running":
        job = sleeps(daemon)
        until(daemon, job, state)
        return job
    job = sleeps(daemon, not_before_s=9e9)
    if state != "queued":
        daemon.api.post(f"/api/jobs/{job}/{'pause' if state == 'paused' else 'cancel'}")
    return job


def test_the_last_that_ended_are_told_and_the_number_of_the_event(daemon: PrivateDaemon) -> None:
    over = [brought(daemon, "succeeded") for _ in range(3)]
    told = daemon.api.get("/api/queue", ended=2)
    shown = [one["id"] for one in told["jobs"] if one["state"] == "succeeded"]
    assert shown == over[:0:-1]  # the latest first
    assert told["counts"]["succeeded"] >= 3
    seq = max(e["seq"] for e in daemon.api.get(f"/api/jobs/{over[-1]}/explain")["history"])
    assert told["seq"] >= seq
    assert [one["share"] for one in told["jobs"]][-2:] == [1.0, 1.0]


def test_a_priority_is_kept_wakes_the_queue_and_is_one_event(daemon: PrivateDaemon) -> None:
    job = sleeps(daemon, not_before_s=9e9)
    before = daemon.api.get(f"/api/jobs/{job}")["job"]
    after = daemon.api.post(f"/api/jobs/{job}/priority", {"priority": -7})["job"]
    assert after["spec"] == {**before["spec"], "priority": -7}
    assert after["changed_s"] == before["changed_s"]
    daemon.api.post(f"/api/jobs/{job}/priority", {"priority": -7})  # no change, no event
    history = daemon.api.get(f"/api/jobs/{job}/explain")["history"]
    (event,) = [one for one in history if one.get("change") == "priority"]
    assert (event["kind"], event["priority"], event["state"]) == ("change", -7, "queued")
    daemon.kill()
    daemon.start()
    assert row(daemon, job)["priority"] == -7


@pytest.mark.parametrize("body", [{}, {"priority": 1001}, {"priority": -1001}, {"priority": "1"}])
def test_a_wrong_priority_is_refused(daemon: PrivateDaemon, body: dict[str, Any]) -> None:
    job = sleeps(daemon, not_before_s=9e9)
    said = ask(daemon, f"/api/jobs/{job}/priority", "POST", json.dumps(body).encode())
    assert (said.status, said.code) == (422, "wire.shape")
    over = brought(daemon, "succeeded")
    said = ask(daemon, f"/api/jobs/{over}/priority", "POST", b'{"priority": 1}')
    assert (said.status, said.code) == (409, "job.ended")


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateDaemon]:
    folder = tmp_path_factory.mktemp("declared")
    (folder / "audit").touch()
    found = PrivateDaemon(folder, variables(folder), ("--box", "2xH100-PCIe"))
    found.start()
    yield found
    found.end()
    kill_marked(str(folder))


def test_the_plan_ahead_has_who_runs_who_waits_and_when(declared: PrivateDaemon) -> None:
    def asks(**needs: Any) -> str:
        return declared.submit(workload="system.command", params={"argv": ["true"]}, **needs)

    first = asks(gpus=2, time_s=3600, name="first")
    until(declared, first, "running")
    second = asks(gpus=1, time_s=7200)
    third = asks(slice="2g.20gb", time_s=600)
    unknown = asks(gpus=1)
    share = asks(cores=2, time_s=60)
    late = asks(gpus=1, time_s=60, not_before_s=declared.api.get("/api/box")["now_s"] + 1e6)
    until(declared, share, "running")
    told = declared.api.get("/api/ahead", hours=12)
    bars = {bar["id"]: bar for bar in told["jobs"]}
    assert told["modelled"] and told["left_out"] == 1 and late not in bars
    runs = bars[first]
    assert runs["state"] == "running" and runs["devices"] == ["gpu0", "gpu1"]
    assert runs["end_s"] - runs["start_s"] == pytest.approx(3600, abs=1)
    assert bars[second]["start_s"] == pytest.approx(runs["end_s"], abs=1)
    assert bars[second]["known"] and len(bars[second]["devices"]) == 1
    assert bars[third]["slice"]["profile"] == "2g.20gb" and bars[third]["slice"]["size"] == 2
    assert (bars[unknown]["known"], bars[unknown]["end_s"]) == (False, told["until_s"])
    assert (bars[share]["cores"], bars[share]["slice"]) == (2, None)
    assert declared.api.get("/api/ahead", hours=12) == told  # it stands for some seconds
    few = declared.api.get("/api/ahead", hours=12, jobs=1)
    assert [b["id"] for b in few["jobs"] if b["state"] == "queued"] == [second]
    for path in ("/api/ahead?hours=0", "/api/ahead?jobs=-1", "/api/queue?ended=-1"):
        assert ask(declared, path).code == "wire.shape"
