"""outcome.json, recorded even on a full disk: a reserve of 64 KiB gives way to it."""

from __future__ import annotations

from dataclasses import replace

from tenfold.folder.durable import write_json
from tenfold.runner import log
from tenfold.runner.claim import Claim, sync_names
from tenfold.terms.outcome import Ending, Outcome
from tenfold.terms.wire import to_json


def record(held: Claim, outcome: Outcome) -> bool:
    """Durable when this returns True. False: not even a short one could be written, so the attempt
    will count as crashed."""
    path = held.folder.outcome(held.number)
    held.reserve.unlink(missing_ok=True)
    # A success that does not fit may not be turned into less than it was: it is run again.
    bare = replace(outcome, result=None, verdict=None, error=None)
    if outcome.ending is Ending.SUCCEEDED:
        bare = replace(bare, ending=Ending.DISK_FULL)
    for attempt in (outcome, bare):
        try:
            write_json(path, to_json(attempt))
            sync_names(held)
            return True
        except OSError as error:
            log.say(f"outcome.json: {error}")
    return False
