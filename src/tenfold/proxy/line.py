"""Who may ask a service now, and who waits: in the order of asking.

A model server takes so many requests at a time; a thousand connections at once it may not even
accept. What is above that waits here, where a place costs a few bytes.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from tenfold.terms.refusal import refusal

AT_ONCE = 256  # requests that a service gets at a time
MOST_WAITING = 1000  # for all services


class Line:
    def __init__(self, at_once: int = AT_ONCE, most_waiting: int = MOST_WAITING) -> None:
        self._at_once = at_once
        self._most_waiting = most_waiting
        self._within: dict[str, int] = {}  # by job
        self._waiting: dict[str, deque[asyncio.Event]] = {}

    @contextmanager
    def turn(self, job: str) -> Iterator[asyncio.Event]:
        """Set when it is this one's turn, which ends with the context. A Refusal where too many
        wait already."""
        ready = asyncio.Event()
        if self._within.get(job, 0) < self._at_once:
            self._enter(job, ready)
        elif sum(map(len, self._waiting.values())) >= self._most_waiting:
            why = f"{self._most_waiting} requests wait already."
            raise refusal("gateway.full", why=why)
        else:
            self._waiting.setdefault(job, deque()).append(ready)
        try:
            yield ready
        finally:
            if ready.is_set():
                self._leave(job)
            else:
                self._waiting[job].remove(ready)

    def _enter(self, job: str, ready: asyncio.Event) -> None:
        self._within[job] = self._within.get(job, 0) + 1
        ready.set()

    def _leave(self, job: str) -> None:
        self._within[job] -= 1
        waiting = self._waiting.get(job)
        if waiting:
            self._enter(job, waiting.popleft())
        if not self._within[job]:
            del self._within[job]
        if not waiting:
            self._waiting.pop(job, None)
