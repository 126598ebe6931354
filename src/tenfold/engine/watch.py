"""Wakes the tick as soon as a runner ends, whoever started it; pidfds spare the asking."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable


class Watch:
    """Keyed by whatever the engine names its attempts with. `wake` must be safe in any thread."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._guard = threading.Lock()
        self._handles: dict[tuple[str, int], int] = {}
        self._epoll = select.epoll()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def add(self, key: tuple[str, int], pid: int) -> None:
        """Watch process `pid`; nothing happens if it is gone already or `key` is watched."""
        with self._guard:
            if key in self._handles:
                return
            try:
                handle = os.pidfd_open(pid)
            except OSError:
                return
            self._handles[key] = handle
            self._epoll.register(handle, select.EPOLLIN | select.EPOLLONESHOT)

    def up(self, key: tuple[str, int]) -> bool:
        """Whether the watched process still runs. False for a key that is not watched."""
        with self._guard:
            handle = self._handles.get(key)
            return handle is not None and not _ended(handle)

    def drop(self, key: tuple[str, int]) -> None:
        with self._guard:
            handle = self._handles.pop(key, None)
            if handle is not None:
                self._epoll.unregister(handle)
                os.close(handle)

    def close(self) -> None:
        for key in list(self._handles):
            self.drop(key)
        self._epoll.close()

    def _run(self) -> None:
        while True:
            try:
                ended = self._epoll.poll()
            except (OSError, ValueError):
                return  # closed
            if ended:
                self._wake()


def _ended(handle: int) -> bool:
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(0))
