"""Which service has which model: asked of the services, remembered, found by name.

A service that is up is asked for GET /v1/models once in each attempt. What answers like OpenAI is a
language model; what answers anything else is a plain web service, and left alone. What does not
answer, or with its own fault, is asked again a few times. Nobody is woken to be asked: one that
sleeps is listed with what it had, which `models.json` keeps over the proxy's own end.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenfold.folder.proxy import ProxyFolder
from tenfold.proxy.offer import offered
from tenfold.proxy.table import Table
from tenfold.terms.refusal import Refusal, refusal
from tenfold.terms.route import Offer, Offers, Route, RouteState

TRIES_S = (0.0, 0.2, 1.0, 5.0, 15.0, 60.0)  # pauses before each time of asking
LOOK_S = 5.0  # a list waits so long for who is being asked for the first time
NAMED = 20  # names in a sentence

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Choice:
    """Whom a request goes to. `model` is what the service calls it; empty where it is not known
    yet, since the service was named, has not been asked, and may have one model."""

    job: str
    service: str
    model: str


class Models:
    """Used in the event loop only. `ask`: the models that the service at a port lists; empty where
    it is none of ours, None where it did not say."""

    def __init__(
        self,
        table: Table,
        folder: ProxyFolder,
        ask: Callable[[int], Awaitable[tuple[dict[str, Any], ...] | None]] = offered,
        tries_s: Sequence[float] = TRIES_S,
    ) -> None:
        self._table = table
        self._folder = folder
        self._ask = ask
        self._tries_s = tries_s
        self._offers = {offer.job: offer for offer in folder.read_models().offers}
        self._asking: dict[str, tuple[int, asyncio.Task[None]]] = {}
        self._first = set[str]()  # jobs that are asked for the first time in this attempt
        self._news = asyncio.Event()

    def follow(self) -> None:
        """The routes have changed: ask who is new, forget who has ended."""
        there = {route.job: route for route in self._table.routes}
        for job, (attempt, task) in list(self._asking.items()):
            if job not in there or there[job].attempt != attempt:
                task.cancel()
                self._asked(job)
        if gone := self._offers.keys() - there.keys():
            for job in gone:
                del self._offers[job]
            self._keep()
        for route in there.values():
            is_due = route.state is RouteState.UP and not self._is_settled(route)
            if is_due and route.job not in self._asking:
                self._first.add(route.job)
                task = asyncio.get_running_loop().create_task(self._learn(route))
                self._asking[route.job] = (route.attempt, task)

    def find(self, wanted: str, allowed: Sequence[str]) -> Choice:
        """By its name, as SERVICE/MODEL, or by the name of a service that has one model. `allowed`:
        names of models or services; none is no limit. A Refusal where there is none."""
        for route in self._ranked():
            if wanted in self._ids(route) and _may(route, wanted, allowed):
                return Choice(route.job, route.names[0], wanted)
        name, _, model = wanted.partition("/")
        named = self._table.named(name)
        if named is not None:
            return self._within(named, model, wanted, allowed)
        raise self._unknown(wanted, allowed)

    def tells(self, route: Route) -> bool:
        """Whether it was asked in this attempt, be it that it did not answer."""
        return self._is_settled(route) or (
            route.job in self._asking and route.job not in self._first
        )

    async def news(self, until_s: float) -> None:
        """Until somebody has answered, or did not, or it is `until_s` of the loop's clock."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(until_s):
                await self._news.wait()

    async def looked(self, wait_s: float = LOOK_S) -> None:
        """Until nobody is being asked for the first time, or so long."""
        until_s = asyncio.get_running_loop().time() + wait_s
        while self._first and asyncio.get_running_loop().time() < until_s:
            await self.news(until_s)

    def listing(self, allowed: Sequence[str]) -> list[dict[str, Any]]:
        """Each model once, under the name that leads to it: of two with one name, that of the
        service which has run for longer has it, and the others are SERVICE/MODEL."""
        found: dict[str, dict[str, Any]] = {}
        for route in self._ranked():
            service, entries = route.names[0], self._entries(route)
            for entry in entries:
                id = str(entry["id"])
                if not _may(route, id, allowed):
                    continue
                names = [id, f"{service}/{id}", *([service] if len(entries) == 1 else [])]
                free = [name for name in names if name not in found]
                if free:
                    found[free[0]] = _listed(entry, route, free)
        return list(found.values())

    def _within(self, route: Route, model: str, wanted: str, allowed: Sequence[str]) -> Choice:
        """In a service that was named; `model` is empty where it alone was."""
        ids = [id for id in self._ids(route) if _may(route, id, allowed)]
        service = route.names[0]
        if model in ids or (not model and len(ids) == 1):
            return Choice(route.job, service, model or ids[0])
        if not self._is_known(route) and _may(route, model, allowed):
            return Choice(route.job, service, model)
        if not model and ids:
            raise refusal("gateway.which", name=service, known=_words(ids))
        raise self._unknown(wanted, allowed)

    def _unknown(self, wanted: str, allowed: Sequence[str]) -> Refusal:
        if starting := self.starting(wanted, allowed):
            return refusal("gateway.starts", model=wanted, names=_words(starting))
        known = _words([str(one["id"]) for one in self.listing(allowed)])
        return refusal("gateway.model", model=wanted, known=known)

    def starting(self, wanted: str, allowed: Sequence[str]) -> list[str]:
        """Services on their way that may have `wanted`, or any: nobody knows their models yet."""
        return [
            route.names[0]
            for route in self._table.routes
            if route.state in (RouteState.UP, RouteState.WAITS)
            and not self._is_known(route)
            and _may(route, wanted, allowed)
        ]

    def _ranked(self) -> list[Route]:
        """Who is up comes first, and of those who has run for longest."""
        far = float("inf")
        return sorted(
            self._table.routes,
            key=lambda route: (
                route.state is not RouteState.UP,
                far if route.since_s is None else route.since_s,
            ),
        )

    def _entries(self, route: Route) -> tuple[Entry, ...]:
        offer = self._offers.get(route.job)
        return () if offer is None else offer.models

    def _ids(self, route: Route) -> list[str]:
        return [str(entry["id"]) for entry in self._entries(route)]

    def _is_known(self, route: Route) -> bool:
        """It has answered once, in whichever attempt."""
        return route.job in self._offers

    def _is_settled(self, route: Route) -> bool:
        offer = self._offers.get(route.job)
        return offer is not None and offer.attempt == route.attempt

    async def _learn(self, route: Route) -> None:
        found = None
        for pause_s in self._tries_s:
            await asyncio.sleep(pause_s)
            found = await self._ask(route.port)
            self._first.discard(route.job)
            if found is not None:
                break
            self._wake()
        before = self._offers.get(route.job)
        if found is None:  # it never said: what it had before may still be so
            found = () if before is None else before.models
        self._offers[route.job] = Offer(route.job, route.attempt, found)
        self._keep()
        self._asked(route.job)

    def _asked(self, job: str) -> None:
        self._asking.pop(job, None)
        self._first.discard(job)
        self._wake()

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _keep(self) -> None:
        offers = Offers(tuple(self._offers.values()))
        with contextlib.suppress(OSError):  # a full disk: it is asked again after a restart
            self._folder.write_models(offers)


def _may(route: Route, model: str, allowed: Sequence[str]) -> bool:
    """Whether a key may ask this service for `model`; where no model is named, for any."""
    if not allowed or model in allowed:
        return True
    return any(one in allowed or f"{one}/{model}" in allowed for one in route.names) or (
        not model and any(one.startswith(f"{name}/") for name in route.names for one in allowed)
    )


def _listed(entry: Entry, route: Route, names: Sequence[str]) -> dict[str, Any]:
    """As OpenAI lists a model; the service is its owner."""
    service = route.names[0]
    created = entry.get("created")
    return {
        **entry,
        "id": names[0],
        "object": "model",
        "created": created if isinstance(created, int) else int(route.since_s or 0),
        "owned_by": service,
        "service": service,
        "job": route.job,
        "state": route.state.value,
        "also": list(names[1:]),
    }


def _words(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return (", ".join(names[:NAMED]) or "none") + more
