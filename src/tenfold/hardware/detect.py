"""The box that was asked for, and a meter for it.

`auto` finds the host CPU and the NVIDIA GPUs of this machine; everything else is a declared box.
A card that is there and cannot be given to a job (in MIG mode, or lost) stands aside: it is read
and shown, and placement does not see it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace

from tenfold.hardware import cpu, declared
from tenfold.hardware.modelled import INLET_C, Warmth, modelled_reading
from tenfold.hardware.nvml.find import find
from tenfold.hardware.nvml.library import Library
from tenfold.hardware.nvml.meter import GpuMeter
from tenfold.terms.box import Aside, Box, Device, DeviceKind, Node, Slot
from tenfold.terms.reading import DeviceReading, GpuProcess, Missing, Reading

AUTO = "auto"

__all__ = ["AUTO", "Meter", "box", "modelled_reading"]


def box(text: str) -> Box:
    """The box that `text` names: `auto`, a declared one, or a TOML file; a Refusal otherwise."""
    if text.strip().lower() != AUTO:
        return declared.box(text)
    library = Library()
    library.open()
    gpus, aside = find(library, "host")
    library.close()
    # Whoever uses a card that stands aside may draw all it allows, and the wall does not ask who.
    aside_w = sum(one.device.cap_w for one in aside)
    host = Node("host", (*gpus, cpu.device("host")), host_w=aside_w, aside=aside)
    return Box(name="this machine", nodes=(host,))


class Meter:
    """Readings of a box, real or declared. A real one keeps counters between two readings; `box` is
    as the last reading found it; `may_set` tells whether power limits can be set. One thread asks
    it."""

    def __init__(self, box: Box, may_set: Callable[[], bool] = lambda: False) -> None:
        self._may_set = may_set
        self.box = self._found = self._bare = box
        everything = (*box.devices, *(aside.device for aside in box.aside))
        real = [device for device in everything if not box.modelled]
        self._cpus = [cpu.CpuMeter(one) for one in real if one.kind is DeviceKind.CPU]
        gpus = [one for one in real if one.kind is DeviceKind.GPU]
        self._gpus = GpuMeter(gpus, Library()) if gpus else None
        self._warmth = Warmth()  # of a declared box

    def reading(
        self, slots_in_use: Iterable[Slot], now: float, inlet_c: float = INLET_C
    ) -> Reading:
        """What the devices do at `now`, by the engine's clock; a declared box with air of
        `inlet_c`."""
        if self.box.modelled:
            return modelled_reading(self.box, slots_in_use, now, self._warmth, inlet_c)
        gpus = self._gpus.readings(now) if self._gpus else []
        if self._gpus:
            self.box = _as_read(self._found, gpus, self._gpus.lost, self._may_set())
        return Reading(now, (*gpus, *(meter.reading(now) for meter in self._cpus)))

    @property
    def found(self) -> Box:
        """The box as it was found, with nothing put over it."""
        return self._bare

    def recurve(self, over: Callable[[Box], Box]) -> Box:
        """Put something else (curves, watts of hosts) over the box as it was found, instead of what
        was put over it before; the box with it, with the limits of now after the next reading."""
        self.box = self._found = over(self._bare)
        return self.box

    def processes(self, devices: Collection[str]) -> Mapping[str, tuple[GpuProcess, ...] | Missing]:
        """Who has something on these GPUs at this moment; nothing is told of a declared box."""
        return self._gpus.processes(devices) if self._gpus else {}

    @property
    def lost(self) -> frozenset[str]:
        """Cards that did not answer in the last reading."""
        return frozenset(self._gpus.lost) if self._gpus else frozenset()

    def lost_now(self, devices: Collection[str]) -> bool:
        """Whether one of these does not answer any more at this moment."""
        return self._gpus is not None and self._gpus.lost_now(devices)

    def xids_now(self, devices: Collection[str]) -> Mapping[str, tuple[int, ...] | Missing]:
        """Errors (XID) that these have logged since the daemon looks, up to this moment."""
        return self._gpus.xids_now(devices) if self._gpus else {}

    def mig_uuids(self, device: str) -> Mapping[int, str]:
        """Of the slices that stand on a card at this moment, by the numbers of their instances."""
        return self._gpus.mig_uuids(device) if self._gpus else {}

    def close(self) -> None:
        if self._gpus:
            self._gpus.close()


def _as_read(
    found: Box, gpus: Iterable[DeviceReading], lost: Mapping[str, str], may_set: bool
) -> Box:
    """The box that was found, with the limits of now and without the cards that are lost."""
    limits = {one.device: one.gpu.limit_w for one in gpus if one.gpu}
    nodes = []
    for node in found.nodes:
        there = [device for device in node.devices if device.id not in lost]
        devices = [_limited(device, limits, may_set) for device in there]
        gone = [
            Aside(device, f"it does not answer: {lost[device.id]}")
            for device in node.devices
            if device.id in lost
        ]
        nodes.append(replace(node, devices=tuple(devices), aside=(*node.aside, *gone)))
    return replace(found, nodes=tuple(nodes))


def _limited(device: Device, limits: Mapping[str, float | Missing], may_set: bool) -> Device:
    """With rights: down to what the card allows, and up to what its limit was when it was found; in
    whole watts, as they are set."""
    now_w = limits.get(device.id, device.cap_w)
    if isinstance(now_w, Missing):
        return device
    lowest_w, most_w = math.ceil(device.lowest_w), math.floor(device.cap_w)
    if may_set and 0 < lowest_w <= most_w <= device.highest_w:
        return replace(device, cap_w=now_w, cap_min_w=lowest_w, cap_max_w=most_w)
    if now_w == device.cap_w:
        return device
    return replace(device, cap_w=now_w, cap_min_w=now_w, cap_max_w=now_w)
