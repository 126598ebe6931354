"""Asking the API from inside its own process: same routes, same rights, same Refusals."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
from starlette.types import ASGIApp

from tenfold.terms.refusal import refusal, refusal_from_json
from tenfold.web.transport import AsgiTransport


class Api:
    """`get`, `post`, `put` return what the API answers, or raise the Refusal that it answers."""

    def __init__(self, app: ASGIApp, url: str, token: str) -> None:
        self._client = httpx.AsyncClient(
            transport=AsgiTransport(app),
            base_url=url,
            headers={"authorization": f"Bearer {token}"},
            timeout=None,
        )

    @property
    def bearer(self) -> str:
        """What lets in at the proxy before the services as well."""
        return self._client.headers["authorization"]

    async def get(self, path: str, **query: Any) -> Any:
        asked = {name: value for name, value in query.items() if value is not None}
        return _answer(await self._client.get(path, params=asked))

    async def read(self, path: str, most: int) -> bytes:
        """The first `most` bytes of a file."""
        asked = {"range": f"bytes=0-{most - 1}"}
        async with self._client.stream("GET", path, headers=asked) as answer:
            if answer.status_code == 416:  # an empty file has no first byte
                return b""
            if answer.status_code >= 400:
                await answer.aread()
                _answer(answer)
            found = b""
            async for piece in answer.aiter_bytes():
                found += piece
                if len(found) >= most:
                    break
            return found[:most]

    async def post(self, path: str, body: Any = None) -> Any:
        return _answer(
            await self._client.post(path, json=body)
            if body is not None
            else await self._client.post(path)
        )

    async def put(self, path: str, body: Any) -> Any:
        return _answer(await self._client.put(path, json=body))

    async def events(self, since: int | None = None) -> AsyncIterator[dict[str, Any]]:
        """What happens, as it happens; without end."""
        query = {} if since is None else {"since": since}
        async with self._client.stream("GET", "/api/events", params=query) as answer:
            if answer.status_code != 200:
                await answer.aread()
                _answer(answer)
            async for line in answer.aiter_lines():
                if line.startswith("data: "):
                    yield json.loads(line[6:])

    async def close(self) -> None:
        await self._client.aclose()


def _answer(answer: httpx.Response) -> Any:
    try:
        body = answer.json()
    except ValueError as error:
        raise refusal("api.broken", path=str(answer.request.url.path), error=repr(error)) from error
    if isinstance(body, dict) and "refusal" in body and answer.status_code >= 400:
        raise refusal_from_json(body["refusal"])
    return body
