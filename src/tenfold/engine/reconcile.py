"""What stands of a promised attempt: the same question after a crash of the daemon as in any tick.

The record lock of the job folder answers it, not a pid in a file:

    lock held                           alive: adopt it, whoever started it
    lock free, we launched it, pid up   starting: it has not come to the lock yet
    lock free, attempts/N is there      over: outcome.json, or it crashed
    lock free, attempts/N is not there  nobody runs it, but a late runner could still come (its
                                        launch was under way when the daemon died). So the daemon
                                        claims attempts/N itself, exactly as a runner would, and
                                        only then calls it over. A late runner finds it taken.
"""

from __future__ import annotations

import os
from enum import Enum

from tenfold.folder import lock
from tenfold.folder.paths import JobFolder
from tenfold.terms.job import Attempt
from tenfold.terms.outcome import Ending, Outcome
from tenfold.terms.refusal import Refusal


class Stands(Enum):
    STARTING = "starting"
    ALIVE = "alive"
    OVER = "over"


def stands(folder: JobFolder, number: int, launched_and_up: bool) -> Stands:
    """`launched_and_up` must have been looked up before this call: the order closes the race."""
    if lock.holder(folder.lock) is not None:
        return Stands.ALIVE
    if launched_and_up:
        return Stands.STARTING
    if folder.attempt(number).is_dir() or claim(folder, number):
        return Stands.OVER
    return Stands.ALIVE


def claim(folder: JobFolder, number: int) -> bool:
    """Make attempts/N, so that no runner ever can. False if a runner was quicker.

    Raises OSError where the folder is damaged (a file where a folder should be).
    """
    folder.path.mkdir(parents=True, exist_ok=True)
    attempts = folder.attempt(number).parent
    if not attempts.is_dir():
        attempts.mkdir()
    try:
        os.mkdir(folder.attempt(number))
    except FileExistsError:
        return False
    return True


def outcome_of(folder: JobFolder, attempt: Attempt, now_s: float) -> Outcome:
    """The outcome that the runner recorded, or that it crashed (lock free and no outcome)."""
    try:
        outcome = folder.read_outcome(attempt.number)
    except Refusal as damaged:
        return _crashed(attempt, now_s, damaged.as_json())
    return outcome or _crashed(attempt, now_s, None)


def _crashed(attempt: Attempt, now_s: float, refusal: dict[str, object] | None) -> Outcome:
    began_s = attempt.entered_s or attempt.promised_s
    error = None if refusal else "the attempt ended without an outcome: killed, or a power cut"
    return Outcome(attempt.number, Ending.CRASHED, began_s, now_s, refusal=refusal, error=error)
