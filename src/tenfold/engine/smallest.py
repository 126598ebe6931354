"""The smallest slot of an idle box that holds a run, as data and in words."""

from __future__ import annotations

from tenfold.engine.plan import emptied
from tenfold.placement.slots import Occupancy
from tenfold.terms.box import Box, DeviceKind, Slot
from tenfold.terms.needs import Needs


def smallest(box: Box, needs: Needs) -> Slot | None:
    """None where the idle box has no place for `needs`."""
    return Occupancy(emptied(box)).slot(needs)


def slot_words(box: Box, slot: Slot) -> str:
    """`a 2g.20gb slice of an H100 PCIe 80 GB`, `2 whole H100 PCIe 80 GB`, `4 cores of the CPU`."""
    if slot.kind is DeviceKind.CPU:
        return f"{slot.cores} {'core' if slot.cores == 1 else 'cores'} of the CPU"
    model = next(gpu.model for gpu in box.gpus if gpu.id in slot.devices)
    if slot.slice is not None:
        return f"{_a(slot.slice.profile)} slice of {_a(model)}"
    if slot.fraction is not None:
        return f"{slot.memory_gib:.3g} GiB of {_a(model)}, shared"
    count = len(slot.devices)
    return f"{'one' if count == 1 else count} whole {model}"


def _a(noun: str) -> str:
    """With the article that is spoken: an H100, an A100, an L40S, a 2g.20gb, a GeForce."""
    letters = noun[:2].isalnum() and any(c.isdigit() for c in noun.split()[0])  # H100 is spelled
    vowel = noun[0] in "AEFHILMNORSX" if letters and noun[0].isalpha() else noun[0] in "AEIOUaeiou"
    return f"{'an' if vowel else 'a'} {noun}"
