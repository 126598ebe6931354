"""Progress of a loop: how far, how fast, how much longer. At most five events a second."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from operator import length_hint
from typing import TypeVar

from tenfold.runner.events import Events

T = TypeVar("T")

EVERY_S = 0.2


def reported(
    iterable: Iterable[T],
    total: float | None,
    unit: str,
    events: Events,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[T]:
    """Yields the items. `total` counts the whole work: `range(40, 100)` of 100 begins at 40."""
    length = length_hint(iterable, 0) or None
    if total is None:
        total = length
    before = total - length if total is not None and length is not None else 0
    began_s = clock()
    told_s = -EVERY_S
    count = 0
    for item in iterable:
        yield item
        count += 1
        now_s = clock()
        if now_s - told_s >= EVERY_S:
            told_s = now_s
            _tell(events, before + count, total, unit, count / max(now_s - began_s, 1e-9))
    _tell(events, before + count, total, unit, count / max(clock() - began_s, 1e-9))


def _tell(events: Events, done: float, total: float | None, unit: str, rate: float) -> None:
    eta_s = (total - done) / rate if total is not None and rate > 0 else None
    events.write("progress", done=done, total=total, unit=unit, rate=rate, eta_s=eta_s)
