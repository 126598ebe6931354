"""The life of services: restarted when they stop answering, asleep when nobody asks, woken by a
request, and let finish what they have begun before they are stopped.

All of it is a change in the ledger first. What is not there (who asked when, what is under way) the
proxy knows; while none lives nothing falls asleep, and a stop waits for nobody.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from tenfold.engine.desk import Desk
from tenfold.ledger.ledger import Ledger
from tenfold.ledger.transaction import Transaction
from tenfold.terms.command import COMMAND
from tenfold.terms.decision import Wait
from tenfold.terms.job import Attempt, Job, Kind, StopFor
from tenfold.terms.route import GATEWAY, Route, RouteState, Seen
from tenfold.terms.states import Change, State

DEAF_S = 120.0  # so long may a service not answer, once it has
BEGIN_S = 1800.0  # so long may one take until it answers for the first time: weights are loaded
# How long a stop waits for requests under way. One that does not answer has none to wait for.
DRAIN_S = {
    StopFor.CANCEL: 10.0,
    StopFor.RESTART: 0.0,
    StopFor.SLEEP: 30.0,
    StopFor.PAUSE: 30.0,
    StopFor.YIELD: 30.0,
}
_SLUG_LENGTH = 40


class Services:
    """Owned by the tick, but for `url`. Without a desk (a declared box) it does nothing."""

    def __init__(self, ledger: Ledger, desk: Desk | None) -> None:
        self._ledger = ledger
        self._desk = desk
        self._leaving: set[str] = set()  # when the routes were published
        self._drained_s: dict[tuple[str, int, StopFor], float] = {}

    def look(self, now_s: float) -> None:
        """Restart, put to sleep and wake whoever is due, in one transaction."""
        services = _services(self._ledger)
        if self._desk is None or not services:
            return
        seen = self._desk.seen()
        due = [found for job in services if (found := _due(job, seen, now_s))]
        if not due:
            return

        def work(transaction: Transaction) -> None:
            for job, change, why, stop_for in due:
                if transaction.job(job.id).state is job.state:
                    transaction.change(job.id, change, now_s, why, stop_for=stop_for)

        self._ledger.write(work)

    def publish(self) -> None:
        """Tell the proxy where the services are, as of now."""
        if self._desk is not None:
            services = _services(self._ledger)
            self._desk.publish(routes(services), is_needed=bool(services))
            self._leaving = {job.id for job in services if job.state is State.YIELDING}

    def drained(
        self, yielding: Sequence[tuple[Job, Attempt]], now_s: float
    ) -> list[tuple[Job, Attempt]]:
        """Those that may be asked to stop. The grace of a service begins when it is drained."""
        if self._desk is None:
            return list(yielding)
        known, self._drained_s = self._drained_s, {}
        found = []
        for job, attempt in yielding:
            if job.spec.kind is not Kind.SERVICE or job.stop_for is None:
                found.append((job, attempt))
                continue
            key = (job.id, attempt.number, job.stop_for)
            if key not in known and not self._is_drained(job, job.stop_for, now_s):
                continue  # also where its stop was asked for after the routes were published
            self._drained_s[key] = known.get(key, now_s)
            found.append((replace(job, changed_s=self._drained_s[key]), attempt))
        return found

    def url(self, job: Job) -> str | None:
        """Where a person finds it; None for what is no service that serves, or has ended."""
        if job.spec.kind is not Kind.SERVICE:
            return None
        return self.urls().get(job.id)

    def urls(self) -> dict[str, str]:
        """Where each service that serves and has not ended is found, by job."""
        if self._desk is None:
            return {}
        port = self._desk.port
        return {
            route.job: f"http://127.0.0.1:{port}/{route.names[0]}/"
            for route in routes(_services(self._ledger))
        }

    def close(self) -> None:
        if self._desk is not None:
            self.publish()
            self._desk.close()

    def _is_drained(self, job: Job, stop_for: StopFor, now_s: float) -> bool:
        assert self._desk is not None
        if now_s - job.changed_s >= DRAIN_S[stop_for]:
            return True
        if job.id not in self._leaving:
            return False
        seen = self._desk.seen()
        if seen is None:
            return True
        return self._desk.follows(seen) and not seen.in_flight.get(job.id)


def resting(jobs: Sequence[Job], now_s: float) -> tuple[list[Job], tuple[Wait, ...]]:
    """The jobs as placement should see them, and why some wait: a service that crashed rests until
    its next try. To placement it is like a paused one: open, and not to be started."""
    shown, waits = [], []
    for job in jobs:
        if job.state is State.QUEUED and job.next_try_s is not None and job.next_try_s > now_s:
            tries = "once" if job.crashes == 1 else f"{job.crashes} times in a row"
            why = f"It crashed {tries} and is tried again: {job.reason}."
            waits.append(Wait(job.id, why, expected_s=job.next_try_s))
            job = replace(job, state=State.PAUSED)
        shown.append(job)
    return shown, tuple(waits)


def routes(services: Sequence[Job]) -> tuple[Route, ...]:
    """Of services that tell a port, or are given one; `services` are in order of submission. The
    first that wants a name has it, the others have it with their id."""
    serving = [job for job in services if job.port or job.spec.workload == COMMAND]
    taken: set[str] = set()
    found = []
    for job in serving:
        wanted = (slug(job), f"{slug(job)}-{job.id}", job.id)
        names = tuple(name for name in wanted if name not in taken)
        taken.update(names)
        state = _route_state(job)
        if state is not None:
            port = (job.port or 0) if state is RouteState.UP else 0
            tries = (job.next_try_s, job.attempt, job.started_s)
            found.append(Route(job.id, names, state, port, _why(job), *tries))
    return tuple(found)


def slug(job: Job) -> str:
    """Its name as a part of a path. Only digits would look like an id; `v1` is the gateway's."""
    name = re.sub(r"[^a-z0-9]+", "-", job.spec.name.lower()).strip("-")[:_SLUG_LENGTH].strip("-")
    is_free = name and not name.isdigit() and name != GATEWAY
    return name if is_free else f"service-{name}".strip("-")


