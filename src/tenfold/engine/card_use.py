"""What placement must not trust of a card, pure: that it keeps its limit, that it is ours alone."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from tenfold.terms.box import Device
from tenfold.terms.reading import DeviceReading, GpuProcess, Missing

OVER = 1.001  # of its limit: what is seen above it is counted
TOLD = 1.03  # and so much above it is worth an event: a card regulates about its limit
LIMIT_S = 5.0  # watts are a mean over the last second, and a new limit takes effect late
FORGET_S = 600.0  # how long the most that was seen counts
FOREIGN_GIB = 1.0  # a display or a monitor holds less
FOREIGN_USE = 0.2  # of a card that none of ours holds
SEEN_S = 3.0  # use is a mean as well, and processes are read a little late
GONE_S = 60.0  # between two runs of somebody's script the card is not free


@dataclass(frozen=True)
class Draw:
    """How a card keeps its limit."""

    limit_w: float = 0.0
    limit_s: float = -math.inf  # since when it is this
    last: float = 1.0  # what it drew over its limit in the last reading
    most: float = 1.0  # `Device.overdraw`
    most_s: float = -math.inf


def draw(device: Device, reading: DeviceReading, state: Draw, now: float) -> Draw:
    """The most of two readings in a row counts for FORGET_S."""
    if reading.gpu is None:
        return state
    limit_w, power_w = reading.gpu.limit_w, reading.power_w
    if isinstance(limit_w, Missing) or isinstance(power_w, Missing) or limit_w <= 0:
        return replace(state, last=1.0)
    if limit_w != state.limit_w:
        return replace(state, limit_w=limit_w, limit_s=now, last=1.0)
    if not 0 <= now - state.most_s < FORGET_S:
        state = replace(state, most=1.0)
    ratio = power_w / limit_w
    if not 0 <= now - state.limit_s < LIMIT_S and min(ratio, state.last) > OVER:
        highest = max(ratio, state.last)
        if highest >= state.most:
            state = replace(state, most=highest, most_s=now)
    return replace(state, last=ratio)


@dataclass(frozen=True)
class Guests:
    """Who works on a card and is none of ours."""

    there: bool = False  # `Device.others`
    why: str = ""
    since_s: float | None = None  # since when readings show somebody
    last_s: float = -math.inf


def guests(
    reading: DeviceReading, foreign: tuple[GpuProcess, ...], held: bool, state: Guests, now: float
) -> Guests:
    """`foreign` are the processes of others; `held`: a job of ours has a part of the card."""
    why = _foreign_words(reading, foreign, held)
    if why:
        since_s = now if state.since_s is None else min(state.since_s, now)
        there = state.there or now - since_s >= SEEN_S
        return Guests(there, why, since_s, now)
    gone = not 0 <= now - state.last_s < GONE_S
    return replace(state, there=state.there and not gone, since_s=None)


def _foreign_words(reading: DeviceReading, foreign: tuple[GpuProcess, ...], held: bool) -> str:
    known = [one.memory_gib for one in foreign if not isinstance(one.memory_gib, Missing)]
    if sum(known) >= FOREIGN_GIB:
        named = ", ".join(f"{one.name or 'a process'} ({one.pid})" for one in foreign[:3])
        return f"{named} holds {sum(known):.1f} GiB of it"
    use = reading.utilisation
    if not held and not isinstance(use, Missing) and use >= FOREIGN_USE:
        return f"it is in use ({use:.0%}), and by none of Tenfold's jobs"
    return ""
