"""One request carried to its service, and the answer back, both ways at once.

A client that goes away ends its request at the service too. What ends in the middle of an answer
ends the client's connection, so that nobody takes half an answer for a whole one; where the answer
is a stream of events and its errand has last words for it, those are the last event before.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

import h11

from tenfold.proxy.body import Body
from tenfold.proxy.door import passed_back
from tenfold.proxy.events import Events
from tenfold.proxy.wire import Wire


class Gone(Exception):
    """The client went away or took too long, or its answer broke off."""


class Broken(Exception):
    """The service ended before it began to answer."""


class Over(Exception):
    """The answer broke off, and the client was told so in its last words."""


async def stays(client: Wire) -> None:
    """Raises Gone when the client goes away. One piece of what it sends for its next request is
    taken; who sends that early is not watched any more."""
    if client.early:
        return
    try:
        if await client.more():
            return
    except ConnectionError as error:
        raise Gone from error
    raise Gone


async def unless_gone(client: Wire, waiting: Coroutine[Any, Any, object]) -> None:
    """Wait; raises Gone if the client does not."""
    asked, watch = asyncio.create_task(waiting), asyncio.create_task(stays(client))
    try:
        await asyncio.wait({asked, watch}, return_when=asyncio.FIRST_COMPLETED)
        if watch.done():
            await watch
        await asked
    finally:
        for task in (asked, watch):
            task.cancel()
        await asyncio.gather(asked, watch, return_exceptions=True)


@dataclass(frozen=True)
class Errand:
    """What is carried: `head` as the service gets it, the client's `body` where that was read
    before, and what to do with a stream of events that breaks off."""

    head: h11.Request
    name: str  # of the service, below which its own addresses are
    port: int
    body_s: float  # between two pieces of a body
    body: Body | None = None
    events: Events | None = None


async def carry(client: Wire, service: Wire, errand: Errand) -> None:
    """Raises Gone, Broken or Over."""
    service.put(errand.head)
    feeding = asyncio.create_task(_feed(client, service, errand))
    try:
        switched = await _relay(client, service, errand)
    except (h11.ProtocolError, OSError) as error:
        service.cut()
        if feeding.done():
            await feeding  # it says so if the client is gone
        if client.http.our_state is h11.SEND_RESPONSE:
            raise Broken(str(error)) from error
        await _ended(feeding)
        if errand.events is not None and errand.events.are_here:
            await _last_words(client, errand.events, str(error))
        raise Gone from error
    finally:
        await _ended(feeding)
    if switched:
        await _tunnel(client, service)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _last_words(client: Wire, events: Events, why: str) -> None:
    """The client hears why its stream ends, and that it ends: raises Over."""
    with contextlib.suppress(h11.ProtocolError, OSError):
        client.put(h11.Data(events.last(why)))
        client.put(h11.EndOfMessage())
        await client.flush()
        await client.end()
        raise Over


async def _feed(client: Wire, service: Wire, errand: Errand) -> None:
    """The request's body to the service; then watch whether the client stays."""
    try:
        if errand.body is None:
            await _body(client, service, errand.body_s)
        else:
            service.put(h11.Data(errand.body.data))
            service.put(h11.EndOfMessage())
            await _flushed(service)
            errand.body.let_go()
        await stays(client)
    except (Gone, TimeoutError, h11.ProtocolError, OSError) as error:
        service.cut()
        raise Gone from error


async def _body(client: Wire, service: Wire, body_s: float) -> None:
    while True:
        event = client.ready()
        if event is None:
            if client.http.they_are_waiting_for_100_continue:
                client.put(h11.InformationalResponse(status_code=100, headers=[]))
                await client.flush()
            await _flushed(service)
            async with asyncio.timeout(body_s):
                await client.more()
        elif isinstance(event, h11.Data):
            service.put(h11.Data(event.data))
        elif isinstance(event, h11.EndOfMessage):
            service.put(h11.EndOfMessage())
            await _flushed(service)
            return
        else:
            raise Gone


async def _flushed(service: Wire) -> None:
    """A service may answer before it has read all; then what it does not want is not sent."""
    with contextlib.suppress(ConnectionError):
        await service.flush()


async def _relay(client: Wire, service: Wire, errand: Errand) -> bool:
    """The answer to the client; whether the two speak another protocol from here on."""
    prefix, port, events = errand.name, errand.port, errand.events
    while True:
        event = service.ready()
        if event is None:
            await client.flush()
            await service.more()
        elif isinstance(event, h11.InformationalResponse):
            if event.status_code == 101:
                headers = passed_back(event, prefix, port)
                headers += [(b"Connection", b"Upgrade"), (b"Upgrade", b"websocket")]
                client.put(h11.InformationalResponse(status_code=101, headers=headers))
                await client.flush()
                return True
        elif isinstance(event, h11.Response):
            headers = passed_back(event, prefix, port)
            status, reason = event.status_code, event.reason
            client.put(h11.Response(status_code=status, headers=headers, reason=reason))
            if events is not None:
                events.meet(event)
        elif isinstance(event, h11.Data):
            data = event.data if events is None else events.whole(event.data)
            if data:
                client.put(h11.Data(data))
        elif isinstance(event, h11.EndOfMessage):
            if events is not None and (rest := events.rest()):
                client.put(h11.Data(rest))
            client.put(h11.EndOfMessage())
            await client.flush()
            return False
        else:
            raise h11.RemoteProtocolError("it ended without an answer")


async def _tunnel(client: Wire, service: Wire) -> None:
    """Bytes both ways, until one of the two ends."""
    ways = {
        asyncio.create_task(_poured(client, service)),
        asyncio.create_task(_poured(service, client)),
    }
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


async def _poured(source: Wire, target: Wire) -> None:
    target.put_raw(source.early)
    await target.flush()
    while data := await source.raw():
        target.put_raw(data)
        await target.flush()
