"""Card data for declared boxes: memory, watts, and where each number comes from.

A number that no source gives stays 0 and the card's `source` says so. The knee is the same for all:
no public curve of a Hopper card could be read, so it is the rule drawn from the Zeus traces.
"""

from __future__ import annotations

from dataclasses import dataclass

from tenfold.hardware.curves import CURVES
from tenfold.hardware.mig import GEOMETRIES
from tenfold.terms.box import Device, DeviceKind

# Below about 58 % of the highest cap speed falls faster than watts: Zeus (NSDI'23) traces of V100
# and A40, ml-energy/zeus, summary_power_*.csv. A measured curve of the card replaces it.
KNEE = 0.58
_KNEE_SOURCE = "knee: rule from Zeus NSDI'23 traces (V100, A40)"
_TEST_DATA = "nvidia-smi output in NVIDIA/k8s-test-infra"


@dataclass(frozen=True)
class Card:
    """A GPU model as it is sold."""

    name: str  # as in `10xH100-PCIe`
    title: str
    memory_gib: float
    idle_w: float
    cap_min_w: float
    cap_max_w: float
    source: str
    on_board: bool = False  # SXM: on a board of 4 or 8, all with a fast link to one another
    bridged: int = 1  # cards that an NVLink bridge joins
    knee: float = KNEE
    max_operating_c: float | None = None
    kelvin_per_w: float | None = None  # of a declared card that is placed worse than others

    def device(self, id: str, node: str, bridge: str = "") -> Device:
        return Device(
            id=id,
            kind=DeviceKind.GPU,
            model=self.title,
            node=node,
            memory_gib=self.memory_gib,
            idle_w=self.idle_w,
            cap_w=self.cap_max_w,
            cap_min_w=self.cap_min_w,
            cap_max_w=self.cap_max_w,
            knee=self.knee,
            max_operating_c=self.max_operating_c,
            kelvin_per_w=self.kelvin_per_w,
            curves=CURVES,
            source=self.source if self.knee != KNEE else f"{self.source}; {_KNEE_SOURCE}",
            mig=GEOMETRIES.get(self.name),
            bridge=bridge,
        )


# Memory of Hopper and 80 GB Ampere cards is what the largest MIG profile offers, a little less than
# the whole card: the least that any of them has.
CARDS = (
    Card(
        name="H100-SXM",
        title="H100 SXM 80 GB",
        memory_gib=79.25,  # 7g.80gb, nvidia-smi -lgip
        idle_w=68.6,
        cap_min_w=200,
        cap_max_w=700,
        source=f"watts: {_TEST_DATA} (qx-h100.xml); memory: MIG profile 7g.80gb",
        on_board=True,
        max_operating_c=87,  # 29 C with 58 K of margin in qx-h100.xml
    ),
    Card(
        name="H100-PCIe",
        title="H100 PCIe 80 GB",
        memory_gib=79.25,  # 7g.80gb, nvidia-smi -lgip
        bridged=2,  # as in the ten-card chassis of the ServeTheHome review
        idle_w=80,  # transcripts show 54 to 80
        cap_min_w=200,
        cap_max_w=350,
        source="highest cap: NVIDIA product brief PB-11133; idle: the highest of several "
        "nvidia-smi transcripts; lowest cap: not confirmed; memory: MIG profile 7g.80gb",
    ),
    Card(
        name="H100-NVL",
        title="H100 NVL 94 GB",
        memory_gib=93.12,  # 7g.94gb, nvidia-smi -lgip
        bridged=2,  # sold as a pair with bridges
        idle_w=62,
        cap_min_w=200,
        cap_max_w=400,
        source="caps: NVIDIA product brief PB-11773, table 1; idle: nvidia-smi transcript; "
        "memory: MIG profile 7g.94gb",
    ),
    Card(
        name="H200-SXM",
        title="H200 SXM 141 GB",
        memory_gib=140.0,  # 7g.141gb
        idle_w=68.6,
        cap_min_w=700,  # the range is unknown, so it counts as not settable
        cap_max_w=700,
        source="highest cap: published specifications; idle: taken from the H100 SXM; lowest cap: "
        "unknown, so it is not capped; memory: MIG profile 7g.141gb",
        on_board=True,
    ),
    Card(
        name="H200-NVL",
        title="H200 NVL 141 GB",
        memory_gib=140.0,  # 7g.141gb
        idle_w=62,
        cap_min_w=600,  # the range is unknown, so it counts as not settable
        cap_max_w=600,
        source="highest cap: One Stop Systems; idle: taken from the H100 NVL; lowest cap: unknown, "
        "so it is not capped; memory: MIG profile 7g.141gb",
    ),
    Card(
        name="A100-40GB",
        title="A100 SXM 40 GB",
        memory_gib=37.25,  # 40e9 bytes, the least that the name can mean
        idle_w=50,
        cap_min_w=100,
        cap_max_w=400,
        source=f"watts: {_TEST_DATA} (qx-a100.xml); memory: its name, in units of 10^9 bytes",
        on_board=True,
        max_operating_c=85,  # qx-a100.xml
    ),
    Card(
        name="A100-80GB",
        title="A100 SXM 80 GB",
        memory_gib=79.0,  # 7g.80gb, nvidia-smi -lgip
        idle_w=50,
        cap_min_w=100,
        cap_max_w=400,
        source=f"watts: taken from the 40 GB card, {_TEST_DATA} (qx-a100.xml); "
        "memory: MIG profile 7g.80gb",
        on_board=True,
        max_operating_c=85,  # taken from the 40 GB card
    ),
    Card(
        name="L40S",
        title="L40S 48 GB",
        memory_gib=44.99,  # 46068 MiB
        idle_w=66.2,  # at its highest clock, so rather more than asleep
        cap_min_w=100,
        cap_max_w=350,
        source=f"watts and memory: {_TEST_DATA} (qx-l40s.xml)",
    ),
)

