"""The whole over HTTP, asked by OpenAI's own client."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from pydantic import BaseModel

from tenfold.science.retrieval.hit import Hit
from tenfold.science.serving import server as server_module
from tenfold.science.serving.loading import Loaded
from tenfold.science.serving.server import Served, Server

Generated = Callable[[Loaded, list[int], int], list[int]]
MESSAGES: list[Any] = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "What is a module?"},
]
ROWS, WAITING = 4, 8


class Folder:
    """An index of two passages."""

    hits = (
        Hit("log/may.md", "Flight log", "lines 3-4", "The motor reached 71 degrees.", 0.9),
        Hit("todo.md", "To do", "lines 1-2", "Buy propellers.", 0.6),
    )

    def search(self, query: str, k: int) -> list[Hit]:
        return list(self.hits[:k]) if "motor" in query or "馬達" in query else []


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    patched = pytest.MonkeyPatch()
    patched.setattr(server_module.Index, "open", lambda folder: Folder())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    served = Served(str(folder), "tiny", port, rows=ROWS, waiting=WAITING, notes="/an/index")
    found = Server(served)
    patched.undo()
    found.ready()
    yield found
    found.close()


@pytest.fixture(scope="module")
def url(server: Server) -> str:
    return f"http://127.0.0.1:{server._port}"


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as found:
        yield found


def greedy(client: openai.OpenAI, prompt: str, most: int = 30, **more: Any) -> str:
    said = client.completions.create(
        model="tiny", prompt=prompt, max_tokens=most, temperature=0.0, **more
    )
    return str(said.choices[0].text)


def expected(server: Server, generated: Generated, ids: list[int], most: int) -> str:
    return server.loaded.decode(generated(server.loaded, ids, most))


def test_models_and_health(client: openai.OpenAI, url: str, server: Server) -> None:
    assert [model.id for model in client.models.list()] == ["tiny", "notes"]
    assert client.models.retrieve("tiny").id == "tiny"
    health = httpx.get(f"{url}/health")
    assert health.status_code == 200 and health.json()["context_length"] == 768


def test_greedy_chat_streams_what_generate_writes(
    client: openai.OpenAI, server: Server, generated: Generated
) -> None:
    ids = server.loaded.encode_chat(MESSAGES)
    wanted = expected(server, generated, ids, 40)
    asked: dict[str, Any] = {"model": "tiny", "messages": MESSAGES, "temperature": 0.0}
    whole = client.chat.completions.create(**asked, max_tokens=40)
    assert whole.choices[0].message.content == wanted and len(wanted) > 20
    chunks = list(
        client.chat.completions.create(
            **asked, max_tokens=40, stream=True, stream_options={"include_usage": True}
        )
    )
    told = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(told) == wanted
    usage = chunks[-1].usage
    assert usage is not None and whole.usage is not None
    assert usage.model_dump() == whole.usage.model_dump()
    assert (usage.prompt_tokens, usage.completion_tokens) == (len(ids), 40)
    assert usage.model_dump()["context_length"] == 768
    assert whole.choices[0].finish_reason == "length"


def test_eight_clients_do_not_mix(
    client: openai.OpenAI, server: Server, generated: Generated
) -> None:
    prompts = [f"def f{n}(x):\n    return {'x + ' * n}" for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda prompt: greedy(client, prompt), prompts))
    assert together == [
        expected(server, generated, server.loaded.encode(prompt), 30) for prompt in prompts
    ]
    assert len(set(together)) == 8


def test_seed_stop_and_penalties(client: openai.OpenAI) -> None:
    def drawn(seed: int, **more: Any) -> str:
        said = client.completions.create(
            model="tiny", prompt="class", max_tokens=30, temperature=1.0, seed=seed, **more
        )
        return str(said.choices[0].text)

    assert drawn(7) == drawn(7) != drawn(8)
    assert drawn(7, top_p=0.3) != drawn(7)
    text = greedy(client, "class")
    stop = text[9:11]
    assert greedy(client, "class", stop=[stop]) == text[: text.index(stop)]
    streamed = client.completions.create(
        model="tiny", prompt="class", max_tokens=30, temperature=0, stop=stop, stream=True
    )
    last = ""
    parts = []
    for chunk in streamed:
        parts.append(chunk.choices[0].text)
        last = chunk.choices[0].finish_reason or last
    assert "".join(parts) == text[: text.index(stop)] and last == "stop"
    assert greedy(client, "class", frequency_penalty=2.0) != text


def test_logprobs_are_the_models(client: openai.OpenAI, server: Server) -> None:
    import torch

    said = client.chat.completions.create(
        model="tiny", messages=MESSAGES, max_tokens=5, temperature=0, logprobs=True, top_logprobs=3
    )
    told = said.choices[0].logprobs
    assert told is not None and told.content is not None and len(told.content) == 5
    ids = server.loaded.encode_chat(MESSAGES)
    with torch.inference_mode():
        logits = server.loaded.model(torch.tensor([ids])).logits[0, -1]
    best = torch.log_softmax(logits, 0).topk(3)
    first = told.content[0]
    assert first.logprob == pytest.approx(float(best.values[0]), abs=1e-4)
    assert [one.logprob for one in first.top_logprobs] == pytest.approx(
        best.values.tolist(), abs=1e-4
    )
    old = client.completions.create(model="tiny", prompt="x", max_tokens=3, logprobs=2, seed=1)
    assert old.choices[0].logprobs is not None
    assert [len(one) for one in old.choices[0].logprobs.top_logprobs or []] == [2, 2, 2]


def test_a_gap_is_filled_between_its_marks(
    client: openai.OpenAI, server: Server, generated: Generated
) -> None:
    known = server.loaded.tokenizer.get_vocab()
    ids = [known["<|endoftext|>"], known["<|fim_prefix|>"], *server.loaded.encode("def f(")]
    ids += [known["<|fim_suffix|>"], *server.loaded.encode("):"), known["<|fim_middle|>"]]
    assert greedy(client, "def f(", 20, suffix="):") == expected(server, generated, ids, 20)


def test_what_breaks_in_mid_stream_is_an_error_in_words(
    client: openai.OpenAI, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = client.completions.create(
        model="tiny", prompt="a", max_tokens=600, temperature=0, stream=True
    )
    next(iter(stream))

    def broken(*args: Any) -> Any:
        raise RuntimeError("planted")

    monkeypatch.setattr(server.engine, "_forward", broken)
    with pytest.raises(openai.APIError, match=r"engine broke while it answered.*planted"):
        list(stream)
    monkeypatch.undo()
    assert greedy(client, "b", 3) and server.alive


class Answer(BaseModel):
    city: str
    degrees: int
    sunny: bool


def test_json_parses_against_its_schema(client: openai.OpenAI) -> None:
    for seed in range(4):
        said = client.chat.completions.create(
            model="tiny",
            messages=MESSAGES,
            max_tokens=60,
            temperature=1.0,
            seed=seed,
            response_format={
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": Answer.model_json_schema()},
            },
        )
        Answer.model_validate_json(said.choices[0].message.content or "")
        assert said.choices[0].finish_reason == "stop"
    anything = client.chat.completions.create(
        model="tiny", messages=MESSAGES, max_tokens=40, response_format={"type": "json_object"}
    )
    assert isinstance(json.loads(anything.choices[0].message.content or ""), dict)


def test_embeddings(client: openai.OpenAI) -> None:
    said = client.embeddings.create(model="tiny", input=["import os", "import os", "Zebra?"])
    first, same, other = (one.embedding for one in said.data)
    assert first == same and len(first) == 64
    assert sum(x * x for x in first) == pytest.approx(1.0, abs=1e-5)
    assert sum(x * y for x, y in zip(first, other, strict=True)) < 0.999
    plain = client.embeddings.create(model="tiny", input="import os", encoding_format="float")
    assert plain.data[0].embedding == pytest.approx(first, abs=1e-6)


@pytest.mark.parametrize(
    ("more", "status", "code", "words"),
    [
        ({"model": "gpt-9"}, 404, "model_not_found", "tiny and notes"),
        ({"n": 2}, 400, "serve.request", "One answer"),
        ({"tools": [{"type": "function"}]}, 400, "serve.request", "no tools"),
        ({"temperature": 9}, 400, "serve.request", "temperature"),
        ({"messages": []}, 400, "serve.request", "messages"),
        ({"messages": [{"role": "wizard", "content": "x"}]}, 400, "serve.messages", "wizard"),
        (
            {"messages": [{"role": "user", "content": "long " * 3000}]},
            400,
            "context_length_exceeded",
            "the context is 768",
        ),
        ({"response_format": {"type": "json_schema"}}, 400, "serve.request", "missing"),
    ],
)
def test_bad_input_is_refused_in_words(
    url: str, more: dict[str, Any], status: int, code: str, words: str
) -> None:
    body = {"model": "tiny", "messages": MESSAGES, "max_tokens": 2} | more
    said = httpx.post(f"{url}/v1/chat/completions", json=body)
    assert said.status_code == status
    error = said.json()["error"]
    assert error["code"] == code and words in error["message"]
    assert said.json()["refusal"]["next"]


def test_what_is_no_json(url: str) -> None:
    said = httpx.post(f"{url}/v1/completions", content=b"\xff{")
    assert said.status_code == 400 and "no JSON" in said.json()["error"]["message"]


def test_a_client_that_drops_frees_its_place(
    url: str, client: openai.OpenAI, server: Server
) -> None:
    body = {"model": "tiny", "prompt": "a", "max_tokens": 180, "temperature": 1.0, "stream": True}
    for _ in range(ROWS + 1):  # one more than there is room for
        with httpx.stream("POST", f"{url}/v1/completions", json=body) as said:
            next(said.iter_bytes())
    before = server.engine.load.tokens
    assert greedy(client, "b", 3)
    assert server.engine.load.tokens - before < 180
    _until(lambda: server.engine.load.running == 0)


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_drops_while_it_waits(
    server: Server, client: openai.OpenAI, monkeypatch: pytest.MonkeyPatch, stream: bool
) -> None:
    """Nothing was sent to it yet, so no failed write tells that it has gone."""
    door, step = threading.Event(), server.engine._step
    monkeypatch.setattr(server.engine, "_step", lambda: (door.wait(30), step()))
    written = server.engine.load.tokens
    with socket.create_connection(("127.0.0.1", server._port)) as waits:
        body = json.dumps({"model": "tiny", "prompt": "a", "max_tokens": 99, "stream": stream})
        head = f"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        waits.sendall(f"{head}{body}".encode())
        _until(lambda: server.engine.load.waiting == 1)
    _until(lambda: server.engine.load.waiting == 0)
    door.set()
    assert greedy(client, "b", 3)
    assert server.engine.load.tokens == written + 3


def _until(holds: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end_s
        time.sleep(0.005)


def test_two_hundred_at_once(client: openai.OpenAI, server: Server) -> None:
    """Answered, or refused with 429; and the next one is answered as ever."""
    before = greedy(client, "still")

    async def ask(number: int) -> tuple[int, dict[str, Any], bytes]:
        body = json.dumps({"model": "tiny", "prompt": f"n{number}", "max_tokens": 4}).encode()
        head = f"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
        reading, writing = await asyncio.open_connection("127.0.0.1", server._port)
        writing.write(f"{head}Connection: close\r\n\r\n".encode() + body)
        said = await asyncio.wait_for(reading.read(), 60)
        writing.close()
        told, _, answer = said.partition(b"\r\n\r\n")
        return int(told.split()[1]), json.loads(answer), told.lower()

    async def all_ask() -> list[tuple[int, dict[str, Any], bytes]]:
        return await asyncio.gather(*(ask(number) for number in range(200)))

    answers = asyncio.run(all_ask())
    statuses = [status for status, _, _ in answers]
    assert set(statuses) == {200, 429}
    _, refused, head = next(answer for answer in answers if answer[0] == 429)
    assert "wait already" in refused["error"]["message"]
    assert refused["error"]["type"] == "rate_limit_error"
    assert b"retry-after: 1" in head
    assert statuses.count(200) >= WAITING
    assert greedy(client, "still") == before and server.alive


def test_notes_answer_with_sources_or_not_at_all(client: openai.OpenAI, url: str) -> None:
    question = [{"role": "user", "content": "How hot did the motor get?"}]
    body = {"model": "notes", "messages": question, "max_tokens": 8, "seed": 1}
    said = httpx.post(f"{url}/v1/chat/completions", json=body).json()
    assert [one["path"] for one in said["sources"]] == ["log/may.md", "todo.md"]
    assert said["sources"][0] == {
        "title": "Flight log",
        "path": "log/may.md",
        "text": "The motor reached 71 degrees.",
        "place": "lines 3-4",
    }
    # The passages were in the prompt, and the text is the model's own.
    assert said["usage"]["prompt_tokens"] > 100 and said["choices"][0]["message"]["content"]
    unknown = [{"role": "user", "content": "Who won the race?"}]
    answer = client.chat.completions.create(model="notes", messages=unknown)  # type: ignore[arg-type]
    assert (answer.choices[0].message.content or "").startswith("I don't know")
    assert answer.model_dump()["sources"] == []
    chinese = [{"role": "user", "content": "誰贏了比賽？"}]
    chunks = list(
        client.chat.completions.create(model="notes", messages=chinese, stream=True)  # type: ignore[arg-type]
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text.startswith("我不知道") and chunks[-1].choices[0].finish_reason == "stop"
    with pytest.raises(openai.BadRequestError, match="conversations only"):
        client.completions.create(model="notes", prompt="x")


def test_the_figures_of_the_log(server: Server) -> None:
    figures = server.figures()
    assert figures["requests"] > 30 and figures["waiting"] == 0
    assert 0 < figures["first_token_p50_s"] <= figures["first_token_p99_s"] < 60
