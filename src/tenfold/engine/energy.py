"""Whose energy it was: what every device drew between two ticks, divided among who had it.

`divided` is a pure function of how things stood at the last tick (`Standing`) and what is read now.
The time between is cut where an hour or a price begins and where a job came or went, and each piece
is counted for itself:

- A card: what its counter went up by; else the watts that were read; else, on a declared box or
  where a card tells neither, what its model says (`draw`). Measured joules are laid over the pieces
  in the proportions of the model, so that who left does not pay for the idle card after it.
- A card that several jobs share: what is above its idle watts by their compute, and of the idle
  watts each its part. What is left is idle, as is a card that none of our jobs has.
- A CPU share: of the package counters (RAPL), by cores; else the watts that the job says; else
  nobody can tell. The rest of the packages is the host's.

Of a time in which no daemon looked only counters tell; where there is none, the seconds are
counted as unknown. It does not look into a card: who of two jobs drew more, nobody can tell.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from itertools import pairwise

from tenfold.engine.draw import above_idle_w, draw_w, parts
from tenfold.engine.standing import Sample, Standing, Tenant, samples
from tenfold.terms.box import Device, DeviceKind
from tenfold.terms.energy import HOST, IDLE, JOULES_PER_KWH, Basis, Energy
from tenfold.terms.reading import Reading

HOUR_S = 3600

Key = tuple[int, str, Basis]  # the hour's begin, whose, how it is known


def divided(
    before: Standing, reading: Reading, ends: Mapping[str, float], zone: tzinfo | None = None
) -> dict[Key, Energy]:
    """The energy from `before` to `reading`. `ends`: when jobs ended that had a slot, in s since
    the epoch. Hours are those of `zone`; None: this machine's."""
    if reading.at_s <= before.at_s:
        return {}
    interval = _Interval(before, reading, _pieces(before, ends, reading.at_s, zone))
    devices = (*before.box.devices, *(one.device for one in before.box.aside))
    for device in devices:
        if device.kind is DeviceKind.GPU:
            _card(interval, device)
    packages = [_Packages() for _ in interval.pieces]
    for device in devices:
        if device.kind is DeviceKind.CPU:
            _cpu(interval, device, packages)
    for piece, told in zip(interval.pieces, packages, strict=True):
        _host(interval, piece, told)
    return interval.sums


def hour_of(at_s: float, zone: tzinfo | None = None) -> int:
    """When the hour of local time began that `at_s` is in. Not every zone is whole hours away."""
    there = datetime.fromtimestamp(at_s, zone)
    offset = (there if zone is not None else there.astimezone()).utcoffset()
    whole_s = math.floor(at_s)
    return whole_s - (whole_s + (round(offset.total_seconds()) if offset else 0)) % HOUR_S


@dataclass(frozen=True)
class _Piece:
    """A time in which nobody came or went, of one hour and one price."""

    from_s: float
    length_s: float
    hour_s: int
    price_kwh: float | None
    tenants: tuple[Tenant, ...]
    on: Mapping[str, Sequence[Tenant]]  # the same by device


@dataclass
class _Packages:
    """What the package counters told of one piece."""

    told: Basis | None = None
    of_jobs_j: float = 0.0
    rest_j: float = 0.0


class _Interval:
    def __init__(self, before: Standing, reading: Reading, pieces: Sequence[_Piece]) -> None:
        self.before = before
        self.pieces = pieces
        self.length_s = reading.at_s - before.at_s
        self.guessable = before.guessable(reading.at_s)
        self.sums: dict[Key, Energy] = {}
        self._now = samples(reading)

    def measured(self, device: Device) -> tuple[Basis, float] | None:
        """Joules. A counter that went back began anew, with the driver or with the machine."""
        then, now = self.before.samples.get(device.id), self._now.get(device.id)
        if self.before.box.modelled or then is None or now is None:
            return None
        went_up_j = _went_up_j(then, now)
        if went_up_j is not None:
            return Basis.COUNTER, went_up_j
        if now.watts is None or not self.guessable:
            return None
        watts = now.watts if then.watts is None else (then.watts + now.watts) / 2
        return Basis.READING, watts * self.length_s

    def add(
        self,
        piece: _Piece,
        of: str,
        basis: Basis,
        joules: float = 0.0,
        gpu_s: float = 0.0,
        seconds: float | None = None,
    ) -> None:
        """`seconds`: None is all of the piece."""
        priced_j = 0.0 if piece.price_kwh is None else joules
        money = priced_j / JOULES_PER_KWH * (piece.price_kwh or 0.0)
        key = (piece.hour_s, of, basis)
        more = Energy(
            joules, priced_j, money, gpu_s, piece.length_s if seconds is None else seconds
        )
        self.sums[key] = self.sums.get(key, Energy()) + more


def _went_up_j(then: Sample, now: Sample) -> float | None:
    if then.counter_j is None or now.counter_j is None or now.counter_j < then.counter_j:
        return None
    return now.counter_j - then.counter_j


