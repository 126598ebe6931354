"""/api/events: what happens, as it happens (server-sent events).

Kept events carry their number as `id:`, so a client that comes back with `since` (or the
Last-Event-ID header) misses none of them. Progress is live only and carries none.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from tenfold.api.views import dumped, event_view
from tenfold.engine.house import House
from tenfold.ledger.transaction import Event

BEAT_S = 15.0  # a comment line, so that a dead connection is noticed
MOST_WAITING = 10_000  # events for one slow listener; then it must come back with `since`

routes = APIRouter(prefix="/api", tags=["events"])


class Streams:
    """The streams that are open, so that the end of the daemon need not wait for them."""

    def __init__(self) -> None:
        self._open: set[Callable[[], None]] = set()
        self._closed = False

    def add(self, hang_up: Callable[[], None]) -> None:
        self._open.add(hang_up)
        if self._closed:  # it came in while the door was being shut
            hang_up()

    def discard(self, hang_up: Callable[[], None]) -> None:
        self._open.discard(hang_up)

    def close(self) -> None:
        """From any thread, and from a signal."""
        self._closed = True
        for hang_up in tuple(self._open):
            hang_up()


@routes.get("/events", summary="Changes, progress, metrics, checkpoints, artifacts as they happen")
async def events(
    request: Request,
    since: Annotated[int | None, Query(ge=0, lt=2**63)] = None,
    job: str | None = None,
) -> StreamingResponse:
    house: House = request.app.state.house
    came_back = request.headers.get("last-event-id", "")
    if came_back.isdecimal() and len(came_back) < 19:
        since = int(came_back)  # newer than `since`, which stays in the address it comes back to
    stream = _stream(house, since, job, request.app.state.streams)
    return StreamingResponse(stream, media_type="text/event-stream")


async def _stream(
    house: House, since: int | None, job: str | None, streams: Streams
) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    waiting: asyncio.Queue[list[Event] | None] = asyncio.Queue(MOST_WAITING)

    def heard(news: list[Event]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            loop.call_soon_threadsafe(_put, waiting, news)

    def hang_up() -> None:
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_send_away, waiting)

    streams.add(hang_up)
    house.ledger.listen(heard)  # first listen, then look back: nothing falls between
    try:
        seen = _now(house) if since is None else since
        yield f"id: {seen}\n\n"  # where a client stands that is cut off before its first event
        for event in _kept(house, seen, job):
            seen = event.seq
            yield _line(event)
        while True:
            try:
                news = await asyncio.wait_for(waiting.get(), BEAT_S)
            except TimeoutError:
                yield ": beat\n\n"
                continue
            if news is None:
                return
            for event in news:
                if (job is None or event.job == job) and (event.seq == 0 or event.seq > seen):
                    yield _line(event)
    finally:
        house.ledger.unlisten(heard)
        streams.discard(hang_up)


def _now(house: House) -> int:
    reader = house.ledger.reader()
    try:
        return reader.last_event()
    finally:
        reader.close()


def _kept(house: House, since: int, job: str | None) -> Iterator[Event]:
    """Every kept event after `since`, a page at a time."""
    reader = house.ledger.reader()
    try:
        while page := reader.events(since, job):
            yield from page
            since = page[-1].seq
    finally:
        reader.close()


def _put(waiting: asyncio.Queue[list[Event] | None], news: list[Event]) -> None:
    """A listener that is too slow is sent away with all that waits for it: what it was shown last
    is then where it must go on."""
    if waiting.full():
        _send_away(waiting)
    else:
        waiting.put_nowait(news)


def _send_away(waiting: asyncio.Queue[list[Event] | None]) -> None:
    while not waiting.empty():
        waiting.get_nowait()
    waiting.put_nowait(None)


def _line(event: Event) -> str:
    number = f"id: {event.seq}\n" if event.seq else ""
    return f"{number}event: {event.kind}\ndata: {dumped(event_view(event))}\n\n"
