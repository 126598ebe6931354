"""Time is an argument: the wall clock of a real box, or the scaled one of a declared box."""

from __future__ import annotations

import time
from collections.abc import Callable

from tenfold.ledger.ledger import Ledger

Clock = Callable[[], float]  # seconds since the epoch
_FACT = "modelled_clock"


def modelled_clock(ledger: Ledger, speed: float) -> Clock:
    """A clock that runs `speed` times as fast as the wall's, and goes on where an earlier daemon
    of the same ledger left it: (wall, modelled) of the last change of speed are kept there."""
    wall_s = time.time()
    kept = ledger.fact(_FACT)
    modelled_s = wall_s
    if kept is not None:
        modelled_s = kept["modelled_s"] + (wall_s - kept["wall_s"]) * kept["speed"]
    origin = {"wall_s": wall_s, "modelled_s": modelled_s, "speed": speed}
    ledger.write(lambda transaction: transaction.remember(_FACT, origin))
    return lambda: modelled_s + (time.time() - wall_s) * speed
