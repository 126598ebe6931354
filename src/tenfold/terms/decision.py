"""What placement wants done now, and for every waiting job the reason."""

from __future__ import annotations

from dataclasses import dataclass

from tenfold.terms.box import Slot
from tenfold.terms.mig import Placement


@dataclass(frozen=True)
class Start:
    job: str
    slot: Slot


@dataclass(frozen=True)
class Yield:
    job: str
    why: str


@dataclass(frozen=True)
class Cap:
    device: str
    watts: float


@dataclass(frozen=True)
class Clock:
    """A clock to lock, where a limit of watts does not bind; 0 MHz lets it free."""

    device: str
    mhz: int


@dataclass(frozen=True)
class Relayout:
    """Instances of one card to destroy, then to create. Whoever runs on the others runs on."""

    device: str
    destroy: tuple[Placement, ...] = ()
    create: tuple[Placement, ...] = ()


@dataclass(frozen=True)
class Place:
    """One slot that was looked at for a waiting job, and why it did not do."""

    slot: str
    why: str


@dataclass(frozen=True)
class Wait:
    """Why a job waits; `explain` prints it place by place."""

    job: str
    why: str
    places: tuple[Place, ...] = ()
    expected_s: float | None = None  # when it should start, where that can be told


@dataclass(frozen=True)
class Decision:
    starts: tuple[Start, ...] = ()
    yields: tuple[Yield, ...] = ()
    caps: tuple[Cap, ...] = ()
    waits: tuple[Wait, ...] = ()
    clocks: tuple[Clock, ...] = ()
    relayouts: tuple[Relayout, ...] = ()  # before the starts
