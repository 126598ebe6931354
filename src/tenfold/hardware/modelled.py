"""What a declared box would show: occupancy put into figures, `Box.modelled` labels them.

A GPU draws its cap while it is in use and its idle watts otherwise; that is the worst case, not a
forecast. The watts of host and fans stand with the node's CPU. No source ties a card's watts to its
temperature in an unknown chassis, so temperatures and fans are Missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from tenfold.terms.box import Box, Device, DeviceKind, Node, Slot
from tenfold.terms.decision import Cap, Relayout
from tenfold.terms.mig import Instance, Placement
from tenfold.terms.reading import DeviceReading, Measured, Missing, Reading

NO_THERMOMETER = Missing("a declared box has no thermometer")
NO_FAN = Missing("a declared box has no fans")


def modelled_reading(box: Box, slots_in_use: Iterable[Slot], now: float) -> Reading:
    """The reading of a declared box at `now` with these slots in use."""
    slots = tuple(slots_in_use)
    return Reading(
        now,
        tuple(
            _gpu(device, slots) if device.kind is DeviceKind.GPU else _cpu(device, node, slots)
            for node in box.nodes
            for device in node.devices
        ),
    )


def _gpu(gpu: Device, slots: tuple[Slot, ...]) -> DeviceReading:
    busy = any(slot.kind is DeviceKind.GPU and gpu.id in slot.devices for slot in slots)
    told_w = gpu.cap_w if busy else gpu.idle_w
    return DeviceReading(
        device=gpu.id,
        power_w=told_w if told_w > 0 else Missing(f"no source tells the watts of {gpu.model}"),
        temperature_c=NO_THERMOMETER,
        memory_used_gib=Missing("what a job really uses is not modelled") if busy else 0.0,
        utilisation=1.0 if busy else 0.0,
        fan=NO_FAN,
    )


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
