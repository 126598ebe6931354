"""What the dashboard's benchmark does in its browser: load a page, and see a change on it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from faults.daemon import PrivateDaemon

SIZE = {"width": 1440, "height": 900}
# Painted: the heading has a place, and two frames went by since; in ms since the navigation.
PAINTED = """
(() => {
  const look = () => {
    const heading = document.querySelector("main h1");
    if (!heading || !heading.getClientRects().length) return requestAnimationFrame(look);
    const painted = () => (window.__painted = performance.now());
    requestAnimationFrame(() => requestAnimationFrame(painted));
  };
  requestAnimationFrame(look);
})();
"""
LIVE = "window.socket && window.socket.connected"
# What stands for a job that runs: its row in the queue, its slice on the box.
RUNS = ".q-row[data-job] [data-state=running], a.part.running[data-job]"
# The moment at which the first of them does so no more; says which one that is.
GONE = """
runs => {
  const job = one => one.closest("[data-job]").dataset.job;
  const there = wanted => [...document.querySelectorAll(runs)].some(one => job(one) === wanted);
  const wanted = job(document.querySelector(runs));
  window.__gone = new Promise(done => {
    const watch = new MutationObserver(() => {
      if (!there(wanted)) { watch.disconnect(); done(Date.now()); }
    });
    watch.observe(document.body,
      {subtree: true, childList: true, attributes: true, characterData: true});
  });
  return wanted;
}
"""


def cookie_of(daemon: PrivateDaemon) -> dict[str, str]:
    """As a browser gets it through the one-time link, whose page is not loaded here."""
    url = urlsplit(daemon.api.post("/api/link")["url"])
    connection = HTTPConnection("127.0.0.1", daemon.port)
    connection.request("GET", f"{url.path}?{url.query}")
    told = connection.getresponse().headers["set-cookie"]
    connection.close()
    name, _, value = told.split(";")[0].partition("=")
    return {"name": name, "value": value, "url": f"http://127.0.0.1:{daemon.port}"}


def loads(
    browser: Any, daemon: PrivateDaemon, cookie: dict[str, str], path: str, count: int
) -> dict[str, Any]:
    """Medians of `count` loads with an empty cache, and of `count` with a filled one."""
    cold, warm = [], []
    for _ in range(count):
        context = browser.new_context(viewport=SIZE)
        context.add_cookies([cookie])
        cold.append(_load(context, daemon, path))
        warm.append(_load(context, daemon, path))
        context.close()
    return {"cold": _medians(cold), "warm": _medians(warm)}


@contextmanager
def shown(browser: Any, daemon: PrivateDaemon, path: str) -> Iterator[Any]:
    """A page that is open and live."""
    context = browser.new_context(viewport=SIZE)
    context.add_cookies([cookie_of(daemon)])
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{daemon.port}{path}")
    page.wait_for_selector("main h1")
    page.wait_for_function(LIVE)
    time.sleep(1)
    yield page
    context.close()


def sees(page: Any, daemon: PrivateDaemon) -> float:
    """ms from the answer to a cancel until the page shows that the job runs no more."""
    page.wait_for_selector(RUNS)
    job = page.evaluate(GONE, RUNS)
    daemon.api.post(f"/api/jobs/{job}/cancel")
    answered_ms = time.time() * 1000
    return float(page.evaluate("window.__gone")) - answered_ms


def _load(context: Any, daemon: PrivateDaemon, path: str) -> dict[str, float]:
    page = context.new_page()
    page.add_init_script(PAINTED)
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    seen: dict[str, float] = {"bytes": 0.0, "requests": 0.0}

    def came(event: dict[str, Any]) -> None:
        seen["bytes"] += event["encodedDataLength"]
        seen["requests"] += event["encodedDataLength"] > 0

    def told(event: dict[str, Any]) -> None:
        seen["bytes"] += len(event["response"]["payloadData"])

    session.on("Network.loadingFinished", came)
    session.on("Network.webSocketFrameReceived", told)
    page.goto(f"http://127.0.0.1:{daemon.port}{path}")
    page.wait_for_function("window.__painted")
    painted_ms = float(page.evaluate("window.__painted"))
    page.wait_for_function(LIVE)
    page.wait_for_timeout(200)  # the first words over the line
    found = {
        "painted_ms": painted_ms,
        "kib": seen["bytes"] / 1024,
        "requests": seen["requests"],
        "elements": float(page.evaluate("document.querySelectorAll('*').length")),
    }
    page.close()
    return found


def _medians(loads: list[dict[str, float]]) -> dict[str, float]:
    return {name: round(statistics.median(one[name] for one in loads), 1) for name in loads[0]}
