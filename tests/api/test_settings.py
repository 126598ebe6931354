"""The owner's settings over HTTP: shown, judged, changed while the daemon runs."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api.conftest import Said, ask
from engine.conftest import explained, private, until
from faults.daemon import PrivateDaemon, kill_marked

TEN = "10xH100-PCIe"
OWNERS = """# the cellar
[site]
watts = 6000  # measured
zone = "UTC"
currency = "EUR"
"""


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateDaemon]:
    folder = tmp_path_factory.mktemp("settings")
    found = private(folder)
    found.options = ("--box", TEN, "--speed", "600")
    found.start()
    yield found
    found.end()
    kill_marked(str(folder))


@pytest.fixture
def house(started: PrivateDaemon) -> PrivateDaemon:
    """With the owner's file, in force."""
    assert put(started, toml=OWNERS).status == 200
    return started


def put(house: PrivateDaemon, **body: Any) -> Said:
    return ask(house, "/api/site/settings", "PUT", json.dumps(body).encode())


def shown(house: PrivateDaemon) -> dict[str, Any]:
    found: dict[str, Any] = ask(house, "/api/site/settings").json
    return found


def file(house: PrivateDaemon) -> Path:
    return house.home / "site.toml"


def budget_w(house: PrivateDaemon) -> float | None:
    """As the next ticks allow it."""
    steps = house.api.get("/api/box")["budget"]
    found: float | None = steps[0]["watts"]
    return found


def test_they_are_shown(house: PrivateDaemon) -> None:
    found = shown(house)
    assert found["file"] == str(file(house)) and found["exists"] and found["toml"] == OWNERS
    assert found["in_force"] and found["wrong"] is None and found["why_not"] is None
    settings = found["settings"]
    assert (settings["watts"], settings["currency"], settings["zone"]) == (6000, "EUR", "UTC")
    assert settings["circuits"] == [] and settings["quiet"] == [] and settings["noise"] == []
    assert settings["cooling"] is None and settings["tariff"]["flat"] is None
    assert settings["night"]["days"] == [0, 1, 2, 3, 4, 5, 6]


def test_a_change_keeps_the_owners_words_and_holds_at_once(house: PrivateDaemon) -> None:
    old = shown(house)["hash"]
    said = put(house, set={"watts": 5000, "price_kwh": 0.3}, hash=old)
    answer = said.json
    assert answer["written"] and answer["in_force"] and answer["hash"] != old
    assert file(house).read_text() == answer["toml"]
    assert "# the cellar" in answer["toml"] and "5000  # measured" in answer["toml"]
    assert shown(house)["hash"] == answer["hash"] and shown(house)["in_force"]
    assert answer["verdict"] == house.api.get("/api/site")
    price = house.api.get("/api/box")["price"]
    assert (price["currency"], shown(house)["settings"]["tariff"]["flat"]) == ("EUR", 0.3)


def test_a_waiting_job_starts_when_the_place_allows_more(house: PrivateDaemon) -> None:
    """Ten cards at their lowest limits, beside 2200 W of host and fans."""
    assert put(house, set={"watts": 3300}).status == 200
    argv = {"workload": "system.command", "params": {"argv": ["true"]}}
    job = house.submit(**argv, gpus=10, time_s=3600)
    told = explained(house, job)
    assert told["job"]["state"] == "queued" and "W" in told["why"]
    assert budget_w(house) == 3300
    assert put(house, set={"watts": None}).status == 200
    until(house, job, "running")
    assert budget_w(house) is None
    house.api.post(f"/api/jobs/{job}/cancel")


def test_the_watts_of_the_host_hold_as_well(house: PrivateDaemon) -> None:
    (node,) = house.api.get("/api/box")["box"]["nodes"]
    assert put(house, set={"host_watts": 1500}).json["in_force"]
    until_host(house, 1500)
    assert put(house, set={"host_watts": None}).json["in_force"]
    until_host(house, node["host_w"])


def until_host(house: PrivateDaemon, watts: float) -> None:
    pause = threading.Event()
    for _ in range(200):
        box = house.api.get("/api/box")
        if box["box"]["nodes"][0]["host_w"] == watts and box["watts"]["host"] == watts:
            return
        pause.wait(0.05)
    raise AssertionError((watts, box["box"]["nodes"][0]["host_w"], box["watts"]))


def test_hours_of_jobs_that_say_nothing(house: PrivateDaemon) -> None:
    assert put(house, set={"when": "night"}).status == 200
    argv = {"workload": "system.command", "params": {"argv": ["true"]}}
    job = house.submit(**argv, gpus=1)
    assert house.api.get(f"/api/jobs/{job}")["job"]["spec"]["when"] == "night"
    house.api.post(f"/api/jobs/{job}/cancel")


