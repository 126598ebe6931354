"""What was drawn between two ticks, for pictures: by the whole box, and by each job.

Pure over the sums of `energy.divided`. What nobody knows has no watts; it is never 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from tenfold.engine.energy import Key
from tenfold.engine.standing import Tenant
from tenfold.terms.energy import HOST, Basis, Drawn, Energy

MINUTE_S = 60
# Of a job's curve: a point a minute, and of one that runs long no more than so many for the time
# that it has run (a month of minutes would be 43 000 points).
POINTS = 300
_BY_TRUST = list(Basis)  # the worst last


def drawn(sums: Mapping[Key, Energy], from_s: float, until_s: float) -> Drawn:
    """By cards and host from `from_s` to `until_s`. The watts of CPU shares are the host's: that
    nobody can divide these among jobs makes them no less known."""
    bases = {key[2] for key, energy in sums.items() if key[1] == HOST or energy.gpu_s > 0}
    told = bases - {Basis.UNKNOWN}
    joules = sum(energy.joules for energy in sums.values()) if told else None
    worst = max(bases, key=_BY_TRUST.index, default=Basis.UNKNOWN)
    minute_s = math.floor(from_s / MINUTE_S) * MINUTE_S
    return Drawn(minute_s, until_s - from_s, joules, worst)


def with_drawn(known: Mapping[int, Drawn], more: Iterable[Drawn]) -> dict[int, Drawn]:
    """By their minutes, each with what came to it."""
    found = dict(known)
    for one in more:
        before = found.get(one.minute_s)
        if before is None:
            found[one.minute_s] = one
            continue
        both = None not in (before.joules, one.joules)
        found[one.minute_s] = Drawn(
            one.minute_s,
            before.seconds + one.seconds,
            (before.joules or 0.0) + (one.joules or 0.0) if both else None,
            max(before.basis, one.basis, key=_BY_TRUST.index),
        )
    return found


@dataclass(frozen=True)
class WattsPoint:
    """Of a job's curve: its mean since the point before."""

    job: str
    attempt: int
    at_s: float
    watts: float


@dataclass(frozen=True)
class _Open:
    attempt: int
    began_s: float  # of the attempt
    from_s: float  # of the point that is being made
    joules: float = 0.0
    seconds: float = 0.0
    known: bool = True


class JobWatts:
    """Points in the making, of every live job. For the tick's thread."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}

    def take(
        self,
        sums: Mapping[Key, Energy],
        tenants: Iterable[Tenant],
        stay: Iterable[tuple[str, int]],
        ends: Mapping[str, float],
        now_s: float,
    ) -> list[WattsPoint]:
        """The points that are done. `tenants` were there since the last tick, of which `stay` (job,
        attempt) are there still; `ends`: when the others ended, in s since the epoch."""
        staying, points = set(stay), list[WattsPoint]()
        before, self._open = self._open, {}
        for one in tenants:
            made = before.get(one.job)
            if made is None or made.attempt != one.attempt:
                made = _Open(one.attempt, one.from_s, one.from_s)
            made = _with(made, [(key[2], e) for key, e in sums.items() if key[1] == one.job])
            stays = (one.job, one.attempt) in staying
            until_s = now_s if stays else min(now_s, ends.get(one.job, now_s))
            if stays and until_s - made.from_s < _grain_s(until_s - made.began_s):
                self._open[one.job] = made
                continue
            if made.known and made.seconds > 0:
                watts = made.joules / made.seconds
                points.append(WattsPoint(one.job, one.attempt, until_s, watts))
            if stays:
                self._open[one.job] = _Open(one.attempt, made.began_s, until_s)
        return points


def _grain_s(age_s: float) -> float:
    return max(float(MINUTE_S), age_s / POINTS)


def _with(made: _Open, more: Iterable[tuple[Basis, Energy]]) -> _Open:
    for basis, energy in more:
        made = replace(
            made,
            joules=made.joules + energy.joules,
            seconds=made.seconds + energy.seconds,
            known=made.known and (basis is not Basis.UNKNOWN or energy.seconds <= 0),
        )
    return made
