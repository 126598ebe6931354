"""The dashboard inside the daemon's server.

It is an ASGI application that the API mounts at `/`. NiceGUI takes most of a second to import, so
it is brought in by the first browser that comes, or a moment after the daemon is up; a daemon that
is asked by programs alone starts as fast as without it.
"""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import AsyncExitStack
from importlib import import_module
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

WARM_S = 3.0  # after the start, if no browser came before

# What a page of ours may do: everything comes from here, nothing goes elsewhere.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "media-src 'self' blob:; frame-src 'self'; worker-src 'self' blob:; connect-src 'self' {own}; "
    "frame-ancestors 'none'; form-action 'none'; base-uri 'none'; object-src 'none'"
)


class Dashboard:
    """`app` is the whole API, which the pages ask with the home's `token`."""

    def __init__(self, app: ASGIApp, url: str, token: str, home: Path) -> None:
        self._app = app
        self._url = url
        self._token = token
        self._home = home
        self._inner: ASGIApp | None = None
        self._loading = asyncio.Lock()
        self._stack = AsyncExitStack()
        self._warming: asyncio.Task[None] | None = None
        self.started_s = time.time()

    def warm_soon(self) -> None:
        self._warming = asyncio.create_task(self._warm())

    async def close(self) -> None:
        if self._warming is not None:
            self._warming.cancel()
        await self._stack.aclose()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        inner = self._inner or await self._load()
        gone = False

        async def receiving() -> Message:
            nonlocal gone
            message = await receive()
            gone = gone or message["type"] == "http.disconnect"
            return message

        try:
            await inner(scope, receiving, _with_policy(send, self._url))
        except RuntimeError:
            if not gone:  # else nobody waits for the answer that NiceGUI's middleware misses
                raise

    async def _warm(self) -> None:
        await asyncio.sleep(WARM_S)
        await self._load()

    async def _load(self) -> ASGIApp:
        async with self._loading:
            if self._inner is None:
                os.environ.setdefault("NICEGUI_STORAGE_PATH", str(self._home / "web"))
                # Not in the loop, which answers others meanwhile.
                module = await asyncio.to_thread(import_module, "tenfold.web.pages")
                inner, entered = module.pages(self._app, self._url, self._token, self.started_s)
                await self._stack.enter_async_context(entered)
                self._inner = inner
        return self._inner


def _with_policy(send: Send, url: str) -> Send:
    policy = _POLICY.format(own=url.replace("http://", "ws://")).encode()
    more = [
        (b"content-security-policy", policy),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
    ]

    async def sending(message: Any) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *more]}
        await send(message)

    return sending
