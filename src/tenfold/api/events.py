"""/api/events: what happens, as it happens (server-sent events).

Kept events carry their number as `id:`, so a client that comes back with `since` (or the
Last-Event-ID header) misses none of them. Progress is live only and carries none.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from tenfold.api.views import event_view
from tenfold.engine.house import House
from tenfold.ledger.transaction import Event

BEAT_S = 15.0  # a comment line, so that a dead connection is noticed
MOST_WAITING = 10_000  # events for one slow listener; then it must come back with `since`

routes = APIRouter(prefix="/api", tags=["events"])


@routes.get("/events", summary="Changes, progress, metrics, checkpoints, artifacts as they happen")
async def events(
    request: Request, since: int | None = None, job: str | None = None
) -> StreamingResponse:
    house: House = request.app.state.house
    came_back = request.headers.get("last-event-id", "")
    if since is None and came_back.isdigit():
        since = int(came_back)
    stream = _stream(house, since, job)
    return StreamingResponse(stream, media_type="text/event-stream")


async def _stream(house: House, since: int | None, job: str | None) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    waiting: asyncio.Queue[list[Event] | None] = asyncio.Queue(MOST_WAITING)

    def heard(news: list[Event]) -> None:
        loop.call_soon_threadsafe(_put, waiting, news)

    house.ledger.listen(heard)  # first listen, then look back: nothing falls between
    try:
        seen = 0
        if since is not None:
            reader = house.ledger.reader()
            for event in reader.events(since, job):
                seen = event.seq
                yield _line(event)
            reader.close()
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


def _put(waiting: asyncio.Queue[list[Event] | None], news: list[Event]) -> None:
    if waiting.full():
        waiting.get_nowait()
        news = []
        waiting.put_nowait(None)
        return
    waiting.put_nowait(news)


def _line(event: Event) -> str:
    number = f"id: {event.seq}\n" if event.seq else ""
    return f"{number}event: {event.kind}\ndata: {json.dumps(event_view(event))}\n\n"
