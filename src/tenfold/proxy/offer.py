"""What a service answers to GET /v1/models."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import h11

from tenfold.proxy.wire import Wire, dial

WAIT_S = 5.0
MOST_BYTES = 2**20
MOST_MODELS = 256
MOST_LETTERS = 200  # of a name

Models = tuple[dict[str, Any], ...]


async def offered(port: int) -> Models | None:
    """As it lists them, each with an `id`; empty where it is no language model; None where it did
    not answer, or with a fault of its own."""
    try:
        async with asyncio.timeout(WAIT_S):
            service = await dial(port, WAIT_S)
            try:
                return await _asked(service, port)
            finally:
                service.cut()
    except (OSError, TimeoutError, h11.ProtocolError):
        return None


async def _asked(service: Wire, port: int) -> Models | None:
    headers = [("Host", f"127.0.0.1:{port}"), ("Accept", "application/json")]
    headers.append(("Connection", "close"))
    service.put(h11.Request(method="GET", target="/v1/models", headers=headers))
    service.put(h11.EndOfMessage())
    await service.flush()
    data, status = b"", 0
    while not isinstance(event := service.ready(), h11.EndOfMessage):
        if event is None:
            await service.more()
        elif isinstance(event, h11.Response):
            status = event.status_code
        elif isinstance(event, h11.Data):
            data += event.data
            if len(data) > MOST_BYTES:
                return ()  # whatever it is, it is no list of models
        elif isinstance(event, h11.ConnectionClosed):
            return None
    if status >= 500:
        return None
    return _models(data) if status < 300 else ()


def _models(data: bytes) -> Models:
    try:
        listed = json.loads(data)["data"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ()
    found = listed if isinstance(listed, list) else []
    return tuple(_plain(one) for one in found if _is_model(one))[:MOST_MODELS]


def _is_model(one: Any) -> bool:
    id = one.get("id") if isinstance(one, dict) else None
    return isinstance(id, str) and 0 < len(id) <= MOST_LETTERS


def _plain(one: dict[str, Any]) -> dict[str, Any]:
    """What stands in a line; nothing that grows."""
    return {
        name: value
        for name, value in one.items()
        if isinstance(value, int | float | bool)
        or (isinstance(value, str) and len(value) <= MOST_LETTERS)
    }
