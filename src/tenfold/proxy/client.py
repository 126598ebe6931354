"""One client's connection, request after request."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass

import h11

from tenfold.proxy.answers import refuse, say
from tenfold.proxy.door import Door, is_gateway, split
from tenfold.proxy.exchange import Broken, Errand, carry, unless_gone
from tenfold.proxy.gateway import Gateway
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
    def __init__(
        self, wire: Wire, door: Door, table: Table, gateway: Gateway, limits: Limits
    ) -> None:
        self._wire = wire
        self._door = door
        self._table = table
        self._gateway = gateway
        self._limits = limits

    async def serve(self, is_full: bool = False) -> None:
        """Until the connection is to be closed. Raises Gone where it is to be cut off. `is_full`:
        it is one too many, and only told so."""
        http = self._wire.http
        request = None
        while True:
            try:
                request = await self._head()
                if request is None:
                    return
                if is_full:
                    raise refusal("proxy.full")
                await self._answer(request)
            except h11.RemoteProtocolError as error:
                told = refusal("proxy.request", why=f"{error}.")
                status = error.error_status_hint
                await refuse(self._wire, told, _at_gateway(request), status)
                return
            except Refusal as told:
                await refuse(self._wire, told, _at_gateway(request))
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
        allowed = self._door.check(request)
        if is_gateway(request):
            await self._gateway.answer(self._wire, request, allowed)
            return
        name, target = split(request.target)
        if not name:
            await say(self._wire, 200, {"services": self._table.listing()})
            return
        if not target:
            path, mark, query = request.target.partition(b"?")
            place = path + b"/" + mark + query
            told = {"location": place.decode("latin-1")}
            await say(self._wire, 308, told, [(b"Location", place)])
            return
        until_s = self._table.patience_s()
        while (route := self._table.find(name, until_s)) is None:
            await unless_gone(self._wire, self._table.change(until_s))
        with self._table.using(route):
            try:
                service = await dial(route.port, self._limits.dial_s)
            except (OSError, TimeoutError) as error:
                why = f"Its port {route.port} takes no connection."
                raise refusal("proxy.broken", name=name, why=why, id=route.job) from error
            head = self._door.passed_on(request, target, name)
            try:
                errand = Errand(head, name, route.port, self._limits.body_s)
                await carry(self._wire, service, errand)
            except Broken as error:
                raise refusal("proxy.broken", name=name, why=f"{error}.", id=route.job) from error
            finally:
                service.close()


def _at_gateway(request: h11.Request | None) -> bool:
    return request is not None and is_gateway(request)
