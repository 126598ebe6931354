"""Requests to an ASGI application of this process, their answers as they come.

httpx has such a transport, but it waits for the end of an answer, and a stream of events has none.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
from starlette.types import ASGIApp, Message


class AsgiTransport(httpx.AsyncBaseTransport):
    """Every request is a task of its own; closing its answer ends the task."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        exchange = _Exchange(body)
        task = asyncio.create_task(exchange.run(self._app, _scope(request)))
        try:
            status, headers = await exchange.start()
        except BaseException:
            task.cancel()
            raise
        return httpx.Response(status, headers=headers, stream=_Body(exchange, task))


class _Exchange:
    def __init__(self, body: bytes) -> None:
        self._body: bytes | None = body
        self._parts: asyncio.Queue[Message | BaseException | None] = asyncio.Queue(64)
        self._gone = asyncio.Event()

    async def run(self, app: ASGIApp, scope: dict[str, Any]) -> None:
        try:
            await app(scope, self._receive, self._parts.put)
        except Exception as error:  # noqa: BLE001  it is raised again where the answer is read
            await self._parts.put(error)
        else:
            await self._parts.put(None)

    async def start(self) -> tuple[int, list[tuple[bytes, bytes]]]:
        first = await self._next()
        if first is None:
            raise httpx.ReadError("the application gave no answer")
        return int(first["status"]), list(first.get("headers", ()))

    async def chunks(self) -> AsyncIterator[bytes]:
        while (part := await self._next()) is not None:
            if part.get("body"):
                yield part["body"]
            if not part.get("more_body", False):
                return

    def leave(self) -> None:
        self._gone.set()

    async def _next(self) -> Message | None:
        part = await self._parts.get()
        if isinstance(part, BaseException):
            raise part
        return part

    async def _receive(self) -> Message:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}


class _Body(httpx.AsyncByteStream):
    def __init__(self, exchange: _Exchange, task: asyncio.Task[None]) -> None:
        self._exchange = exchange
        self._task = task

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._exchange.chunks():
            yield chunk

    async def aclose(self) -> None:
        self._exchange.leave()
        if not self._task.done():
            self._task.cancel()


def _scope(request: httpx.Request) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.url.scheme,
        "path": request.url.path,
        "raw_path": request.url.raw_path.split(b"?")[0],
        "query_string": request.url.query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "client": ("127.0.0.1", 0),
        "server": (request.url.host, request.url.port),
        "state": {},
    }
