"""kWh and money a year: idle all year, at work all year, at work some hours a day; and the cloud.

Only energy: what the box costs to buy, to house and to cool is not in it.
"""

from __future__ import annotations

from dataclasses import dataclass

from tenfold.site.calendar import mean_price as calendar_mean
from tenfold.site.calendar import stretches, usual_week
from tenfold.site.settings import SiteConfig
from tenfold.site.verdict.drawing import Drawing
from tenfold.site.verdict.figure import Figure, assumed, computed, owned, unknown
from tenfold.site.verdict.power import Power
from tenfold.site.verdict.room import DUTY_H

YEAR_H = 8760.0
_WEEK_S = 7 * 86_400.0
_MONDAY_S = 4 * 86_400.0  # 1970-01-05


@dataclass(frozen=True)
class Spend:
    kwh: Figure
    money: Figure


@dataclass(frozen=True)
class Cloud:
    gpu_hour: Figure  # money
    gpu_hours: Figure  # a year at the stated duty
    would_cost: Figure  # the same GPU-hours in the cloud
    cheaper_from: Figure  # h a year of all cards at work
    means: str = "energy only: what the box costs to buy is not in it"


@dataclass(frozen=True)
class Money:
    currency: str
    price: Figure  # mean of a kWh
    duty: Figure  # h a day at work
    idle: Spend  # all year
    always: Spend  # at work all year
    working: Spend  # at work `duty` hours a day, idle else
    yearly_kwh: Figure  # the most that the owner wants
    yearly_money: Figure
    cloud: Cloud


def money(config: SiteConfig, drawing: Drawing, power: Power) -> Money:
    price = mean_price(config)
    duty_h = DUTY_H * YEAR_H / 24.0
    return Money(
        currency=config.currency,
        price=price,
        duty=assumed(DUTY_H, "h/day", "at work, every day; idle else"),
        idle=_spend(power, price, config, 0.0, "idle"),
        always=_spend(power, price, config, YEAR_H, "typical"),
        working=_spend(power, price, config, duty_h, f"typical for {DUTY_H:g} h a day, else idle"),
        yearly_kwh=owned(config.yearly_kwh, "kWh", "yearly_kwh"),
        yearly_money=owned(config.yearly_money, _currency(config), "yearly_money"),
        cloud=_cloud(config, drawing, power, price, duty_h),
    )


def mean_price(config: SiteConfig) -> Figure:
    """Of a kWh at any hour of a week, as the budget reckons it."""
    unit = f"{_currency(config)}/kWh"
    tariff = config.tariff
    if not tariff.rows and not tariff.dated:
        return owned(tariff.flat, unit, "price_kwh or [tariff]")
    week = usual_week(config)
    found = stretches(week, _MONDAY_S, _MONDAY_S + _WEEK_S)
    mean = calendar_mean(week.tariff, found, _MONDAY_S + _WEEK_S)
    how = "mean over the hours of a week"
    if any(stretch.price_kwh is None for stretch in found):
        how += " that have a price"
    return computed(mean, unit, how, "the tariff has no price")


def _spend(power: Power, price: Figure, config: SiteConfig, busy_h: float, how: str) -> Spend:
    kwh = _kwh(power, busy_h)
    unit = _currency(config)
    if kwh is None:
        gone = power.worst.source
        return Spend(unknown("kWh", gone), unknown(unit, gone))
    cost = None if price.value is None else kwh * price.value
    return Spend(
        computed(kwh, "kWh", f"{how}, {YEAR_H:g} h a year"),
        computed(cost, unit, "kWh x mean price", price.source),
    )


def _kwh(power: Power, busy_h: float) -> float | None:
    idle_w, typical_w = power.idle.value, power.typical.value
    if idle_w is None or typical_w is None:
        return None
    return (idle_w * (YEAR_H - busy_h) + typical_w * busy_h) / 1000.0


def _cloud(
    config: SiteConfig, drawing: Drawing, power: Power, price: Figure, duty_h: float
) -> Cloud:
    unit = _currency(config)
    asked = config.cloud_gpu_hour
    gpu_hour = owned(asked, f"{unit}/GPU-hour", "cloud_gpu_hour")
    cards = len(drawing.cards)
    gpu_hours = computed(cards * duty_h, "GPU-hours", f"{cards} cards x {duty_h:g} h")
    if asked is None or price.value is None or not cards or power.idle.value is None:
        why = gpu_hour.source if asked is None else price.source
        why = "the box has no card whose watts are known" if power.idle.value is None else why
        return Cloud(gpu_hour, gpu_hours, unknown(unit, why), unknown("h", why))
    return Cloud(
        gpu_hour,
        gpu_hours,
        computed(cards * duty_h * asked, unit, "GPU-hours x cloud price"),
        _break_even(price.value, power, cards * asked),
    )


def _break_even(price: float, power: Power, cloud_hour: float) -> Figure:
    """Hours a year at which owning's energy costs what the cloud does: idle watts are paid for all
    year, the cloud by the hour."""
    idle_kw, typical_kw = (power.idle.value or 0.0) / 1e3, (power.typical.value or 0.0) / 1e3
    gain = cloud_hour - price * (typical_kw - idle_kw)  # an hour at work here instead of there
    how = "idle energy of a year / what an hour at work saves against the cloud"
    if gain <= 0:
        return unknown("h", "never: an hour's energy here costs more than the cloud's hour")
    hours = price * idle_kw * YEAR_H / gain
    if hours > YEAR_H:
        return unknown("h", f"never: it would take {hours:.0f} h of a year's {YEAR_H:.0f}")
    return computed(max(0.0, hours), "h", how)


def _currency(config: SiteConfig) -> str:
    return config.currency or "money"
