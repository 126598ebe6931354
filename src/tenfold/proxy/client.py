"""One client's connection, request after request; and what we answer ourselves, as JSON."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

import h11

from tenfold.proxy.door import Door, split, status_of
from tenfold.proxy.exchange import Broken, carry, stays
from tenfold.proxy.table import Table
from tenfold.proxy.wire import Wire, dial
from tenfold.terms.refusal import Refusal, refusal


@dataclass(frozen=True)
class Limits:
    head_s: float = 10.0  # from the first byte of a request to the end of its head
    idle_s: float = 75.0  # between two requests of a connection
    body_s: float = 60.0  # between two pieces of a request's body
    dial_s: float = 5.0  # until a service takes the connection


class Client:
    def __init__(self, wire: Wire, door: Door, table: Table, limits: Limits) -> None:
        self._wire = wire
        self._door = door
        self._table = table
        self._limits = limits

    async def serve(self) -> None:
        """Until the connection is to be closed. Raises Gone where it is to be cut off."""
        http = self._wire.http
        while True:
            try:
                request = await self._head()
                if request is None:
                    return
                await self._answer(request)
            except h11.RemoteProtocolError as error:
                told = refusal("proxy.request", why=f"{error}.")
                await self._refuse(told, error.error_status_hint)
                return
            except Refusal as told:
                await self._refuse(told)
                return
            if http.our_state is not h11.DONE or http.their_state is not h11.DONE:
                return
            http.start_next_cycle()

    async def _head(self) -> h11.Request | None:
        """The next request; None where none comes, or not in time."""
        wire = self._wire
        with contextlib.suppress(TimeoutError):
            if not wire.early:
                async with asyncio.timeout(self._limits.idle_s):
                    if not await wire.more():
                        return None
            async with asyncio.timeout(self._limits.head_s):
                while (event := wire.ready()) is None:
                    await wire.more()
            return event if isinstance(event, h11.Request) else None
        return None

    async def _answer(self, request: h11.Request) -> None:
        self._door.check(request)
        name, target = split(request.target)
        if not name:
            await self._say(200, {"services": self._table.listing()})
            return
        if not target:
            path, mark, query = request.target.partition(b"?")
            place = path + b"/" + mark + query
            await self._say(308, {"location": place.decode("latin-1")}, [(b"Location", place)])
            return
        until_s = self._table.patience_s()
        while (route := self._table.find(name, until_s)) is None:
            await self._unless_gone(self._table.change(until_s))
        with self._table.using(route):
            try:
                service = await dial(route.port, self._limits.dial_s)
            except (OSError, TimeoutError) as error:
                why = f"Its port {route.port} takes no connection."
                raise refusal("proxy.broken", name=name, why=why, id=route.job) from error
            head = self._door.passed_on(request, target, name)
            try:
                body_s = self._limits.body_s
                await carry(self._wire, service, head, name, route.port, body_s)
            except Broken as error:
                raise refusal("proxy.broken", name=name, why=f"{error}.", id=route.job) from error
            finally:
                service.close()

    async def _unless_gone(self, waiting: Coroutine[Any, Any, None]) -> None:
        """Wait; raises Gone if the client does not."""
        asked, watch = asyncio.create_task(waiting), asyncio.create_task(stays(self._wire))
        try:
            await asyncio.wait({asked, watch}, return_when=asyncio.FIRST_COMPLETED)
            if watch.done():
                await watch
                await asked
        finally:
            for task in (asked, watch):
                task.cancel()
            await asyncio.gather(asked, watch, return_exceptions=True)

    async def _refuse(self, told: Refusal, status: int | None = None) -> None:
        if self._wire.http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        more = [(b"Retry-After", b"5")] if told.code == "proxy.waits" else []
        await self._say(status or status_of(told), {"refusal": told.as_json()}, more)

    async def _say(
        self, status: int, body: Any, more: list[tuple[bytes, bytes]] | None = None
    ) -> None:
        """An answer of our own, and the end of the connection."""
        data = json.dumps(body, default=str).encode()
        headers = [(b"Content-Type", b"application/json"), (b"Content-Length", b"%d" % len(data))]
        headers += [(b"Cache-Control", b"no-store"), (b"Connection", b"close"), *(more or [])]
        self._wire.put(h11.Response(status_code=status, headers=headers))
        self._wire.put(h11.Data(data))
        self._wire.put(h11.EndOfMessage())
        await self._wire.flush()
        await self._wire.end()
