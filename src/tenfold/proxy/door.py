"""Who may come in, and what of a head is passed on.

A service on 127.0.0.1 trusts everybody on the machine; a proxy that any web page could reach would
open it to the world. So the checks are those of the API: Host and Origin must be our own, and the
token or the browser's cookie must be there; at the gateway, `/v1/...`, one of the owner's API keys
is enough. None of them is passed on to the service.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import h11

from tenfold.folder.keys import BEGINS, ApiKey, KeyFile, fitting
from tenfold.terms.keys import COOKIE, Key
from tenfold.terms.refusal import Refusal, refusal
from tenfold.terms.route import GATEWAY

TOKEN_HEADER = b"x-tenfold-token"  # for clients whose Authorization is meant for the service

# RFC 9110, 7.6.1: of one connection, not of the message. Framing is written anew on each side.
_HOP = frozenset(
    b"connection keep-alive proxy-connection proxy-authenticate proxy-authorization te trailer"
    b" transfer-encoding upgrade expect".split()
)
_OURS = frozenset(
    b"x-forwarded-for x-forwarded-host x-forwarded-proto x-forwarded-prefix forwarded".split()
)
_GATEWAY = GATEWAY.encode()
Headers = list[tuple[bytes, bytes]]

STATUS = {
    "api.token": 401,
    "api.host": 403,
    "api.origin": 403,
    "proxy.request": 400,
    "proxy.unknown": 404,
    "proxy.waits": 503,
    "proxy.paused": 503,
    "proxy.broken": 502,
    "proxy.full": 503,
    "gateway.key": 401,
    "gateway.path": 404,
    "gateway.body": 400,
    "gateway.large": 413,
    "gateway.model": 404,
    "gateway.which": 400,
    "gateway.starts": 503,
    "gateway.full": 429,
}
LATER = {"proxy.waits", "proxy.full", "gateway.starts", "gateway.full"}  # it pays to ask again


@dataclass(frozen=True)
class Door:
    """Of the proxy on 127.0.0.1:`port`. Token and keys are read anew for each request: what their
    owner has changed must not wait for a restart."""

    port: int
    token_file: Path
    key_file: KeyFile

    def check(self, request: h11.Request) -> tuple[str, ...]:
        """The models that the caller's key is limited to; none if it may ask all. A Refusal for who
        may not come in, and for a head that can be read in two ways."""
        own = f"http://127.0.0.1:{self.port}"
        hosts = {f"{name}:{self.port}" for name in ("127.0.0.1", "localhost", "[::1]")}
        told = _values(request, b"host")
        if len(told) != 1 or told[0] not in hosts:
            raise refusal("api.host", host=", ".join(told), own=own)
        for origin in _values(request, b"origin"):
            if origin.removeprefix("http://") not in hosts or not origin.startswith("http://"):
                raise refusal("api.origin", origin=origin, own=own)
        key = None
        if not self._has_token(request):
            if not is_gateway(request):
                raise refusal("api.token", next="tenfold up, and open the link it prints")
            key = self._api_key(request)
        names = [name for name, _ in request.headers]
        if b"content-length" in names and b"transfer-encoding" in names:
            # Whoever is behind us might believe the other one: request smuggling.
            raise refusal("proxy.request", why="It has a Content-Length and a Transfer-Encoding.")
        if not request.target.startswith(b"/") or request.method == b"CONNECT":
            raise refusal("proxy.request", why="Its target is not a path.")
        return () if key is None else key.models

    def _has_token(self, request: h11.Request) -> bool:
        key = self._key()
        if not key.token:  # it would fit whoever brings none
            return False
        fits = [key.fits_bearer(value) for value in _bearers(request)]
        return any(fits) or key.fits_cookie("; ".join(_values(request, b"cookie")))

    def _api_key(self, request: h11.Request) -> ApiKey:
        try:
            keys = self.key_file.read()
        except Refusal:
            keys = ()  # a damaged list lets nobody in; `tenfold keys` tells what is wrong with it
        found = [key for value in _bearers(request) if (key := fitting(keys, value))]
        if not found:
            raise refusal("gateway.key")
        return found[0]

    def _key(self) -> Key:
        try:
            return Key(self.token_file.read_text().strip())
        except (OSError, ValueError):
            return Key("")

    def _is_ours(self, key: Key, authorization: str) -> bool:
        """Also a key that is limited, or was taken back: it is no business of a service."""
        told = authorization.partition(" ")[2].strip()
        return key.fits_bearer(authorization) or told.startswith(BEGINS)

    def passed_on(self, request: h11.Request, target: bytes, prefix: str) -> h11.Request:
        """The head of `request` as the service below `/prefix` gets it."""
        headers = self._headers(request, prefix)
        return h11.Request(method=request.method, target=target, headers=headers)

    def _headers(self, request: h11.Request, prefix: str) -> Headers:
        key = self._key()
        gone = _HOP | _OURS | {TOKEN_HEADER} | _named_by_connection(request.headers)
        found: Headers = []
        for name, value in request.headers:
            if name == b"cookie":
                value = _without_ours(value)
            ours = name == b"authorization" and self._is_ours(key, value.decode("latin-1"))
            if name not in gone and not ours and (value or name != b"cookie"):
                found.append((name, value))
        found.append((b"X-Forwarded-For", b"127.0.0.1"))
        found.append((b"X-Forwarded-Proto", b"http"))
        found.append((b"X-Forwarded-Host", _values(request, b"host")[0].encode()))
        found.append((b"X-Forwarded-Prefix", f"/{prefix}".encode()))
        if is_upgrade(request):
            return [*found, (b"Connection", b"Upgrade"), (b"Upgrade", b"websocket")]
        if any(name == b"transfer-encoding" for name, _ in request.headers):
            found.append((b"Transfer-Encoding", b"chunked"))
        # One request a connection: a kept one would block a server that does one thing at a time.
        return [*found, (b"Connection", b"close")]


def is_upgrade(request: h11.Request) -> bool:
    """Only to a WebSocket: another protocol (h2c) would carry requests past this door."""
    return [value.lower() for value in _values(request, b"upgrade")] == ["websocket"]


def split(target: bytes) -> tuple[str, bytes]:
    """`/chat/v1?x=1` as `chat` and `/v1?x=1`; the rest is empty where not even a slash follows."""
    path, mark, query = target.partition(b"?")
    name, slash, rest = path[1:].partition(b"/")
    return name.decode("latin-1"), slash + rest + mark + query if slash else b""


def passed_back(
    answer: h11.Response | h11.InformationalResponse, prefix: str, port: int
) -> Headers:
    """The headers of a service's answer as the client gets them."""
    gone = _HOP | _named_by_connection(answer.headers)
    if any(name == b"transfer-encoding" for name, _ in answer.headers):
        gone |= {b"content-length"}  # it did not count, and must not begin to
    found: Headers = []
    for name, value in answer.headers:
        if name == b"location":
            value = _location(value, prefix.encode(), port)
        ours = name == b"set-cookie" and value.startswith(f"{COOKIE}=".encode())
        if name not in gone and not ours:
            found.append((name, value))
    return found