BAD: tuple[tuple[dict[str, Any], str], ...] = (
    ({"set": {"watts": 3}}, "site.config"),  # kW
    ({"set": {"wats": 3000}}, "site.config"),
    ({"set": {"watts": 1000}}, "site.idle"),  # below the idle box
    ({"set": {"host_watts": 9000}}, "site.idle"),
    ({"set": {"quiet": [{"from": "22:00"}]}}, "site.config"),  # it never ends
    ({"set": {"quiet": [{"from": "22:00", "until": "07:00", "watts": 500}]}}, "site.idle"),
    (
        {
            "set": {
                "tariff": {
                    "row": [
                        {"from": "00:00", "until": "12:00", "price": 0.1},
                        {"from": "11:00", "until": "00:00", "price": 0.2},
                    ]
                }
            }
        },
        "site.config",
    ),
    ({"toml": "[site"}, "site.config"),
    ({"toml": "watts = 3000"}, "site.config"),
    ({"toml": OWNERS, "set": {}}, "site.both"),
    ({}, "site.both"),
    ({"set": {"watts": 5000}, "hash": "old"}, "site.changed"),
    ({"toml": OWNERS + "#", "hash": ""}, "site.changed"),
    ({"toml": 3}, "wire.shape"),
)


@pytest.mark.parametrize(("body", "code"), BAD)
def test_what_is_refused_changes_nothing(
    house: PrivateDaemon, body: dict[str, Any], code: str
) -> None:
    said = put(house, **body)
    assert said.code == code
    assert said.status == (409 if code == "site.changed" else 422)
    assert file(house).read_text() == OWNERS
    assert shown(house)["in_force"] and shown(house)["settings"]["watts"] == 6000


def test_a_check_only_tells(house: PrivateDaemon) -> None:
    said = put(house, set={"watts": 4000}, check=True, hash="of another tab").json
    assert (said["written"], said["in_force"], said["settings"]["watts"]) == (False, False, 4000)
    assert said["verdict"]["box"] == TEN and "4000" in json.dumps(said["verdict"])
    assert file(house).read_text() == OWNERS
    assert put(house, set={"watts": 3}, check=True).code == "site.config"
    assert put(house, set={}, check=True).json["in_force"] is True


def test_of_two_tabs_the_second_is_told(house: PrivateDaemon) -> None:
    seen = shown(house)["hash"]
    assert put(house, set={"watts": 5000}, hash=seen).status == 200
    assert put(house, set={"watts": 5500}, hash=seen).code == "site.changed"
    assert shown(house)["settings"]["watts"] == 5000


def test_a_file_that_was_broken_by_hand_can_be_mended(house: PrivateDaemon) -> None:
    file(house).write_text("[site]\nwatts = 3\n")
    found = shown(house)
    assert found["wrong"]["code"] == "site.config" and not found["in_force"]
    assert found["settings"]["watts"] == 6000  # these hold
    assert put(house, set={"currency": "TWD"}).code == "site.config"
    assert put(house, toml=OWNERS, hash=found["hash"]).status == 200
    file(house).write_text("[site]\nwatts = 5000\n")
    assert shown(house)["wrong"] is None and not shown(house)["in_force"]


def test_a_link_stays_one(house: PrivateDaemon, tmp_path: Path) -> None:
    kept = tmp_path / "dotfiles.toml"
    kept.write_text(OWNERS)
    file(house).unlink()
    file(house).symlink_to(kept)
    assert put(house, set={"watts": 5000}).status == 200
    assert file(house).is_symlink() and "5000" in kept.read_text()
    file(house).unlink()


def test_without_a_file_one_is_made(house: PrivateDaemon) -> None:
    file(house).unlink()
    found = shown(house)
    assert (found["exists"], found["toml"], found["hash"]) == (False, "", "")
    assert put(house, set={"watts": 5000}, hash="").status == 200
    assert file(house).read_text() == "[site]\nwatts = 5000\n"


def test_a_file_that_cannot_be_written_is_left_alone(house: PrivateDaemon) -> None:
    """A link to a place that is not there: one that is read-only stops everybody but root."""
    file(house).unlink(missing_ok=True)
    file(house).symlink_to(house.home / "gone" / "site.toml")
    assert "cannot be written" in shown(house)["why_not"]
    assert put(house, set={"watts": 5000}).code == "site.fixed"
    assert not (house.home / "gone").exists()
    file(house).unlink()


def test_it_needs_the_token(house: PrivateDaemon) -> None:
    assert ask(house, "/api/site/settings", token=None).status == 401
    body = json.dumps({"set": {"watts": 5000}}).encode()
    assert ask(house, "/api/site/settings", "PUT", body, token=None).status == 401


def test_after_a_restart_they_hold(house: PrivateDaemon) -> None:
    assert put(house, set={"watts": 5000}).status == 200
    house.kill()
    house.start()
    assert shown(house)["in_force"] and shown(house)["settings"]["watts"] == 5000
