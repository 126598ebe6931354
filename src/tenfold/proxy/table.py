"""Where the services are, who waits for one, and what is under way: the proxy's memory.

It follows `routes.json` and writes `seen.json`. The two make the promise of a drain: once
`seen.json` names the number of the routes that leave a service out, no request goes to it any more,
and those that had gone before are in its count.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Iterator

from tenfold.folder.proxy import ProxyFolder
from tenfold.terms.refusal import refusal
from tenfold.terms.route import Route, Routes, RouteState, Seen

TELL_S = 0.5  # between two writes of what is not urgent
WAIT_S = 120.0  # how long a request waits for its service to be up


class Table:
    """Used in the event loop only. `now` gives seconds since the epoch."""

    def __init__(
        self,
        folder: ProxyFolder,
        wait_s: float = WAIT_S,
        now: Callable[[], float] = time.time,
    ) -> None:
        before = folder.read_seen()  # of a proxy that was here before this one
        self._folder = folder
        self._wait_s = wait_s
        self._now = now
        self._routes = Routes()
        self._by_name: dict[str, Route] = {}
        self._in_flight: dict[str, int] = {}
        self._last_s = dict(before.last_s)
        self._wishes: set[str] = set()
        self._changed = asyncio.Event()
        self._telling: asyncio.TimerHandle | None = None
        self.follow()

    def follow(self) -> None:
        """Read the routes again; say at once that they are followed."""
        self._routes = self._folder.read_routes()
        self._by_name = {name: route for route in self._routes.routes for name in route.names}
        open_jobs = {route.job: route for route in self._routes.routes}
        self._wishes &= {j for j, r in open_jobs.items() if r.state is RouteState.ASLEEP}
        self._last_s = {job: at_s for job, at_s in self._last_s.items() if job in open_jobs}
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
        self._tell()

    def listing(self) -> list[dict[str, str]]:
        """The services, for whoever asks for the root."""
        return [
            {"job": r.job, "name": r.names[0], "path": f"/{r.names[0]}/", "state": r.state.value}
            for r in self._routes.routes
        ]

    @property
    def routes(self) -> tuple[Route, ...]:
        return self._routes.routes

    def named(self, name: str) -> Route | None:
        """Whatever its state is; it is not woken."""
        return self._by_name.get(name)

    def patience_s(self) -> float:
        """Until when (`now`) a request that came now may wait."""
        return self._now() + self._wait_s

    def left_s(self, until_s: float) -> float:
        """Of a patience."""
        return until_s - self._now()

    def soon(self, until_s: float, wait_s: float) -> float:
        """In so many seconds, or when the patience ends."""
        return min(until_s, self._now() + wait_s)

    def find(self, name: str, until_s: float) -> Route | None:
        """The route of `name` if its service is up; None where it pays to wait for `change` and ask
        again (one that sleeps is being woken then). A Refusal otherwise."""
        route = self._by_name.get(name)
        if route is None:
            known = ", ".join(r.names[0] for r in self._routes.routes) or "none"
            raise refusal("proxy.unknown", name=name, known=known)
        if route.state is RouteState.UP:
            return route
        if route.state is RouteState.PAUSED:
            raise refusal("proxy.paused", name=name, id=route.job)
        if self._now() >= until_s or (route.next_try_s or 0.0) > until_s:
            raise refusal("proxy.waits", name=name, why=route.why, id=route.job)
        if route.state is RouteState.ASLEEP and route.job not in self._wishes:
            self._wishes.add(route.job)
            self._tell()
        return None

    async def change(self, until_s: float) -> None:
        """Until the routes change, or it is `until_s`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(until_s - self._now()):
                await self._changed.wait()

    @contextlib.contextmanager
    def using(self, route: Route) -> Iterator[None]:
        """A request is under way. Nothing may be awaited between `find` and this."""
        job = route.job
        self._in_flight[job] = self._in_flight.get(job, 0) + 1
        self._last_s[job] = self._now()
        self._tell_soon()
        try:
            yield
        finally:
            self._last_s[job] = self._now()
            self._in_flight[job] -= 1
            if self._in_flight[job]:
                self._tell_soon()
            else:
                del self._in_flight[job]
                self._ended(job)

    def _ended(self, job: str) -> None:
        """The last of its requests: a service that is to stop may be waited for."""
        up = any(r.job == job and r.state is RouteState.UP for r in self._routes.routes)
        if up:
            self._tell_soon()
        else:
            self._tell()

    def _tell_soon(self) -> None:
        if self._telling is None:
            self._telling = asyncio.get_running_loop().call_later(TELL_S, self._tell)

    def _tell(self) -> None:
        if self._telling is not None:
            self._telling.cancel()
            self._telling = None
        seen = Seen(self._routes.number, self._in_flight, self._last_s, tuple(sorted(self._wishes)))
        try:
            self._folder.write_seen(seen)
            self._ring()
        except OSError:
            pass  # a full disk: the daemon sees the old file, and waits for its bound

    def _ring(self) -> None:
        with contextlib.suppress(OSError):  # no daemon, or it has not listened for long
            descriptor = os.open(self._folder.bell, os.O_WRONLY | os.O_NONBLOCK)
            try:
                os.write(descriptor, b"!")
            finally:
                os.close(descriptor)
