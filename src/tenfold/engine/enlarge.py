"""What a job asks for next, when it took more memory of a part of a GPU than it had.

Out of memory on a slice, or on a shared card's account: the next larger that this box has, once.
More than its account while it runs: what it took, with a margin. A job on whole cards has nothing
larger to go to.
"""

from __future__ import annotations

import math
from dataclasses import replace

from tenfold.placement.fits import fits
from tenfold.terms.box import Box, Slot
from tenfold.terms.job import Job, Kind
from tenfold.terms.needs import Needs
from tenfold.terms.outcome import Ending, Outcome

OUT_OF_MEMORY = "gpu.memory"  # code of the Refusal that an attempt ends with
STEP = 1.5  # of an account, after it was too small by an unknown amount
MARGIN = 1.15  # over what was seen to be in use


def after_end(job: Job, outcome: Outcome, box: Box) -> Needs | None:
    """Where this end of an attempt means that it is tried once more with more; else None.

    A plain command runs twice only if its owner said that it may.
    """
    code = outcome.refusal["code"] if outcome.refusal else ""
    if outcome.ending is not Ending.FAILED or code != OUT_OF_MEMORY or job.stop_for is not None:
        return None
    may_run_twice = job.spec.resumes or bool(job.spec.retry) or job.spec.kind is Kind.SERVICE
    if job.enlarged or job.slot is None or not may_run_twice:
        return None
    larger = _next(job.spec.needs, job.slot)
    return None if larger is None or fits(box, larger) is not None else larger


def after_taking(needs: Needs, slot: Slot, taken_gib: float) -> Needs:
    """For a job that took so much of a card that it shares."""
    basis = f"it took {taken_gib:.3g} GiB where it had {slot.memory_gib:.3g}"
    return replace(needs, memory_gib=min(_card_gib(slot), MARGIN * taken_gib), basis=basis)


def _next(needs: Needs, slot: Slot) -> Needs | None:
    if slot.fraction is not None:
        if slot.fraction >= 1.0:
            return None
        memory_gib = min(_card_gib(slot), STEP * slot.memory_gib)
        basis = f"{slot.memory_gib:.3g} GiB of a shared card were too little"
        return replace(needs, memory_gib=memory_gib, basis=basis)
    if slot.slice is None:
        return None
    basis = f"{slot.slice.profile} with {slot.memory_gib:.3g} GiB was too small"
    # By memory from here on: the smallest slice with more than this one had.
    more_gib = math.floor(100 * slot.memory_gib + 1) / 100
    share = 0.0 if needs.share is None else needs.share
    return replace(needs, slice=None, share=share, memory_gib=more_gib, basis=basis)


def _card_gib(slot: Slot) -> float:
    assert slot.fraction is not None
    return slot.memory_gib / slot.fraction
