"""MIG in NVIDIA's words: profiles, their placements, and the layout of one card.

A card has eight memory slices and seven compute slices. An instance covers `size` memory slices
from `start` on; a layout is legal where no two instances cover the same one and each stands where
its profile may start. (That the seven compute slices suffice then follows from the table.)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

SLICES = 8  # memory slices of a card


@dataclass(frozen=True)
class Placement:
    """Where an instance stands, or could stand, on its card."""

    profile: str  # `2g.20gb`
    start: int  # first memory slice
    size: int  # memory slices

    @property
    def mask(self) -> int:
        """Its memory slices as bits."""
        return ((1 << self.size) - 1) << self.start

    @property
    def words(self) -> str:
        return f"{self.profile}@{self.start}"


@dataclass(frozen=True)
class Profile:
    """One size of instance, as the driver lists it. Multiprocessors are not shares of seven: the
    table has to be asked."""

    name: str
    id: int  # the driver's GPU instance profile id
    compute: int  # compute slices, of seven
    memory_gib: float
    sm: int  # multiprocessors
    most: int  # instances of it on one card
    starts: tuple[int, ...]
    size: int
    copy_engines: int = 0
    decoders: int = 0
    jpeg: int = 0
    flow: int = 0  # optical flow accelerators
    create_s: float = 0.0  # seconds the driver takes, where known
    destroy_s: float = 0.0

    @property
    def placements(self) -> tuple[Placement, ...]:
        return tuple(Placement(self.name, start, self.size) for start in self.starts)

    @property
    def with_media(self) -> bool:
        """A `+me` variant: the one instance with the media engines, given only when asked for."""
        return "+" in self.name


@dataclass(frozen=True)
class Geometry:
    """Every profile of one card model with its legal starts."""

    profiles: tuple[Profile, ...]
    source: str = ""

    def profile(self, name: str) -> Profile | None:
        return next((profile for profile in self.profiles if profile.name == name), None)

    @property
    def placements(self) -> tuple[Placement, ...]:
        return tuple(place for profile in self.profiles for place in profile.placements)

    def legal(self, layout: Iterable[Placement]) -> bool:
        """Whether these instances can stand on one card together."""
        taken, counts = 0, dict.fromkeys((profile.name for profile in self.profiles), 0)
        for place in layout:
            profile = self.profile(place.profile)
            if profile is None or place.start not in profile.starts or place.size != profile.size:
                return False
            counts[profile.name] += 1
            if taken & place.mask or counts[profile.name] > profile.most:
                return False
            taken |= place.mask
        return True


@dataclass(frozen=True)
class Instance:
    """An instance that stands on a card now."""

    placement: Placement
    id: str = ""  # its MIG UUID
    foreign: bool = False  # made by somebody else: it is left alone
