"""The daemon is killed under an open page: the page says so, and comes back by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from engine.conftest import private, until
from faults.daemon import PrivateDaemon, kill_marked
from web.browser.visit import DESKTOP, PHONE, Visit

WORDS = {
    "en": ("The daemon does not answer", "started anew", "Close"),
    "zh-Hant": ("背景服務沒有回應", "已重新啟動", "關閉"),
}


@pytest.fixture
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateDaemon]:
    folder = tmp_path_factory.mktemp("mortal")
    found = private(folder)
    found.start()
    yield found
    found.end()
    kill_marked(str(folder))


def test_a_page_survives_the_daemon(visit: Callable[..., Visit], mortal: PrivateDaemon) -> None:
    job = mortal.submit(workload="load.count", params={"steps": 2000, "step_ms": 30})
    until(mortal, job, "running")
    readers = {
        "en": visit(mortal, DESKTOP, "en"),
        "zh-Hant": visit(mortal, PHONE, "zh-Hant"),
    }
    for reader in readers.values():
        reader.open("/queue")
        reader.forgive("WebSocket connection to", "failed: .*ERR_(CONNECTION|EMPTY)")
        assert not reader.page.is_visible("#tenfold-back button")
    before = mortal.api.get(f"/api/jobs/{job}")["job"]
    mortal.kill()
    for language, reader in readers.items():
        reader.page.wait_for_selector("#popup", state="visible")
        assert WORDS[language][0] in reader.page.inner_text("#popup")
    mortal.start()
    for language, reader in readers.items():
        _, back, close = WORDS[language]
        reader.page.wait_for_selector("#tenfold-back button", timeout=30_000)
        assert back in reader.page.inner_text("#tenfold-back")
        assert reader.page.is_hidden("#popup")
        assert "200" in reader.page.evaluate("fetch('/api/box').then(a => String(a.status))")
        reader.until("window.socket && window.socket.connected")
        assert job in reader.page.content()
        reader.page.get_by_role("button", name=close).first.click()
        assert reader.page.locator("#tenfold-back button").count() == 0
    after = mortal.api.get(f"/api/jobs/{job}")["job"]
    assert (after["state"], after["attempt"]) == ("running", before["attempt"])
    # It is live: what happens from now on is seen without a reload.
    mortal.api.post(f"/api/jobs/{job}/cancel")
    for reader in readers.values():
        reader.until(f"""!document.querySelector('[data-job="{job}"][data-state="running"]')""")
    until(mortal, job, "cancelled")
