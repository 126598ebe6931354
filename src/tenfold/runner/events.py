"""events.jsonl: what an attempt tells while it runs. Not fsynced; the daemon reads it into the
ledger."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tenfold.folder.durable import append_line


class Events:
    """One line an event. `now` gives seconds since the epoch."""

    def __init__(self, path: Path, now: Callable[[], float] = time.time) -> None:
        self._path = path
        self._now = now

    def write(self, kind: str, **fields: Any) -> None:
        append_line(self._path, {"at": self._now(), "kind": kind, **fields}, sync=False)
