"""Cards as the stand-in shows them, and NVIDIA's profile table.

Profiles: `nvidia-smi -lgip` on H100 80 GB (several transcripts agree), placements `-lgipp`; the
numbers of the PCIe card where they differ. Watts: `tenfold.hardware.models` and its sources.
"""

from __future__ import annotations

from dataclasses import dataclass, field

MIB = 2**20
H100_MIB = 81559  # nvidia-smi shows it on every 80 GB card


@dataclass(frozen=True)
class Profile:
    name: str
    number: int  # NVML's count of kinds, GPU_INSTANCE_PROFILE_*
    id: int
    most: int
    slices: int
    memory_slices: int
    multiprocessors: int
    memory_mb: int
    starts: tuple[int, ...]


def _profiles(multiprocessors: tuple[int, ...]) -> tuple[Profile, ...]:
    rows = (
        ("1g.10gb", 0x0, 19, 7, 1, 1, 9.75, (0, 1, 2, 3, 4, 5, 6)),
        ("1g.10gb+me", 0x7, 20, 1, 1, 1, 9.75, (0, 1, 2, 3, 4, 5, 6)),
        ("1g.20gb", 0x9, 15, 4, 1, 2, 19.62, (0, 2, 4, 6)),
        ("2g.20gb", 0x1, 14, 3, 2, 2, 19.62, (0, 2, 4)),
        ("3g.40gb", 0x2, 9, 2, 3, 4, 39.5, (0, 4)),
        ("4g.40gb", 0x3, 5, 1, 4, 4, 39.5, (0,)),
        ("7g.80gb", 0x4, 0, 1, 7, 8, 79.25, (0,)),
    )
    return tuple(
        Profile(name, number, id, most, slices, memory, sm, round(gib * 1024), starts)
        for (name, number, id, most, slices, memory, gib, starts), sm in zip(
            rows, multiprocessors, strict=True
        )
    )


H100_PCIE = _profiles((14, 14, 14, 30, 46, 62, 114))
H100_SXM = _profiles((16, 16, 26, 32, 60, 64, 132))


@dataclass
class Process:
    pid: int
    mib: int = 1024
    graphics: bool = False
    instance: int = 0xFFFFFFFF  # of which slice


@dataclass
class Slice:
    profile: str
    start: int
    instance: int
    uuid: str
    compute: bool = True  # without its compute instance it is no MIG device


@dataclass
class Card:
    """Figures in NVML's units: milliwatts, millijoules, bytes, percent."""

    uuid: str
    bus: str
    name: str = "NVIDIA H100 PCIe"
    memory: int = H100_MIB * MIB
    reserved: int = 600 * MIB
    used: int = 0
    energy: int = 0
    power: int = 54_000
    limit: int = 350_000
    limit_default: int = 350_000
    limit_lowest: int = 200_000
    limit_highest: int = 350_000
    temperature: int = 41
    margin: int = 46
    fan: int = 0
    busy: int = 0
    major: int = 9
    minor: int = 0
    mig: int = 0
    reasons: int = 1
    pcie_generation: int = 5
    pcie_width: int = 16
    pcie_replays: int = 0
    path: int = 0  # cards of the same number share a PCIe switch
    ecc: int = 0  # errors of memory that could not be corrected
    rows_pending: int = 0
    rows_failed: int = 0
    operating: int = 0  # degrees; 0: it tells its margin instead
    moves: int = 0  # one more than where every new instance wrongly comes to stand
    links: list[str] = field(default_factory=list)  # the bus id each leads to; `-`: down
    xids: list[int] = field(default_factory=list)  # of the driver's log, newest last
    processes: list[Process] = field(default_factory=list)
    slices: list[Slice] = field(default_factory=list)
    # Passively cooled, as all H100 are: the server's fans are not the card's.
    errors: dict[str, int] = field(default_factory=lambda: {"nvmlDeviceGetFanSpeed": 3})


def h100_pcie(index: int) -> Card:
    return Card(f"GPU-{index:08x}-0000-4000-8000-00000000000{index:x}", bus(index))


def h100_sxm(index: int) -> Card:
    card = h100_pcie(index)
    card.name, card.power = "NVIDIA H100 80GB HBM3", 68_600
    card.limit = card.limit_default = card.limit_highest = 700_000
    return card


def bus(index: int) -> str:
    return f"00000000:{0x18 + index:02X}:00.0"
