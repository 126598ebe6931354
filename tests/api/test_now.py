"""What /api/box says of this moment, on declared boxes; faults are planted as a rehearsal would."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from engine.conftest import ended, private, until
from engine.test_gpus import tenfold
from faults.daemon import PrivateDaemon, free_port, kill_marked

WAIT_S = 30.0
SITE = """
[site]
watts = 6000
price_kwh = 0.25
currency = "EUR"
zone = "UTC"
[noise]
points = [[1000, 30], [7000, 60]]
[[quiet]]
from = "{begins}:00"
until = "{ends}:00"
dba = 55
"""
HOT = """
[[node]]
[[node.card]]
model = "badly placed"
memory_gib = 79.25
idle_w = 80
cap_min_w = 200
cap_max_w = 350
kelvin_per_w = 0.8
"""


def seen(house: PrivateDaemon, right: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    """The box as soon as it is right."""
    until_s = time.monotonic() + WAIT_S
    while True:
        found: dict[str, Any] = house.api.get("/api/box")
        if right(found):
            return found
        assert time.monotonic() < until_s, found
        time.sleep(0.05)


def codes(box: dict[str, Any]) -> list[str]:
    return [one["code"] for one in box["troubles"]]


def started(folder: Path, *options: str, site: str = "") -> Iterator[PrivateDaemon]:
    found = private(folder)
    found.options = options
    found.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if site:
        (found.home / "site.toml").write_text(site)
    found.start()
    yield found
    found.end()
    kill_marked(str(folder))


@pytest.fixture(scope="module")
def ten(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateDaemon]:
    folder = tmp_path_factory.mktemp("ten")
    hour = datetime.now(UTC).hour  # it is quiet for 22 hours from now on
    site = SITE.format(begins=f"{(hour - 1) % 24:02}", ends=f"{(hour - 2) % 24:02}")
    yield from started(folder, "--box", "10xH100-PCIe", "--speed", "60", site=site)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateDaemon]:
    yield from started(tmp_path_factory.mktemp("here"))


def command(house: PrivateDaemon, *argv: str, **more: Any) -> str:
    params = {"argv": list(argv or ("true",))} | more.pop("params", {})
    return house.submit(workload="system.command", params=params, **more)


def test_of_a_box_that_is_well(ten: PrivateDaemon) -> None:
    box = seen(ten, lambda box: box["reading"])
    assert box["troubles"] == []
    idle_w = sum(d["idle_w"] for n in box["box"]["nodes"] for d in n["devices"])
    host_w = box["box"]["nodes"][0]["host_w"]
    assert box["watts"] == {
        "now": idle_w + host_w,
        "missing": "",
        "cards": idle_w,
        "host": host_w,
        "budget": box["budget"][0]["watts"],
        "why": "quiet hours",
    }
    assert box["price"] == {"kwh": 0.25, "currency": "EUR", "next": None}
    noise = box["noise"]
    assert (noise["limit_dba"], noise["why"]) == (55.0, "") and 40 < noise["dba"] < 60


def test_today_has_what_was_drawn_since_midnight(ten: PrivateDaemon) -> None:
    """As of the last minute, or the last end of a job."""
    ended(ten, command(ten, gpus=1, time_s=30))
    told = seen(ten, lambda box: box["today"]["kwh"])["today"]
    assert told["currency"] == "EUR" and told["since_s"] % 86_400 == 0
    assert told["money"] == pytest.approx(0.25 * told["kwh"])
    assert set(told["basis"]) == {"modelled"} and told["unknown_hours"] == 0


def test_the_layout_agrees_with_the_slots(ten: PrivateDaemon) -> None:
    jobs = [
        command(ten, gpus=2, time_s=9000, name="pair"),
        command(ten, slice="3g.40gb", time_s=9000, name="slice"),
        command(ten, shared=True, memory_gib=20, time_s=9000, name="share"),
        command(ten, cores=3, time_s=9000, name="cpu"),
    ]
    for job in jobs:
        until(ten, job, "running")
    box = seen(ten, lambda box: len(box["slots"]) == 4)
    on = {
        (part["job"], one["device"])
        for one in box["layout"]
        for part in one["parts"]
        if part["job"] is not None and (one["kind"] == "gpu" or part["memory_gib"] is not None)
    }
    assert on == {(s["job"], device) for s in box["slots"] for device in s["slot"]["devices"]}
    by_job = {s["job"]: s["slot"] for s in box["slots"]}
    for one in box["layout"]:
        for part in one["parts"]:
            slot = by_job[part["job"]] if part["job"] else {}
            if one["kind"] == "cpu":
                assert part["cores"] == slot["cores"]
                continue
            assert one["memory_slots"] == 8 and part["start"] + part["size"] <= 8
            assert part["share"] == slot.get("fraction")
            place = slot.get("slice") or {"profile": None, "start": 0, "size": 8}
            if part["job"]:
                assert place == {name: part[name] for name in ("profile", "start", "size")}
                assert part["state"] == "running"
    for job in jobs:
        ten.api.post(f"/api/jobs/{job}/cancel")


def test_a_declared_card_that_is_too_hot_says_so(tmp_path: Path) -> None:
    """Already its idle watts are too many for where it stands: 25 °C + 0.8 K/W x 80 W = 89 °C."""
    (tmp_path / "attic.toml").write_text(HOT)
    for house in started(tmp_path, "--box", str(tmp_path / "attic.toml"), "--speed", "120"):
        box = seen(house, lambda box: "card.throttled" in codes(box))
        (trouble,) = [one for one in box["troubles"] if one["code"] == "card.throttled"]
        assert (trouble["of"], trouble["severity"]) == ("gpu0", "bad")
        assert trouble["text"] == "gpu0 is held down: too warm, at 89 °C."
        assert trouble["facts"]["by"] == ["too warm"]
        reading = next(one for one in box["reading"]["devices"] if one["device"] == "gpu0")
        assert reading["gpu"]["throttle"] == ["too warm"]
        box = seen(house, lambda box: "card.aside" in codes(box))
        assert codes(box)[0] == "card.aside" and "it is too hot" in box["troubles"][0]["text"]
        assert next(one for one in box["layout"] if one["device"] == "gpu0")["aside"]


def test_a_place_that_allows_less_than_is_drawn(tmp_path: Path) -> None:
    """A power supply fails under load: it is over for as long as jobs need to leave."""
    told = tmp_path / "place.json"
    words = f'[site]\nplace_file = "{told}"\n[psu]\ncount = 4\nwatts = 2000\n'
    for house in started(tmp_path, "--box", "10xH100-PCIe", site=words):
        box = seen(house, lambda box: "place.unread" in codes(box))
        assert "place's file cannot be read" in box["troubles"][0]["text"]
        for _ in range(10):
            job = command(house, gpus=1, time_s=9e4)
        until(house, job, "running")
        seen(house, lambda box: box["watts"]["now"] > 5000)
        told.write_text(f'{{"at": {house.api.get("/api/box")["now_s"]}, "supplies": 1}}')
        box = seen(house, lambda box: "site.over" in codes(box))
        assert "place.unread" not in codes(box)
        (over,) = [one for one in box["troubles"] if one["code"] == "site.over"]
        assert over["facts"]["limit"] == "power supplies" and over["severity"] == "bad"
        assert over["facts"]["watts"] > over["facts"]["allowed_w"]


def test_a_service_that_crashed_is_down(here: PrivateDaemon) -> None:
    job = command(here, "sh", "-c", "sleep 0.5; exit 3", kind="service", name="chat")
    box = seen(here, lambda box: "service.down" in codes(box))
    (trouble,) = box["troubles"]
    assert (trouble["of"], trouble["severity"]) == (job, "bad")
    assert trouble["text"].startswith("Service chat is down: it crashed, and is tried again:")
    assert trouble["facts"]["next_try_s"] > box["now_s"] - 1
    assert "Service chat is down" in tenfold(here, "status")
    here.api.post(f"/api/jobs/{job}/cancel")
    seen(here, lambda box: box["troubles"] == [])


def test_a_service_that_stops_answering(here: PrivateDaemon) -> None:
    port = free_port()
    code = (
        "import socket, sys, time\n"
        f"s = socket.create_server(('127.0.0.1', {port}))\n"
        "time.sleep(4)\n"
        "s.close()\n"
        "time.sleep(600)\n"
    )
    params = {"port": port}
    job = command(here, sys.executable, "-c", code, kind="service", name="deaf", params=params)
    box = seen(here, lambda box: "service.unhealthy" in codes(box))
    (trouble,) = box["troubles"]
    assert trouble["of"] == job and trouble["text"].startswith("Service deaf has not answered for")
    here.api.post(f"/api/jobs/{job}/cancel")


def test_what_nobody_knows_of_a_cpu_is_no_number(here: PrivateDaemon) -> None:
    box = seen(here, lambda box: box["reading"])
    cpu = box["reading"]["devices"][-1]
    if isinstance(cpu["power_w"], dict):
        assert box["watts"]["now"] is None and box["watts"]["missing"]
        assert box["today"]["kwh"] is None
    else:
        assert box["watts"]["now"] > 0
    assert box["noise"]["dba"] is None and "[noise]" in box["noise"]["why"]
    assert box["price"] == {"kwh": None, "currency": "", "next": None}
    assert box["watts"]["budget"] is None
