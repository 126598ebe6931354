"""What a program of the owner's tells of the place reaches the budget; an idle box that the place
does not allow is refused at the start."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from engine.conftest import private
from faults.daemon import PrivateDaemon, kill_marked

SITE = """
[site]
place_file = "{file}"
[[circuit]]
name = "left"
volts = 208
amps = 20
supplies = 2
[[circuit]]
name = "right"
volts = 208
amps = 20
supplies = 2
[psu]
count = 4
watts = 2700
"""
BOTH_W, ONE_LOST_W = 2 * 208 * 20 * 0.8, 208 * 20 * 0.8 * 3 / 2


@pytest.fixture
def placed(tmp_path: Path) -> Iterator[PrivateDaemon]:
    found = private(tmp_path)
    found.options = ("--box", "10xH100-PCIe")
    found.home.mkdir(mode=0o700, exist_ok=True)
    yield found
    found.end()
    kill_marked(str(tmp_path))


def allowed(daemon: PrivateDaemon, watts: float) -> None:
    until_s = time.monotonic() + 20
    while True:
        steps = daemon.api.get("/api/box")["budget"]
        if steps and steps[0]["watts"] == pytest.approx(watts):
            return
        assert time.monotonic() < until_s, steps
        time.sleep(0.05)


def test_a_lost_power_supply_lowers_the_budget_until_it_is_back(
    placed: PrivateDaemon, tmp_path: Path
) -> None:
    file = tmp_path / "place.json"
    (placed.home / "site.toml").write_text(SITE.format(file=file))
    placed.start()
    allowed(placed, BOTH_W)  # nobody tells anything: all of them are taken to work
    file.write_text(json.dumps({"at": time.time(), "supplies": 3}))
    allowed(placed, ONE_LOST_W)
    file.write_text(json.dumps({"at": time.time() - 3600, "supplies": 3}))
    allowed(placed, BOTH_W)  # what is old is not believed


def test_a_place_that_does_not_allow_the_idle_box_is_refused(placed: PrivateDaemon) -> None:
    (placed.home / "site.toml").write_text("[site]\nwatts = 2000\n")
    with pytest.raises(AssertionError, match="ended"):
        placed.start()
    assert "the idle box draws 3,000 W" in (placed.folder / "log").read_text()
