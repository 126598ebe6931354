"""Talking to a small model that is a real service of a real daemon, through its proxy."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from engine.conftest import private, until
from faults.daemon import PrivateDaemon, kill_marked

from tenfold.terms.refusal import Refusal
from tenfold.web.draw.answer import markdown_html, sources_html
from tenfold.web.parts.conversation import (
    ASSISTANT,
    USER,
    Turn,
    found_again,
    kept,
    messages,
    trouble_words,
)
from tenfold.web.services import Model, Piece, Services, Source, Trouble, Unanswered, sources_of
from tenfold.web.words import words

SMALL = Path(__file__).with_name("small_llm.py")
T = words("en")


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateDaemon]:
    folder = tmp_path_factory.mktemp("chat")
    found = private(folder)
    found.start()
    yield found
    found.end()
    kill_marked(str(folder))


@pytest.fixture(scope="module")
def small(daemon: PrivateDaemon) -> str:
    return served(daemon, "small", sys.executable, str(SMALL))


def served(daemon: PrivateDaemon, name: str, *argv: str) -> str:
    job = daemon.submit(
        workload="system.command",
        params={"argv": list(argv), "health": "/health" if name == "small" else "/"},
        kind="service",
        name=name,
        cores=1,
    )
    until(daemon, job, "running")
    return job


def bearer(daemon: PrivateDaemon) -> str:
    return f"Bearer {(daemon.home / 'token').read_text().strip()}"


@asynccontextmanager
async def opened(bearer: str, transport: httpx.AsyncBaseTransport | None = None):
    services = Services(bearer, transport)
    try:
        yield services
    finally:
        await services.close()


async def listed(daemon: PrivateDaemon, services: Services) -> dict[str, Model]:
    told = daemon.api.get("/api/box")["services"]
    return {one.id: one for one in await services.models(told)}


def ask(daemon: PrivateDaemon, id: str, *said: str, **options: Any) -> list[Piece]:
    """The pieces of an answer to questions that were asked one after another."""

    async def talk() -> list[Piece]:
        async with opened(bearer(daemon)) as services:
            model = (await listed(daemon, services))[id]
            told = messages([Turn(USER, one) for one in said], options.pop("system", ""))
            return [piece async for piece in services.talk(model, told, options)]

    return asyncio.run(talk())


def text(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def test_a_model_is_found_behind_the_proxy_and_answers_by_and_by(daemon, small):
    pieces = ask(daemon, "echo", "How warm?", system="Be brief.", temperature=0.5, max_tokens=9)
    assert len(pieces) > 10
    assert "You asked **How warm?**, question 1 of ours. Instructions: Be brief." in text(pieces)
    assert "Temperature 0.5, at most 9." in text(pieces)


def test_sources_come_in_the_last_chunk_or_in_the_message(daemon, small):
    streamed = ask(daemon, "sources", "x")
    found = [source for piece in streamed for source in piece.sources]
    assert [one.title for one in found] == ["Notes on the oven", "A book"]
    assert (found[1].path, found[1].place) == ("books/bread.pdf", "page 3")
    (whole,) = ask(daemon, "plain", "x")
    assert whole.text.startswith("You asked") and len(whole.sources) == 1


def test_a_service_that_says_no_is_quoted(daemon, small):
    with pytest.raises(Unanswered) as no:
        ask(daemon, "refuses", "x")
    assert (no.value.trouble, no.value.detail) == (Trouble.REFUSED, "the context is too long")


def test_a_service_that_dies_midway_leaves_what_came(daemon, small):
    came: list[Piece] = []
    before = until(daemon, small, "running")["attempt"]

    async def talk() -> None:
        async with opened(bearer(daemon)) as services:
            model = (await listed(daemon, services))["dies"]
            async for piece in services.talk(model, [{"role": "user", "content": "x"}], {}):
                came.append(piece)

    with pytest.raises(Unanswered) as no:
        asyncio.run(talk())
    assert no.value.trouble is Trouble.BROKE
    assert text(came) == "You asked **x**,"
    while until(daemon, small, "running")["attempt"] == before:  # its end is not seen yet
        time.sleep(0.05)


def test_one_that_sleeps_is_not_woken_to_be_listed_and_wakes_for_a_question(daemon, small):
    until(daemon, small, "running")
    daemon.api.post(f"/api/jobs/{small}/pause")
    until(daemon, small, "asleep")

    async def talk() -> str:
        async with opened(bearer(daemon)) as services:
            (model,) = (await listed(daemon, services)).values()
            assert (model.id, model.state, model.service) == ("", "asleep", "small")
            await asyncio.sleep(0.5)
            assert daemon.api.get(f"/api/jobs/{small}")["job"]["state"] == "asleep"
            told = [{"role": "user", "content": "wake"}]
            said = [piece.text async for piece in services.talk(model, told, {})]
            return "".join(said)

    assert "You asked **wake**" in asyncio.run(talk())
    until(daemon, small, "running")


def test_what_is_no_language_model_is_not_listed(daemon, small):
    other = served(daemon, "files", sys.executable, "-c", FILES)

    async def look() -> list[str]:
        async with opened(bearer(daemon)) as services:
            found = await services.models(daemon.api.get("/api/box")["services"])
            return sorted({one.service for one in found})

    assert asyncio.run(look()) == ["small"]
    daemon.api.post(f"/api/jobs/{other}/cancel")


FILES = "import http.server, os; http.server.test(http.server.SimpleHTTPRequestHandler, port=int(os.environ['PORT']), bind='127.0.0.1')"  # noqa: E501


def test_without_the_token_the_proxy_refuses_in_its_own_words(daemon, small):
    url = daemon.api.get("/api/box")["services"][0]["url"]

    async def talk() -> None:
        async with opened("Bearer wrong") as services:
            model = Model(small, "small", "running", url, "echo")
            async for _ in services.talk(model, [], {}):
                pass

    with pytest.raises(Refusal) as no:
        asyncio.run(talk())
    assert no.value.code == "gateway.key"


@pytest.mark.parametrize("url", ["http://10.0.0.1:80/x/", "https://127.0.0.1/x", "http://evil.com"])
def test_nothing_but_this_machine_is_asked(url):
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"data": [{"id": "m"}]})

    async def talk() -> None:
        async with opened("Bearer x", httpx.MockTransport(answer)) as services:
            running = {"job": "1", "name": "n", "state": "running", "url": url}
            assert await services.models([running]) == []
            async for _ in services.talk(Model("1", "n", "running", url, "m"), [], {}):
                pass

    with pytest.raises(Unanswered) as no:
        asyncio.run(talk())
    assert (no.value.trouble, asked) == (Trouble.ABROAD, [])


STREAMS = [
    ("data: nonsense\n\n", Trouble.STRANGE),
    ('data: {"error": {"message": "out of memory"}}\n\n', Trouble.BROKE),
    ('data: {"choices": [{"delta": {"content": "a"}}]}\n\n', Trouble.BROKE),
]


@pytest.mark.parametrize(("stream", "trouble"), STREAMS)
def test_a_stream_that_does_not_end_well_is_told(stream, trouble):
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=stream, headers={"content-type": "text/event-stream"})

    async def talk() -> None:
        async with opened("Bearer x", httpx.MockTransport(answer)) as services:
            model = Model("1", "n", "running", "http://127.0.0.1:1/n/", "m")
            async for _ in services.talk(model, [], {}):
                pass

    with pytest.raises(Unanswered) as no:
        asyncio.run(talk())
    assert no.value.trouble is trouble


def test_odd_sources_are_left_out_or_cut():
    told = [{"path": "a.md"}, "text", {"place": "x"}, None, {"title": "t", "text": "x" * 10**5}]
    first, second = sources_of(told)
    assert (first.title, second.title, len(second.text)) == ("a.md", "t", 4000)
    assert sources_of({"title": "t"}) == ()


def test_no_tag_of_a_model_becomes_one_of_the_page():
    html = markdown_html(
        "<script>x</script> <b>y</b>\n\n```html\n<i>z</i> & 1 < 2\n```\n![p](/x.png)"
    )
    for tag in ("<script", "<b>", "<i>", "<img"):
        assert tag not in html
    assert "&lt;script>" in html or "&lt;script&gt;" in html
    assert "&amp;lt;" not in html
    assert "<strong>bold</strong>" in markdown_html("**bold**")
    assert "<li>one</li>" in markdown_html("Both:\n- one\n- two")


def test_sources_are_text():
    html = sources_html(T, [Source("<b>t</b>", "p/<x>", "<i>quote</i>", "page 3"), Source("u")])
    assert html.count("<li>") == 2 and html.count("<details>") == 1
    assert "<b>t" not in html and "<i>" not in html and "&lt;i&gt;quote" in html
    assert "<a" not in html and "page 3" in html


def test_a_question_without_an_answer_is_not_told_again():
    turns = [
        Turn(USER, "one"),
        Turn(ASSISTANT, "", trouble="broke"),
        Turn(USER, "two"),
        Turn(ASSISTANT, "half", trouble="stopped"),
        Turn(USER, "three"),
    ]
    assert messages(turns, " S ") == [
        {"role": "system", "content": "S"},
        {"role": "user", "content": "two"},
        {"role": "assistant", "content": "half"},
        {"role": "user", "content": "three"},
    ]


def test_a_tab_finds_its_conversation_again():
    turns = [
        Turn(USER, "q"),
        Turn(ASSISTANT, "a", (Source("t", "p", "x", "y"),), "m", "broke", "d"),
    ]
    assert found_again(kept(turns)) == turns


@pytest.mark.parametrize("trouble", list(Trouble))
@pytest.mark.parametrize("language", ["en", "zh-Hant"])
def test_every_trouble_has_words(trouble, language):
    assert trouble_words(words(language), Turn(ASSISTANT, "", trouble=trouble.value, detail="x"))
