"""What the hardware does now. What cannot be read is `Missing(why)`: shown as n/a, never 0."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Missing:
    why: str


Measured = float | Missing


@dataclass(frozen=True)
class DeviceReading:
    device: str  # Device.id
    power_w: Measured
    temperature_c: Measured
    memory_used_gib: Measured
    utilisation: Measured  # 0 to 1
    fan: Measured  # 0 to 1


@dataclass(frozen=True)
class Reading:
    at_s: float  # seconds since the epoch, of the engine's clock
    devices: tuple[DeviceReading, ...]

    @property
    def power_w(self) -> Measured:
        """Sum over the devices; Missing as soon as one of them is."""
        total = 0.0
        for device in self.devices:
            if isinstance(device.power_w, Missing):
                return device.power_w
            total += device.power_w
        return total
