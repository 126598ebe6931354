"""OpenAI's own client against a service of a real daemon, with an API key."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection

import openai
import pytest
from engine.conftest import private, until
from faults.daemon import PrivateDaemon, kill_marked
from faults.proxied import SMALL_LLM
from faults.proxied import until as until_true

from tenfold.client.gateway import url_of
from tenfold.folder.keys import KeyFile


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateDaemon]:
    folder = tmp_path_factory.mktemp("openai")
    found = private(folder)
    found.start()
    yield found
    found.end()
    kill_marked(str(folder))


@pytest.fixture(scope="module")
def client(daemon: PrivateDaemon) -> Iterator[openai.OpenAI]:
    """It tries nothing again by itself: what fails, fails."""
    params = {"argv": [sys.executable, str(SMALL_LLM)], "health": "/health"}
    asked = {"workload": "system.command", "params": params, "kind": "service", "cores": 1}
    job = daemon.submit(name="small", **asked)
    until(daemon, job, "running")
    key = KeyFile(daemon.home / "keys.json").add("test", (), time.time())
    found = openai.OpenAI(api_key=key, base_url=url_of(daemon.home), max_retries=0, timeout=30)
    until_true(lambda: list(found.models.list()))
    yield found
    found.close()


def streamed(client: openai.OpenAI, model: str) -> Iterator[str]:
    message = {"role": "user", "content": "How warm?"}
    with client.chat.completions.create(model=model, messages=[message], stream=True) as stream:
        for chunk in stream:
            yield chunk.choices[0].delta.content or ""


def test_the_official_client_lists_streams_and_embeds(client: openai.OpenAI) -> None:
    listed = {one.id: one.owned_by for one in client.models.list()}
    assert listed["echo"] == "small" and "sources" in listed
    pieces = list(streamed(client, "small/echo"))
    assert len(pieces) > 10
    assert "You asked **How warm?**, question 1 of ours." in "".join(pieces)
    message = {"role": "user", "content": "x"}
    whole = client.chat.completions.create(model="plain", messages=[message])
    assert (whole.choices[0].message.content or "").startswith("You asked **x**")
    assert client.embeddings.create(model="echo", input="x").data[0].embedding == [0.5, -0.5]
    with pytest.raises(openai.NotFoundError, match=r"There is no model 'none'.*echo"):
        next(streamed(client, "none"))
    with pytest.raises(openai.AuthenticationError, match="tenfold keys add"):
        next(streamed(client.with_options(api_key="sk-tenfold-x"), "echo"))


def test_a_server_that_dies_is_told_and_the_next_request_waits_for_it(
    client: openai.OpenAI,
) -> None:
    came = []
    with pytest.raises(openai.APIError, match=r"ended in the middle of its answer.*ask again"):
        for piece in streamed(client, "dies"):
            came.append(piece)
    assert "".join(came).startswith("You asked")
    assert "".join(streamed(client, "echo")).startswith("You asked")


def test_the_daemon_takes_no_key(daemon: PrivateDaemon) -> None:
    mine = KeyFile(daemon.home / "keys.json").add("laptop", (), time.time())
    for path in ("/api/jobs", "/v1/models", "/"):
        with closing(HTTPConnection("127.0.0.1", daemon.port, timeout=20)) as connection:
            connection.request("GET", path, headers={"Authorization": f"Bearer {mine}"})
            assert connection.getresponse().status in (401, 303), path
