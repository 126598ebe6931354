"""A private daemon, and calls to it as any program on the machine could make them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

from engine.conftest import clear, daemon
from faults.daemon import PrivateDaemon

__all__ = ["Said", "ask", "clear", "daemon"]


@dataclass(frozen=True)
class Said:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """Of the Refusal, whose shape is checked on the way."""
        told = self.json["refusal"]
        assert set(told) == {"code", "what", "why", "next", "facts"}, told
        assert told["what"] and told["why"] and told["next"], told
        return str(told["code"])


def ask(
    daemon: PrivateDaemon,
    path: str,
    method: str = "GET",
    body: bytes | None = None,
    token: str | None = "",
    **headers: str,
) -> Said:
    """One raw call. `token`: the right one where empty, none where None. `Content_Type="..."` and
    its like become headers."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if token is not None:
        right = (daemon.home / "token").read_text()
        sent["Authorization"] = f"Bearer {token or right}"
    if body is not None:
        sent.setdefault("Content-Type", "application/json")
    with closing(HTTPConnection("127.0.0.1", daemon.port, timeout=30)) as connection:
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        return Said(answer.status, dict(answer.getheaders()), answer.read())
