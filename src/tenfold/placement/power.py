"""Watts: the most that everything running may draw, and the caps that keep it inside the budget.

A start is allowed if the box stays within the budget with every busy GPU at its lowest cap; the
caps of this decision are then as high as the budget leaves room for. The lowest cap is the knee of
the card's curve (below it speed falls faster than watts), or the card's own minimum if higher. A
device whose cap cannot be set has `cap_min_w == cap_max_w`.

Worst cases: a GPU in use draws its cap, an unused one its idle watts, the host `host_w`. Power is
limited by the card, so a card with one slice in use counts like one with seven. A CPU
share draws `needs.watts`; where nobody knows them it counts as part of `host_w`. A GPU in use whose
cap nobody knows draws `needs.watts` above idle, and without these starts only where the site sets
no limit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tenfold.placement.slots import Hold
from tenfold.terms.box import Box, Device, DeviceKind, Slot
from tenfold.terms.budget import Budget
from tenfold.terms.decision import Cap, Yield
from tenfold.terms.job import Job, Kind
from tenfold.terms.needs import Needs
from tenfold.terms.states import State

# Caps are down this long before a step of the budget begins, so that a late tick does not break it.
CAP_LEAD_S = 60.0


@dataclass(frozen=True)
class Watts:
    """The box's worst case, without and with jobs."""

    devices: dict[str, Device]
    unused_w: float  # host, fans, and every device at idle

    def extra_w(self, slot: Slot, needs: Needs) -> float:
        """What a job on `slot` may draw above idle, at the lowest caps; inf if nobody knows. Of a
        slice: what its whole card may."""
        if slot.kind is DeviceKind.CPU:
            return needs.watts or 0.0
        known = [self.devices[device] for device in slot.devices if device in self.devices]
        told_w = None if needs.watts is None else needs.watts / len(slot.devices)
        return sum(_above_idle_w(gpu, told_w) for gpu in known)

    def load_w(self, holds: Iterable[Hold]) -> float:
        load_w, cards = self.unused_w, dict[str, float]()
        for hold in holds:
            if hold.card:
                cards[hold.card] = hold.extra_w
            else:
                load_w += hold.extra_w
        return load_w + sum(cards.values())

    def card(self, slot: Slot) -> str:
        """The card whose own cap limits a part of it, whoever else is there; else empty."""
        if slot.slice is None and slot.fraction is None:
            return ""
        known = self.devices.get(slot.devices[0])
        capped = known is not None and (known.cap_max_w > 0 or known.cap_w > 0)
        return slot.devices[0] if capped else ""


def watts_of(box: Box) -> Watts:
    return Watts(
        devices={device.id: device for device in box.devices},
        unused_w=box.host_w + sum(device.idle_w for device in box.devices),
    )


def lowest_cap_w(device: Device) -> float:
    """As low as a cap may go: in whole watts, never below the knee or the card's minimum."""
    knee_w = math.ceil(device.knee * device.cap_max_w)
    return min(device.cap_max_w, max(device.cap_min_w, knee_w))


def _above_idle_w(gpu: Device, told_w: float | None) -> float:
    if gpu.cap_max_w > 0:
        return max(0.0, lowest_cap_w(gpu) - gpu.idle_w)
    if gpu.cap_w > 0:
        return max(0.0, gpu.cap_w - gpu.idle_w)
    return math.inf if told_w is None else told_w


def yields(
    watts: Watts, budget: Budget, live: Sequence[Job], holds: Sequence[Hold], now: float
) -> tuple[Yield, ...]:
    """Who must leave because what runs is over the budget even at the lowest caps.

    `live` is in order; the last ones go first. Jobs that already yield count as gone. Services,
    interactive jobs and jobs that cannot continue from a checkpoint are never asked.
    """
    limit_w = budget.watts_at(now)
    leaving = {job.id for job in live if job.state is State.YIELDING}
    staying = {hold.job: hold for hold in holds if hold.job not in leaving}
    load_w = watts.load_w(staying.values())
    if load_w <= limit_w:
        return ()
    why = (
        f"The site allows {limit_w:,.0f} W now; "
        f"what runs may draw {load_w:,.0f} W at the lowest caps."
    )
    able = {
        job.id
        for job in live
        if job.spec.resumes and job.spec.kind is Kind.BATCH and job.id in staying
    }
    # A card draws until its last slice is given back: those beside one that stays save nothing.
    stuck = {hold.card for hold in staying.values() if hold.card and hold.job not in able}
    asked = []
    for job in reversed(live):
        if watts.load_w(staying.values()) <= limit_w:
            break
        if job.id not in able or staying[job.id].extra_w == 0:
            continue
        if staying[job.id].card not in stuck:
            del staying[job.id]
            asked.append(Yield(job.id, why))
    return tuple(asked)


def caps(
    box: Box, watts: Watts, budget: Budget, holds: Sequence[Hold], now: float
) -> tuple[Cap, ...]:
    """The caps that have to change so that the busy GPUs share what the budget leaves.

    All busy GPUs stand at the same fraction between lowest cap and maximum. Unused ones go back to
    their maximum once there is room for everybody's.
    """
    busy = {
        device for hold in holds if hold.slot.kind is DeviceKind.GPU for device in hold.slot.devices
    }
    settable = [gpu for gpu in box.gpus if gpu.cap_max_w > 0]
    span_w = sum(gpu.cap_max_w - lowest_cap_w(gpu) for gpu in settable if gpu.id in busy)
    limit_w = budget.lowest_w(now, now + CAP_LEAD_S)
    load_w = watts.load_w(holds)
    enough = span_w == 0 or limit_w >= load_w + span_w
    room = 1.0 if enough else max(0.0, (limit_w - load_w) / span_w)
    wanted = []
    for gpu in settable:
        if gpu.id not in busy and not enough:
            continue
        level_w = gpu.cap_max_w if enough else _between_w(gpu, room)
        if level_w != gpu.cap_w:
            wanted.append(Cap(gpu.id, level_w))
    return tuple(wanted)


def _between_w(gpu: Device, room: float) -> float:
    lowest_w = lowest_cap_w(gpu)
    return max(lowest_w, math.floor(lowest_w + room * (gpu.cap_max_w - lowest_w)))
