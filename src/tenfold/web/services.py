"""Asking a service of the box over HTTP: is it a language model, and what does it answer?

Only addresses on 127.0.0.1, as GET /api/box tells them, are asked; the token lets in at the proxy
before them. A language model is what answers GET /v1/models as OpenAI does, and it is talked to by
POST /v1/chat/completions with a stream of server-sent events: at the gateway, where the proxy has
that path itself, so that the end of a server in mid-answer is told in an event of its own.

The sources of an answer come in a field that OpenAI does not have, in any chunk (the last, usually)
or beside or in the message where nothing is streamed:

    "sources": [{"title": "...", "path": "...", "text": "...", "place": "..."}]

`title` is what the source is called, `path` the file that it is from, `text` the excerpt that the
answer used, `place` where in the file that stands ("page 3", "lines 10-24"). All but the title may
be left out.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from tenfold.terms.refusal import Refusal, refusal_from_json

LOOK_S = 5.0  # for a list of models
CONNECT_S = 10.0
SILENT_S = 600.0  # a model may read long before its first word, or wake
MOST_SOURCES = 50
MOST_TEXT = 4000  # letters of an excerpt
ASLEEP = "asleep"


class Trouble(StrEnum):
    GONE = "gone"  # nobody listens there any more
    BROKE = "broke"  # it ended before its answer did
    SLOW = "slow"
    REFUSED = "refused"  # it answered, and said no
    STRANGE = "strange"  # it answered something else
    ABROAD = "abroad"  # its address is not of this machine


class Unanswered(Exception):
    """`detail` is the service's own word, if it had one."""

    def __init__(self, trouble: Trouble, detail: str = "") -> None:
        super().__init__(trouble, detail)
        self.trouble = trouble
        self.detail = detail


@dataclass(frozen=True)
class Model:
    """`id` is empty where the service sleeps: it is asked when it has woken."""

    job: str
    service: str
    state: str
    url: str
    id: str

    @property
    def key(self) -> str:
        return f"{self.job}/{self.id}"


@dataclass(frozen=True)
class Source:
    title: str
    path: str = ""
    text: str = ""
    place: str = ""


@dataclass(frozen=True)
class Piece:
    """Some of an answer."""

    text: str = ""
    sources: tuple[Source, ...] = ()


