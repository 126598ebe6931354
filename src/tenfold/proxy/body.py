"""The body of a request for a model: read whole, up to a limit, and what it says of the model.

It has to be read before it is known where it goes. What all requests hold at a time has a limit as
well, so that a thousand clients do not fill the memory.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import h11

from tenfold.proxy.wire import Wire
from tenfold.terms.refusal import refusal

MIB = 2**20
MOST = 16 * MIB  # of one body: a long context, or some pictures in it
ALL = 64 * MIB  # of all bodies that no service has taken yet


class Room:
    """Bytes that may still be held."""

    def __init__(self, left: int = ALL) -> None:
        self.left = left


class Body:
    """One body; a context, at the end of which nothing is held any more."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._held = 0
        self.data = b""
        self.model = ""  # that it asks for

    def __enter__(self) -> Body:
        return self

    def __exit__(self, *_: object) -> None:
        self.let_go()

    async def read(self, wire: Wire, request: h11.Request, wait_s: float) -> None:
        """All of it. `wait_s`: between two pieces. Raises a Refusal, h11's errors, TimeoutError."""
        told = dict(request.headers).get(b"content-length", b"0")
        self._fits(int(told))
        pieces: list[bytes] = []
        while not isinstance(event := wire.ready(), h11.EndOfMessage):
            if event is None:
                if wire.http.they_are_waiting_for_100_continue:
                    wire.put(h11.InformationalResponse(status_code=100, headers=[]))
                    await wire.flush()
                async with asyncio.timeout(wait_s):
                    await wire.more()
            elif isinstance(event, h11.Data):
                self._hold(len(event.data))
                pieces.append(bytes(event.data))
            else:
                raise h11.RemoteProtocolError("it ended within its body")
        self.data = b"".join(pieces)
        self.model = model_of(self.data)

    def ask_for(self, model: str) -> None:
        """The same request, of the model that its service calls so."""
        if model != self.model:
            self.data, self.model = with_model(self.data, model), model

    def let_go(self) -> None:
        self._room.left += self._held
        self._held = 0
        self.data = b""

    def _hold(self, length: int) -> None:
        self._fits(self._held + length)
        if length > self._room.left:
            raise refusal("gateway.full", why="It holds as many requests as its memory allows.")
        self._room.left -= length
        self._held += length

    def _fits(self, length: int) -> None:
        if length > MOST:
            raise refusal("gateway.large", most=f"{MOST // MIB} MiB")


def model_of(data: bytes) -> str:
    """The `model` that a body asks for. A Refusal where it is no JSON object with one, or one that
    can be read in two ways: what the gateway allows must be what the service does."""
    model = _read(data).get("model")
    if not isinstance(model, str) or not model:
        raise refusal("gateway.body", why="It has no field 'model' with a name in it.")
    return model


def with_model(data: bytes, model: str) -> bytes:
    return json.dumps({**_read(data), "model": model}, separators=(",", ":")).encode()


def _read(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data.decode(), object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise refusal("gateway.body", why=f"It is not JSON: {error}.") from error
    if not isinstance(found, dict):
        raise refusal("gateway.body", why="It is not a JSON object.")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if "model" in found and sum(name == "model" for name, _ in pairs) > 1:
        raise ValueError("it names 'model' twice")
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number of JSON")
