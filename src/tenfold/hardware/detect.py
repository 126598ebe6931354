"""The box that was asked for, and a meter for it.

`auto` finds the host CPU and nothing else yet: the GPUs of this machine come in by their own door
(NVML) in a later change. Everything else is a declared box.
"""

from __future__ import annotations

from collections.abc import Iterable

from tenfold.hardware import cpu, declared
from tenfold.hardware.modelled import modelled_reading
from tenfold.terms.box import Box, DeviceKind, Node, Slot
from tenfold.terms.reading import Reading

AUTO = "auto"

__all__ = ["AUTO", "Meter", "box", "modelled_reading"]


def box(text: str) -> Box:
    """The box that `text` names: `auto`, a declared one, or a TOML file; a Refusal otherwise."""
    if text.strip().lower() != AUTO:
        return declared.box(text)
    return Box(name="this machine", nodes=(Node("host", (cpu.device("host"),)),))


class Meter:
    """Readings of a box, real or declared. A real one keeps counters between two readings."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self._cpus = [
            cpu.CpuMeter(device)
            for device in box.devices
            if device.kind is DeviceKind.CPU and not box.modelled
        ]

    def reading(self, slots_in_use: Iterable[Slot], now: float) -> Reading:
        """What the devices do at `now`, by the engine's clock."""
        if self.box.modelled:
            return modelled_reading(self.box, slots_in_use, now)
        return Reading(now, tuple(meter.reading(now) for meter in self._cpus))
