"""Who has to leave a card: it is lost, or they took more of a shared one than their account. The
real daemon on a stand-in for NVIDIA's library."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from engine.conftest import ended, log_of, private, until
from engine.test_gpus import daemon_child, seen, shell, tenfold
from faults.daemon import PrivateDaemon, kill_marked
from faults.nvml.cards import Process, h100_pcie
from faults.nvml.standin import LOST, StandIn
from faults.rights import Helper

from tenfold.rights.ask import VARIABLE
from tenfold.terms.refusal import Refusal

WAIT_S = 30.0
HOLD = "while :; do sleep 0.05; done"


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


def when(host: PrivateDaemon, job: str, right: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    """The job as soon as it is `right`."""
    until_s = time.monotonic() + WAIT_S
    while True:
        found: dict[str, Any] = host.api.get(f"/api/jobs/{job}")["job"]
        if right(found):
            return found
        assert time.monotonic() < until_s, found
        time.sleep(0.02)


def second_attempt(host: PrivateDaemon, job: str) -> dict[str, Any]:
    return when(host, job, lambda one: one["attempt"] == 2 and one["state"] == "running")


def lose(stand_in: StandIn, uuid: str) -> None:
    card = next(one for one in stand_in.cards if one.uuid == uuid)
    card.errors["*"] = LOST
    stand_in.write()


def test_a_job_whose_card_is_lost_goes_on_elsewhere(host: PrivateDaemon, stand_in: StandIn) -> None:
    job = shell(host, HOLD, yields=True)
    (first,) = until(host, job, "running")["slot"]["devices"]
    lose(stand_in, first)
    (other,) = second_attempt(host, job)["slot"]["devices"]
    assert other != first
    told = host.api.get(f"/api/jobs/{job}/explain")["history"]
    assert "does not answer any more" in str(told)


def test_an_error_on_a_lost_card_is_a_crash_and_not_the_end(
    host: PrivateDaemon, stand_in: StandIn, tmp_path: Path
) -> None:
    """The job ends by itself before anybody saw the loss; without one the same end is final."""
    once = f"[ -e {tmp_path}/one ] && exec sleep 600; touch {tmp_path}/one; "
    once += f"while [ ! -e {tmp_path}/go ]; do sleep 0.02; done; exit 7"
    job = shell(host, once, retry=1)
    (first,) = until(host, job, "running")["slot"]["devices"]
    lose(stand_in, first)
    (tmp_path / "go").touch()
    assert second_attempt(host, job)["slot"]["devices"] != [first]
    sound = shell(host, "exit 7")
    host.api.post(f"/api/jobs/{job}/cancel")
    assert ended(host, sound)["state"] == "failed"


def test_a_lost_card_takes_its_slices_along_and_their_jobs_resume_elsewhere(
    tmp_path: Path, stand_in: StandIn
) -> None:
    for card in stand_in.cards:
        card.mig = 1
    stand_in.write()
    helper = Helper(tmp_path, stand_in, 0)
    helper.start()
    carving = private(tmp_path, **stand_in.environment, **{VARIABLE: str(helper.socket)})
    carving.start()
    try:
        job = shell(carving, HOLD, gpus=0, slice="3g.40gb", yields=True)
        slot = until(carving, job, "running")["slot"]
        lose(stand_in, slot["devices"][0])
        again = second_attempt(carving, job)["slot"]
        assert again["slice"]["profile"] == "3g.40gb" and again["devices"] != slot["devices"]
        assert again["instance"].startswith("MIG-") and again["instance"] != slot["instance"]
        found = seen(carving, lambda box: box["box"]["nodes"][0]["aside"])
        assert [one["device"]["id"] for one in found["box"]["nodes"][0]["aside"]] == slot["devices"]
    finally:
        carving.end()
        kill_marked(str(tmp_path))
        if helper.process is not None and helper.process.poll() is None:
            helper.end()


def test_jobs_share_a_card_by_account_and_the_one_that_takes_more_moves(
    host: PrivateDaemon, stand_in: StandIn
) -> None:
    first = shell(host, HOLD, gpus=0, shared=True, memory_gib=30.0)
    second = shell(host, HOLD, gpus=0, shared=True, memory_gib=40.0)
    slots = [until(host, job, "running")["slot"] for job in (first, second)]
    assert slots[0]["devices"] == slots[1]["devices"]
    assert [slot["memory_gib"] for slot in slots] == [30.0, 40.0]
    whole = shell(host, HOLD)
    assert until(host, whole, "running")["slot"]["devices"] != slots[0]["devices"]
    third = shell(host, "true", gpus=0, shared=True, memory_gib=20.0, time_s=5.0)
    told = when_told(host, third)
    assert "20 GiB asked" in told and f"shared: 30 GiB job {first}, 40 GiB job {second}" in told
    # The first one takes more than it said: it has to leave, and asks for more from then on.
    card = next(one for one in stand_in.cards if one.uuid == slots[0]["devices"][0])
    card.processes = [Process(daemon_child(host, first), 45 * 1024)]
    stand_in.write()
    when(host, first, lambda one: one["state"] != "running")
    card.processes = []  # as it does when the process has ended
    stand_in.write()
    moved = when(host, first, lambda one: one["state"] == "queued")
    assert moved["spec"]["needs"]["memory_gib"] == pytest.approx(1.15 * 45, rel=0.01)
    assert "took 45 GiB of a card that it shares" in str(
        host.api.get(f"/api/jobs/{first}/explain")["history"]
    )
    assert host.api.get(f"/api/jobs/{second}")["job"]["state"] == "running"
    assert ended(host, third)["state"] == "succeeded"  # in the room that it left
    host.api.post(f"/api/jobs/{whole}/cancel")
    assert second_attempt(host, first)["slot"]["memory_gib"] == pytest.approx(51.75)


def when_told(host: PrivateDaemon, job: str) -> str:
    until_s = time.monotonic() + WAIT_S
    while True:
        told = host.api.get(f"/api/jobs/{job}/explain")
        if told["places"]:
            return str(told["places"])
        assert time.monotonic() < until_s, told
        time.sleep(0.02)


def test_out_of_memory_on_an_account_is_tried_once_with_more(
    host: PrivateDaemon, tmp_path: Path
) -> None:
    cry = "echo 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 9 GiB'; exit 1"
    job = ended(host, shell(host, cry, gpus=0, shared=True, memory_gib=20.0))
    assert (job["state"], job["attempt"]) == ("failed", 2)
    assert job["spec"]["needs"]["memory_gib"] == 30.0 and "ran out of GPU memory" in job["reason"]
    # What was not said to run twice does not; and what fails for another reason is not enlarged.
    alone = ended(host, shell(host, cry))
    assert (alone["state"], alone["attempt"]) == ("failed", 1)
    other = ended(host, shell(host, "exit 1", gpus=0, shared=True, memory_gib=20.0))
    assert (other["state"], other["attempt"], other["spec"]["needs"]["memory_gib"]) == (
        "failed",
        1,
        20.0,
    )


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"shared": True, "gpus": 2, "memory_gib": 8.0}, "job.share"),
        ({"shared": True, "gpus": 0, "slice": "1g.10gb", "memory_gib": 8.0}, "job.share"),
        ({"shared": True, "gpus": 0}, "job.share"),  # of what size?
        ({"shared": True, "gpus": 0, "memory_gib": 90.0}, "job.too-large"),
        ({"deadline_s": 1.0}, "job.deadline"),
        ({"deadline_s": 4e9, "not_before_s": 4e9}, "job.deadline"),
    ],
)
def test_what_contradicts_itself_is_refused(
    host: PrivateDaemon, fields: dict[str, Any], code: str
) -> None:
    with pytest.raises(Refusal) as told:
        shell(host, "true", **{"gpus": 1, **fields})
    assert told.value.code == code


def test_a_job_for_later_waits_for_its_moment(host: PrivateDaemon) -> None:
    said = tenfold(host, "run", "--not-before", "+1s", "--by", "+1h", "--", "echo", "now")
    assert "now" in said
    (job,) = [one for one in host.api.get("/api/jobs")["jobs"] if "echo" in one["name"]]
    began_s = host.api.get(f"/api/jobs/{job['id']}")["attempts"][0]["promised_s"]
    assert began_s >= job["submitted_s"] + 0.9
    assert log_of(host, job["id"]).strip() == "now"
