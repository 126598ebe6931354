"""What a declared box would show: occupancy put into figures, `Box.modelled` labels them.

A GPU draws its cap while it is in use and its idle watts otherwise; that is the worst case, not a
forecast. The watts of host and fans stand with the node's CPU.

A card is `kelvin_per_w` times its watts warmer than the air that goes in, and comes there as
exp(-t / TAU_S). No source ties a card's watts to its temperature in an unknown chassis, so both
numbers are assumed. Nothing is known of fans and of the CPU: these are Missing. A card that is
warmer than it is to work at tells that heat holds its clocks down, as a real one would; that its
jobs are slower for it is not modelled.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from tenfold.terms.box import Box, Device, DeviceKind, Node, Slot
from tenfold.terms.decision import Cap, Relayout
from tenfold.terms.mig import Instance, Placement
from tenfold.terms.reading import (
    TOO_WARM,
    DeviceReading,
    GpuLinks,
    GpuReading,
    Measured,
    Missing,
    Reading,
)

NO_THERMOMETER = Missing("nothing is known of the heat of a declared CPU")
NO_FAN = Missing("a declared box has no fans")
NOT_MODELLED = Missing("nothing of a declared card tells it")
NO_LINKS = GpuLinks(NOT_MODELLED, NOT_MODELLED, NOT_MODELLED, NOT_MODELLED, NOT_MODELLED)
# Of cards of which nobody knows the limit: assumed, a little below all known ones.
ASSUMED_C = 83.0

# Assumed: a card that is placed well comes to FULL_C at its highest cap with air of INLET_C.
INLET_C, FULL_C, TAU_S = 25.0, 70.0, 60.0


@dataclass(frozen=True)
class _Warm:
    at_s: float
    temperature_c: float
    target_c: float  # where it comes to with the watts that it draws


class Warmth:
    """How warm the cards of a declared box are. It is kept in memory only: after a restart every
    card begins where its watts of that moment would have brought it."""

    def __init__(self) -> None:
        self._cards: dict[str, _Warm] = {}

    def temperature_c(self, gpu: Device, power_w: Measured, inlet_c: float, now: float) -> Measured:
        """Since the last call it drew what it drew then. A clock that goes back changes nothing."""
        target_c = steady_c(gpu, power_w, inlet_c)
        if isinstance(target_c, Missing):
            return target_c
        before = self._cards.get(gpu.id, _Warm(now, target_c, target_c))
        kept = math.exp(-max(0.0, now - before.at_s) / TAU_S)
        warm_c = before.target_c + (before.temperature_c - before.target_c) * kept
        self._cards[gpu.id] = _Warm(now, warm_c, target_c)
        return warm_c


def steady_c(gpu: Device, power_w: Measured, inlet_c: float) -> Measured:
    """Where a card comes to that goes on drawing `power_w`."""
    if isinstance(power_w, Missing):
        return power_w
    kelvin_per_w = gpu.kelvin_per_w
    if kelvin_per_w is None:
        if gpu.cap_max_w <= 0:
            return Missing(f"no source tells the watts of {gpu.model}")
        kelvin_per_w = (FULL_C - INLET_C) / gpu.cap_max_w
    return inlet_c + kelvin_per_w * power_w


def modelled_reading(
    box: Box,
    slots_in_use: Iterable[Slot],
    now: float,
    warmth: Warmth | None = None,
    inlet_c: float = INLET_C,
) -> Reading:
    """The reading of a declared box at `now` with these slots in use; without `warmth` with cards
    that have drawn their watts for long."""
    slots, warmth = tuple(slots_in_use), warmth or Warmth()
    devices = []
    for node in box.nodes:
        for device in node.devices:
            if device.kind is DeviceKind.CPU:
                devices.append(_cpu(device, node, slots))
                continue
            power_w = _power_w(device, slots)
            warm_c = warmth.temperature_c(device, power_w, inlet_c, now)
            devices.append(_gpu(device, slots, power_w, warm_c))
    return Reading(now, tuple(devices))


def _busy(gpu: Device, slots: tuple[Slot, ...]) -> bool:
    return any(slot.kind is DeviceKind.GPU and gpu.id in slot.devices for slot in slots)


def _power_w(gpu: Device, slots: tuple[Slot, ...]) -> Measured:
    told_w = gpu.cap_w if _busy(gpu, slots) else gpu.idle_w
    return told_w if told_w > 0 else Missing(f"no source tells the watts of {gpu.model}")


def _gpu(
    gpu: Device, slots: tuple[Slot, ...], power_w: Measured, warm_c: Measured
) -> DeviceReading:
    busy = _busy(gpu, slots)
    return DeviceReading(
        device=gpu.id,
        power_w=power_w,
        temperature_c=warm_c,
        memory_used_gib=Missing("what a job really uses is not modelled") if busy else 0.0,
        utilisation=1.0 if busy else 0.0,
        fan=NO_FAN,
        gpu=GpuReading(
            limit_w=gpu.cap_w if gpu.cap_w > 0 else NOT_MODELLED,
            margin_c=NOT_MODELLED,
            energy_j=NOT_MODELLED,
            throttle=_throttle(gpu, warm_c),
            processes=NOT_MODELLED,
            links=NO_LINKS,
            slices=NOT_MODELLED,
        ),
    )


def _throttle(gpu: Device, warm_c: Measured) -> tuple[str, ...] | Missing:
    if isinstance(warm_c, Missing):
        return warm_c
    limit_c = ASSUMED_C if gpu.max_operating_c is None else gpu.max_operating_c
    return (TOO_WARM,) if warm_c >= limit_c else ()


def _cpu(cpu: Device, node: Node, slots: tuple[Slot, ...]) -> DeviceReading:
    shares = [slot for slot in slots if slot.kind is DeviceKind.CPU and cpu.id in slot.devices]
    used = sum(slot.cores for slot in shares)
    power_w: Measured = Missing(f"no source tells the watts of the host of {node.name}")
    return DeviceReading(
        device=cpu.id,
        power_w=node.host_w if node.host_w > 0 else power_w,
        temperature_c=NO_THERMOMETER,
        memory_used_gib=sum(slot.memory_gib for slot in shares),
        utilisation=min(1.0, used / cpu.cores) if cpu.cores else 0.0,
        fan=NO_FAN,
    )


def capped(box: Box, caps: Iterable[Cap]) -> Box:
    """The box with these caps set: what a declared box does instead of setting them."""
    watts = {cap.device: cap.watts for cap in caps}
    if not watts:
        return box
    nodes = (
        replace(node, devices=tuple(_capped(device, watts) for device in node.devices))
        for node in box.nodes
    )
    return replace(box, nodes=tuple(nodes))


def carved(box: Box, relayouts: Iterable[Relayout]) -> Box:
    """The box after these re-layouts: on a declared box the instances just appear."""
    by_device = {relayout.device: relayout for relayout in relayouts}
    if not by_device:
        return box
    nodes = (
        replace(node, devices=tuple(_carved(device, by_device) for device in node.devices))
        for node in box.nodes
    )
    return replace(box, nodes=tuple(nodes))


def _carved(device: Device, relayouts: Mapping[str, Relayout]) -> Device:
    relayout = relayouts.get(device.id)
    if relayout is None:
        return device
    standing = [one for one in device.instances if one.placement not in relayout.destroy]
    there = {one.placement for one in standing}
    made = [Instance(place) for place in relayout.create if place not in there]
    instances = sorted([*standing, *made], key=lambda one: one.placement.start)
    return replace(device, instances=tuple(instances))


def with_slots(box: Box, slots: Iterable[Slot]) -> Box:
    """The box with an instance under every slice that is held: a daemon that starts again finds
    those of running jobs, and no idle ones."""
    made: dict[str, list[Placement]] = {}
    for slot in slots:
        if slot.slice is not None:
            made.setdefault(slot.devices[0], []).append(slot.slice)
    return carved(box, [Relayout(id, (), tuple(places)) for id, places in made.items()])


def _capped(device: Device, watts: Mapping[str, float]) -> Device:
    return replace(device, cap_w=watts[device.id]) if device.id in watts else device
