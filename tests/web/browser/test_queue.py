"""The queue: orders are given from its page, and ten thousand jobs weigh as much as forty."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from engine.conftest import until
from faults.daemon import PrivateDaemon
from web.browser.visit import PHONE, Visit

MANY = 10_000
MOST_ELEMENTS = 3000


def row(job: str) -> str:
    return f".q-row[data-job='{job}']"


def order(page: Any, job: str, name: str) -> None:
    page.locator(f"{row(job)} [data-order='{name}']").first.click()


def shows(page: Any, job: str, state: str) -> None:
    page.wait_for_selector(f"{row(job)} [data-state='{state}']")


def view(daemon: PrivateDaemon, job: str) -> dict[str, Any]:
    return dict(daemon.api.get(f"/api/jobs/{job}")["job"])


@pytest.fixture
def two(live: PrivateDaemon) -> Any:
    """One that runs on every core, and one that waits for it."""
    count = {"workload": "load.count", "params": {"steps": 4000, "step_ms": 30}, "cores": 4}
    first = live.submit(**count, name="first")
    until(live, first, "running")
    second = live.submit(**count, name="second")
    yield first, second
    for job in (first, second):
        if view(live, job)["state"] not in ("cancelled", "succeeded"):
            live.api.post(f"/api/jobs/{job}/cancel")
            until(live, job, "cancelled")


@pytest.mark.parametrize("size", [(1280, 800), PHONE])
def test_jobs_are_ordered_about_from_the_queue(
    visit: Callable[..., Visit], live: PrivateDaemon, two: tuple[str, str], size: tuple[int, int]
) -> None:
    first, second = two
    reader = visit(live, size)
    page = reader.open("/queue")
    shows(page, first, "running")
    shows(page, second, "queued")
    for _ in range(2):
        now = view(live, second)["spec"]["priority"]
        order(page, second, "raise")
        page.wait_for_function(
            "([row, wanted]) => document.querySelector(row + ' [data-priority]').textContent"
            " === wanted",
            arg=[row(second), str(now + 1)],
        )
        assert view(live, second)["spec"]["priority"] == now + 1
    order(page, first, "pause")
    until(live, first, "paused")
    shows(page, first, "paused")
    shows(page, second, "running")  # it has the cores now
    order(page, second, "cancel")
    page.wait_for_selector(f"{row(second)} [data-order='cancel-keep']")
    assert view(live, second)["state"] == "running"  # it only asks
    order(page, second, "cancel-sure")
    until(live, second, "cancelled")
    page.locator("[data-show='failed'], [data-show='all']").first.click()
    order(page, first, "resume")
    until(live, first, "running")
    shows(page, first, "running")
    assert reader.overflow() <= 0


def test_an_order_that_is_refused_says_why(
    visit: Callable[..., Visit], live: PrivateDaemon, two: tuple[str, str]
) -> None:
    """Another program was faster, and the page did not know yet."""
    _, second = two
    page = visit(live).open("/queue")
    shows(page, second, "queued")
    # The browser asks for what its row no longer offers.
    live.api.post(f"/api/jobs/{second}/cancel")
    page.evaluate("id => emitEvent('queue-order', {id, order: 'pause'})", second)
    page.wait_for_selector(f"{row(second)} [data-state='cancelled']")


def test_ten_thousand_jobs_scroll_and_weigh_little(
    visit: Callable[..., Visit], ten: PrivateDaemon
) -> None:
    job = {"workload": "system.command", "params": {"argv": ["train"]}, "gpus": 1, "time_s": 3600}
    jobs = [{**job, "name": f"many-{number}"} for number in range(MANY)]
    made = ten.api.post("/api/jobs", {"jobs": jobs})["jobs"]
    assert len(made) == MANY
    page = visit(ten).open("/queue")
    page.wait_for_selector(".q-row")
    heights, names = page.evaluate("document.documentElement.scrollHeight"), set()
    assert heights > MANY * 20
    for part in (0.25, 0.5, 1.0):
        page.evaluate("part => scrollTo(0, part * document.documentElement.scrollHeight)", part)
        page.wait_for_function(
            """() => [...document.querySelectorAll(".q-row")].some(row => {
              const box = row.getBoundingClientRect();
              return box.top > 0 && box.bottom < innerHeight && row.innerText.includes("many-");
            })"""
        )
        names.add(page.locator(".q-row .title").first.inner_text())
        assert page.evaluate("document.querySelectorAll('*').length") < MOST_ELEMENTS
    assert len(names) == 3, "it shows other jobs further down"
    page.fill("#find", "many-9876")
    page.wait_for_function(
        "[...document.querySelectorAll('.q-row .title')].map(one => one.innerText).join()"
        " === 'many-9876'"
    )
