"""Each device as it is carved and who sits on it, to be drawn. Pure over the box and its jobs.

A card has `memory_slots` (8; None where it cannot be carved), and parts that cover some of them: an
instance, free or held; a whole card that a job has; accounts on a card that several share, which
cover all of it and have a `share` of its memory. What of a card no part covers is free.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tenfold.terms.box import Box, Device, DeviceKind, Slot
from tenfold.terms.job import Job
from tenfold.terms.mig import SLICES, Instance, Placement
from tenfold.terms.states import LIVE


def layout(box: Box, jobs: Iterable[Job]) -> list[dict[str, Any]]:
    """Cards first, each node's host last; also those that stand aside."""
    seated = [(job, job.slot) for job in jobs if job.state in LIVE and job.slot is not None]
    found = []
    for node in box.nodes:
        there = [(device, "") for device in node.devices]
        there += [(one.device, one.why) for one in node.aside]
        there.sort(key=lambda one: one[0].kind is not DeviceKind.GPU)
        for device, aside in there:
            is_card = device.kind is DeviceKind.GPU
            view = _card(device, seated) if is_card else _host(device, seated)
            found.append(
                {
                    "device": device.id,
                    "kind": device.kind.value,
                    "model": device.model,
                    "node": device.node,
                    "aside": aside or None,
                    **view,
                }
            )
    return found


def _card(card: Device, seated: Sequence[tuple[Job, Slot]]) -> dict[str, Any]:
    here = [one for one in seated if one[1].kind is DeviceKind.GPU and card.id in one[1].devices]
    slots = SLICES if card.mig is not None else None
    held = [slot.slice for _, slot in here if slot.slice is not None]
    whole = any(slot.slice is None and slot.fraction is None for _, slot in here)
    # What is being destroyed for them may be shown a moment longer.
    free = [
        one
        for one in card.instances
        if not whole and not any(one.placement.mask & other.mask for other in held)
    ]
    parts = [_free(card, one) for one in free] + [_part(card, *one) for one in here]
    return {
        "memory_gib": card.memory_gib,
        "memory_slots": slots,
        "mig": bool(card.instances or held),
        "parts": sorted(parts, key=lambda part: (part["start"], str(part["job"]))),
    }


def _part(card: Device, job: Job, slot: Slot) -> dict[str, Any]:
    place = slot.slice or _whole(card)
    return {
        "start": place.start,
        "size": place.size,
        "profile": place.profile or None,
        "memory_gib": slot.memory_gib,
        "foreign": False,
        **_who(job),
        "share": slot.fraction,
    }


def _free(card: Device, instance: Instance) -> dict[str, Any]:
    place = instance.placement
    profile = card.mig.profile(place.profile) if card.mig is not None else None
    return {
        "start": place.start,
        "size": place.size,
        "profile": place.profile,
        "memory_gib": None if profile is None else profile.memory_gib,
        "foreign": instance.foreign,
        "job": None,
        "name": "",
        "state": None,
        "share": None,
    }


def _whole(card: Device) -> Placement:
    return Placement("", 0, 1 if card.mig is None else SLICES)


def _host(cpu: Device, seated: Sequence[tuple[Job, Slot]]) -> dict[str, Any]:
    """Its cores, those beside the cards of a GPU job included; these have no memory here."""
    parts = [
        {
            "cores": slot.cores,
            "memory_gib": slot.memory_gib if slot.kind is DeviceKind.CPU else None,
            **_who(job),
        }
        for job, slot in seated
        if cpu.id in slot.devices or (slot.kind is DeviceKind.GPU and slot.node == cpu.node)
    ]
    return {"memory_gib": cpu.memory_gib, "cores": cpu.cores, "parts": parts}


def _who(job: Job) -> dict[str, Any]:
    return {"job": job.id, "name": job.spec.name, "state": job.state.value}
