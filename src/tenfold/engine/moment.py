"""What is drawn at this moment, what is allowed, how loud that is and what it costs.

Of a reading, a budget and the owner's settings. What nobody knows is None, with the reason.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from tenfold.engine.standing import host_of
from tenfold.site.noise import dba_of, limit_dba
from tenfold.site.settings import SiteConfig
from tenfold.terms.box import Box, DeviceKind
from tenfold.terms.budget import Budget
from tenfold.terms.reading import Measured, Missing, Reading
from tenfold.terms.wire import to_json

AHEAD_S = 86_400.0

NOT_YET = "the box has not been looked at yet"


@dataclass(frozen=True)
class WattsNow:
    now: float | None  # by cards and host
    missing: str  # why that is not known
    cards: float | None
    host: float | None
    budget: float | None  # None: no limit
    why: str  # what sets it


@dataclass(frozen=True)
class NoiseNow:
    dba: float | None
    limit_dba: float | None  # None: nobody minds now
    why: str  # why `dba` is not known


@dataclass(frozen=True)
class PriceStep:
    at_s: float
    kwh: float | None


@dataclass(frozen=True)
class PriceNow:
    kwh: float | None
    currency: str
    next: PriceStep | None


def watts_now(
    box: Box, site: SiteConfig, reading: Reading | None, allowed: Budget | None, now_s: float
) -> WattsNow:
    step = None if allowed is None else allowed.at(now_s)
    budget_w = None if step is None or math.isinf(step.watts) else step.watts
    why = "" if step is None else step.why
    if reading is None:
        return WattsNow(None, NOT_YET, None, None, budget_w, why)
    cards, host = _cards_w(box, reading), _host_w(box, site, reading)
    known_cards, known_host = _known(cards), _known(host)
    missing = next((one.why for one in (cards, host) if isinstance(one, Missing)), "")
    both = None if known_cards is None or known_host is None else known_cards + known_host
    return WattsNow(both, missing, known_cards, known_host, budget_w, why)


def noise_now(site: SiteConfig, watts: WattsNow, now_s: float) -> NoiseNow:
    """By the owner's two points."""
    limit = limit_dba(site, now_s)
    if not site.noise:
        return NoiseNow(None, limit, "nobody has told how loud the box is: [noise] in site.toml")
    if watts.now is None or watts.now <= 0:
        return NoiseNow(None, limit, watts.missing or "nothing is drawn")
    return NoiseNow(dba_of(watts.now, site.noise), limit, "")


def price_now(site: SiteConfig, allowed: Budget | None, now_s: float) -> PriceNow:
    if allowed is None:
        return PriceNow(None, site.currency, None)
    price = allowed.at(now_s).price_kwh
    for step in allowed.steps:
        if step.start_s > now_s and step.price_kwh != price:
            return PriceNow(price, site.currency, PriceStep(step.start_s, step.price_kwh))
    return PriceNow(price, site.currency, None)


def _cards_w(box: Box, reading: Reading) -> Measured:
    """Of all that are there, those that stand aside included; 0 where there are none."""
    there = [*box.devices, *(one.device for one in box.aside)]
    cards = {device.id for device in there if device.kind is DeviceKind.GPU}
    watts = 0.0
    for one in reading.devices:
        if one.device in cards:
            if isinstance(one.power_w, Missing):
                return one.power_w
            watts += one.power_w
    return watts


def _host_w(box: Box, site: SiteConfig, reading: Reading) -> Measured:
    """As energy is counted: by a meter at the wall, the owner's or the box's own word, or at least
    by the counters of the packages."""
    host = host_of(site, box, reading)
    if host is not None:
        return host.watts
    cpus = {device.id for device in box.devices if device.kind is DeviceKind.CPU}
    told = [one.power_w for one in reading.devices if one.device in cpus]
    watts = 0.0
    for one in told:
        if isinstance(one, Missing):
            return Missing(f"the watts of the host: {one.why}")
        watts += one
    return watts if told else Missing("nobody tells the watts of the host")


def _known(value: Measured) -> float | None:
    return None if isinstance(value, Missing) else value


def day_ahead(allowed: Budget, now_s: float) -> list[dict[str, Any]]:
    """The steps of a day from now on; JSON knows no infinity: no limit is null."""
    first = {**to_json(allowed.at(now_s)), "start_s": now_s}
    later = [to_json(step) for step in allowed.steps if now_s < step.start_s < now_s + AHEAD_S]
    return [
        {**step, "watts": None if math.isinf(step["watts"]) else step["watts"]}
        for step in (first, *later)
    ]
