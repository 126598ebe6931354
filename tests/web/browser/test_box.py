"""The first page: it shows what the API tells, and what is wrong before anything is touched."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from engine.conftest import private, until
from faults.daemon import PrivateDaemon, kill_marked
from web.browser.visit import DESKTOP, PHONE, Visit

LONG_S = 1e6
PROFILES = ("1g.10gb", "2g.20gb", "3g.40gb", "1g.10gb", "1g.20gb", "4g.40gb", "1g.10gb")
HOT = """
[[node]]
cards = "2xH100-PCIe"
[[node.card]]
model = "badly placed"
memory_gib = 79.25
idle_w = 80
cap_min_w = 200
cap_max_w = 350
kelvin_per_w = 0.5
"""
# What stands on the page: a card's parts as (device, profile, start, job).
PARTS = """
() => [...document.querySelectorAll("[data-device] [data-start]")].map(part => JSON.stringify([
  part.closest("[data-device]").dataset.device, part.dataset.profile,
  Number(part.dataset.start), part.dataset.job]))
"""


def submitted(daemon: PrivateDaemon) -> list[str]:
    """Forty: every fifth on a whole card, the others on slices of all sizes."""
    bodies: list[dict[str, Any]] = []
    for number in range(40):
        place = {"gpus": 1} if number % 5 == 4 else {"slice": PROFILES[number % len(PROFILES)]}
        bodies.append(
            {
                "workload": "system.command",
                "params": {"argv": ["train"]},
                "name": f"job-{number}",
                "time_s": LONG_S,
                **place,
            }
        )
    made = daemon.api.post("/api/jobs", {"jobs": bodies})["jobs"]
    return [one["id"] for one in made]


def laid_out(box: dict[str, Any]) -> set[str]:
    """The same as PARTS of what /api/box tells, checked against its slots."""
    found = set()
    for card in box["layout"]:
        for part in card["parts"]:
            if card["kind"] == "gpu" and part["job"] is not None:
                row = [card["device"], part["profile"] or "", part["start"], part["job"]]
                found.add(json.dumps(row, separators=(",", ":")))
    given = {
        (device, (one["slot"]["slice"] or {}).get("profile", ""), one["job"])
        for one in box["slots"]
        for device in one["slot"]["devices"]
    }
    assert {(row[0], row[1], row[3]) for row in map(json.loads, found)} == given
    return found


def test_the_slices_on_the_page_are_those_of_the_box(
    visit: Callable[..., Visit], ten: PrivateDaemon
) -> None:
    jobs = submitted(ten)
    page = visit(ten).open("/")

    def same() -> bool:
        box = ten.api.get("/api/box")
        shown = {row for row in page.evaluate(PARTS) if not row.endswith(',""]')}
        return len(box["slots"]) >= 15 and shown == laid_out(box)

    settled(page, same)
    box = ten.api.get("/api/box")
    assert {"queued", "running"} <= set(box["jobs"])
    assert len({one["slot"]["slice"] is None for one in box["slots"]}) == 2, "both kinds run"
    running = [one["job"] for one in box["slots"]]
    for job in running[::3]:  # others take their place, on the page as on the box
        ten.api.post(f"/api/jobs/{job}/cancel")
    settled(page, lambda: not (set(running[::3]) & jobs_on(page)) and same())
    for job in jobs:
        if ten.api.get(f"/api/jobs/{job}")["job"]["state"] not in ("cancelled", "succeeded"):
            ten.api.post(f"/api/jobs/{job}/cancel")
    settled(page, lambda: not jobs_on(page))


def jobs_on(page: Any) -> set[str]:
    return {json.loads(row)[3] for row in page.evaluate(PARTS)} - {""}


def settled(page: Any, seen: Callable[[], bool], limit_ms: int = 15_000) -> None:
    for _ in range(limit_ms // 100):
        if seen():
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"the page shows {page.evaluate(PARTS)}")


@pytest.fixture(scope="module")
def hot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateDaemon]:
    """A declared box with one card so badly placed that it slows itself; two minutes a second."""
    folder = tmp_path_factory.mktemp("hot")
    box = folder / "attic.toml"
    box.write_text(HOT)
    found = private(folder)
    found.options = ("--box", str(box), "--speed", "120")
    found.start()
    job = {"workload": "system.command", "params": {"argv": ["train"]}, "gpus": 3, "time_s": 1e7}
    found.api.post("/api/jobs", job)
    yield found
    found.end()
    kill_marked(str(folder))


def visible_words(page: Any, selector: str) -> str:
    """The text of the first such element, if all of it lies in the window as it is; else ''."""
    script = """selector => {
      for (const one of document.querySelectorAll(selector)) {
        const box = one.getBoundingClientRect();
        const inside = box.width > 0 && box.top >= 0 && box.left >= 0
          && box.bottom <= innerHeight && box.right <= innerWidth;
        const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
        const middle = document.elementFromPoint(x, y);
        if (inside && middle && one.contains(middle)) return one.innerText;
      }
      return "";
    }"""
    return str(page.evaluate(script, selector))


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_a_card_that_is_held_down_is_seen_without_touching_anything(
    visit: Callable[..., Visit], hot: PrivateDaemon, size: tuple[int, int]
) -> None:
    page = visit(hot, size).open("/")
    page.wait_for_selector(".troubles li")
    words = visible_words(page, ".troubles li[data-of=gpu2]")
    trouble = hot.api.get("/api/box")["troubles"]
    assert "gpu2" in words, trouble
    assert page.evaluate("scrollY") == 0


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_a_service_that_is_down_is_seen_without_touching_anything(
    visit: Callable[..., Visit], live: PrivateDaemon, size: tuple[int, int]
) -> None:
    body = {
        "workload": "system.command",
        "params": {"argv": [sys.executable, "-c", "raise SystemExit(3)"]},
        "kind": "service",
        "name": "night-writer",
        "cores": 1,
    }
    job = live.submit(**body)
    try:
        page = visit(live, size).open("/")
        page.wait_for_selector(f".troubles li[data-of='{job}']")
        words = visible_words(page, f".troubles li[data-of='{job}']")
        assert "night-writer" in words and "down" in words
    finally:
        live.api.post(f"/api/jobs/{job}/cancel")
        until(live, job, "cancelled")
