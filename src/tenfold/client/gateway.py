"""Asking models over OpenAI's HTTP: the gateway of a home, or any other server that speaks it.

`Gateway.of(home)` finds that of a home and lets itself in with the home's token. Another server
gets a key that was meant for it and never the token. Only the standard library is used: an import
of comfort would cost more than listing the models does.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tenfold.client.home import token
from tenfold.folder.lock import holder
from tenfold.terms.refusal import Refusal, refusal, refusal_from_json

SILENT_S = 600.0  # a model may read long before its first word, or wake
CONNECT_S = 10.0
MOST_LINE = 2**24  # bytes of an event


@dataclass(frozen=True)
class Piece:
    """Some of an answer; the last ones may tell its sources, how it ended and what it took."""

    text: str = ""
    sources: tuple[Mapping[str, Any], ...] = ()
    finish: str = ""
    usage: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Gateway:
    """`url` is the base URL of OpenAI's clients, `http://127.0.0.1:7411/v1`."""

    url: str
    key: str = ""

    @staticmethod
    def of(home: Path) -> Gateway:
        """A Refusal (`chat.none`) where no proxy of `home` lives: whoever listens on its old port
        must not be handed the token. A daemon need not be up."""
        url = url_of(home)
        if holder(home / "proxy" / "lock") is None:
            raise refusal("chat.none", why="No service is up in this home.")
        return Gateway(url, token(home))

    def models(self) -> list[dict[str, Any]]:
        """A Refusal (`chat.none`, `chat.starts`) where there are none."""
        with self._asked("GET", "models") as answer:
            told = _read(answer)
        listed = told.get("data") if isinstance(told, dict) else None
        if not isinstance(listed, list):
            raise self._absent("What answers there lists no models.")
        found = [one for one in listed if isinstance(one, dict) and isinstance(one.get("id"), str)]
        if not found:
            if starting := ", ".join(map(str, told.get("starting") or ())):
                raise refusal("chat.starts", names=starting)
            raise refusal("chat.none", why="Nothing that is up has a model.")
        return found

    def answer(
        self, model: str, messages: Sequence[Mapping[str, str]], **options: Any
    ) -> Generator[Piece, None, None]:
        """As it comes. Closing the generator ends the request. A Refusal where it says no, or
        breaks off."""
        body = {**options, "model": model, "messages": list(messages), "stream": True}
        with self._asked("POST", "chat/completions", body, model) as answer:
            if "event-stream" not in answer.headers.get("Content-Type", ""):
                yield _piece(_read(answer))
                return
            yield from _events(answer, model)

    @contextmanager
    def _asked(
        self, method: str, path: str, body: Any = None, model: str = ""
    ) -> Iterator[HTTPResponse]:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise self._absent("It is no address such as http://127.0.0.1:7411/v1.")
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        data = None if body is None else json.dumps(body).encode()
        try:
            with closing(kind(parts.hostname, parts.port, timeout=CONNECT_S)) as connection:
                connection.connect()
                connection.sock.settimeout(SILENT_S)
                connection.request(method, f"{parts.path.rstrip('/')}/{path}", data, headers)
                answer = connection.getresponse()
                if answer.status >= 400:
                    raise _no(_read(answer), answer.status, model or self.url)
                yield answer
        except TimeoutError as error:
            raise self._absent("It is there, but did not answer in time.") from error
        except ConnectionRefusedError as error:
            raise self._absent("Nothing listens there.") from error
        except (OSError, HTTPException) as error:
            raise self._absent(f"It went away ({type(error).__name__}).") from error

    def _absent(self, why: str) -> Refusal:
        return refusal("chat.absent", why=f"{self.url}: {why}", next="tenfold status")


def url_of(home: Path) -> str:
    """The base URL of a home's gateway; a Refusal (`chat.none`) where it never had a service."""
    try:
        port = int((home / "proxy" / "port").read_text())
    except (OSError, ValueError):
        raise refusal("chat.none", why="No service has been started in this home.") from None
    return f"http://127.0.0.1:{port}/v1"


def _events(answer: HTTPResponse, model: str) -> Iterator[Piece]:
    ended = False
    while line := answer.readline(MOST_LINE):
        if not line.startswith(b"data:"):
            continue
        data = line[5:].strip()
        if data == b"[DONE]":
            return
        try:
            told = json.loads(data)
        except ValueError:
            raise _said(model, "something that is no JSON") from None
        if isinstance(told, dict) and told.get("error"):
            raise _said(model, _words(told) or "an error without words")
        piece = _piece(told)
        ended = ended or bool(piece.finish)
        yield piece
    if not ended:
        raise _said(model, "nothing more, in the middle of its answer")


def _piece(told: Any) -> Piece:
    if not isinstance(told, dict):
        return Piece()
    choices = told.get("choices") or [{}]
    choice = choices[0] if isinstance(choices[0], dict) else {}
    said = choice.get("delta") or choice.get("message") or {}
    text, sources = said.get("content"), told.get("sources") or said.get("sources") or ()
    usage = told.get("usage")
    return Piece(
        text if isinstance(text, str) else "",
        tuple(one for one in sources if isinstance(one, dict)) if sources else (),
        str(choice.get("finish_reason") or ""),
        usage if isinstance(usage, dict) else None,
    )


def _read(answer: HTTPResponse) -> Any:
    try:
        return json.loads(answer.read())
    except ValueError:
        return None


def _no(told: Any, status: int, model: str) -> Refusal:
    if isinstance(told, dict) and isinstance(told.get("refusal"), dict):
        return refusal_from_json(told["refusal"])
    return _said(model, _words(told) or f"HTTP status {status}")


def _words(told: Any) -> str:
    error = told.get("error") if isinstance(told, dict) else None
    words = error.get("message") if isinstance(error, dict) else error
    return words[:500] if isinstance(words, str) else ""


def _said(model: str, words: str) -> Refusal:
    """In the words of whoever answered; they may hold what to do next."""
    why, _, next = words.partition(" Next: ")
    return refusal("chat.said", model=model, why=why, next=next or "tenfold status")
