"""What is wrong with the box at this moment, in words, worst first. Pure over what was seen.

That a card works at its power limit is no trouble: limits are what keeps the box inside its place.
A sentence stands here in English; with `facts`, another language says it by the code.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tenfold.engine.card_use import TOLD
from tenfold.engine.relief import hot
from tenfold.terms.box import Box, Device
from tenfold.terms.job import Job, Kind
from tenfold.terms.reading import (
    BRAKED,
    SLOWED,
    TOO_HOT,
    TOO_WARM,
    DeviceReading,
    Measured,
    Missing,
    Reading,
)
from tenfold.terms.short import device_words
from tenfold.terms.states import State

HELD_DOWN = (SLOWED, TOO_WARM, TOO_HOT, BRAKED)
OVER = 1.005  # of the budget: cards regulate about their limits

# In the order in which they are told among those that are equally bad.
TEXTS = {
    "tick.broken": "The box is not looked after: {why}",
    "site.over": "It draws {watts:,.0f} W, and {limit} allows {allowed_w:,.0f} W.",
    "card.lost": "{card} is gone: {why}.",
    "card.aside": "{card} takes no jobs: {why}.",
    "card.ecc": "{card} has bad memory: {why}.",
    "card.throttled": "{card} is held down: {by}{at}.",
    "card.hot": "{card} is too hot: {why}.",
    "service.down": "Service {name} is down: {why}.",
    "service.unhealthy": "Service {name} has not answered for {seconds:.0f} s.",
    "card.relieved": "{card} is let cool off at {limit_w:.0f} W at most: {why}.",
    "card.overdraw": "{card} was seen to draw {ratio:.0%} of its limit.",
    "card.others": "A program that is none of Tenfold's works on {card}.",
    "limit.stuck": "The power limit of {card} cannot be set: {why}.",
    "rights.missing": "Power limits and layouts cannot be set: {why}.",
    "place.unread": "The place is not read: {why}.",
}
_ORDER = list(TEXTS)


class Severity(StrEnum):
    BAD = "bad"  # something does not work, or will not for long
    WARN = "warn"  # it works, and not as well as it should


@dataclass(frozen=True)
class Trouble:
    code: str
    of: str  # a device's id, a job's id, or empty: the box, its place
    severity: Severity
    text: str
    facts: dict[str, Any]


@dataclass(frozen=True)
class Seen:
    """What the last tick saw."""

    box: Box
    reading: Reading | None
    jobs: Sequence[Job]  # that have not ended
    now_s: float
    drawn_w: float | None = None  # by cards and host
    allowed_w: float = math.inf
    limit: str = ""  # what sets these
    lost: frozenset[str] = frozenset()
    relieved: Mapping[str, str] = field(default_factory=dict)  # card -> why
    stuck: Mapping[str, str] = field(default_factory=dict)  # card -> why its limit cannot be set
    rights: str = ""  # why limits cannot be set; empty where they can, or there are none
    broken: str = ""  # why the last tick failed


def troubles(seen: Seen) -> list[Trouble]:
    found = [*_of_cards(seen), *_of_services(seen), *_of_place(seen)]
    return sorted(
        found, key=lambda one: (one.severity is not Severity.BAD, _ORDER.index(one.code), one.of)
    )


def _told(code: str, of: str, severity: Severity, **facts: Any) -> Trouble:
    text = TEXTS[code].format(card=device_words(of), **facts)
    return Trouble(code, of, severity, text, facts)


def _of_cards(seen: Seen) -> Iterator[Trouble]:
    readings = {} if seen.reading is None else {one.device: one for one in seen.reading.devices}
    for aside in seen.box.aside:
        id = aside.device.id
        if id in seen.lost:
            yield _told("card.lost", id, Severity.BAD, why=aside.why)
            continue
        # One that was found so, as in MIG mode, is as its owner left it.
        bad = Severity.BAD if id in seen.relieved else Severity.WARN
        yield _told("card.aside", id, bad, why=aside.why)
        if id in readings:
            yield from _held_down(aside.device, readings[id])
    for gpu in seen.box.gpus:
        if gpu.id in readings:
            held = list(_held_down(gpu, readings[gpu.id]))
            yield from held or _hot(gpu, readings[gpu.id])
            yield from _of_memory(gpu, readings[gpu.id])
        if gpu.id in seen.relieved and gpu.ceiling_w is not None:
            facts = {"why": seen.relieved[gpu.id], "limit_w": gpu.ceiling_w}
            yield _told("card.relieved", gpu.id, Severity.WARN, **facts)
        if gpu.overdraw > TOLD:
            yield _told("card.overdraw", gpu.id, Severity.WARN, ratio=gpu.overdraw)
        if gpu.others:
            yield _told("card.others", gpu.id, Severity.WARN)
        if gpu.id in seen.stuck:
            yield _told("limit.stuck", gpu.id, Severity.WARN, why=seen.stuck[gpu.id])


def _held_down(card: Device, reading: DeviceReading) -> Iterator[Trouble]:
    if reading.gpu is None or isinstance(reading.gpu.throttle, Missing):
        return
    by = [word for word in reading.gpu.throttle if word in HELD_DOWN]
    if by:
        known_c = _known(reading.temperature_c)
        at = "" if known_c is None else f", at {known_c:.0f} °C"
        trouble = _told("card.throttled", card.id, Severity.BAD, by=", ".join(by), at=at)
        facts = {"by": by, "temperature_c": known_c}
        yield Trouble(trouble.code, trouble.of, trouble.severity, trouble.text, facts)


def _hot(card: Device, reading: DeviceReading) -> Iterator[Trouble]:
    why = hot(card, reading, slowed_long=False)
    if why:
        known_c = _known(reading.temperature_c)
        yield _told("card.hot", card.id, Severity.BAD, why=why, temperature_c=known_c)


def _of_memory(card: Device, reading: DeviceReading) -> Iterator[Trouble]:
    if reading.gpu is None:
        return
    if reading.gpu.rows_failed is True:
        yield _told("card.ecc", card.id, Severity.BAD, why="a bad row could not be replaced")
    elif reading.gpu.rows_pending is True:
        yield _told("card.ecc", card.id, Severity.WARN, why="a bad row waits for a reset")


def _of_services(seen: Seen) -> Iterator[Trouble]:
    for job in seen.jobs:
        if job.spec.kind is not Kind.SERVICE:
            continue
        name = job.spec.name or job.id
        if job.state is State.RUNNING and job.unhealthy_s is not None:
            facts = {"name": name, "seconds": max(0.0, seen.now_s - job.unhealthy_s)}
            yield _told("service.unhealthy", job.id, Severity.BAD, **facts)
        elif job.state is State.QUEUED and job.next_try_s is not None:
            why = f"it crashed, and is tried again: {job.reason}" if job.reason else "it crashed"
            facts = {"name": name, "why": why, "next_try_s": job.next_try_s}
            yield _told("service.down", job.id, Severity.BAD, **facts, crashes=job.crashes)


def _of_place(seen: Seen) -> Iterator[Trouble]:
    if seen.broken:
        yield _told("tick.broken", "", Severity.BAD, why=seen.broken)
    if seen.drawn_w is not None and seen.drawn_w > OVER * seen.allowed_w:
        facts = {"watts": seen.drawn_w, "allowed_w": seen.allowed_w}
        yield _told("site.over", "", Severity.BAD, **facts, limit=seen.limit or "the place")
    if seen.rights:
        yield _told("rights.missing", "", Severity.WARN, why=seen.rights)
    place = None if seen.reading is None else seen.reading.place
    if place is not None:
        told = (place.inlet_c, place.supplies, place.wall_w)
        whys = [one.why for one in told if isinstance(one, Missing)]
        if len(whys) == len(told):
            yield _told("place.unread", "", Severity.WARN, why=whys[0])


def _known(value: Measured) -> float | None:
    return None if isinstance(value, Missing) else value
