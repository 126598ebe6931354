"""The routes of a language model: /health, /v1/models, chat, completions, embeddings.

    app = build(Service(name="mine", loaded=loaded, engine=engine, notes=None))

Starlette; served by uvicorn on 127.0.0.1, behind Tenfold's proxy, which asks for the token.
"""

from __future__ import annotations

import asyncio
import base64
import json
import struct
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tenfold.science.serving import answers, middle, stream, wire
from tenfold.science.serving.answers import Answer
from tenfold.science.serving.assistant import NAME as NOTES
from tenfold.science.serving.assistant import Assistant, Ready
from tenfold.science.serving.engine import Engine
from tenfold.science.serving.loading import Loaded
from tenfold.terms.refusal import Refusal

MOST_BYTES = 64 << 20  # of a request


@dataclass(frozen=True)
class Service:
    """What the routes need. `first_token` is told the seconds from a request to its first token."""

    name: str
    loaded: Loaded
    engine: Engine
    notes: Assistant | None = None
    first_token: Callable[[float], None] = lambda seconds: None
    since: int = field(default_factory=lambda: int(time.time()))

    @property
    def names(self) -> list[str]:
        return [self.name, NOTES] if self.notes is not None else [self.name]


Call = Callable[[Service, HttpRequest], Coroutine[Any, Any, Response]]


def build(service: Service) -> Starlette:
    def route(path: str, call: Call, method: str) -> Route:
        async def answered(http: HttpRequest) -> Response:
            try:
                return await call(service, http)
            except Refusal as refused:
                return _refused(refused)

        return Route(path, answered, methods=[method])

    return Starlette(
        routes=[
            route("/health", _health, "GET"),
            route("/v1/models", _models, "GET"),
            route("/v1/models/{id:path}", _model, "GET"),
            route("/v1/chat/completions", _chat, "POST"),
            route("/v1/completions", _completions, "POST"),
            route("/v1/embeddings", _embeddings, "POST"),
        ]
    )


async def _health(service: Service, http: HttpRequest) -> Response:
    load = service.engine.load
    told = {
        "status": "ok" if load.alive else "the engine has ended",
        "model": service.name,
        "context_length": service.engine.context,
        "running": load.running,
        "waiting": load.waiting,
    }
    return JSONResponse(told, 200 if load.alive else 503)


async def _models(service: Service, http: HttpRequest) -> Response:
    return JSONResponse(answers.models(service.names, service.engine.context, service.since))


async def _model(service: Service, http: HttpRequest) -> Response:
    asked = http.path_params["id"]
    if asked not in service.names:
        raise answers.model_unknown(asked, service.names)
    listed = answers.models([asked], service.engine.context, service.since)
    return JSONResponse(listed["data"][0])


async def _chat(service: Service, http: HttpRequest) -> Response:
    asked = wire.parsed(wire.ChatAsked, await _body(http))
    name = _named(service, asked.model)
    messages = wire.messages_of(asked)
    ready = Ready(messages, {})
    if name == NOTES and service.notes is not None:
        most = asked.max_completion_tokens or asked.max_tokens
        ready = await service.notes.ready(messages, service.engine.context, most)
    answer = Answer(
        True, name, 0, service.engine.context, _token_text(service), bool(asked.logprobs)
    )
    answer.extra = ready.extra
    if ready.said:
        return stream.said(asked, answer, ready.said)
    prompt = await asyncio.to_thread(service.loaded.encode_chat, ready.messages)
    request = wire.request_of(asked, prompt, service.engine.context, service.loaded.defaults)
    return await stream.answered(service.engine, http, asked, request, answer, service.first_token)


async def _completions(service: Service, http: HttpRequest) -> Response:
    asked = wire.parsed(wire.CompletionAsked, await _body(http))
    name = _named(service, asked.model)
    if name == NOTES:
        raise Refusal(
            "serve.request",
            "The assistant answers conversations only.",
            "It looks for sources of a question.",
            "ask POST /v1/chat/completions",
        )
    prompt = await asyncio.to_thread(_prompt, service, asked)
    request = wire.request_of(asked, prompt, service.engine.context, service.loaded.defaults)
    told = asked.logprobs is not None
    answer = Answer(False, name, 0, service.engine.context, _token_text(service), told)
    return await stream.answered(service.engine, http, asked, request, answer, service.first_token)


