"""What is there: devices on nodes, and the slot a job is given on them.

A declared box has the same shape as a real one and says `modelled=True`. Numbers that only real
hardware can tell are `None` here where no source gives them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tenfold.terms.chassis import Chassis
from tenfold.terms.curve import Curve
from tenfold.terms.mig import Geometry, Instance, Placement


class DeviceKind(StrEnum):
    GPU = "gpu"
    CPU = "cpu"


@dataclass(frozen=True)
class Device:
    """One physical GPU, or the host CPU of a node."""

    id: str  # a GPU's UUID, `gpu0` on a declared box, `cpu` (or `NODE:cpu`) for the host
    kind: DeviceKind
    model: str  # `H100 SXM 80 GB`, or the CPU's own name
    node: str
    memory_gib: float
    cores: int = 0  # CPU only
    idle_w: float = 0.0
    cap_w: float = 0.0  # the most it may draw now; 0 where nobody knows
    cap_min_w: float = 0.0
    cap_max_w: float = 0.0
    lowest_w: float = 0.0  # the range in which root may set the limit of a real card; 0: unknown
    highest_w: float = 0.0
    knee: float = 1.0  # share of cap_max_w below which speed falls faster than watts
    curves: tuple[Curve, ...] = ()  # by kind of work; none: its speed is as its limit
    ceiling_w: float | None = None  # while it is relieved, its limit is no higher than this
    overdraw: float = 1.0  # what it was seen to draw, over its limit, where that is above 1
    others: bool = False  # a process that is none of ours works on it
    max_operating_c: float | None = None  # the warmest that it is to work at; None: nobody knows
    kelvin_per_w: float | None = None  # modelled: over the inlet air; None: as one placed well
    clock_mhz: int = 0  # that its clock is locked to; 0: it is free
    decode_clock_mhz: int = 0  # to lock it to while only services that decode are on it; 0: never
    source: str = ""  # where the numbers come from
    mig: Geometry | None = None  # how it can be carved; None: it is given whole
    instances: tuple[Instance, ...] = ()  # that stand on it now
    carves_live: bool = True  # beside running slices; else it is carved only while nothing runs
    gangs: bool = True  # reaches other cards; in MIG mode it does not, even with one whole instance
    bridge: str = ""  # cards with the same word have a fast link (NVLink bridge or switch)
    switch: str = ""  # cards with the same word hang on one PCIe switch


@dataclass(frozen=True)
class Aside:
    """A device that is there and cannot be given to a job as it is, and why."""

    device: Device
    why: str


@dataclass(frozen=True)
class Node:
    """One chassis with one host."""

    name: str
    devices: tuple[Device, ...]
    host_w: float = 0.0  # what host and fans draw beside the devices
    aside: tuple[Aside, ...] = ()  # shown, and left out of placement
    chassis: Chassis | None = None  # what it stands in, where that is known


@dataclass(frozen=True)
class Box:
    """The devices that Tenfold looks after."""

    name: str
    nodes: tuple[Node, ...]
    modelled: bool = False
    # How many times longer a gang takes that spans nodes; None: no gang may.
    span_factor: float | None = None

    @property
    def devices(self) -> tuple[Device, ...]:
        return tuple(device for node in self.nodes for device in node.devices)

    @property
    def gpus(self) -> tuple[Device, ...]:
        return tuple(device for device in self.devices if device.kind is DeviceKind.GPU)

    @property
    def aside(self) -> tuple[Aside, ...]:
        return tuple(aside for node in self.nodes for aside in node.aside)

    @property
    def host_w(self) -> float:
        return sum(node.host_w for node in self.nodes)


@dataclass(frozen=True)
class Slot:
    """What a job is given: whole GPUs, a slice of one, or a share of a node's CPU."""

    node: str  # `a+b` for a gang that spans nodes
    devices: tuple[str, ...]  # ids; GPUs for a GPU job, the CPU's own id for a CPU share
    kind: DeviceKind
    cores: int  # CPU cores it may use
    memory_gib: float  # of the devices' memory (GPU) or of the host's (CPU share)
    slice: Placement | None = None  # of the one device; None: whole devices
    instance: str = ""  # the slice's MIG UUID, once it stands
    carve_s: float = 0.0  # until the slice stands, where the driver has to make it first
    factor: float = 1.0  # how many times longer than `Needs.time_s` the job takes here
    # Of the memory of the one device, which others share as well: `memory_gib` is its account.
    fraction: float | None = None

    @property
    def world(self) -> int:
        """How many ranks a gang on this slot has when its workload asks for one rank a GPU."""
        return len(self.devices) if self.kind is DeviceKind.GPU else self.cores
