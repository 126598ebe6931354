"""What the hardware does now. What cannot be read is `Missing(why)`: shown as n/a, never 0."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Missing:
    why: str


Measured = float | Missing
NOT_ASKED = Missing("it was not asked")
# What holds a card's clocks down where that is heat.
SLOWED, TOO_WARM, TOO_HOT = "slowed by the hardware", "too warm", "too hot"
BRAKED = "the power supply asks for less"


@dataclass(frozen=True)
class GpuProcess:
    """A process that has something on a GPU, whoever started it."""

    pid: int
    name: str  # empty where this machine's table of processes does not show it
    memory_gib: Measured


@dataclass(frozen=True)
class GpuPeer:
    """How another card of the node is reached."""

    device: str  # Device.id
    path: str  # what data crosses on PCIe, in words
    nvlinks: int  # active ones that lead straight there


@dataclass(frozen=True)
class GpuLinks:
    pcie_generation: Measured  # now: an idle card turns it down
    pcie_width: Measured  # lanes in use
    pcie_replays: Measured  # packets that had to be sent again, since the driver was loaded
    nvlinks: Measured  # active ones, wherever they lead
    peers: tuple[GpuPeer, ...] | Missing = ()


@dataclass(frozen=True)
class GpuSlice:
    """A slice that is there. What made it is not told."""

    id: str  # its UUID, as CUDA takes it
    profile: str  # `2g.20gb`
    instance: int  # the number of its GPU instance
    memory_gib: Measured
    start: Measured  # of its placement, in memory slices
    size: Measured


@dataclass(frozen=True)
class GpuReading:
    """What only a GPU tells."""

    limit_w: Measured  # the most it may draw now
    margin_c: Measured  # degrees until it slows itself down
    energy_j: Measured  # since the driver was loaded
    throttle: tuple[str, ...] | Missing  # what holds its clocks down, in words
    processes: tuple[GpuProcess, ...] | Missing
    links: GpuLinks
    slices: tuple[GpuSlice, ...] | Missing
    # Errors of the driver's log (XID) since the daemon looks, newest last.
    xids: tuple[int, ...] | Missing = ()
    ecc_errors: Measured = NOT_ASKED  # of two bits, since the driver was loaded
    rows_pending: bool | Missing = NOT_ASKED  # rows of memory are replaced at the next reset
    rows_failed: bool | Missing = NOT_ASKED  # a bad row could not be replaced


@dataclass(frozen=True)
class DeviceReading:
    device: str  # Device.id
    power_w: Measured
    temperature_c: Measured
    memory_used_gib: Measured
    utilisation: Measured  # 0 to 1
    fan: Measured  # 0 to 1
    gpu: GpuReading | None = None  # of a real GPU
    energy_j: Measured = NOT_ASKED  # of a CPU, since the daemon looks; a GPU's stands in `gpu`


@dataclass(frozen=True)
class PlaceReading:
    """What the place tells, where the owner has something that measures it."""

    inlet_c: Measured  # the air that goes into the box
    supplies: Measured  # power supplies that work
    wall_w: Measured  # a meter at the wall


@dataclass(frozen=True)
class Reading:
    at_s: float  # seconds since the epoch, of the engine's clock
    devices: tuple[DeviceReading, ...]
    place: PlaceReading | None = None

    @property
    def power_w(self) -> Measured:
        """Sum over the devices; Missing as soon as one of them is."""
        total = 0.0
        for device in self.devices:
            if isinstance(device.power_w, Missing):
                return device.power_w
            total += device.power_w
        return total
