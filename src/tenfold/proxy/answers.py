"""What the proxy answers itself: JSON, Refusals, and at the gateway errors in OpenAI's shape.

The error of a client of OpenAI's has a message, a type and a code; the Refusal stands beside it,
for programs of ours.
"""

from __future__ import annotations

import json
from typing import Any

import h11

from tenfold.proxy.door import LATER, status_of
from tenfold.proxy.wire import Wire
from tenfold.terms.refusal import Refusal

RETRY_S = 5

# What OpenAI's own servers say in the same case; clients look for these.
_CODES = {
    "gateway.key": "invalid_api_key",
    "gateway.model": "model_not_found",
    "gateway.full": "rate_limit_exceeded",
}
_FIELDS = {"gateway.model": "model", "gateway.which": "model"}


async def refuse(
    wire: Wire, told: Refusal, is_gateway: bool = False, status: int | None = None
) -> None:
    """Unless an answer has begun already."""
    if wire.http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
        return
    status = status or status_of(told)
    body = {"refusal": told.as_json()}
    if is_gateway:
        body = {"error": openai_error(told, status), **body}
    more = [(b"Retry-After", b"%d" % RETRY_S)] if told.code in LATER else []
    await say(wire, status, body, more)


def openai_error(told: Refusal, status: int) -> dict[str, Any]:
    if status == 429:
        kind = "rate_limit_error"
    else:
        kind = "server_error" if status >= 500 else "invalid_request_error"
    return {
        "message": str(told),
        "type": kind,
        "param": _FIELDS.get(told.code),
        "code": _CODES.get(told.code, told.code),
    }


async def say(
    wire: Wire, status: int, body: Any, more: list[tuple[bytes, bytes]] | None = None
) -> None:
    """An answer of our own, and the end of the connection."""
    data = json.dumps(body, default=str).encode()
    headers = [(b"Content-Type", b"application/json"), (b"Content-Length", b"%d" % len(data))]
    headers += [(b"Cache-Control", b"no-store"), (b"Connection", b"close"), *(more or [])]
    wire.put(h11.Response(status_code=status, headers=headers))
    wire.put(h11.Data(data))
    wire.put(h11.EndOfMessage())
    await wire.flush()
    await wire.end()
