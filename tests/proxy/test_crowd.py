"""Many clients at once: they are served, wait, or are told so; the proxy stays small and up."""

from __future__ import annotations

import asyncio
import json
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from faults.proxied import Proxied, until
from proxy.test_gateway import asked, chat, posted, read_to

from tenfold.proxy.__main__ import MOST_CONNECTIONS
from tenfold.terms.route import Route, RouteState

CROWD = 1000
MOST_MIB = 160  # of the proxy with a crowd before it; alone it takes some 40


@pytest.fixture
def narrow(tmp_path: Path) -> Iterator[Proxied]:
    """One that lets two to a service at a time, and three wait."""
    found = Proxied(tmp_path / "home", "--at-once", "2", "--waiting", "3")
    found.start()
    yield found
    found.end()


def up(proxied: Proxied, *models: str) -> None:
    proxied.routes(Route("1", ("m", "1"), RouteState.UP, proxied.model("m", *models), attempt=1))


def peak_mib(proxied: Proxied) -> float:
    assert proxied.process is not None
    status = Path(f"/proc/{proxied.process.pid}/status").read_text()
    return next(
        int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM")
    )


async def statuses(proxied: Proxied, request: bytes, count: int) -> Counter[bytes]:
    async def one() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxied.port)
        writer.write(request)
        said = await reader.read()
        writer.close()
        return said.split(b" ", 2)[1]

    return Counter(await asyncio.gather(*(one() for _ in range(count))))


def test_a_thousand_clients_at_once_are_all_answered(proxied: Proxied) -> None:
    up(proxied, "plain")
    request = posted(proxied, chat("plain", "x" * 10_000), "Connection: close")
    assert asyncio.run(statuses(proxied, request, CROWD)) == {b"200": CROWD}
    assert peak_mib(proxied) < MOST_MIB
    assert proxied.process is not None and proxied.process.poll() is None
    until(lambda: proxied.folder.read_seen().in_flight == {})


def test_who_is_too_many_is_told_so_in_openais_words(narrow: Proxied) -> None:
    up(narrow, "slow")
    with ExitStack() as left:
        streams = [left.enter_context(narrow.socket()) for _ in range(2)]
        for stream in streams:
            stream.sendall(posted(narrow, chat("slow")))
            read_to(stream, b"word0")
        waiting = [left.enter_context(narrow.socket()) for _ in range(3)]
        for one in waiting:
            one.sendall(posted(narrow, chat("slow")))
        answer, body = until(lambda: refused(narrow))
        told = json.loads(body)["error"]
        assert (told["type"], told["code"]) == ("rate_limit_error", "rate_limit_exceeded")
        assert answer.getheader("Retry-After") == "5"
        until(lambda: narrow.folder.read_seen().in_flight == {"1": 2})
        waiting.pop(0).close()  # its place in the line is free again
        streams.pop().close()
        read_to(waiting[0], b"word0")
    until(lambda: narrow.folder.read_seen().in_flight == {})


def refused(narrow: Proxied):
    """What one more client is told, once those before it have come."""
    with narrow.socket() as connection:
        connection.settimeout(0.3)
        connection.sendall(posted(narrow, chat("slow")))
        try:
            said = connection.recv(12)
        except TimeoutError:
            return None
    return narrow.ask("/v1/chat/completions", "POST", chat("slow")) if b"429" in said else None


def test_a_connection_too_many_is_told_so(proxied: Proxied) -> None:
    up(proxied, "echo")
    with ExitStack() as left:
        for _ in range(MOST_CONNECTIONS):
            left.enter_context(socket.create_connection(("127.0.0.1", proxied.port)))
        status, error, _ = until(lambda: full(proxied))
        assert (status, error["code"], error["type"]) == (503, "proxy.full", "server_error")
    assert until(lambda: asked(proxied, "echo")[0] == 200)


def full(proxied: Proxied):
    """Once all connections before were met."""
    found = asked(proxied, "echo")
    return found if found[0] == 503 else None
