"""Errors that the driver logs (XID), as they come: one set of events for all cards of a session.

`ask` waits for nothing, so it is cheap enough for every tick. What was logged before the daemon
looked is not told, and what is logged between two sessions is lost.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from ctypes import c_void_p, cast
from typing import Any

from tenfold.hardware.nvml.library import Library
from tenfold.hardware.nvml.words import NOTHING_CAME
from tenfold.terms.reading import Missing

KEPT = 8  # errors of one card, the newest
_XID = 0x8  # nvmlEventTypeXidCriticalError of nvml.h
_MOST = 64  # taken in one go: a card that is breaking may log without end


class Errors:
    """Of the cards whose handles `watch` was given; one thread asks."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._seen: dict[str, deque[int]] = {}
        self._set: Any = NOTHING_CAME  # of events; or why there is none
        self._deaf: dict[str, Missing] = {}  # cards that tell of none, and why
        self._ids: dict[int | None, str] = {}  # by the address behind a handle

    def watch(self, handles: Mapping[str, Any]) -> None:
        """From now on in this session. What cards have logged before stays known."""
        library = self._library
        self._set = library.ask("nvmlEventSetCreate")
        self._deaf, self._ids = {}, {}
        for id, handle in handles.items():
            told = library.ask("nvmlDeviceRegisterEvents", handle, _XID, self._set)
            if isinstance(told, Missing):
                self._deaf[id] = told
            else:
                self._ids[_address(handle)] = id

    def hear(self) -> None:
        """Take what was logged since the last time."""
        for _ in range(_MOST):
            event = self._next()
            if isinstance(event, Missing):
                if event != NOTHING_CAME:
                    self._set = event  # until the next session
                return
            if event.eventType == _XID:
                id = self._ids.get(_address(event.device)) or self._asked(event.device)
                self._seen.setdefault(id, deque(maxlen=KEPT)).append(int(event.eventData))

    def of(self, id: str) -> tuple[int, ...] | Missing:
        """XIDs of a card since the daemon looks, newest last."""
        seen = tuple(self._seen.get(id, ()))
        if seen:
            return seen
        if isinstance(self._set, Missing):
            return self._set
        return self._deaf.get(id, ())

    def _next(self) -> Any:
        """A card of the set that is lost shows in its own readings; here it must not make the
        session count as stale in every tick."""
        stale = self._library.stale
        event = self._library.ask("nvmlEventSetWait_v2", self._set, 0)
        self._library.stale = stale
        return event

    def _asked(self, handle: Any) -> str:
        return str(self._library.ask("nvmlDeviceGetUUID", handle))


def _address(handle: Any) -> int | None:
    return cast(handle, c_void_p).value