# Other names that mean one card.
ALIASES = {"H200": "H200-SXM", "A100-SXM-80GB": "A100-80GB", "A100-SXM-40GB": "A100-40GB"}

# How the driver names these cards (nvidia-smi -L of each).
DRIVER_NAMES = {
    "NVIDIA H100 80GB HBM3": "H100-SXM",
    "NVIDIA H100 PCIe": "H100-PCIe",
    "NVIDIA H100 NVL": "H100-NVL",
    "NVIDIA H200": "H200-SXM",
    "NVIDIA H200 NVL": "H200-NVL",
    "NVIDIA A100-SXM4-40GB": "A100-40GB",
    "NVIDIA A100-SXM4-80GB": "A100-80GB",
    "NVIDIA L40S": "L40S",
}

LARGEST_CHASSIS = 10  # double-width cards in a Supermicro SYS-521GE-TNRT (ServeTheHome review)
BOARDS = (8, 4, 2, 1)  # SXM boards hold 8 or 4; one or two of a board can be rented


@dataclass(frozen=True)
class HostData:
    """The rest of a node: cores and memory for CPU shares, watts of everything but the cards."""

    cores: int
    memory_gib: float
    watts: float
    source: str


_ASSUMED = "cores and memory: assumed, a TOML file can say better"

CPU_ONLY = HostData(16, 64.0, 0.0, f"{_ASSUMED}; watts: unknown, counted as 0")
SMALL = HostData(32, 256.0, 0.0, f"{_ASSUMED}; watts of host and fans: unknown, counted as 0")
# 4.3 to 5 kW at the wall with eight 350 W cards; the upper end less the cards.
TEN_CARD = HostData(
    64, 512.0, 2200.0, f"{_ASSUMED}; watts of host and fans: ServeTheHome, SYS-521GE-TNRT"
)
# 10.2 kW rating less eight cards of 700 W.
EIGHT_SXM = HostData(
    64, 512.0, 4600.0, f"{_ASSUMED}; watts of host and fans: DGX H100 user guide, 10.2 kW rating"
)


def by_driver_name(name: str) -> Card | None:
    """The card that the driver calls `name`."""
    wanted = DRIVER_NAMES.get(name)
    return next((card for card in CARDS if card.name == wanted), None)


def host_data(card: Card | None, count: int) -> HostData:
    """The rest of a node that holds `count` of `card`."""
    if card is None:
        return CPU_ONLY
    if card.on_board and count == 8:
        return EIGHT_SXM
    return TEN_CARD if not card.on_board and count > 4 else SMALL
