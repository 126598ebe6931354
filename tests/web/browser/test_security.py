"""Nobody else's page, and no page that a job made, reads or does anything here."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from engine.conftest import ended
from faults.daemon import PrivateDaemon
from web.browser.visit import Visit

SOCKET = "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
# What the browser says when it keeps a page from doing what it tried.
KEPT = ("status 40[13]", "console: error", "failed: ", "elsewhere: ", "console: warning")
# From a page elsewhere: which of these get through.
TRIES = """
async ([url, socket, job]) => {
  const got = {};
  const attempt = async (name, act) => {
    try { got[name] = await act(); } catch (error) { got[name] = "refused"; }
  };
  const json = {"Content-Type": "application/json"};
  await attempt("read", () => fetch(url + "/api/jobs",
    {credentials: "include"}).then(a => a.text()));
  await attempt("post", () => fetch(url + "/api/jobs",
    {method: "POST", body: job, headers: json, credentials: "include"}).then(a => a.text()));
  await attempt("plain", () => fetch(url + "/api/jobs",
    {method: "POST", body: job, mode: "no-cors", credentials: "include"}).then(a => a.type));
  await attempt("socket", () => new Promise((done, no) => {
    const line = new WebSocket(url.replace("http", "ws") + socket);
    line.onopen = () => done("open");
    line.onerror = no;
  }));
  return got;
}
"""
FORM = """
([url, job]) => {
  document.body.innerHTML = `<form method="post" enctype="text/plain" action="${url}/api/jobs">
    <input name="x"></form>`;
  document.querySelector("input").name = job;
  document.querySelector("form").submit();
}
"""
JOB = '{"workload": "system.command", "params": {"argv": ["true"]}, "name": "stolen"}'


def count(daemon: PrivateDaemon) -> int:
    return len(daemon.api.get("/api/jobs", all=1)["jobs"])


class _Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"<!doctype html><title>elsewhere</title><body></body>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    """Another port is another origin; the browser takes its cookies there all the same."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("path", ["/", "/queue", "/job/1", "/site", "/nothing"])
def test_who_did_not_come_through_the_link_sees_only_how_to(
    visit: Callable[..., Visit], live: PrivateDaemon, path: str
) -> None:
    reader = visit(live, enter=False)
    reader.forgive("status 401", "console: error: Failed to load resource")
    answer = reader.page.goto(reader.url + path)
    assert answer.status == 401
    said = reader.page.inner_text("body")
    assert "tenfold up" in said and "這部機器" in said
    assert reader.page.locator("nav, main, script").count() == 0
    assert str(live.home) not in reader.page.content()


def test_the_link_works_once(visit: Callable[..., Visit], live: PrivateDaemon) -> None:
    link = live.api.post("/api/link")["url"]
    first, second = visit(live, enter=False), visit(live, enter=False)
    second.forgive("status 401", "console: error: Failed to load resource")
    assert first.page.goto(link, wait_until="commit").status == 200
    assert second.page.goto(link).status == 401
    assert "tenfold up" in second.page.inner_text("body")


def test_a_page_of_another_origin_gets_nothing_with_our_cookie(
    visit: Callable[..., Visit], live: PrivateDaemon, elsewhere: str
) -> None:
    reader = visit(live)
    reader.open("/")
    before = count(live)
    stranger = reader.context.new_page()
    stranger.goto(elsewhere)
    got = stranger.evaluate(TRIES, [reader.url, SOCKET, JOB])
    # `opaque`: it was sent, and whether it was refused the page cannot even tell; we can.
    assert got == {"read": "refused", "post": "refused", "plain": "opaque", "socket": "refused"}
    stranger.evaluate(FORM, [reader.url, JOB])
    stranger.wait_for_url(f"{reader.url}/api/jobs")
    assert "refusal" in stranger.content() or "tenfold up" in stranger.content()
    assert count(live) == before
    # The same from our own page goes through: the tries are not broken by themselves.
    own = reader.page.evaluate(TRIES, [reader.url, SOCKET, JOB])
    assert "stolen" in own["post"] and own["socket"] == "open"
    assert count(live) == before + 1
    reader.forgive("status 415", "console: error: Failed to load resource")


def test_a_page_that_a_job_made_gets_nowhere(
    visit: Callable[..., Visit], live: PrivateDaemon, elsewhere: str
) -> None:
    job = live.submit(workload="web.hostile")
    assert ended(live, job)["state"] == "succeeded"
    before = count(live)
    address = f"/api/jobs/{job}/artifacts/artifacts/picture.html"
    reader = visit(live)
    reader.forgive(*KEPT)
    reader.page.goto(reader.url + address)
    judged(reader.page)
    framed(reader, address)
    assert count(live) == before


def framed(reader: Visit, address: str) -> None:
    """Within one of our own pages, as the gallery shows it."""
    page = reader.open("/")
    page.evaluate(
        """address => {
          const frame = document.createElement("iframe");
          frame.id = "made";
          frame.src = address;
          document.querySelector("main").append(frame);
        }""",
        address,
    )
    frame = page.wait_for_selector("#made").content_frame()
    frame.wait_for_function("document.getElementById('said')?.textContent.endsWith('end')")
    judged(frame)
    assert page.url == reader.url + "/" and page.title() != "taken"


def judged(made: Any) -> None:
    """Every try was refused, the image did not load, and it is no page of our origin."""
    made.wait_for_function("document.getElementById('said').textContent.endsWith('end')")
    said = made.inner_text("#said").split("; ")[:-1]
    # Forms and beacons say nothing to who sends them; alone a page is its own parent.
    done = {line.split()[0] for line in said if not line.endswith("refused")}
    assert len(said) == 11 and done <= {"submit", "parent", "beacon"}, said
    assert made.evaluate("document.images[0].naturalWidth") == 0
    assert made.evaluate("self.origin") == "null"
