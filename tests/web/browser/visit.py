"""One visit of a browser to a daemon: entered through the one-time link, and listened to.

`open(path)` shows a page once its content is there; `faults` has what went wrong on the way:
errors of scripts and of the console, requests that failed, and any that would leave the machine.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from faults.daemon import PrivateDaemon
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response

DESKTOP, PHONE = (1280, 800), (390, 844)
LOCALES = {"en": "en-US", "zh-Hant": "zh-TW"}
SEEN_MS = 15_000
# An address left behind ends what was under way there; that is no fault.
_LEFT = "net::ERR_ABORTED"


class Visit:
    def __init__(
        self,
        browser: Browser,
        daemon: PrivateDaemon,
        size: tuple[int, int] = DESKTOP,
        language: str = "en",
        dark: bool = False,
        enter: bool = True,
    ) -> None:
        self.daemon = daemon
        self.url = f"http://127.0.0.1:{daemon.port}"
        self.context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale=LOCALES[language],
            color_scheme="dark" if dark else "light",
        )
        self.context.set_default_timeout(SEEN_MS)
        self.faults: list[str] = []
        self.forgiven: list[str] = []  # patterns of what a test brings about on purpose
        self.page: Page = self.context.new_page()
        self.listen(self.page)
        if enter:
            self.page.goto(daemon.api.post("/api/link")["url"], wait_until="commit")

    def listen(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        page.on("request", self._request)
        page.on("requestfailed", self._failed)
        page.on("response", self._response)

    def open(self, path: str) -> Page:
        """The page at `path`, once its heading is there and its line to the daemon is up."""
        answer = self.page.goto(self.url + path, wait_until="domcontentloaded")
        assert answer is not None and answer.ok, self.log()
        self.page.wait_for_selector("main h1")
        self.page.wait_for_function("window.socket && window.socket.connected")
        return self.page

    def until(self, script: str, limit_ms: int = SEEN_MS, **facts: Any) -> Any:
        """Until the expression is true in the page; what it was then."""
        seen = self.page.wait_for_function(script, arg=facts or None, timeout=limit_ms)
        return seen.json_value()

    def log(self) -> str:
        """The end of what the daemon said."""
        return (self.daemon.folder / "log").read_text()[-3000:]

    def overflow(self) -> int:
        """Pixels by which the page is wider than the window."""
        script = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        return int(self.page.evaluate(script))

    def forgive(self, *patterns: str) -> None:
        self.forgiven += patterns

    def close(self) -> None:
        self.context.close()
        told = [
            fault
            for fault in self.faults
            if not any(re.search(pattern, fault) for pattern in self.forgiven)
        ]
        assert not told, told

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(f"console: {message.type}: {message.text}")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("data", "blob", "about", "chrome-error"):
            return
        if parts.hostname != "127.0.0.1":
            self.faults.append(f"elsewhere: {request.url}")

    def _failed(self, request: Request) -> None:
        if request.failure != _LEFT:
            self.faults.append(f"failed: {request.url}: {request.failure}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.faults.append(f"status {response.status}: {response.url}")
