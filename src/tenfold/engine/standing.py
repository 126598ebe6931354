"""How things stand between two ticks, to count energy by: who has what, and what devices told."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from tenfold.site.settings import SiteConfig
from tenfold.terms.box import Box, Slot
from tenfold.terms.budget import Budget
from tenfold.terms.energy import Basis
from tenfold.terms.job import Attempt, Job
from tenfold.terms.reading import Missing, Reading

GAP_S = 60.0  # watts that were read tell nothing about a longer time

Prices = tuple[tuple[float, float | None], ...]  # (from, money per kWh)


@dataclass(frozen=True)
class Sample:
    """What a device tells of its energy at one moment."""

    counter_j: float | None = None
    watts: float | None = None


@dataclass(frozen=True)
class Tenant:
    """An attempt on its slot."""

    job: str
    attempt: int
    slot: Slot
    load: str
    watts: float | None  # that its needs say, of the whole slot and above idle
    from_s: float
    until_s: float = math.inf


@dataclass(frozen=True)
class Host:
    """What is drawn by everything but the cards."""

    basis: Basis
    watts: float


@dataclass(frozen=True)
class Standing:
    """How things stand from `at_s` on, until the next tick looks again."""

    at_s: float
    box: Box
    tenants: tuple[Tenant, ...]
    prices: Prices
    host: Host | None
    samples: Mapping[str, Sample] = field(default_factory=dict)
    watched: bool = True  # False: a daemon that is gone left it so

    def guessable(self, now_s: float) -> bool:
        """Whether watts and curves stand for the time until then: a declared box is always there,
        a real one only while somebody looks."""
        return self.box.modelled or (self.watched and now_s - self.at_s <= GAP_S)

    def price_at(self, at_s: float) -> float | None:
        """The first price holds before it begins, too."""
        found: float | None = None
        for number, (start_s, price) in enumerate(self.prices):
            if number and start_s > at_s:
                break
            found = price
        return found


def samples(reading: Reading) -> dict[str, Sample]:
    """Of each device, what it tells of its energy."""
    return {
        one.device: Sample(
            _known(one.gpu.energy_j if one.gpu is not None else one.energy_j),
            _known(one.power_w),
        )
        for one in reading.devices
    }


def tenant(job: Job, attempt: Attempt) -> Tenant:
    needs = job.spec.needs
    return Tenant(job.id, attempt.number, attempt.slot, needs.load, needs.watts, attempt.promised_s)


def prices_of(budget: Budget) -> Prices:
    """The steps at which the price changes."""
    found: list[tuple[float, float | None]] = []
    for step in budget.steps:
        if not found or found[-1][1] != step.price_kwh:
            found.append((step.start_s, step.price_kwh))
    return tuple(found)


def host_of(site: SiteConfig, box: Box, reading: Reading | None) -> Host | None:
    """What a meter at the wall tells besides the cards; else what the owner says, or what is
    declared of the box. What a real box counts for its host is cards that stand aside."""
    if reading is not None and reading.place is not None:
        cards = [one.power_w for one in reading.devices if one.gpu is not None]
        known = [watts for watts in cards if not isinstance(watts, Missing)]
        wall_w = reading.place.wall_w
        if not isinstance(wall_w, Missing) and len(known) == len(cards):
            return Host(Basis.READING, max(0.0, wall_w - sum(known)))
    if site.host_watts is not None:
        return Host(Basis.MODELLED, site.host_watts)
    return Host(Basis.MODELLED, box.host_w) if box.modelled and box.host_w > 0 else None


def _known(value: float | Missing) -> float | None:
    return None if isinstance(value, Missing) else value
