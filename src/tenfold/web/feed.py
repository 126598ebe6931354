"""What all open pages show, asked for once: the box each second, the queue when it changed, and
every event as it happens. While no page is open nothing is asked."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

import httpx

from tenfold.terms.refusal import Refusal
from tenfold.web.asking import Api

BOX_S = 1.0  # between looks at the box while nothing happens
LEAST_S = 0.2  # between looks while much happens
REST = 6.0  # a look that takes long is followed by so many times its length of rest
AGAIN_S = 1.0  # after a look that failed
QUEUE_ENDED = 200  # ended jobs that the queue shows

BOX, QUEUE, EVENT = "box", "queue", "event"
# Kinds of events after which the queue is another one.
_QUEUE_CHANGES = frozenset({"change", "progress", "checkpoint"})

Callback = Callable[[Any], None]
log = logging.getLogger("tenfold.web")


class Feed:
    """`listen(topic, callback)`: BOX gives the answer of /api/box, QUEUE that of /api/queue, EVENT
    each event. Callbacks are called in the server's loop and must return at once."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self.box: dict[str, Any] | None = None
        self.queue: dict[str, Any] | None = None
        self._listeners: dict[str, set[Callback]] = {BOX: set(), QUEUE: set(), EVENT: set()}
        self._wake = asyncio.Event()
        self._queue_is_old = True
        self._queue_at_s = 0.0
        self._tasks: list[asyncio.Task[None]] = []

    def listen(self, topic: str, callback: Callback) -> Callable[[], None]:
        """Returns what ends it. What is known already is not told again: read `box` or `queue`."""
        self._listeners[topic].add(callback)
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._look()), asyncio.create_task(self._hear())]
        self._queue_is_old = self._queue_is_old or topic == QUEUE
        self._wake.set()
        return lambda: self._leave(topic, callback)

    async def newest_box(self) -> dict[str, Any]:
        """For a page that is being built."""
        if self.box is None or not self._tasks:
            self.box = await self._api.get("/api/box")
        return self.box

    async def newest_queue(self) -> dict[str, Any]:
        if self.queue is None or not self._listeners[QUEUE]:
            self.queue = await self._api.get("/api/queue", ended=QUEUE_ENDED)
        return self.queue

    def look_now(self) -> None:
        """After something was changed from a page."""
        self._queue_is_old = True
        self._wake.set()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    def _leave(self, topic: str, callback: Callback) -> None:
        self._listeners[topic].discard(callback)
        if not any(self._listeners.values()):
            for task in self._tasks:
                task.cancel()
            self._tasks = []
            self._queue_is_old = True

    async def _look(self) -> None:
        while True:
            began_s = time.monotonic()
            pause_s = LEAST_S
            try:
                self.box = await self._api.get("/api/box")
                self._tell(BOX, self.box)
                if self._listeners[QUEUE] and self._queue_is_old:
                    self._queue_is_old = False
                    self.queue = await self._api.get("/api/queue", ended=QUEUE_ENDED)
                    self._tell(QUEUE, self.queue)
                pause_s = max(LEAST_S, REST * (time.monotonic() - began_s))
            except (Refusal, httpx.HTTPError) as told:
                log.warning("dashboard: %s", told)
                pause_s = AGAIN_S
                self._queue_is_old = True  # it may be what was refused
            await asyncio.sleep(pause_s)
            try:
                await asyncio.wait_for(self._wake.wait(), max(0.0, BOX_S - pause_s))
            except TimeoutError:
                pass  # nothing happened; look all the same
            self._wake.clear()

    async def _hear(self) -> None:
        while True:
            try:
                async for event in self._api.events():
                    if event["kind"] in _QUEUE_CHANGES:
                        self._queue_is_old = True
                    if event["kind"] == "change":
                        self._wake.set()
                    self._tell(EVENT, event)
            except (Refusal, httpx.HTTPError) as told:
                log.warning("dashboard: %s", told)
            await asyncio.sleep(AGAIN_S)  # it was sent away, or the daemon ends

    def _tell(self, topic: str, value: Any) -> None:
        for callback in tuple(self._listeners[topic]):
            try:
                callback(value)
            except Exception:  # one page's fault must not end the feed of the others
                log.exception("dashboard: %s", topic)
