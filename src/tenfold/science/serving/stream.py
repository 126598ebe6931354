"""One answer from the engine to a client: whole, or as server-sent events while it is written.

The engine tells from its own thread; here the pieces cross to the event loop. Whoever goes away is
noticed while nothing is sent to him, too.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, final

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response, StreamingResponse

from tenfold.science.serving import answers, wire
from tenfold.science.serving.answers import Answer
from tenfold.science.serving.engine import Engine, Running
from tenfold.science.serving.request import Chosen, Piece, Request
from tenfold.terms.refusal import Refusal


async def answered(
    engine: Engine,
    http: HttpRequest,
    asked: wire.Asked,
    request: Request,
    answer: Answer,
    first_token: Callable[[float], None],
) -> Response:
    """Asks the engine and passes on what it says. Raises its Refusals while nothing is sent."""
    answer.prompt_tokens = len(request.prompt)
    began_s = time.perf_counter()
    pieces: asyncio.Queue[Piece | Refusal | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def tell(piece: Piece | Refusal) -> None:
        with suppress(RuntimeError):  # the loop has ended, and with it all who listened
            loop.call_soon_threadsafe(pieces.put_nowait, piece)

    # In a thread: a schema becomes a grammar there, which may take a second.
    act = asyncio.to_thread if request.schema is not None else _here
    running = await act(engine.start, request, tell)
    watch = asyncio.create_task(_until_gone(http, running, pieces))
    following = _Following(
        pieces, running, watch, lambda: first_token(time.perf_counter() - began_s)
    )
    if asked.stream:
        events = _events(following, answer, asked.usage_asked)
        return StreamingResponse(events, media_type="text/event-stream")
    text, tokens, ended = "", list[Chosen](), ""
    async for piece in following:
        text, ended = text + piece.text, piece.ended
        tokens += piece.tokens
    if following.refused is not None:
        raise following.refused
    return JSONResponse(answer.whole(text, tokens, ended or "length"))


@final
class _Following:
    """The pieces of one answer, until it ended, broke, or nobody listens any more. What waits
    comes as one piece: a slow client gets fewer and longer ones."""

    def __init__(
        self,
        pieces: asyncio.Queue[Piece | Refusal | None],
        running: Running,
        watch: asyncio.Task[None],
        begun: Callable[[], None],
    ) -> None:
        self.refused: Refusal | None = None
        self._pieces, self._running, self._watch = pieces, running, watch
        self._begun = begun

    async def __aiter__(self) -> AsyncIterator[Piece]:
        first, ended = True, False
        try:
            while not ended:
                piece = await self._pieces.get()
                if first:
                    self._begun()
                    first = False
                if piece is None:
                    return
                if isinstance(piece, Refusal):
                    self.refused = piece
                    return
                while not piece.ended and not self._pieces.empty():
                    more = self._pieces.get_nowait()
                    if not isinstance(more, Piece):
                        self._pieces.put_nowait(more)
                        break
                    piece = replace(
                        more, text=piece.text + more.text, tokens=piece.tokens + more.tokens
                    )
                ended = bool(piece.ended)
                yield piece
        finally:
            self._running.cancel()
            self._watch.cancel()


async def _events(following: _Following, answer: Answer, usage: bool) -> AsyncIterator[bytes]:
    if answer.chat:
        yield _event(answer.opening())
    async for piece in following:
        if piece.text or piece.ended or (answer.logprobs and piece.tokens):
            yield _event(answer.chunk(piece.text, piece.tokens, piece.ended))
        else:
            answer.tokens += len(piece.tokens)
    if following.refused is not None:
        yield _event(answers.error(following.refused)[1])
        return
    if usage:
        yield _event(answer.usage_chunk())
    yield b"data: [DONE]\n\n"


def said(asked: wire.Asked, answer: Answer, text: str) -> Response:
    """An answer that no model wrote."""
    if not asked.stream:
        return JSONResponse(answer.whole(text, (), "stop"))

    async def events() -> AsyncIterator[bytes]:
        yield _event(answer.opening())
        yield _event(answer.chunk(text, (), ""))
        yield _event(answer.chunk("", (), "stop"))
        if asked.usage_asked:
            yield _event(answer.usage_chunk())
        yield b"data: [DONE]\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")


async def _until_gone(
    http: HttpRequest, running: Running, pieces: asyncio.Queue[Piece | Refusal | None]
) -> None:
    """A client that drops frees its place, also while it waits."""
    while (await http.receive())["type"] != "http.disconnect":
        pass
    running.cancel()
    pieces.put_nowait(None)


async def _here(act: Callable[..., Any], *args: Any) -> Any:
    return act(*args)


def _event(told: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(told, ensure_ascii=False).encode() + b"\n\n"
