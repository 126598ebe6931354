"""/api/energy, on a declared box whose draw can be reckoned by hand, and on cards with counters."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from api.conftest import ask
from engine.conftest import ended, private, until
from faults.daemon import PrivateDaemon, kill_marked
from faults.nvml.cards import h100_pcie
from faults.nvml.standin import StandIn

from tenfold.hardware import declared as declared_boxes
from tenfold.hardware.curves import COMPUTE
from tenfold.ledger.ledger import Ledger
from tenfold.terms.energy import HOST, IDLE, total

SPEED = 3600.0
TEN = "10xH100-PCIe"
BOX = declared_boxes.box(TEN)
GPU = BOX.gpus[0]
BUSY_W = GPU.cap_max_w * COMPUTE.draw(1.0)
SITE = '[site]\nprice_kwh = 0.25\ncurrency = "EUR"\ncloud_gpu_hour = 2.0\nzone = "Asia/Taipei"\n'
WAIT_S = 20.0


def on_declared(folder: Path, site: str = SITE) -> PrivateDaemon:
    found = private(folder)
    found.options = ("--box", TEN, "--speed", f"{SPEED:g}")
    found.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    (found.home / "site.toml").write_text(site)
    return found


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateDaemon]:
    folder = tmp_path_factory.mktemp("energy")
    found = on_declared(folder)
    found.start()
    yield found
    found.end()
    kill_marked(str(folder))


def command(daemon: PrivateDaemon, **more: Any) -> str:
    return daemon.submit(workload="system.command", params={"argv": ["true"]}, **more)


def page(daemon: PrivateDaemon, job: str) -> dict[str, Any]:
    """As soon as all its energy is in the ledger."""
    return seen(lambda: daemon.api.get(f"/api/jobs/{job}"), lambda it: it["energy"]["final"])


def seen(look: Callable[[], dict[str, Any]], right: Callable[[dict[str, Any]], Any]) -> Any:
    until_s = time.monotonic() + WAIT_S
    while True:
        found = look()
        if right(found):
            return found
        assert time.monotonic() < until_s, found
        time.sleep(0.02)


def test_a_job_has_what_its_cards_draw_by_their_curve(declared: PrivateDaemon) -> None:
    job = command(declared, gpus=2, time_s=5400, name="mine")
    ended(declared, job)
    told = page(declared, job)["energy"]
    kwh = 2 * BUSY_W * 1.5 / 1000
    assert told["kwh"] == pytest.approx(kwh, rel=1e-6)
    assert told["basis"] == {"modelled": pytest.approx(kwh, rel=1e-6)}
    assert told["money"] == pytest.approx(0.25 * kwh, rel=1e-6) and told["priced"] == 1.0
    assert told["gpu_hours"] == pytest.approx(3.0) and told["hours"] == pytest.approx(1.5)
    assert told["cloud_money"] == pytest.approx(6.0) and told["currency"] == "EUR"
    assert told["unknown_hours"] == 0


def test_a_slice_has_its_part_and_a_cpu_share_is_unknown(declared: PrivateDaemon) -> None:
    job = command(declared, slice="3g.40gb", time_s=3600)
    share = command(declared, cores=2, time_s=3600)
    ended(declared, job)
    ended(declared, share)
    told = page(declared, job)["energy"]
    # It has its slice from when the driver begins to make it.
    assert told["kwh"] == pytest.approx(3 / 7 * BUSY_W / 1000, rel=1e-3)
    assert told["gpu_hours"] == pytest.approx(3 / 7, rel=1e-3)
    told = page(declared, share)["energy"]
    assert told["kwh"] is None and told["money"] is None and told["basis"] == {}
    assert told["cloud_money"] is None  # it had no card
    assert told["unknown_hours"] == pytest.approx(1.0)


def test_lists_of_jobs_stay_cheap(declared: PrivateDaemon) -> None:
    assert all("energy" not in job for job in declared.api.get("/api/jobs")["jobs"])


def test_days_jobs_and_workloads_have_the_same_sums(declared: PrivateDaemon) -> None:
    job = command(declared, gpus=1, time_s=3600, name="an hour")
    ended(declared, job)
    page(declared, job)
    days, jobs, workloads = (
        declared.api.get("/api/energy", days=400, by=by) for by in ("day", "job", "workload")
    )
    (mine,) = [row for row in jobs["rows"] if row["job"] == job]
    assert (mine["name"], mine["workload"]) == ("an hour", "system.command")
    assert mine["kwh"] == pytest.approx(BUSY_W / 1000, rel=1e-3)  # a slice was in its way
    (of_all,) = workloads["rows"]
    for answer in (days, jobs, workloads):  # the clock runs: each is a little later
        whole = sum(answer[part]["kwh"] or 0.0 for part in ("jobs", "idle", "host"))
        assert answer["total"]["kwh"] == pytest.approx(whole)
        assert answer["total"]["money"] == pytest.approx(0.25 * whole)
        assert answer["prices"] == {
            name: pytest.approx(0.25) for name in ("lowest", "mean", "highest")
        }
        assert answer["modelled"] is True and answer["cloud_gpu_hour"] == 2.0
    assert sum(row["kwh"] or 0.0 for row in jobs["rows"]) == pytest.approx(jobs["jobs"]["kwh"])
    assert of_all["workload"] == "system.command"
    assert of_all["kwh"] == pytest.approx(workloads["jobs"]["kwh"])
    assert sum(row["kwh"] for row in days["rows"]) == pytest.approx(days["total"]["kwh"])
    first = date.fromisoformat(days["rows"][0]["day"])
    assert [row["day"] for row in days["rows"]] == sorted({row["day"] for row in days["rows"]})
    assert days["rows"][0]["start_s"] == datetime.fromisoformat(f"{first}T00:00+08:00").timestamp()
    assert days["since_s"] == pytest.approx(
        datetime.fromtimestamp(days["now_s"]).timestamp() - timedelta(days=400).total_seconds(),
        abs=2 * 86_400,
    )


def test_what_the_box_drew_is_divided_and_none_of_it_lost(tmp_path: Path) -> None:
    """Beside the integral of its draw, made here from when its jobs ran; the daemon is killed
    twice in the middle."""
    daemon = on_declared(tmp_path)
    daemon.start()
    try:
        began_s = daemon.api.get("/api/box")["now_s"]
        jobs = [command(daemon, gpus=n, time_s=3600.0 * n) for n in (1, 2, 3, 4, 8)]
        for job in (jobs[0], jobs[3]):
            until(daemon, job, "running", "succeeded")
            time.sleep(0.1)
            daemon.kill()
            daemon.start()
        for job in jobs:
            ended(daemon, job)
            page(daemon, job)
        busy_s = 0.0
        for job in jobs:
            (attempt,) = daemon.api.get(f"/api/jobs/{job}")["attempts"]
            ran_s = attempt["outcome"]["ended_s"] - attempt["promised_s"]
            busy_s += ran_s * len(attempt["slot"]["devices"])
        until_s = daemon.api.get("/api/box")["now_s"]
        daemon.end()  # it writes what is left
        found = Ledger(daemon.home / "ledger.sqlite")
        rows = found.reader().energy_by_hour(0)
        found.close()
        of_jobs, idle, host = (
            total(row.energy for row in rows if row.of == of) for of in ("", IDLE, HOST)
        )
        assert of_jobs.joules == pytest.approx(busy_s * BUSY_W, rel=1e-6)
        assert of_jobs.gpu_s == pytest.approx(busy_s, rel=1e-6)
        # Every second since the first tick is there once, whether a daemon was or not.
        assert host.seconds == pytest.approx(until_s - began_s, abs=2 * SPEED)
        assert host.joules == pytest.approx(host.seconds * BOX.host_w, rel=1e-6)
        idle_s = 10 * host.seconds - busy_s
        assert idle.gpu_s == pytest.approx(idle_s, rel=1e-6)
        assert idle.joules == pytest.approx(idle_s * GPU.idle_w, rel=1e-6)
    finally:
        daemon.end()
        kill_marked(str(tmp_path))


def test_without_prices_there_is_no_money(tmp_path: Path) -> None:
    daemon = on_declared(tmp_path, "")
    daemon.start()
    try:
        job = command(daemon, gpus=1, time_s=3600)
        ended(daemon, job)
        told = page(daemon, job)["energy"]
        assert told["kwh"] > 0 and told["money"] is None and told["priced"] == 0.0
        assert told["cloud_money"] is None
        answer = daemon.api.get("/api/energy")
        assert answer["prices"] is None and answer["total"]["money"] is None
    finally:
        daemon.end()
        kill_marked(str(tmp_path))


def test_a_counter_is_read_also_over_a_kill(tmp_path: Path) -> None:
    """Millijoules of a card that another process writes while the daemon is dead."""
    stand_in = StandIn(tmp_path, [h100_pcie(0), h100_pcie(1)])
    stand_in.cards[1].errors["nvmlDeviceGetTotalEnergyConsumption"] = 3
    stand_in.write()
    daemon = private(tmp_path, **stand_in.environment)
    daemon.start()
    go = tmp_path / "go"
    try:
        argv = ["/bin/sh", "-c", f"while [ ! -e {go} ]; do sleep 0.02; done"]
        job = daemon.submit(workload="system.command", params={"argv": argv}, gpus=1)
        assert until(daemon, job, "running")["slot"]["devices"] == [h100_pcie(0).uuid]
        until_ticked(daemon)
        stand_in.cards[0].energy = 3_600_000_000  # a kWh, in millijoules
        stand_in.write()
        until_ticked(daemon)
        daemon.end()  # as an owner does: it writes
        stand_in.cards[0].energy = 2 * 3_600_000_000
        stand_in.write()
        daemon.start()
        until_ticked(daemon)
        daemon.kill()
        stand_in.cards[0].energy = 3 * 3_600_000_000
        stand_in.write()
        daemon.start()
        until_ticked(daemon)
        go.touch()
        ended(daemon, job)
        told = page(daemon, job)["energy"]
        assert told["kwh"] == pytest.approx(3.0) and set(told["basis"]) == {"counter"}
        # The other card has no counter: its watts are read, or nobody knows.
        answer = daemon.api.get("/api/energy")
        assert set(answer["idle"]["basis"]) <= {"counter", "reading"}
        assert answer["host"]["kwh"] is None or "counter" in answer["host"]["basis"]
        # The driver is loaded anew: its counters begin at 0.
        go.unlink()
        again = daemon.submit(workload="system.command", params={"argv": argv}, gpus=1)
        until(daemon, again, "running")
        until_ticked(daemon)
        stand_in.cards[0].energy, stand_in.epoch = 1_800_000, 2
        stand_in.write()
        until_ticked(daemon)
        go.touch()
        ended(daemon, again)
        told = page(daemon, again)["energy"]
        assert 0 <= told["kwh"] < 0.01
    finally:
        go.touch()
        daemon.end()
        kill_marked(str(tmp_path))


def until_ticked(daemon: PrivateDaemon) -> None:
    """Two ticks that began after now have been."""
    for _ in range(2):
        reading = daemon.api.get("/api/box")["reading"]
        before_s = reading["at_s"] if reading else 0.0
        seen(
            lambda: daemon.api.get("/api/box")["reading"] or {"at_s": 0.0},
            lambda it, before_s=before_s: it["at_s"] > before_s,
        )


def test_odd_questions_are_refused(declared: PrivateDaemon) -> None:
    for query in ("days=0", "days=99999999", "days=x", "by=colour"):
        assert ask(declared, f"/api/energy?{query}").code == "wire.shape"
    assert ask(declared, "/api/energy", token=None).status == 401
