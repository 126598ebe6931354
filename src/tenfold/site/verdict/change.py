"""What to change first, and what the settings could say that nobody else knows."""

from __future__ import annotations

from collections.abc import Iterator

from tenfold.site.settings import SiteConfig
from tenfold.site.verdict.answers import percent, watts
from tenfold.site.verdict.build import Build
from tenfold.site.verdict.cap import Cap, below, cap_within
from tenfold.site.verdict.drawing import Drawing
from tenfold.site.verdict.money import YEAR_H, Money
from tenfold.site.verdict.power import Power
from tenfold.site.verdict.quiet import Noise
from tenfold.site.verdict.room import Room
from tenfold.site.verdict.wall import COMMON, Limit, Wall, supplies_take
from tenfold.terms.box import Box

MOST = 5


def changes(
    box: Box, drawing: Drawing, wall: Wall, room: Room, noise: Noise, build: Build, money: Money
) -> tuple[str, ...]:
    """The limits that the worst case exceeds, by how many watts; a sentence each."""
    if not drawing.known:
        return ()
    worst_w = drawing.worst_w()
    found: list[tuple[float, str]] = []
    for limit in wall.limits:
        over_w = worst_w - (limit.allowed.value or 0.0)
        found.append((over_w, _wall_words(limit, box, drawing, over_w)))
    if room.cap is not None:
        over_w = worst_w - (room.takes.value or 0.0)
        taken = f"Room and cooling take {watts(room.takes)} of {_w(worst_w)}"
        found.append((over_w, f"{taken}: {_held(room.cap)}, or take away {_w(over_w)} more."))
    found += _quiet(noise, worst_w)
    if build.supplies.carries is False and build.supplies.needed.value is not None:
        over_w = build.supplies.needed.value - (build.supplies.without_spare.value or 0.0)
        if "the power supplies" not in [limit.name for limit in wall.limits]:
            found.append((over_w, f"The power supplies lack {_w(over_w)} once the spare are lost."))
    found += _yearly(money)
    exceeded = [one for one in found if one[0] > 1e-6]
    return tuple(text for _, text in sorted(exceeded, key=lambda one: -one[0])[:MOST])


def to_say(config: SiteConfig, power: Power, build: Build) -> tuple[str, ...]:
    told = (
        (
            not power.hosts_known,
            "host_watts: what the box draws beside its cards, by a meter or its maker.",
        ),
        (
            not config.circuits,
            "[[circuit]]: volts, amps and phases of the breakers that it hangs on.",
        ),
        (config.cooling is None, "[cooling]: the watts that the room or its cooling takes away."),
        (
            not config.quiet or not config.noise,
            "[[quiet]] and [noise]: hours, and two points of watts and dBA where you sleep.",
        ),
        (
            build.supplies.count.value is None,
            "[psu]: how many power supplies, their watts, and how many may fail.",
        ),
        (
            config.tariff.flat is None and not config.tariff.rows and not config.tariff.dated,
            "price_kwh or [tariff]: what a kWh costs.",
        ),
    )
    return tuple(sentence for lacking, sentence in told if lacking)


def _wall_words(limit: Limit, box: Box, drawing: Drawing, over_w: float) -> str:
    cap = cap_within(drawing, limit.allowed, below(limit.allowed.value or 0.0))
    name = f"{limit.name[0].upper()}{limit.name[1:]}"
    verb = "carry" if name.endswith("supplies") else "carries"
    if "limit" in name:
        verb = "is"
    told = f"{name} {verb} {watts(limit.allowed)} of {_w(drawing.worst_w())}: {_held(cap)}"
    if not name.startswith("Circuit"):
        return f"{told}, or find {_w(over_w)} more."
    larger = next(
        (
            f"{one.name} ({_w(one.watts)})"
            for one in sorted(COMMON, key=lambda one: one.watts)
            if one.watts >= drawing.worst_w() and supplies_take(one, box)
        ),
        "",
    )
    more = f"lay a circuit of {larger}" if larger else "spread its supplies over more circuits"
    return f"{told}, or {more}."


def _quiet(noise: Noise, worst_w: float) -> Iterator[tuple[float, str]]:
    for one in noise.quiet:
        if one.cap is not None and one.allowed.value is not None:
            told = f"Quiet hours ({one.hours}) leave {watts(one.allowed)} of {_w(worst_w)}"
            held = f"{_held(one.cap)} in them, or move it further away"
            yield worst_w - one.allowed.value, f"{told}: {held}."


def _yearly(money: Money) -> Iterator[tuple[float, str]]:
    """By the watts that the exceeded year's energy means all year round."""
    hours = f"{money.duty.value:g} hours a day at work"
    for wanted, spent, unit in (
        (money.yearly_kwh, money.working.kwh, "kWh"),
        (money.yearly_money, money.working.money, money.currency or "money"),
    ):
        if wanted.value is None or spent.value is None or spent.value <= wanted.value:
            continue
        share = 1.0 - wanted.value / spent.value
        over_w = share * (money.working.kwh.value or 0.0) * 1000.0 / YEAR_H
        asked = f"{spent.value:,.0f} of the {wanted.value:,.0f} {unit} a year".replace(",", " ")
        yield over_w, f"It takes {asked} with {hours}: let it idle or sleep more, or allow more."


def _held(cap: Cap) -> str:
    if cap.cap.value is not None:
        return f"cap the cards at {watts(cap.cap)} ({percent(cap.speed)} of the speed)"
    if cap.running.value:
        return f"run {cap.running.value:.0f} cards at their lowest limit"
    return "switch it off"


def _w(value: float) -> str:
    return f"{value:,.0f} W".replace(",", " ")
