"""An application of this process asked over httpx: answers come as they are made, and end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from tenfold.web.transport import AsgiTransport

App = Callable[[Scope, Receive, Send], Awaitable[None]]
SOON_S = 5.0


async def start(send: Send, status: int = 200) -> None:
    await send({"type": "http.response.start", "status": status, "headers": []})


async def body(send: Send, data: bytes, more: bool) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": more})


def client(app: App) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=AsgiTransport(app), base_url="http://127.0.0.1:1")


def run(asked: Awaitable[Any]) -> Any:
    async def bounded() -> Any:
        return await asyncio.wait_for(asked, SOON_S)

    return asyncio.run(bounded())


def test_the_first_part_comes_before_the_answer_has_an_end() -> None:
    async def asked() -> None:
        go_on = asyncio.Event()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await start(send)
            await body(send, b"one", True)
            await go_on.wait()
            await body(send, b"two", False)

        async with client(app) as api, api.stream("GET", "/") as answer:
            parts = answer.aiter_raw()
            assert await anext(parts) == b"one"
            go_on.set()
            assert [part async for part in parts] == [b"two"]

    run(asked())


@pytest.mark.parametrize("waits_for", ["its reader", "ever"])
def test_closing_an_answer_ends_what_makes_it(waits_for: str) -> None:
    async def asked() -> tuple[str, int]:
        over: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        sent = 0

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            nonlocal sent
            try:
                await start(send)
                await body(send, b"one", True)
                while waits_for == "its reader" and sent < 10_000:
                    await body(send, b"more", True)
                    sent += 1
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if not over.done():
                    over.set_result("cancelled")
                raise

        async with client(app) as api, api.stream("GET", "/") as answer:
            assert await anext(answer.aiter_raw()) == b"one"
            assert not over.done()
        return await over, sent

    ending, sent = run(asked())
    assert ending == "cancelled"
    assert sent < 100  # a stream that nobody reads must not fill the memory


@pytest.mark.parametrize("begun", [False, True])
def test_an_application_that_raises_is_heard_by_who_asked(begun: bool) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if begun:
            await start(send)
            await body(send, b"one", True)
        raise ZeroDivisionError("planted")

    async def asked() -> None:
        async with client(app) as api:
            await api.get("/")

    with pytest.raises(ZeroDivisionError, match="planted"):
        run(asked())


def test_an_application_that_says_nothing_is_no_answer() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        return

    async def asked() -> None:
        async with client(app) as api:
            await api.get("/")

    with pytest.raises(httpx.ReadError):
        run(asked())


def test_a_request_arrives_whole() -> None:
    seen: dict[str, Any] = {}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.update(scope, body=(await receive())["body"])
        await start(send, 418)
        await body(send, b"", False)

    async def asked() -> int:
        async with client(app) as api:
            answer = await api.post(
                "/api/a%20b", params={"n": 3}, content=b"{}", headers={"X-One": "1"}
            )
            return answer.status_code

    assert run(asked()) == 418
    assert (seen["method"], seen["path"], seen["raw_path"]) == ("POST", "/api/a b", b"/api/a%20b")
    assert (seen["query_string"], seen["body"]) == (b"n=3", b"{}")
    headers = dict(seen["headers"])
    assert headers[b"x-one"] == b"1" and headers[b"host"] == b"127.0.0.1:1"