def _services(ledger: Ledger) -> list[Job]:
    return [job for job in ledger.open_jobs() if job.spec.kind is Kind.SERVICE]


def _due(
    job: Job, seen: Seen | None, now_s: float
) -> tuple[Job, Change, str, StopFor | None] | None:
    """The change that `job` is due for, if any."""
    if job.state is State.ASLEEP and seen is not None and job.id in seen.wishes:
        return job, Change.RESUME, "woken by a request", None
    if job.state is not State.RUNNING:
        return None
    if job.unhealthy_s is not None and now_s - job.unhealthy_s >= DEAF_S:
        return job, Change.STOP, f"it did not answer for {DEAF_S:.0f} s", StopFor.RESTART
    began_s = job.started_s or now_s
    never = job.healthy_s is None and job.unhealthy_s is None
    if never and job.spec.params.get("port") and now_s - began_s >= BEGIN_S:
        return job, Change.STOP, f"it has not answered within {BEGIN_S:.0f} s", StopFor.RESTART
    after_s = job.spec.sleep_after_s
    if after_s is None or job.healthy_s is None or job.port is None or seen is None:
        return None
    last_s = max(job.healthy_s, seen.last_s.get(job.id, 0.0))
    if now_s - last_s >= after_s and not seen.in_flight.get(job.id):
        return job, Change.STOP, f"no request for {after_s:g} s", StopFor.SLEEP
    return None


def _route_state(job: Job) -> RouteState | None:
    """None: nothing is to be had of it any more."""
    if job.stop_for is StopFor.CANCEL:
        return None
    if job.state is State.RUNNING and job.port and job.healthy_s is not None:
        return RouteState.UP
    if job.state is State.ASLEEP or job.stop_for is StopFor.SLEEP:
        return RouteState.ASLEEP
    if job.state is State.PAUSED or job.stop_for is StopFor.PAUSE:
        return RouteState.PAUSED
    return RouteState.WAITS


def _why(job: Job) -> str:
    if job.state is State.RUNNING:
        return "" if job.healthy_s is not None else "It runs, and does not answer."
    return f"It is {job.state.value}{f': {job.reason}' if job.reason else ''}."
