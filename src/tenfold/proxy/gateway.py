"""OpenAI's own paths at the root of the proxy: each request goes to the service with its model.

    GET  /v1/models, /v1/models/NAME        all models of all services, also of those that sleep
    POST /v1/chat/completions, /v1/completions, /v1/embeddings    by the field `model`

What holds for a service's own address holds here: a request wakes one that sleeps and waits for one
that starts. Answers pass unchanged, piece by piece. A service takes so many requests at a time; the
others wait in line, up to a number, and what is above that is refused with status 429.

Not passed on: other paths of OpenAI's; a service that has them is asked at its own address.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from urllib.parse import unquote

import h11

from tenfold.proxy.answers import openai_error, say
from tenfold.proxy.body import Body, Room
from tenfold.proxy.door import Door, with_body
from tenfold.proxy.events import Events
from tenfold.proxy.exchange import Broken, Errand, Gone, carry, unless_gone
from tenfold.proxy.line import Line
from tenfold.proxy.models import Choice, Models
from tenfold.proxy.table import Table
from tenfold.proxy.wire import Wire, dial
from tenfold.terms.refusal import Refusal, refusal
from tenfold.terms.route import Route

MODELS = b"/v1/models"
ASKED = (b"/v1/chat/completions", b"/v1/completions", b"/v1/embeddings")
AGAIN_S = 0.5  # until a service that took no connection is tried again


class Gateway:
    """One for all clients. `body_s` and `dial_s` are as for other requests."""

    def __init__(
        self, door: Door, table: Table, models: Models, line: Line, body_s: float, dial_s: float
    ) -> None:
        self._door = door
        self._table = table
        self._models = models
        self._line = line
        self._body_s = body_s
        self._dial_s = dial_s
        self._room = Room()

    async def answer(self, client: Wire, request: h11.Request, allowed: Sequence[str]) -> None:
        """Of a request that was let in; `allowed` models only, if there are any. Raises a Refusal,
        or Gone where the connection is to be cut off."""
        path = request.target.partition(b"?")[0]
        if request.method == b"GET" and (path == MODELS or path.startswith(MODELS + b"/")):
            await self._tell(client, path[len(MODELS) + 1 :], allowed)
        elif request.method == b"POST" and path in ASKED:
            await self._ask(client, request, allowed)
        else:
            known = ", ".join(one.decode() for one in (MODELS, *ASKED))
            told = f"{request.method.decode('latin-1')} {path.decode('latin-1')}"
            raise refusal("gateway.path", path=told[:200], known=known)

    async def _tell(self, client: Wire, name: bytes, allowed: Sequence[str]) -> None:
        await unless_gone(client, self._models.looked())
        listed = self._models.listing(allowed)
        if not name:
            starting = self._models.starting("", allowed)  # a field that OpenAI does not have
            await say(client, 200, {"object": "list", "data": listed, "starting": starting})
            return
        wanted = unquote(name.decode("latin-1"))
        for one in listed:
            if wanted == one["id"] or wanted in one["also"]:
                await say(client, 200, one)
                return
        known = ", ".join(str(one["id"]) for one in listed) or "none"
        raise refusal("gateway.model", model=wanted[:200], known=known)

    async def _ask(self, client: Wire, request: h11.Request, allowed: Sequence[str]) -> None:
        until_s = self._table.patience_s()
        with Body(self._room) as body:
            try:
                await body.read(client, request, self._body_s)
            except TimeoutError as error:
                raise Gone from error
            wanted = body.model
            while True:
                choice = await self._found(client, wanted, allowed)
                with self._line.turn(choice.job) as turn:
                    if not turn.is_set():
                        await unless_gone(client, self._turn(turn, until_s))
                    route = await self._up(client, choice, until_s)
                    # Meanwhile it may have ended, or woken with other models.
                    if route is None or self._models.find(wanted, allowed) != choice:
                        continue
                    with self._table.using(route):
                        if await self._carried(client, request, body, route, choice, until_s):
                            return
                await unless_gone(client, self._table.change(self._table.soon(until_s, AGAIN_S)))

    async def _found(self, client: Wire, wanted: str, allowed: Sequence[str]) -> Choice:
        """Who is just being asked for the first time may have it."""
        try:
            return self._models.find(wanted, allowed)
        except Refusal:
            await unless_gone(client, self._models.looked())
            return self._models.find(wanted, allowed)

    async def _turn(self, turn: asyncio.Event, until_s: float) -> None:
        try:
            async with asyncio.timeout(self._table.left_s(until_s)):
                await turn.wait()
        except TimeoutError as error:
            why = "It did not come to this one's turn in time."
            raise refusal("gateway.full", why=why) from error

    async def _up(self, client: Wire, choice: Choice, until_s: float) -> Route | None:
        """The route of its service, once that is up and has told its models; None where it is to be
        chosen anew. Nothing is awaited after the route was found."""
        while (route := self._table.find(choice.service, until_s)) is None:
            await unless_gone(client, self._table.change(until_s))
        if route.job != choice.job:
            return None
        if self._models.tells(route) and choice.model:
            return route
        soon_s = asyncio.get_running_loop().time() + self._table.left_s(until_s)
        if soon_s <= asyncio.get_running_loop().time():
            why = "It is up, and does not tell its models."
            raise refusal("proxy.waits", name=choice.service, why=why, id=route.job)
        await unless_gone(client, self._models.news(soon_s))
        return None

    async def _carried(
        self,
        client: Wire,
        request: h11.Request,
        body: Body,
        route: Route,
        choice: Choice,
        until_s: float,
    ) -> bool:
        """Whether it was; False where the service took no connection, and may in a moment."""
        name = choice.service
        try:
            service = await dial(route.port, self._dial_s)
        except (OSError, TimeoutError) as error:
            if self._table.left_s(until_s) > 0:
                return False
            why = f"Its port {route.port} takes no connection."
            raise refusal("proxy.broken", name=name, why=why, id=route.job) from error
        body.ask_for(choice.model)
        head = self._door.passed_on(request, request.target, name)
        head = with_body(head, len(body.data))
        events = Events(lambda why: _broke(why, choice))
        try:
            errand = Errand(head, name, route.port, self._body_s, body, events)
            await carry(client, service, errand)
        except Broken as error:
            raise refusal("proxy.broken", name=name, why=f"{error}.", id=route.job) from error
        finally:
            service.close()
        return True


def _broke(why: str, choice: Choice) -> bytes:
    """The last event of a stream whose service died."""
    told = refusal("gateway.broke", name=choice.service, why=f"{why}.", id=choice.job)
    return json.dumps({"error": openai_error(told, 502), "refusal": told.as_json()}).encode()
