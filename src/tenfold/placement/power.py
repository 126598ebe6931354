"""Watts: the most that everything running may draw, and who leaves before the budget falls.

A start is allowed if the box stays within the budget with every busy GPU at its lowest cap, for as
long as the job runs; one that continues from a checkpoint needs only to be worth its pause before
the budget falls, and then leaves in time. The caps themselves are divided in `caps`. The lowest cap
is the knee of the card's curve (below it speed falls faster than watts), or the card's own minimum
if higher. A device whose cap cannot be set has `cap_min_w == cap_max_w`.

Worst cases: a GPU in use draws its cap (and what it was seen to draw above it), an unused one its
idle watts, the host `host_w`. Power is limited by the card, so a card with one slice in use counts
like one with seven, and one that somebody else uses like one of ours. A CPU share draws
`needs.watts`; where nobody knows them it counts as part of `host_w`. A GPU in use whose cap nobody
knows draws `needs.watts` above idle, and without these starts only where the site sets no limit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tenfold.placement.slots import Hold
from tenfold.terms.box import Box, Device, DeviceKind, Slot
from tenfold.terms.budget import Budget
from tenfold.terms.decision import Yield
from tenfold.terms.job import Job, Kind
from tenfold.terms.needs import Needs
from tenfold.terms.states import State

# Caps are down this long before a step of the budget begins: a late tick, or a driver that refuses
# for minutes, does not break it. Whoever has to leave is asked LEAVE_LEAD_S, and its pause, before.
CAP_LEAD_S, LEAVE_LEAD_S = 300.0, 60.0
# A job that will have to leave for a step of the budget starts only if it can run so long first.
WORTH_S, WORTH_PAUSES = 600.0, 10.0


@dataclass(frozen=True)
class Watts:
    """The box's worst case, without and with jobs."""

    devices: dict[str, Device]
    unused_w: float  # host, fans, and every device at idle
    others: dict[str, float] = field(default_factory=dict)  # cards in use by others: above idle
    binds: bool = False  # whether the budget may hold caps down; else everything runs at full speed
    paces: dict[tuple[str, str], float] = field(default_factory=dict)  # what `pace` found so far

    def extra_w(self, slot: Slot, needs: Needs) -> float:
        """What a job on `slot` may draw above idle, at the lowest caps; inf if nobody knows. Of a
        slice: what its whole card may."""
        if slot.kind is DeviceKind.CPU:
            return needs.watts or 0.0
        known = [self.devices[device] for device in slot.devices if device in self.devices]
        told_w = None if needs.watts is None else needs.watts / len(slot.devices)
        return sum(_above_idle_w(gpu, told_w) for gpu in known)

    def load_w(self, holds: Iterable[Hold]) -> float:
        load_w, cards = self.unused_w, dict(self.others)
        for hold in holds:
            if hold.card:
                cards[hold.card] = hold.extra_w
                continue
            load_w += hold.extra_w
            if self.others:
                for device in hold.slot.devices:
                    cards.pop(device, None)
        return load_w + sum(cards.values())

    def card(self, slot: Slot) -> str:
        """The card whose own cap limits a part of it, whoever else is there; else empty."""
        if slot.slice is None and slot.fraction is None:
            return ""
        known = self.devices.get(slot.devices[0])
        capped = known is not None and (known.cap_max_w > 0 or known.cap_w > 0)
        return slot.devices[0] if capped else ""

    def pace(self, slot: Slot, needs: Needs) -> float:
        """The least speed that a job may come down to on `slot`, as a share of full speed."""
        if slot.kind is DeviceKind.CPU:
            return 1.0
        return min(self._pace(device, needs.load) for device in slot.devices)

    def _pace(self, device: str, load: str) -> float:
        known = self.paces.get((device, load))
        if known is None:
            gpu, known = self.devices.get(device), 1.0
            if gpu is not None and (self.binds or gpu.ceiling_w is not None):
                known = speed(gpu, lowest_cap_w(gpu), load)
            self.paces[device, load] = known
        return known


def watts_of(box: Box, budget: Budget | None = None) -> Watts:
    unused_w = box.host_w + sum(device.idle_w for device in box.devices)
    full_w = unused_w + sum(max(0.0, _most_w(gpu) - gpu.idle_w) for gpu in box.gpus)
    return Watts(
        devices={device.id: device for device in box.devices},
        unused_w=unused_w,
        others={gpu.id: _above_idle_w(gpu, None) for gpu in box.gpus if gpu.others},
        binds=budget is not None and any(step.watts < full_w for step in budget.steps),
    )


def _most_w(gpu: Device) -> float:
    return highest_cap_w(gpu) * gpu.overdraw if gpu.cap_max_w > 0 else gpu.cap_w


def lowest_cap_w(device: Device) -> float:
    """As low as a cap may go: in whole watts, never below the knee or the card's minimum."""
    knee_w = math.ceil(device.knee * device.cap_max_w)
    return min(device.cap_max_w, max(device.cap_min_w, knee_w))