async def _embeddings(service: Service, http: HttpRequest) -> Response:
    asked = wire.parsed(wire.EmbeddingsAsked, await _body(http))
    name = _named(service, asked.model)
    if asked.dimensions not in (None, service.loaded.width):
        raise Refusal(
            "serve.request",
            f"A vector of {asked.dimensions} numbers cannot be given.",
            f"The mean of this model's hidden states has {service.loaded.width}.",
            "leave `dimensions` out",
            {"param": "dimensions"},
        )
    prompts = await asyncio.to_thread(_inputs, service, asked.input)
    vectors = await asyncio.to_thread(service.engine.embed, prompts)
    data = [
        {"object": "embedding", "index": number, "embedding": _spelt(vector, asked.encoding_format)}
        for number, vector in enumerate(vectors)
    ]
    tokens = answers.usage(sum(map(len, prompts)), 0, service.engine.context)
    return JSONResponse({"object": "list", "data": data, "model": name, "usage": tokens})


async def _body(http: HttpRequest) -> Any:
    body = bytearray()
    async for part in http.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise _unreadable(f"It has more than {MOST_BYTES >> 20} MiB.")
    try:
        return json.loads(bytes(body))
    except ValueError as error:
        raise _unreadable(f"It is no JSON: {error}") from error


def _unreadable(why: str) -> Refusal:
    return Refusal("serve.request", "The request cannot be read.", why, "send a JSON object")


def _named(service: Service, asked: str) -> str:
    """An empty name is the model's own: one service, one model."""
    if asked and asked not in service.names:
        raise answers.model_unknown(asked, service.names)
    return asked or service.name


def _prompt(service: Service, asked: wire.CompletionAsked) -> list[int]:
    prompt = asked.prompt
    if isinstance(prompt, list) and prompt and isinstance(prompt[0], str):
        if len(prompt) > 1:
            raise Refusal(
                "serve.request",
                f"There are {len(prompt)} prompts in one request.",
                "One is answered at a time.",
                "send a request for each; they are answered side by side",
                {"param": "prompt"},
            )
        prompt = prompt[0]
    if asked.suffix is not None:
        return middle.prompt(service.loaded.tokenizer, prompt, asked.suffix)
    if isinstance(prompt, str):
        return service.loaded.encode(prompt)
    ids = [int(one) for one in prompt]
    return _within(service, ids)


def _inputs(service: Service, asked: Any) -> list[tuple[int, ...]]:
    if isinstance(asked, str) or (asked and isinstance(asked[0], int)):
        asked = [asked]
    prompts = []
    for one in asked:
        ids = service.loaded.encode(one) if isinstance(one, str) else _within(service, one)
        if not 1 <= len(ids) <= service.engine.context:
            raise Refusal(
                "serve.context",
                f"A text of {len(ids)} tokens has no vector here.",
                f"It has to have 1 to {service.engine.context}, and nothing is cut.",
                "cut it into pieces and ask for a vector of each",
                {"param": "input"},
            )
        prompts.append(tuple(ids))
    return prompts


def _within(service: Service, ids: list[int]) -> list[int]:
    known = len(service.loaded.tokenizer)
    if any(not 0 <= id < known for id in ids):
        raise Refusal(
            "serve.request",
            "Not all of these numbers are tokens.",
            f"This model's tokens are 0 to {known - 1}.",
            "send text, or tokens of this model's tokenizer",
        )
    return ids


def _token_text(service: Service) -> Callable[[int], str]:
    tokenizer = service.loaded.tokenizer
    return lambda id: str(tokenizer.decode([id]))


def _spelt(vector: list[float], encoding: str) -> list[float] | str:
    if encoding == "float":
        return vector
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def _refused(refused: Refusal) -> Response:
    status, body = answers.error(refused)
    headers = {"Retry-After": "1"} if status in (429, 503) else None
    return JSONResponse(body, status, headers)
