"""How fast live jobs get on under the limits of their cards, by the cards' curves.

A change is written to the ledger, so that what a job has behind it is known after a crash as well:
to expected ends, to what a stopped job keeps, to what runs teach, and on a declared box to its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tenfold.ledger.ledger import Ledger
from tenfold.ledger.transaction import Transaction
from tenfold.placement.power import speed
from tenfold.terms.box import Box, DeviceKind
from tenfold.terms.job import Attempt, Job, Pace, worked_s
from tenfold.terms.outcome import Outcome, Used
from tenfold.terms.states import State


def keep_pace(ledger: Ledger, box: Box, live: Sequence[tuple[Job, Attempt]], now_s: float) -> None:
    """Note the jobs whose speed has changed; one transaction, none where nothing has."""
    changed = {job.id: pace for job, _ in live if (pace := _changed(job, box, now_s)) is not None}
    if not changed:
        return

    def work(transaction: Transaction) -> None:
        for id, pace in changed.items():
            transaction.update(id, pace=pace)

    ledger.write(work)


def _changed(job: Job, box: Box, now_s: float) -> Pace | None:
    slot = job.slot
    if slot is None or slot.kind is not DeviceKind.GPU or job.started_s is None:
        return None
    if job.state not in (State.STARTING, State.RUNNING):
        return None
    there = [gpu for gpu in box.gpus if gpu.id in slot.devices]
    rate = min((speed(gpu, gpu.cap_w, job.spec.needs.load) for gpu in there), default=1.0)
    if rate == (1.0 if job.pace is None else job.pace.speed):
        return None
    return Pace(max(now_s, job.started_s + slot.carve_s), rate, worked_s(job, now_s))


def at_full_speed(job: Job, outcome: Outcome, used: Used) -> Used:
    """What an attempt would have taken if no limit had held it down."""
    if job.pace is None or job.started_s is None:
        return used
    spent_s = outcome.ended_s - job.started_s
    share = worked_s(job, outcome.ended_s) / spent_s if spent_s > 0 else 1.0
    return replace(used, time_s=used.time_s * min(1.0, share))