def highest_cap_w(device: Device) -> float:
    """As high as a cap may go now: the card's own highest, or less while it is relieved."""
    ceiling_w = device.cap_max_w if device.ceiling_w is None else device.ceiling_w
    return max(lowest_cap_w(device), min(device.cap_max_w, math.floor(ceiling_w)))


def speed(gpu: Device, cap_w: float, load: str) -> float:
    """Share of full speed of this kind of work under this cap; 1 where no curve tells."""
    if gpu.cap_max_w <= 0 or not gpu.curves:
        return 1.0
    curve = next((one for one in gpu.curves if one.load == load), gpu.curves[0])
    return curve.speed(cap_w / gpu.cap_max_w)


def draw_w(gpu: Device, cap_w: float, loads: Iterable[str]) -> float:
    """What a busy card really draws under this cap, by its curves; the cap where none tells."""
    if gpu.cap_max_w <= 0 or not gpu.curves:
        return cap_w
    share = cap_w / gpu.cap_max_w
    asked = set(loads)
    draws = [curve.draw(share) for curve in gpu.curves if curve.load in asked]
    return max(gpu.idle_w, gpu.cap_max_w * max(draws, default=gpu.curves[0].draw(share)))


def _above_idle_w(gpu: Device, told_w: float | None) -> float:
    if gpu.cap_max_w > 0:
        return max(0.0, lowest_cap_w(gpu) * gpu.overdraw - gpu.idle_w)
    if gpu.cap_w > 0:
        return max(0.0, gpu.cap_w * gpu.overdraw - gpu.idle_w)
    return math.inf if told_w is None else told_w


@dataclass(frozen=True)
class Stretch:
    """How long a job must stay inside the budget: to its end; one that can leave for a step and go
    on later, until it was worth its pause. It may take longer than it said, so what comes shortly
    after its end counts as well: that late it could not be asked to leave in time."""

    most_s: float = math.inf  # after its start
    after_s: float = 0.0  # after its end

    def until(self, start_s: float, end_s: float) -> float:
        return min(end_s + self.after_s, start_s + self.most_s)


TO_ITS_END = Stretch()


def stretch(job: Job) -> Stretch:
    if not may_leave(job):
        return TO_ITS_END
    lead_s = leave_lead_s(job)
    return Stretch(max(WORTH_S, WORTH_PAUSES * job.spec.needs.pause_s) + lead_s, lead_s)


def may_leave(job: Job) -> bool:
    return job.spec.resumes and job.spec.kind is Kind.BATCH


def leave_lead_s(job: Job) -> float:
    """How long before a step of the budget a job is asked to leave for it."""
    return LEAVE_LEAD_S + job.spec.needs.pause_s


def yields(
    watts: Watts, budget: Budget, live: Sequence[Job], holds: Sequence[Hold], now: float
) -> tuple[Yield, ...]:
    """Who must leave because what runs is over the budget even at the lowest caps.

    `live` is in order; the last ones go first. Jobs that already yield count as gone. Services,
    interactive jobs and jobs that cannot continue from a checkpoint are never asked. For a step
    that is still to come they are asked in time, also those that should have ended by then: they
    may take longer than they said. Whoever cannot leave is taken at its word.
    """
    leaving = {job.id for job in live if job.state is State.YIELDING}
    staying = {hold.job: hold for hold in holds if hold.job not in leaving}
    by_id = {job.id: job for job in live}
    able = {id for id in staying if id in by_id and may_leave(by_id[id])}
    lead_s = max((leave_lead_s(by_id[id]) for id in able), default=0.0)
    moments = [now, *(s.start_s for s in budget.steps if now < s.start_s <= now + lead_s)]
    asked: list[Yield] = []
    for at_s in moments:
        limit_w = budget.watts_at(at_s)
        there = {
            id: hold
            for id, hold in staying.items()
            if id in able or not now < hold.end_s <= at_s or at_s == now
        }
        for id, why in _leaving(watts, limit_w, live, there, able, at_s == now):
            del staying[id]
            asked.append(Yield(id, why))
    return tuple(asked)


def _leaving(
    watts: Watts,
    limit_w: float,
    live: Sequence[Job],
    there: dict[str, Hold],
    able: set[str],
    is_now: bool,
) -> Iterable[tuple[str, str]]:
    load_w = watts.load_w(there.values())
    if load_w <= limit_w:
        return
    why = (
        f"The site allows {limit_w:,.0f} W {'now' if is_now else 'soon'}; "
        f"what runs may draw {load_w:,.0f} W at the lowest caps."
    )
    # A card draws until its last slice is given back: those beside one that stays save nothing.
    stuck = {hold.card for hold in there.values() if hold.card and hold.job not in able}
    for job in reversed(live):
        if watts.load_w(there.values()) <= limit_w:
            return
        if job.id not in able or job.id not in there or there[job.id].extra_w == 0:
            continue
        if there[job.id].card not in stuck:
            del there[job.id]
            yield job.id, why
