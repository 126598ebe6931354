"""Who may come in. An open local port that can run commands is remote code execution for any web
page, so every request is checked here before a route sees it:

- Host must be our own address: a page cannot reach us by another name (DNS rebinding).
- Origin, where a browser sends one, must be our own page.
- The token, as a Bearer header or as the cookie that the one-time link sets.
- The same holds for a websocket, which a page of anybody's may open to anywhere.
- A body must be JSON of a bounded size: forms, which pages may send anywhere, are not read.
"""

from __future__ import annotations

import json
import secrets
import time
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tenfold.api.locked import refused_page
from tenfold.terms.keys import Key
from tenfold.terms.refusal import Refusal, refusal

CODE_S = 600.0  # how long a one-time link works
MOST_BYTES = 32 * 2**20  # of a body: 10,000 jobs in one submit, and room
_UNLOCKED = "/enter"


class Door:
    """ASGI middleware; who is refused gets the Refusal as JSON, and no route is asked."""

    def __init__(self, app: ASGIApp, keys: Keys, port: int) -> None:
        self._app = app
        self._keys = keys
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}
        self._origins = {f"http://{host}" for host in self._hosts}
        self._own = f"http://127.0.0.1:{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        try:
            self._check(scope)
        except Refusal as told:
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008, "reason": told.code})
            else:
                await _answer(send, told, Headers(scope=scope).get("accept", ""))
            return
        await self._app(scope, _bounded(receive) if scope["type"] == "http" else receive, send)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if host not in self._hosts:
            raise refusal("api.host", host=host, own=self._own)
        origin = headers.get("origin")
        if origin is not None and origin not in self._origins:
            raise refusal("api.origin", origin=origin, own=self._own)
        if scope["path"] != _UNLOCKED and not self._keys.fit(headers):
            raise refusal("api.token", next=f"tenfold up, and open the link it prints for {host}")
        kind = headers.get("content-type", "").split(";")[0].strip()
        has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
        if has_body and kind != "application/json":
            raise refusal("api.json", why=f"Its Content-Type is '{kind}'.")
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > MOST_BYTES:
            raise refusal("api.large", most=MOST_BYTES >> 20)


def _bounded(receive: Receive) -> Receive:
    """The same for a body that comes in chunks and does not tell its length."""
    seen = 0

    async def limited() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > MOST_BYTES:
            raise refusal("api.large", most=MOST_BYTES >> 20)
        return message

    return limited


class Keys:
    """The token, the cookie made from it, and the one-time codes that hand out the cookie."""

    def __init__(self, token: str) -> None:
        self.token = token
        self._key = Key(token)
        self.cookie = self._key.cookie
        self._codes: dict[str, float] = {}

    def fit(self, headers: Headers) -> bool:
        if self._key.fits_bearer(headers.get("authorization", "")):
            return True
        return self._key.fits_cookie(headers.get("cookie", ""))

    def new_code(self) -> str:
        code = secrets.token_urlsafe(16)
        self._codes[code] = time.monotonic() + CODE_S
        return code

    def spend(self, code: str) -> bool:
        """Whether `code` was good; it never is again."""
        return self._codes.pop(code, 0.0) > time.monotonic()


STATUS = {
    "api.token": 401,
    "api.host": 403,
    "api.origin": 403,
    "api.json": 415,
    "api.large": 413,
    "api.route": 404,
    "job.unknown": 404,
    "workload.unknown": 404,
    "job.files": 404,
    "job.change": 409,
    "job.ended": 409,
    "job.pause": 409,
    "site.changed": 409,
    "disk.full": 507,
    "api.broken": 500,
}


def status_of(told: Refusal) -> int:
    return STATUS.get(told.code, 422)


def body_of(told: Refusal) -> dict[str, Any]:
    return {"refusal": json.loads(json.dumps(told.as_json(), default=str))}


async def _answer(send: Send, told: Refusal, accepts: str) -> None:
    """A browser that somebody looks at gets a page; everybody else JSON."""
    body, kind = json.dumps(body_of(told)).encode(), b"application/json"
    if "text/html" in accepts:
        body, kind = refused_page(told).encode(), b"text/html; charset=utf-8"
    headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status_of(told), "headers": headers})
    await send({"type": "http.response.body", "body": body})
