"""Every page looked at: by axe-core for who cannot see or use a mouse well, and kept as a picture.

axe-core lies in `tests/web/vendor` with its licence; nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from engine.conftest import ended, until
from faults.daemon import PrivateDaemon
from web.browser.visit import DESKTOP, PHONE, Visit

AXE = Path(__file__).parents[1] / "vendor" / "axe.min.js"
PAGES = {
    "box": "/",
    "queue": "/queue",
    "catalogue": "/catalogue",
    "workload": "/catalogue/simulate.cavity",
    "job": "/job/{job}",
    "compare": "/compare?jobs={job},{other}",
    "gallery": "/gallery",
    "chat": "/chat",
    "site": "/site",
}
LOOKS = {"light-en": (DESKTOP, "en", False), "dark-zh": (PHONE, "zh-Hant", True)}
GRAVE = ("serious", "critical")
# Its own rules for good practice are told, and fail nothing.
JUDGED = """
async () => {
  const found = await axe.run(document, {resultTypes: ["violations"]});
  return found.violations.map(one => ({impact: one.impact, id: one.id, help: one.help,
    nodes: one.nodes.map(node => node.html.slice(0, 160) + " | " + (node.any[0]?.message || ""))}));
}
"""


@pytest.fixture(scope="module")
def jobs(live: PrivateDaemon) -> Iterator[dict[str, str]]:
    """Two that have ended with a picture, and one that runs, for pages that have something on."""
    cavity = {"workload": "simulate.cavity", "size": "smoke"}
    done = [live.submit(**cavity), live.submit(**cavity)]
    running = live.submit(workload="load.count", params={"steps": 4000, "step_ms": 30})
    for job in done:
        assert ended(live, job)["state"] == "succeeded"
    until(live, running, "running")
    yield {"job": done[0], "other": done[1]}
    live.api.post(f"/api/jobs/{running}/cancel")
    until(live, running, "cancelled")


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_read_and_used_by_everybody(
    visit: Callable[..., Visit],
    live: PrivateDaemon,
    jobs: dict[str, str],
    screens: Path,
    name: str,
    look: str,
) -> None:
    reader = visit(live, *LOOKS[look])
    page = reader.open(PAGES[name].format(**jobs))
    page.wait_for_timeout(300)  # what comes over the line after the first drawing
    page.screenshot(path=screens / f"{name}-{look}.png", full_page=True)
    assert page.evaluate("document.body.classList.contains('body--dark')") == LOOKS[look][2]
    assert reader.overflow() <= 0
    found: list[dict[str, Any]] = judged(page)
    for one in found:
        print(f"{name} {look}: {one['impact']}: {one['help']} ({len(one['nodes'])})")
    grave = [one for one in found if one["impact"] in GRAVE]
    assert not grave, grave


def judged(page: Any) -> list[dict[str, Any]]:
    # Handed over by the driver: no page of ours would load a script of this kind.
    page.evaluate(AXE.read_text(encoding="utf-8"))
    return list(page.evaluate(JUDGED))


def test_axe_sees_what_is_wrong(visit: Callable[..., Visit], live: PrivateDaemon) -> None:
    page = visit(live).open("/")
    page.evaluate(
        """() => document.querySelector("main").insertAdjacentHTML("beforeend",
          '<p style="color:#999;background:#aaa">faint</p><button></button><img src="data:,">')"""
    )
    found = {one["id"] for one in judged(page) if one["impact"] in GRAVE}
    assert found >= {"color-contrast", "button-name", "image-alt"}