def _pieces(
    before: Standing, ends: Mapping[str, float], now_s: float, zone: tzinfo | None
) -> list[_Piece]:
    tenants = [
        replace(one, until_s=ends[one.job]) if one.job in ends else one for one in before.tenants
    ]
    cuts = {start_s for start_s, _ in before.prices}
    cuts |= {one.from_s for one in tenants} | {one.until_s for one in tenants}
    next_s = hour_of(before.at_s, zone) + HOUR_S
    while next_s < now_s:
        cuts.add(float(next_s))
        next_s = hour_of(next_s, zone) + HOUR_S
    edges = [before.at_s, *sorted(cut for cut in cuts if before.at_s < cut < now_s), now_s]
    pieces = []
    for from_s, until_s in pairwise(edges):
        here = [one for one in tenants if one.from_s <= from_s and until_s <= one.until_s]
        on: dict[str, list[Tenant]] = {}
        for one in here:
            for device in one.slot.devices:
                on.setdefault(device, []).append(one)
        hour_s, price_kwh = hour_of(from_s, zone), before.price_at(from_s)
        pieces.append(_Piece(from_s, until_s - from_s, hour_s, price_kwh, tuple(here), on))
    return pieces


def _card(interval: _Interval, card: Device) -> None:
    pieces = interval.pieces
    watts = [draw_w(card, piece.on.get(card.id, ())) for piece in pieces]
    modelled = [
        None if draw is None else draw * piece.length_s
        for draw, piece in zip(watts, pieces, strict=True)
    ]
    measured = interval.measured(card)
    if measured is not None:
        shares = _proportions(modelled, [piece.length_s for piece in pieces])
        for piece, share in zip(pieces, shares, strict=True):
            _divide(interval, card, piece, measured[0], measured[1] * share)
        return
    for piece, joules in zip(pieces, modelled, strict=True):
        if joules is None or not interval.guessable:
            _divide(interval, card, piece, Basis.UNKNOWN, 0.0)
        else:
            _divide(interval, card, piece, Basis.MODELLED, joules)


def _divide(interval: _Interval, card: Device, piece: _Piece, basis: Basis, joules: float) -> None:
    """One piece of one card, among those who have it."""
    tenants, length_s = piece.on.get(card.id, ()), piece.length_s
    if not tenants:
        interval.add(piece, IDLE, basis, joules, length_s)
        return
    owned = parts(card, tenants)
    free = max(0.0, 1.0 - sum(owned))
    idle_j = min(joules, card.idle_w * length_s)
    if free > 1e-9:
        interval.add(piece, IDLE, basis, idle_j * free, free * length_s, free * length_s)
    weights = owned
    if basis is Basis.MODELLED:  # then each has what the model says of it
        above = zip(tenants, owned, strict=True)
        weights = [above_idle_w(card, one, part) or 0.0 for one, part in above]
    above_j = (joules - idle_j) / sum(weights) if sum(weights) > 0 else 0.0
    for one, part, weight in zip(tenants, owned, weights, strict=True):
        own_j = idle_j * part + above_j * weight
        own_s = length_s / len(one.slot.devices)
        interval.add(piece, one.job, basis, own_j, part * length_s, own_s)


def _proportions(modelled: Sequence[float | None], lengths_s: Sequence[float]) -> list[float]:
    """What of the whole falls on each piece: by the model, else by time."""
    known = [joules for joules in modelled if joules is not None]
    weights = known if len(known) == len(modelled) and sum(known) > 0 else lengths_s
    return [weight / sum(weights) for weight in weights]


def _cpu(interval: _Interval, cpu: Device, packages: Sequence[_Packages]) -> None:
    measured = interval.measured(cpu)
    for piece, told in zip(interval.pieces, packages, strict=True):
        shares = piece.on.get(cpu.id, ())
        if measured is None:
            for one in shares:
                if one.watts is None or not interval.guessable:
                    interval.add(piece, one.job, Basis.UNKNOWN)
                else:
                    joules = one.watts * piece.length_s
                    interval.add(piece, one.job, Basis.MODELLED, joules)
            continue
        basis, joules = measured[0], measured[1] * piece.length_s / interval.length_s
        # The cores beside the cards of a GPU job work as well; what they draw stays with the host.
        beside = [one for one in piece.tenants if one not in shares and one.slot.node == cpu.node]
        in_use = sum(one.slot.cores for one in (*shares, *beside))
        of_jobs_j = 0.0
        for one in shares:
            own_j = joules * one.slot.cores / in_use
            interval.add(piece, one.job, basis, own_j)
            of_jobs_j += own_j
        told.told = basis
        told.of_jobs_j += of_jobs_j
        told.rest_j += joules - of_jobs_j


def _host(interval: _Interval, piece: _Piece, packages: _Packages) -> None:
    """What the owner or the box says of the host has the packages in it. Where neither says
    anything, these alone are better than nothing."""
    host = interval.before.host
    if host is not None and interval.guessable:
        joules = max(0.0, host.watts * piece.length_s - packages.of_jobs_j)
        interval.add(piece, HOST, host.basis, joules)
    elif packages.told is not None:
        interval.add(piece, HOST, packages.told, packages.rest_j)
    else:
        interval.add(piece, HOST, Basis.UNKNOWN)