def with_body(head: h11.Request, length: int) -> h11.Request:
    """The same head before a body that is here already, as a whole."""
    framing = (b"content-length", b"transfer-encoding")
    headers = [(name, value) for name, value in head.headers if name not in framing]
    headers.append((b"Content-Length", b"%d" % length))
    return h11.Request(method=head.method, target=head.target, headers=headers)


def is_gateway(request: h11.Request) -> bool:
    path = request.target.partition(b"?")[0]
    return path == b"/" + _GATEWAY or path.startswith(b"/" + _GATEWAY + b"/")


def status_of(told: Refusal) -> int:
    return STATUS[told.code]


def _bearers(request: h11.Request) -> list[str]:
    told = [f"Bearer {value}" for value in _values(request, TOKEN_HEADER)]
    return _values(request, b"authorization") + told


def _values(message: h11.Request, name: bytes) -> list[str]:
    return [value.decode("latin-1") for known, value in message.headers if known == name]


def _named_by_connection(headers: Iterable[tuple[bytes, bytes]]) -> set[bytes]:
    """What `Connection` calls its own goes no further either."""
    return {
        part.strip().lower()
        for name, value in headers
        if name == b"connection"
        for part in value.split(b",")
    }


def _without_ours(header: bytes) -> bytes:
    parts = (part.strip() for part in header.split(b";"))
    return b"; ".join(part for part in parts if part.partition(b"=")[0] != COOKIE.encode())


def _location(value: bytes, prefix: bytes, port: int) -> bytes:
    """A service knows its own root only."""
    for name in (b"127.0.0.1", b"localhost"):
        own = b"http://%s:%d" % (name, port)
        if value == own or value.startswith(own + b"/"):
            value = value[len(own) :] or b"/"
    if value.startswith(b"/") and not value.startswith(b"//"):
        return b"/" + prefix + value
    return value
