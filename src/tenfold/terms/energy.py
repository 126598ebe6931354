"""Energy that was counted: how much, what it cost, whose it is, and how anybody knows.

Rows of the ledger carry the id of a job, or one of the two below for what no job draws.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

JOULES_PER_KWH = 3.6e6

IDLE = "idle"  # cards, and parts of cards, that no job has
HOST = "host"  # everything but the cards


class Basis(StrEnum):
    """How the joules are known."""

    COUNTER = "counter"  # what an energy counter of the device went up by
    READING = "reading"  # watts that were read, times seconds
    MODELLED = "modelled"  # what such work draws by the device's curves, or by the job's own word
    UNKNOWN = "unknown"  # nobody can tell: the seconds are counted, and no joules


@dataclass(frozen=True)
class Energy:
    joules: float = 0.0
    priced_j: float = 0.0  # of them, those whose price is known
    money: float = 0.0  # of these
    gpu_s: float = 0.0  # cards times seconds; of a card that is shared, its part
    seconds: float = 0.0  # of the wall; where several devices are in it, each has its part

    def __add__(self, other: Energy) -> Energy:
        return Energy(
            self.joules + other.joules,
            self.priced_j + other.priced_j,
            self.money + other.money,
            self.gpu_s + other.gpu_s,
            self.seconds + other.seconds,
        )

    @property
    def kwh(self) -> float:
        return self.joules / JOULES_PER_KWH


@dataclass(frozen=True)
class EnergyRow:
    """A sum over what the other fields say; `of` is a job's id, a workload, IDLE or HOST."""

    of: str
    basis: Basis
    energy: Energy
    hour_s: int = 0  # when its hour of local time began, in s since the epoch; 0: of many hours


@dataclass(frozen=True)
class Drawn:
    """What cards and host drew together, from the minute on that begins at `minute_s`."""

    minute_s: int  # s since the epoch
    seconds: float  # from then on; more than a minute where nobody looked in between
    joules: float | None  # None: nobody can tell
    basis: Basis  # of the part that is known worst; of an unknown one nothing is in the joules

    @property
    def watts(self) -> float | None:
        if self.joules is None or self.seconds <= 0:
            return None
        return self.joules / self.seconds


def total(parts: Iterable[Energy]) -> Energy:
    return sum(parts, Energy())
