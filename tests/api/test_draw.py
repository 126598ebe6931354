"""/api/draw: watts over time, on a declared box whose draw can be reckoned by hand."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from api.conftest import ask
from engine.conftest import ended, private
from faults.daemon import PrivateDaemon, kill_marked

from tenfold.api.draw import POINTS, thinned
from tenfold.hardware import declared
from tenfold.hardware.curves import COMPUTE
from tenfold.ledger.read import Reader
from tenfold.ledger.schema import open_for_reading
from tenfold.terms.energy import Basis, Drawn

TEN = "10xH100-PCIe"
SPEED = 600.0
BOX = declared.box(TEN)
GPU = BOX.gpus[0]
IDLE_W = 10 * GPU.idle_w + BOX.host_w
BUSY_W = GPU.cap_max_w * COMPUTE.draw(1.0)
SITE = (
    '[site]\nwatts = 7000\nzone = "UTC"\n[[quiet]]\nfrom = "22:00"\nuntil = "07:00"\nwatts = 5000\n'
)


def row(at_s: int, joules: float | None, seconds: float = 60.0) -> Drawn:
    return Drawn(at_s, seconds, joules, Basis.COUNTER)


def test_thinned_to_means_by_time() -> None:
    rows = [row(60 * n, 60.0 * n) for n in range(6)]
    assert thinned(rows, 0.0, 60.0) == [[60 * n, n] for n in range(6)]
    assert thinned(rows, 0.0, 180.0) == [[0, 1.0], [180, 4.0]]
    # A long look weighs by its seconds.
    assert thinned([row(0, 6000.0, 600.0), row(600, 6000.0)], 0.0, 700.0) == [[0, 12_000 / 660]]
    assert thinned([row(0, 6000.0, 600.0)], 300.0, 60.0) == [[300.0, 10.0]]


def test_unknown_is_null_and_so_is_a_time_that_nobody_saw() -> None:
    assert thinned([], 0.0, 60.0) == []
    assert thinned([row(0, None), row(60, 60.0)], 0.0, 60.0) == [[0, None], [60, 1.0]]
    assert thinned([row(0, None), row(60, 60.0)], 0.0, 120.0) == [[0, 1.0]]
    found = thinned([row(0, 60.0), row(3600, 120.0)], 0.0, 60.0)
    assert found == [[0, 1.0], [60, None], [3600, 2.0]]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateDaemon]:
    folder = tmp_path_factory.mktemp("draw")
    found = private(folder)
    found.options = ("--box", TEN, "--speed", f"{SPEED:g}")
    found.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    (found.home / "site.toml").write_text(SITE)
    found.start()
    yield found
    found.end()
    kill_marked(str(folder))


def drawn(house: PrivateDaemon, hours: int = 24) -> dict[str, Any]:
    found: dict[str, Any] = house.api.get(f"/api/draw?hours={hours}")
    return found


def test_the_watts_of_a_job_are_seen_in_the_box_and_on_its_own_curve(house: PrivateDaemon) -> None:
    argv = {"workload": "system.command", "params": {"argv": ["true"]}}
    job = house.submit(**argv, gpus=4, time_s=3600)
    ended(house, job)
    until_s = time.monotonic() + 20
    while not house.api.get(f"/api/jobs/{job}")["energy"]["final"]:
        assert time.monotonic() < until_s
        time.sleep(0.05)
    told = drawn(house)
    assert told["modelled"] and told["basis"] == ["modelled"] and told["partial"] is False
    watts = [value for _, value in told["minutes"]]
    assert max(watts) <= IDLE_W + 4 * (BUSY_W - GPU.idle_w) + 1e-6
    assert max(watts) > IDLE_W + 3 * (BUSY_W - GPU.idle_w) and min(watts) >= IDLE_W - 1e-6
    starts = [start for start, _ in told["minutes"]]
    assert starts == sorted(set(starts)) and starts[0] >= told["since_s"]
    curves = house.api.get(f"/api/jobs/{job}/metrics")["metrics"]
    assert set(curves) == {"power_w"}
    points = curves["power_w"]
    assert 2 <= len(points) <= 61 and points[-1][0] == 3600
    assert all(value == pytest.approx(4 * BUSY_W) for _, _, value in points)


def test_what_is_allowed_in_the_coming_day(house: PrivateDaemon) -> None:
    told = drawn(house)
    assert told["past_budget"] is None
    first, *later = told["budget"]
    assert first["start_s"] == told["now_s"] and 2 <= len(later) <= 3
    assert {step["watts"] for step in told["budget"]} == {5000, 7000}
    assert all(told["now_s"] < step["start_s"] < told["now_s"] + 86_400 for step in later)


def test_a_fast_clock_writes_few_rows(house: PrivateDaemon) -> None:
    """A tick writes one at most: at this speed a minute passes ten times in a second."""
    reader = Reader(open_for_reading(house.home / "ledger.sqlite"))
    count = len(reader.drawn(0))
    reader.close()
    minutes = (drawn(house)["now_s"] - drawn(house)["minutes"][0][0]) / 60
    assert 0 < count <= minutes + 1
    assert len(drawn(house)["minutes"]) <= POINTS + 1


def test_what_is_asked_has_bounds(house: PrivateDaemon) -> None:
    assert ask(house, "/api/draw?hours=0").code == "wire.shape"
    assert ask(house, "/api/draw?hours=999").code == "wire.shape"
    assert ask(house, "/api/draw", token=None).status == 401
