"""Errors of a card itself, pure: which of them set it aside, and which are a program's own.

XID numbers and what they mean: "XID Errors" of NVIDIA's GPU deployment documentation; that a card
goes on after a contained error: NVIDIA, "GPU Memory Error Management", A100. A number that is not
listed here is told and changes nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from tenfold.terms.reading import GpuReading, Missing

# After these the card needs a reset, a reboot, or to be taken out.
FATAL = {
    48: "a double bit error of its memory",
    62: "its microcontroller halted",
    64: "a bad row of its memory could not be recorded",
    74: "an error of its NVLink",
    79: "it fell off the bus",
    95: "an error of its memory that was not contained",
    119: "its system processor (GSP) does not answer",
    120: "an error of its system processor (GSP)",
    140: "an error of its memory that could not be recovered",
}
CONTAINED, REMAPPED = 94, 63
_OTHERS = {
    # Of a program, as a rule: the card goes on.
    13: "an exception in a kernel, as a rule the program's own",
    31: "an address in memory that is none, as a rule the program's own",
    43: "a program had to end; the card is well",
    45: "cleared up after a program that ended",
    68: "an exception of the video decoder",
    REMAPPED: "a bad row of its memory is replaced at the next reset",
    CONTAINED: "an error of its memory ended the program that met it; the card goes on",
}
WITHIN_S = 60.0  # an error, the count that it raises and the job that dies of it belong together


@dataclass(frozen=True)
class Errors:
    """What is remembered of one card, as long as this daemon lives."""

    aside: str = ""  # why it takes nobody any more
    xids: tuple[int, ...] = ()  # as they were read last
    ecc: float | None = None  # errors that were counted when it was read last
    remapped: bool = False  # it told that a row is to be replaced
    failed_s: float = -math.inf  # when a job may have died of it


def errors(gpu: GpuReading, state: Errors, now: float) -> tuple[Errors, list[str]]:
    """The state after this reading, and what there is to tell of it."""
    seen = fresh(state.xids, gpu.xids)
    told = [f"XID {number}: {words(number)}" for number in seen]
    state = replace(state, failed_s=min(state.failed_s, now))
    if not isinstance(gpu.xids, Missing):
        state = replace(state, xids=gpu.xids, remapped=state.remapped or REMAPPED in seen)
    if any(number in FATAL or number == CONTAINED for number in seen):
        state = replace(state, failed_s=now)
    whys = [f"XID {number}: {FATAL[number]}" for number in seen if number in FATAL]
    whys += _of_memory(gpu, state, now)
    if not isinstance(gpu.ecc_errors, Missing):
        state = replace(state, ecc=gpu.ecc_errors)
    if whys and not state.aside:
        state = replace(state, aside=whys[0])
    return state, told


def fresh(before: tuple[int, ...], seen: tuple[int, ...] | Missing) -> tuple[int, ...]:
    """What came to the end of a list of which only the newest are kept."""
    if isinstance(seen, Missing):
        return ()
    for kept in range(min(len(before), len(seen)), 0, -1):
        if before[-kept:] == seen[:kept]:
            return seen[kept:]
    return seen


def words(number: int) -> str:
    return FATAL.get(number) or _OTHERS.get(number, "see NVIDIA's list of XID errors")


def failed(state: Errors, xids: tuple[int, ...] | Missing, now: float) -> bool:
    """Whether a job that ends now may have died of the card; `xids` are those of this moment."""
    new = any(number in FATAL or number == CONTAINED for number in fresh(state.xids, xids))
    return bool(state.aside) or new or 0 <= now - state.failed_s < WITHIN_S


def _of_memory(gpu: GpuReading, state: Errors, now: float) -> list[str]:
    found = []
    if gpu.rows_failed is True:
        found.append("a bad row of its memory could not be replaced")
    if state.remapped and gpu.rows_pending is True:
        found.append(f"XID {REMAPPED}: {words(REMAPPED)}")
    if state.ecc is None or isinstance(gpu.ecc_errors, Missing):
        return found
    contained = CONTAINED in state.xids and now - state.failed_s < WITHIN_S
    if gpu.ecc_errors > state.ecc and not contained:
        more = f"{state.ecc:.0f} to {gpu.ecc_errors:.0f}"
        found.append(f"errors of its memory that cannot be corrected went from {more}")
    return found
