"""Clocks that are locked where a power limit does not bind.

Writing text with a language model draws far below every limit that a card takes, so a limit saves
nothing there; a lower clock does. Where a card has a `decode_clock_mhz`, it holds while nothing but
services that decode is on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tenfold.placement.slots import Hold
from tenfold.terms.box import Box, DeviceKind
from tenfold.terms.decision import Clock
from tenfold.terms.job import Job, Kind

DECODE = "decode"


def clocks(box: Box, holds: Sequence[Hold], jobs: Mapping[str, Job]) -> tuple[Clock, ...]:
    """The clocks that have to change."""
    able = [gpu for gpu in box.gpus if gpu.decode_clock_mhz or gpu.clock_mhz]
    if not able:
        return ()
    decodes: dict[str, bool] = {}
    for hold in holds:
        if hold.slot.kind is DeviceKind.GPU:
            job = jobs.get(hold.job)
            slow = job is not None and _decodes(job)
            for device in hold.slot.devices:
                decodes[device] = decodes.get(device, True) and slow
    wanted = {gpu.id: gpu.decode_clock_mhz if decodes.get(gpu.id) else 0 for gpu in able}
    return tuple(Clock(gpu.id, wanted[gpu.id]) for gpu in able if wanted[gpu.id] != gpu.clock_mhz)


def _decodes(job: Job) -> bool:
    return job.spec.kind is Kind.SERVICE and job.spec.needs.load == DECODE
