"""A fault of our own is told in the one shape that everything else has."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tenfold.api.app import application
from tenfold.api.door import Keys


def test_what_stumbles_answers_with_a_refusal() -> None:
    house: Any = SimpleNamespace(describer=None)  # it has none of its parts
    app = application(house, Keys("secret"), Path(), 7410, lambda: None)
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/api/box",
        "raw_path": b"/api/box",
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1:7410"), (b"authorization", b"Bearer secret")],
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    with pytest.raises(AttributeError):  # it goes on to the log
        asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 500
    told = json.loads(sent[1]["body"])["refusal"]
    assert told["code"] == "api.broken" and "GET /api/box" in told["what"]
