"""One HTTP call to the daemon of a home: JSON in, JSON out, a Refusal when it says no.

Every new connection looks the address up again, so that a daemon which came back on another port
is found. Reads share one kept-open connection and are tried again when it turns out to be dead;
writes get a connection of their own and are sent once. `http.client`, because importing an HTTP
library of comfort costs more than most commands take.
"""

from __future__ import annotations

import json
import threading
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tenfold.client.home import absent, address, token
from tenfold.terms.refusal import refusal_from_json

TIMEOUT_S = 60.0  # a submit may wait for a describer that imports a workload


class Api:
    """The daemon's API. May be shared by threads: calls take turns."""

    def __init__(self, home: Path, timeout_s: float = TIMEOUT_S) -> None:
        self.home = home
        self._timeout_s = timeout_s
        self._kept: HTTPConnection | None = None
        self._turn = threading.Lock()

    def get(self, path: str, **query: Any) -> Any:
        asked = {name: value for name, value in query.items() if value is not None}
        target = f"{path}?{urlencode(asked)}" if asked else path
        with self._turn:
            if self._kept is not None:
                try:
                    return self._exchange(self._kept, "GET", target)
                except (OSError, HTTPException):
                    self.close()  # an idle connection that the daemon closed: once more, afresh
            try:
                self._kept = self._connection()
                return self._exchange(self._kept, "GET", target)
            except (OSError, HTTPException) as error:
                self.close()
                raise absent(self.home, _said(error)) from error

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        try:
            with closing(self._connection()) as connection:
                return self._exchange(connection, "POST", path, json.dumps(body or {}).encode())
        except (OSError, HTTPException) as error:
            raise absent(self.home, _said(error)) from error

    def close(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def __del__(self) -> None:
        """Handles of jobs share this; none of them can say that it is the last."""
        self.close()

    def _connection(self) -> HTTPConnection:
        port = address(self.home).port
        connection = HTTPConnection("127.0.0.1", port, timeout=self._timeout_s)
        connection.connect()
        connection.auto_open = 0  # never back to the old port unasked: see `home`
        return connection

    def _exchange(
        self, connection: HTTPConnection, method: str, target: str, body: bytes | None = None
    ) -> Any:
        headers = {"Authorization": f"Bearer {token(self.home)}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection.request(method, target, body, headers)
        answer = connection.getresponse()
        data = answer.read()
        try:
            value = json.loads(data)
        except ValueError as error:
            raise absent(self.home, f"What answers there ({answer.status}) is not JSON.") from error
        if answer.status < 400:
            return value
        fields = value.get("refusal") if isinstance(value, dict) else None
        if fields is None:
            raise absent(self.home, f"What answers there says {answer.status}.")
        raise refusal_from_json(fields)


def _said(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "Nothing listens on its port."
    if isinstance(error, TimeoutError):
        return "It is up, but did not answer in time."
    return f"It went away during the call ({type(error).__name__})."
