"""Keeps count of energy: after every tick what was drawn since the last, to the ledger each minute.

1. `count`, at the end of a tick: `divided` says whose the energy of the time before was; it is
   added up in memory, and how things stand from here on is kept for the next tick.
   What the box and each job drew over time, for pictures, goes beside it (`drawn`).
2. At first, when a job ended, after FLUSH_S and at the end, the sums are posted to the ledger, in
   one transaction with where the counters stood then: after a crash the next daemon goes on from
   there, so nothing is counted twice, and what counters tell is not lost. The tick does not wait.
3. What is under way or refused (a full disk) is kept, and written later.

A daemon finds the jobs that run, and how things stood. Of a real box only counters tell what was
drawn while no daemon was there; a declared box goes on without one, and so does its count.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from tenfold.engine.drawn import JobWatts, WattsPoint, drawn, with_drawn
from tenfold.engine.energy import Key, divided
from tenfold.engine.sighting import Sighting
from tenfold.engine.standing import Sample, Standing, host_of, prices_of, samples, tenant
from tenfold.hardware.modelled import capped
from tenfold.ledger.ledger import Ledger
from tenfold.ledger.transaction import Transaction
from tenfold.site.clock import year
from tenfold.site.settings import SiteConfig, Spent
from tenfold.terms.box import Box
from tenfold.terms.budget import Budget
from tenfold.terms.decision import Cap
from tenfold.terms.energy import Drawn, Energy, EnergyRow, total
from tenfold.terms.job import Attempt, Job
from tenfold.terms.reading import Reading

FLUSH_S = 60.0  # so much of what no counter tells may a kill -9 lose
FACT = "energy"
WATTS = "power_w"  # the name of a job's curve among its metrics

log = logging.getLogger("tenfold.engine")

Live = Sequence[tuple[Job, Attempt]]


@dataclass(frozen=True)
class _Posted:
    done: Future[None]
    sums: dict[Key, Energy]
    jobs: set[str]
    drawn: dict[int, Drawn]
    points: list[WattsPoint]


class EnergyBook:
    """Of one daemon. The tick's thread owns it; any thread may ask `counting`."""

    def __init__(
        self,
        ledger: Ledger,
        site: SiteConfig,
        box: Box,
        live: Live,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`live`: what runs, found by a daemon that has just begun. `now`: real seconds."""
        self._ledger = ledger
        self._site = site
        self._zone = ZoneInfo(site.zone) if site.zone else None
        self._now = now
        self._watts = JobWatts()
        self._standing = self._found(box, live)
        self._sums: dict[Key, Energy] = {}
        self._open: set[str] = set()  # jobs in these
        self._drawn: dict[int, Drawn] = {}
        self._points: list[WattsPoint] = []
        self._posted: list[_Posted] = []  # not known to be there
        self._due = False
        self._flushed_s = now()
        self._year: tuple[float, float, Energy, float | None] | None = None

    def count(
        self, box: Box, reading: Reading, allowed: Budget, live: Live, seen: Iterable[Sighting]
    ) -> None:
        """At the end of a tick. `box`, `live` and `allowed` hold from here on; `seen` tells when
        those ended that had a slot until now."""
        before, now_s = self._standing, reading.at_s
        told = samples(reading)
        tenants = tuple(tenant(job, attempt) for job, attempt in live)
        if before is None:
            self._due = True  # from here on a crash loses nothing that a counter tells
        else:
            ends = {one.job: one.outcome.ended_s for one in seen if one.outcome is not None}
            found = divided(before, reading, ends, self._zone)
            self._take(found)
            if now_s <= before.at_s:  # the clock was put back: counters still know
                told = dict(before.samples)
            stay = {(one.job, one.attempt) for one in tenants}
            ended = any((one.job, one.attempt) not in stay for one in before.tenants)
            if found:
                self._drawn = with_drawn(self._drawn, [drawn(found, before.at_s, now_s)])
                self._points += self._watts.take(found, before.tenants, stay, ends, now_s)
            self._due |= ended or not before.watched
        host = host_of(self._site, box, reading)
        self._standing = Standing(now_s, box, tenants, prices_of(allowed), host, told)
        self._flush()

    def resite(self, site: SiteConfig) -> None:
        """From here on these settings hold: where the clock is, and what the host draws."""
        self._site = site
        self._zone = ZoneInfo(site.zone) if site.zone else None
        self._year = None  # it begins elsewhere

    def counting(self, job: str) -> bool:
        """Whether more of its energy is to come into the ledger. In the order in which a job goes
        through these, so that none is missed by another thread."""
        standing = self._standing
        if standing is not None and any(one.job == job for one in standing.tenants):
            return True
        if job in self._open:
            return True
        return any(job in one.jobs and not one.done.done() for one in list(self._posted))

    def spent(self, now_s: float) -> Spent:
        """Since the year began at the site, or since somebody counts."""
        if self._year is None or now_s >= self._year[1]:
            self._year = self._of_year(now_s)
        _, _, energy, first_s = self._year
        return Spent(energy.kwh, energy.money, first_s)

    def close(self) -> None:
        """The tick has ended: write what is left. The ledger is still open."""
        wait([one.done for one in self._posted])
        self._due = True
        self._flush()

    def _found(self, box: Box, live: Live) -> Standing | None:
        """How the daemon before this one left it."""
        kept = self._ledger.fact(FACT)
        if kept is None or kept["box"] != box.name:
            return None
        if box.modelled:
            box = capped(box, [Cap(device, watts) for device, watts in kept["caps"].items()])
        else:
            log.info("energy: since the last daemon only what counters tell is counted")
        return Standing(
            kept["at_s"],
            box,
            tuple(tenant(job, attempt) for job, attempt in live),
            tuple((start_s, price) for start_s, price in kept["prices"]),
            host_of(self._site, box, None),
            {device: Sample(joules) for device, joules in kept["counters"].items()},
            watched=False,
        )

    def _take(self, found: dict[Key, Energy]) -> None:
        self._add(found)
        if self._year is not None and found:
            begin_s, end_s, energy, first_s = self._year
            first_s = min(key[0] for key in found) if first_s is None else first_s
            self._year = (begin_s, end_s, energy + total(found.values()), first_s)

    def _add(self, sums: dict[Key, Energy]) -> None:
        for key, energy in sums.items():
            self._open.add(key[1])
            self._sums[key] = self._sums.get(key, Energy()) + energy

    def _flush(self) -> None:
        for one in [one for one in self._posted if one.done.done()]:
            if one.done.exception() is not None:
                log.error("energy: %s", one.done.exception())
                self._due = False  # not in every tick again
                self._add(one.sums)
                self._drawn = with_drawn(one.drawn, self._drawn.values())
                self._points = one.points + self._points
            self._posted.remove(one)
        if self._standing is None:
            return
        if not self._due and self._now() - self._flushed_s < FLUSH_S:
            return
        rows = [
            EnergyRow(of, basis, energy, hour_s)
            for (hour_s, of, basis), energy in self._sums.items()
        ]
        kept, at_s = _kept(self._standing), self._standing.at_s
        curve, points = self._drawn, self._points

        def work(transaction: Transaction) -> None:
            transaction.add_energy(rows)
            transaction.add_drawn(curve.values(), at_s)
            transaction.remember(FACT, kept)
            _plot(transaction, points)

        done = self._ledger.post(work)
        self._posted.append(_Posted(done, self._sums, self._open, curve, points))
        self._sums, self._open, self._drawn, self._points = {}, set(), {}, []
        self._due, self._flushed_s = False, self._now()

    def _of_year(self, now_s: float) -> tuple[float, float, Energy, float | None]:
        """Of the ledger and of what is not in it, each sum once."""
        begin_s, end_s = year(now_s, self._site.zone)
        held = list(self._sums.items())
        wait([one.done for one in self._posted])
        for one in self._posted:
            held += one.sums.items() if one.done.exception() is not None else ()
        reader = self._ledger.reader()
        energy, first_s = reader.energy_since(begin_s)
        reader.close()
        held = [(key, more) for key, more in held if key[0] >= begin_s]
        firsts = [float(key[0]) for key, _ in held] + ([] if first_s is None else [first_s])
        return begin_s, end_s, energy + total(more for _, more in held), min(firsts, default=None)


def _plot(transaction: Transaction, points: Iterable[WattsPoint]) -> None:
    """Onto the curves of their jobs: the step is in whole seconds since the first start."""
    for point in points:
        first_s = transaction.first_start_s(point.job)
        if first_s is not None:
            job = replace(transaction.job(point.job), attempt=point.attempt)
            step = max(0, round(point.at_s - first_s))
            transaction.metrics(job, step, point.at_s, {WATTS: point.watts})


def _kept(standing: Standing) -> dict[str, Any]:
    """Of how things stand, what a later daemon cannot find out by itself."""
    return {
        "at_s": standing.at_s,
        "box": standing.box.name,
        "prices": standing.prices,
        "counters": {
            device: sample.counter_j
            for device, sample in standing.samples.items()
            if sample.counter_j is not None and device.startswith("GPU-")
        },
        "caps": {gpu.id: gpu.cap_w for gpu in standing.box.gpus} if standing.box.modelled else {},
    }
