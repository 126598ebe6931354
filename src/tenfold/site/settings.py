"""What the owner says of the place. Every field has a default that claims nothing: what is not said
limits nothing, and is told as unknown. `config` reads them from a file, `budget` makes steps of
them.

Watts are at the wall unless a name says otherwise, days are 0 (Monday) to 6, times of day minutes
after midnight of the place's own clock. A span that ends before it begins goes over midnight.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from tenfold.terms.job import When

CONTINUOUS = 0.8  # of a breaker's amps, for loads of three hours or more (NEC 210.20)
EFFICIENCY = 0.94  # of power supplies where nobody says (80 PLUS Titanium and Platinum: 0.92-0.96)
ALL_DAYS = frozenset(range(7))


@dataclass(frozen=True)
class Circuit:
    name: str
    volts: float
    amps: float  # of its breaker
    phases: int = 1  # or 3: volts are between two of them
    continuous: float = CONTINUOUS
    supplies: int | None = None  # power supplies plugged in here; None: an even share of them

    @property
    def watts(self) -> float:
        """What it may carry for hours, with all phases in balance."""
        root = math.sqrt(3.0) if self.phases == 3 else 1.0
        return self.volts * self.amps * root * self.continuous


@dataclass(frozen=True)
class Supplies:
    """Power supplies of the box."""

    count: int
    watts: float  # output of each
    spare: int = 0  # of them, that the owner wants to be able to lose
    efficiency: float = EFFICIENCY


class CoolingKind(StrEnum):
    ROOM = "room"  # the room takes so many watts by itself
    AIR_CONDITIONER = "air-conditioner"
    LIQUID = "liquid"  # a loop takes a share of the heat, the room the rest
    AMBIENT = "ambient"  # the room warms by so much a kW, as the owner measured


@dataclass(frozen=True)
class Cooling:
    kind: CoolingKind
    watts: float | None = None  # heat that the room or air conditioner takes away
    loop_watts: float | None = None  # of a liquid loop: what its radiator or chiller takes
    heat_share: float | None = None  # of the box's heat, that goes into the loop
    flow_l_min: float | None = None
    ambient_c: float | None = None  # of the room while the box is off
    kelvin_per_kw: float | None = None  # that the room warms, measured by the owner
    inlet_lowest_c: float | None = None
    inlet_highest_c: float | None = None


@dataclass(frozen=True)
class Span:
    """Hours that come again."""

    days: frozenset[int] = ALL_DAYS  # on which it begins
    from_min: int = 0
    until_min: int = 0  # the same as `from_min`: the whole day


@dataclass(frozen=True)
class Quiet:
    span: Span
    dba: float | None = None  # one of the two
    watts: float | None = None


@dataclass(frozen=True)
class PriceRow:
    span: Span
    price_kwh: float


@dataclass(frozen=True)
class Tariff:
    """A flat price, rows by the hour of the day, or prices by date; the flat one fills gaps."""

    flat: float | None = None
    rows: tuple[PriceRow, ...] = ()
    dated: tuple[tuple[float, float | None], ...] = ()  # (from: s since the epoch, price)


@dataclass(frozen=True)
class SiteConfig:
    watts: float = math.inf  # the most that the owner lets the box draw
    host_watts: float | None = None  # everything but the cards: host, fans, losses
    circuits: tuple[Circuit, ...] = ()
    supplies: Supplies | None = None
    cooling: Cooling | None = None
    # Watts of the box and the noise that the owner measured: two points, by rising watts.
    noise: tuple[tuple[float, float], ...] = ()
    quiet: tuple[Quiet, ...] = ()
    tariff: Tariff = Tariff()
    currency: str = ""
    yearly_kwh: float | None = None
    yearly_money: float | None = None
    cloud_gpu_hour: float | None = None  # money, for comparison
    night: Span = Span(from_min=22 * 60, until_min=7 * 60)
    when: When = When.ANYTIME  # the hours of batch jobs whose owner says nothing
    zone: str = ""  # as in Europe/Berlin; empty: this machine's
    decode_clock_mhz: int | None = None  # for services that decode, where no limit binds
    place_file: str = ""  # what a program of the owner's writes readings of the place to


@dataclass(frozen=True)
class Spent:
    """What the box has drawn since the year began, or since somebody keeps count."""

    kwh: float = 0.0
    money: float = 0.0
    since_s: float | None = None  # None: nobody has counted yet
