"""Chromium, driven by Playwright, with every way out of the machine shut and watched.

The whole browser is loaded with `faults/netguard.c`, which notes each address beyond this machine
that it tries. Names lead nowhere at all, so what a page asked for elsewhere is seen by name in
`Visit`, and what the browser itself does in the guard's log.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from faults.shims import preload
from playwright.sync_api import Browser, sync_playwright

PROGRAM = "chromium"
OPTIONS = (
    "--no-sandbox",  # it is root's in a container
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
# Chromium asks the kernel whether IPv6 leads anywhere: a UDP socket is connected, nothing is sent.
_PROBE = "2001:4860:4860::8888 port 443"


@contextmanager
def opened(log: Path) -> Iterator[Browser]:
    """Raises AssertionError at the end where the browser tried to leave the machine."""
    log.touch()
    environment = dict(os.environ)
    preload(environment, "netguard")
    environment["NETGUARD_LOG"] = str(log)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which(PROGRAM), args=list(OPTIONS), env=environment
        )
        yield browser
        browser.close()
    tried = [line for line in log.read_text().splitlines() if not line.endswith(_PROBE)]
    assert not tried, f"the browser tried to leave the machine: {tried}"
