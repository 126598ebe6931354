"""The parts of a daemon in one place, and the loop that ticks."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

from tenfold.engine.cards import Cards
from tenfold.engine.children import Children
from tenfold.engine.clock import Clock
from tenfold.engine.curves import CurvesFile
from tenfold.engine.describe import Describer
from tenfold.engine.desk import Desk
from tenfold.engine.energy_book import EnergyBook
from tenfold.engine.leftovers import job_of
from tenfold.engine.lookout import Lookout
from tenfold.engine.orders import Orders
from tenfold.engine.services import Services
from tenfold.engine.sighting import Engine, Sighting
from tenfold.hardware.detect import Meter
from tenfold.ledger.ledger import Ledger
from tenfold.ledger.transaction import Event
from tenfold.placement.power import watts_of
from tenfold.placement.simulate import expected_start
from tenfold.rights.ask import Rights
from tenfold.site.budget import check_idle
from tenfold.site.settings import SiteConfig
from tenfold.terms.box import Box, Slot
from tenfold.terms.budget import Budget
from tenfold.terms.decision import Decision, Wait
from tenfold.terms.job import Attempt, Job
from tenfold.terms.outcome import Ending, Outcome
from tenfold.terms.reading import Reading
from tenfold.terms.refusal import Refusal
from tenfold.terms.states import ENDED, LIVE, Change, State
from tenfold.terms.wire import to_json

BUSY_S = 0.25  # between ticks while something runs, if nothing wakes it before
IDLE_S = 2.0
REST = 4.0  # a long queue makes long ticks: they take a fifth of a core at most
TROUBLE_S = 1.0  # after a tick that failed
TAKEN_S = 5.0  # so long does a change of the settings wait for a tick to take it

# Changes that come from outside the tick and want one at once.
_OWNERS_CHANGES = frozenset(
    {"submit", "priority", *(c.value for c in (Change.STOP, Change.RESUME, Change.RETRY))}
)

log = logging.getLogger("tenfold.engine")


class House:
    """Built by the daemon; `run` ticks until `close`. The tick's thread owns everything but the
    ledger and `latest`, which any thread may read."""

    def __init__(
        self,
        site: SiteConfig,
        ledger: Ledger,
        meter: Meter,
        engine: Engine,
        clock: Clock,
        describer: Describer,
        wake: threading.Event,
        desk: Desk | None = None,
        rights: Rights | None = None,
        curves: CurvesFile | None = None,
    ) -> None:
        """`meter` has the box as it was found."""
        self.site = site
        self.ledger = ledger
        self.engine = engine
        self.clock = clock
        self.describer = describer
        self.rights = rights
        self.attempts: dict[str, Attempt] = {}
        self.latest: tuple[Reading, Budget, Decision] | None = None
        self.progress: dict[str, dict[str, Any]] = {}
        self.broken = ""  # why the last tick failed; empty where it did not
        self._wake = wake
        self._reader = ledger.reader()  # the tick's own
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._coming: queue.SimpleQueue[tuple[SiteConfig, threading.Event]] = queue.SimpleQueue()
        slots = self.slots()
        self.lookout = Lookout(meter, site, ledger, self.job_of, slots, clock(), rights, curves)
        self.orders = Orders(ledger, self.box, describer, site.when)
        self.children = Children(ledger, self.orders, clock)
        self.services = Services(ledger, desk)
        self.energy = EnergyBook(ledger, site, self.box, self.live())
        ledger.listen(self._heard)

    @property
    def box(self) -> Box:
        """As placement may have it."""
        return self.lookout.box

    @property
    def cards(self) -> Cards:
        return self.lookout.cards

    def check_site(self, site: SiteConfig | None = None) -> None:
        """A Refusal where the place does not even allow the idle box; by other settings than those
        that hold, if named. Any thread may ask."""
        box = self.box if site is None else self.lookout.judged(site)
        check_idle(site or self.site, watts_of(box).unused_w, self.clock())

    def run(self, tick: Callable[[House], Decision]) -> None:
        """Start the loop in a thread of its own."""
        self._ask_for_missing_children()
        self._thread = threading.Thread(target=self._loop, args=(tick,), name="tick", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop ticking and let go. Running jobs go on; the next daemon adopts them."""
        self._closing.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        self.energy.close()
        self.children.close()
        self.services.close()
        self.orders.close()
        self.engine.close()
        self.lookout.close()
        if self.rights is not None:
            self.rights.close()
        self._reader.close()
        self.ledger.close()

    def live(self) -> list[tuple[Job, Attempt]]:
        """Jobs that hold a slot, with their newest attempt."""
        jobs = [job for job in self.ledger.open_jobs() if job.state in LIVE]
        for job in jobs:
            if job.id not in self.attempts:  # promised by a daemon that is gone
                self.attempts[job.id] = self._reader.attempts(job.id)[-1]
        return [(job, self.attempts[job.id]) for job in jobs]

    def slots(self) -> list[Slot]:
        """Slots that are held now."""
        return [attempt.slot for _, attempt in self.live()]

    def yielding(self) -> list[tuple[Job, Attempt]]:
        return [(job, attempt) for job, attempt in self.live() if job.state is State.YIELDING]

    def read(self, now_s: float) -> Reading:
        return self.lookout.read(self.slots(), now_s)

    def card_failed(self, devices: Collection[str]) -> bool:
        """Whether a job on these that ends at this moment may have died of its card."""
        return self.lookout.failed(devices, self.clock())

    def job_of(self, pid: int) -> str | None:
        return job_of(pid, str(self.ledger.path.parent))

    def prepared(self, decision: Decision) -> Decision:
        return self.lookout.prepared(decision, self.clock())

    def start(self, attempt: Attempt) -> None:
        """Carry out a promised start; the job is told how its children ended."""
        job = self._reader.job(attempt.job)
        ended = {
            child.spec.key or child.id: to_json(child.outcome or _never_ran(child))
            for child in self._reader.children(job.id)
            if child.state in ENDED
        }
        self.attempts[job.id] = attempt
        self.engine.start(job, attempt, ended)

    def settled(self, sighting: Sighting) -> None:
        """A sighting is in the ledger: do not read its lines again."""
        if sighting.outcome is not None:
            self.attempts.pop(sighting.job, None)
            self.progress.pop(sighting.job, None)
        elif sighting.lines:
            attempt = self.attempts[sighting.job]
            self.attempts[sighting.job] = replace(attempt, read_to=sighting.read_to)

    def ask_for_children(self, seen: Sequence[Sighting]) -> None:
        """Also for a parent that works on and says nothing meanwhile."""
        for sighting in seen:
            if self.children.misses(sighting.job, sighting.wants):
                self.children.want(self._reader.job(sighting.job), sighting.wants)

    def saw(self, reading: Reading, budget: Budget, decision: Decision) -> None:
        """Keep what the tick saw, and what it changed of the box itself."""
        self.latest = (reading, budget, decision)
        self.lookout.saw(reading, decision)

    def resite(self, site: SiteConfig) -> bool:
        """These settings hold from the next tick on; whether one has taken them, since a tick may
        be long. Any thread may call it."""
        taken = threading.Event()
        self._coming.put((site, taken))
        self._wake.set()
        return taken.wait(TAKEN_S)

    def wait_of(self, job_id: str) -> Wait | None:
        """Why a job waits, as of the last tick, and when it starts by the plan."""
        if self.latest is None:
            return None
        _, budget, decision = self.latest
        wait = next((wait for wait in decision.waits if wait.job == job_id), None)
        if wait is None or wait.expected_s is not None:
            return wait
        jobs, now_s = self.ledger.open_jobs(), self.clock()
        return replace(wait, expected_s=expected_start(self.box, budget, jobs, now_s, job_id))

    def _loop(self, tick: Callable[[House], Decision]) -> None:
        pause_s = 0.0
        while not self._closing.is_set():
            self._wake.wait(pause_s)
            self._wake.clear()
            try:
                began_s = time.monotonic()
                self._take_site()
                tick(self)
                self.broken = ""
                took_s = time.monotonic() - began_s
                pause_s = max(BUSY_S, REST * took_s) if self.attempts else IDLE_S
            except Refusal as told:
                log.error("tick: %s", told)
                self.broken = f"{told.what} {told.why}"
                pause_s = TROUBLE_S
            except Exception as error:  # a tick must never be the last one
                log.exception("tick")
                self.broken = repr(error)
                pause_s = TROUBLE_S

    def _take_site(self) -> None:
        """Everybody who holds the settings gets those that came, between two ticks."""
        while not self._coming.empty():
            site, taken = self._coming.get()
            self.lookout.resite(site)
            self.energy.resite(site)
            self.orders.when = site.when
            self.site = site
            taken.set()

    def _heard(self, events: list[Event]) -> None:
        """From the ledger's thread: changes wake the tick, progress is kept for whoever asks."""
        for event in events:
            if event.kind == "progress":
                self.progress[event.job] = event.data
            elif event.kind == "change" and self._is_urgent(str(event.data.get("change"))):
                self._wake.set()

    def _is_urgent(self, change: str) -> bool:
        """A submit behind a queue can wait for the next tick; a tick for each would slow both."""
        if change == "submit" and self.attempts and self.latest and self.latest[2].waits:
            return False
        return change in _OWNERS_CHANGES

    def _ask_for_missing_children(self) -> None:
        """After a crash: children that a parent asked for and that were not submitted yet."""
        for job in self.ledger.open_jobs():
            if job.attempt:
                self.children.want(job, self.engine.wants(job))


def _never_ran(child: Job) -> Outcome:
    """What a parent hears of a child that was cancelled while it waited: else it would wait on."""
    return Outcome(0, Ending.STOPPED, child.changed_s, child.changed_s)