class Services:
    """What is known of a job's models is kept, so that one that sleeps is not woken to be listed.
    `transport`: for tests."""

    def __init__(self, bearer: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._known: dict[str, tuple[str, ...]] = {}
        self._client = httpx.AsyncClient(
            headers={"authorization": bearer},
            timeout=httpx.Timeout(CONNECT_S, read=SILENT_S),
            transport=transport,
            trust_env=False,  # no proxy of the environment stands between two of this machine
            follow_redirects=False,
        )

    async def models(self, services: Iterable[Mapping[str, Any]]) -> list[Model]:
        """Of all `services`, as /api/box tells them. One that sleeps is asked nothing: it is listed
        unless it is known to be no language model."""
        found = []
        for one in services:
            job, state = one["job"], one["state"]
            if state != ASLEEP and job not in self._known:
                ids = await self._ids(one["url"]) if state == "running" else None
                if ids is None:
                    continue  # it may be one later
                self._known[job] = ids
            for id in self._known.get(job, ("",)):
                found.append(Model(job, one["name"] or job, state, one["url"], id))
        return found

    async def talk(
        self, model: Model, messages: list[dict[str, str]], options: Mapping[str, Any]
    ) -> AsyncIterator[Piece]:
        """The answer as it comes. Raises Unanswered, or the Refusal of the proxy."""
        id = model.id or await self._woken_id(model)
        named = f"{model.job}/{id}"  # of two services with a model of one name, this one's
        body = {**options, "model": named, "messages": messages, "stream": True}
        url = _of(model.url, "../v1/chat/completions")
        try:
            async with self._client.stream("POST", url, json=body) as answer:
                if answer.status_code >= 400:
                    await answer.aread()
                    raise _no(answer)
                if "event-stream" not in answer.headers.get("content-type", ""):
                    await answer.aread()
                    yield _whole(answer)
                    return
                async for piece in _streamed(answer):
                    yield piece
        except httpx.HTTPError as error:
            raise _unanswered(error) from error

    async def close(self) -> None:
        await self._client.aclose()

    async def _ids(self, url: str) -> tuple[str, ...] | None:
        """Empty where it is no language model; None where it did not answer."""
        try:
            answer = await self._client.get(_of(url, "v1/models"), timeout=LOOK_S)
        except (httpx.HTTPError, Unanswered):
            return None
        if answer.status_code >= 500:
            return None
        return model_ids(answer)

    async def _woken_id(self, model: Model) -> str:
        try:
            answer = await self._client.get(_of(model.url, "v1/models"))
        except httpx.HTTPError as error:
            raise _unanswered(error) from error
        if answer.status_code >= 400:
            raise _no(answer)
        self._known[model.job] = model_ids(answer)
        if not self._known[model.job]:
            raise Unanswered(Trouble.STRANGE)
        return self._known[model.job][0]


def model_ids(answer: httpx.Response) -> tuple[str, ...]:
    """Of an answer to GET /v1/models; empty where it is no such list."""
    try:
        listed = answer.json()["data"]
        return tuple(str(one["id"]) for one in listed) if answer.status_code < 400 else ()
    except (ValueError, KeyError, TypeError):
        return ()


def sources_of(told: Any) -> tuple[Source, ...]:
    """What has no title is called by its path; what is no source is left out."""
    found = []
    for one in told if isinstance(told, list) else []:
        if isinstance(one, dict):
            said = {name: str(one.get(name) or "") for name in ("title", "path", "text", "place")}
            said["title"] = said["title"] or said["path"]
            said["text"] = said["text"][:MOST_TEXT]
            if said["title"] or said["text"]:
                found.append(Source(**said))
    return tuple(found[:MOST_SOURCES])


async def _streamed(answer: httpx.Response) -> AsyncIterator[Piece]:
    ended = False
    async for line in answer.aiter_lines():
        if not line.startswith("data:"):
            continue
        data = line[5:].strip()
        if data == "[DONE]":
            return
        try:
            told = json.loads(data)
        except ValueError as error:
            raise Unanswered(Trouble.STRANGE) from error
        if isinstance(told, dict) and "error" in told:
            # With a Refusal it is the gateway's word for the same; the page has its own.
            raise Unanswered(Trouble.BROKE, "" if "refusal" in told else _error_words(told))
        piece, last = _piece(told)
        ended = ended or last
        yield piece
    if not ended:
        raise Unanswered(Trouble.BROKE)


def _piece(told: Any) -> tuple[Piece, bool]:
    """And whether it says that it is the last."""
    if not isinstance(told, dict):
        return Piece(), False
    choices = told.get("choices") or [{}]
    choice = choices[0] if isinstance(choices[0], dict) else {}
    said = choice.get("delta") or choice.get("message") or {}
    text = said.get("content")
    sources = told.get("sources") or said.get("sources")
    last = choice.get("finish_reason") is not None
    return Piece(text if isinstance(text, str) else "", sources_of(sources)), last


def _whole(answer: httpx.Response) -> Piece:
    try:
        told = answer.json()
    except ValueError as error:
        raise Unanswered(Trouble.STRANGE) from error
    if not isinstance(told, dict) or not told.get("choices"):
        raise Unanswered(Trouble.STRANGE)
    return _piece(told)[0]


def _of(url: str, path: str) -> str:
    """A path below a service's address, which has to be of this machine."""
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname != "127.0.0.1":
        raise Unanswered(Trouble.ABROAD, url)
    return urljoin(f"{url.rstrip('/')}/", path)


def _no(answer: httpx.Response) -> Unanswered | Refusal:
    try:
        told = answer.json()
    except ValueError:
        told = {}
    if isinstance(told, dict) and "refusal" in told:
        return refusal_from_json(told["refusal"])
    words = _error_words(told) or f"HTTP {answer.status_code}"
    return Unanswered(Trouble.REFUSED, words)


def _error_words(told: Any) -> str:
    error = told.get("error") if isinstance(told, dict) else None
    words = error.get("message") if isinstance(error, dict) else error
    return words[:500] if isinstance(words, str) else ""


def _unanswered(error: httpx.HTTPError) -> Unanswered:
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return Unanswered(Trouble.GONE)
    if isinstance(error, httpx.TimeoutException):
        return Unanswered(Trouble.SLOW)
    return Unanswered(Trouble.BROKE)
