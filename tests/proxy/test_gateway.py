"""OpenAI's own paths at the root: who gets a request, what comes back, what is refused, and how."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from faults.proxied import Proxied, until

from tenfold.terms.route import Route, RouteState

CHAT = "/v1/chat/completions"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    """Two services with a model of one name, one with one model, and a plain one. No test here
    changes them."""
    found = Proxied(tmp_path_factory.mktemp("gateway") / "home")
    found.start()
    young, old = found.model("young", "echo", "slow"), found.model("old", "echo", "plain")
    alone, plain = found.model("alone", "org/echo-2"), found.service()
    found.routes(
        Route("1", ("young", "1"), RouteState.UP, young, attempt=1, since_s=200.0),
        Route("2", ("old", "2"), RouteState.UP, old, attempt=1, since_s=100.0),
        Route("3", ("alone", "3"), RouteState.UP, alone, attempt=1, since_s=300.0),
        Route("4", ("s", "4"), RouteState.UP, plain, attempt=1, since_s=50.0),
    )
    yield found
    found.end()


def chat(model: str, text: str = "hi", **more: Any) -> bytes:
    message = {"role": "user", "content": text}
    return json.dumps({"model": model, "messages": [message], **more}).encode()


def asked(proxied: Proxied, model: str, **more: Any) -> tuple[int, dict[str, Any], bytes]:
    """Status, error if there is one, and all that came."""
    answer, body = proxied.ask(CHAT, "POST", chat(model), **more)
    error = json.loads(body)["error"] if answer.status >= 400 else {}
    return answer.status, error, body


def test_all_models_are_listed_once_with_their_service(served: Proxied) -> None:
    answer, body = served.ask("/v1/models")
    told = json.loads(body)
    assert (answer.status, told["object"]) == (200, "list")
    listed = {one["id"]: one for one in told["data"]}
    assert set(listed) == {"echo", "plain", "young/echo", "slow", "org/echo-2"}
    assert listed["echo"]["service"] == listed["echo"]["owned_by"] == "old"
    assert listed["young/echo"]["service"] == "young"
    assert listed["org/echo-2"]["also"] == ["alone/org/echo-2", "alone"]
    assert all(one["state"] == "up" and one["object"] == "model" for one in told["data"])
    assert json.loads(served.ask("/v1/models/alone")[1])["id"] == "org/echo-2"
    assert served.ask("/v1/models/none")[0].status == 404


@pytest.mark.parametrize(
    ("model", "job"),
    [
        ("echo", "2"),
        ("young/echo", "1"),
        ("old/echo", "2"),
        ("1/echo", "1"),
        ("slow", "1"),
        ("alone", "3"),
        ("org/echo-2", "3"),
        ("alone/org/echo-2", "3"),
    ],
)
def test_a_request_goes_to_the_service_with_its_model(
    served: Proxied, model: str, job: str
) -> None:
    with served.socket() as connection:
        connection.sendall(posted(served, chat(model)))
        said = read_to(connection, b"data: ")
    assert f"x-pid: {served.services[int(job) - 1].pid}\r\n" in said.decode().lower()


def test_the_service_sees_its_own_name_of_the_model(served: Proxied) -> None:
    vector = json.dumps({"model": "alone", "input": "x"}).encode()
    told = json.loads(served.ask("/v1/embeddings", "POST", vector)[1])
    assert (told["model"], told["data"][0]["embedding"]) == ("org/echo-2", [0.5, -0.5])
    prompt = json.dumps({"model": "3/org/echo-2", "prompt": "abc"}).encode()
    told = json.loads(served.ask("/v1/completions", "POST", prompt)[1])
    assert (told["model"], told["choices"][0]["text"]) == ("org/echo-2", "cba")


def test_an_answer_comes_unchanged(served: Proxied) -> None:
    port = int(served.services[1].args[-1])
    with closing(HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        connection.request("POST", CHAT, chat("echo"))
        direct = connection.getresponse().read()
    assert served.ask(CHAT, "POST", chat("echo"))[1] == direct
    assert direct.endswith(b"data: [DONE]\n\n")


def posted(proxied: Proxied, body: bytes, *more: str) -> bytes:
    return proxied.head(f"POST {CHAT} HTTP/1.1", f"Content-Length: {len(body)}", *more) + body


def read_to(connection: socket.socket, text: bytes) -> bytes:
    said = b""
    while text not in said:
        data = connection.recv(65536)
        assert data, said
        said += data
    return said


def test_a_stream_is_not_held_back(served: Proxied) -> None:
    with served.socket() as connection:
        connection.sendall(posted(served, chat("slow")))
        said = read_to(connection, b"word1")
        assert b"word3" not in said  # 0.2 s a word


def test_a_client_that_leaves_ends_its_request_at_the_service(served: Proxied) -> None:
    with served.socket() as connection:
        connection.sendall(posted(served, chat("slow")))
        read_to(connection, b"word1")
    until(lambda: (served.home / "young").exists(), 5)
    (served.home / "young").unlink()
    until(lambda: served.folder.read_seen().in_flight == {})


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (chat("none"), 404, "model_not_found"),
        (chat("old/none"), 404, "model_not_found"),
        (chat("s"), 404, "model_not_found"),  # it has no models
        (chat("old"), 400, "gateway.which"),
        (b"{", 400, "gateway.body"),
        (b"[]", 400, "gateway.body"),
        (b"\xff", 400, "gateway.body"),
        (b"[" * 100_000, 400, "gateway.body"),
        (b'{"messages": []}', 400, "gateway.body"),
        (b'{"model": 1}', 400, "gateway.body"),
        (b'{"model": "echo", "model": "slow"}', 400, "gateway.body"),
        (b'{"model": "echo", "x": NaN}', 400, "gateway.body"),
        (b'{"model": "' + b"x" * 17 * 2**20 + b'"}', 413, "gateway.large"),
    ],
)
def test_what_is_not_passed_on_is_told_as_openai_tells_it(
    served: Proxied, body: bytes, status: int, code: str
) -> None:
    with served.socket() as connection:
        # Only the beginning of what is too large: more would not be read.
        connection.sendall(posted(served, body)[: 2**20])
        said = b""
        while data := connection.recv(65536):
            said += data
    head, _, content = said.partition(b"\r\n\r\n")
    told = json.loads(content)
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert told["error"]["code"] == code and told["error"]["type"] == "invalid_request_error"
    refused = told["refusal"]
    assert told["error"]["message"].startswith(f"{refused['what']} {refused['why']}")


def test_an_unknown_model_names_those_there_are(served: Proxied) -> None:
    message = asked(served, "none")[1]["message"]
    assert "'none'" in message and "young/echo" in message and "org/echo-2" in message


def test_a_body_in_pieces_without_a_length_is_read(served: Proxied) -> None:
    whole = chat("echo")
    pieces = (whole[i : i + 7] for i in range(0, len(whole), 7))
    answer, body = served.ask(CHAT, "POST", pieces, Transfer_Encoding="chunked")
    assert answer.status == 200 and body.endswith(b"data: [DONE]\n\n")


def test_other_paths_are_refused_in_words(served: Proxied) -> None:
    for method, path in (("GET", CHAT), ("POST", "/v1/models"), ("GET", "/v1"), ("GET", "/v1/x")):
        answer, body = served.ask(path, method)
        assert (answer.status, json.loads(body)["error"]["code"]) == (404, "gateway.path")


def test_the_door_is_the_same(served: Proxied) -> None:
    for more, status, code in (
        ({"token": None}, 401, "invalid_api_key"),
        ({"token": "wrong"}, 401, "invalid_api_key"),
        ({"Origin": "http://evil.example"}, 403, "api.origin"),
        ({"Host": "evil.example"}, 403, "api.host"),
    ):
        told, error, _ = asked(served, "echo", **more)
        assert (told, error["code"]) == (status, code)


def test_what_sleeps_is_listed_and_not_woken_and_wakes_when_it_is_asked(
    proxied: Proxied,
) -> None:
    port = proxied.model("m", "echo")
    proxied.routes(Route("1", ("m", "1"), RouteState.UP, port, attempt=1))
    assert listed(proxied) == {"echo": "up"}
    asleep = Route("1", ("m", "1"), RouteState.ASLEEP, attempt=1)
    proxied.routes(asleep)
    assert listed(proxied) == {"echo": "asleep"}
    assert proxied.process is not None
    proxied.process.kill()  # the next one remembers
    proxied.process.wait()
    proxied.start()
    proxied.routes(asleep)
    assert listed(proxied) == {"echo": "asleep"}
    assert proxied.folder.read_seen().wishes == ()
    said: list[Any] = []
    thread = threading.Thread(target=lambda: said.append(asked(proxied, "m/echo")))
    thread.start()
    until(lambda: proxied.folder.read_seen().wishes == ("1",))
    proxied.routes(Route("1", ("m", "1"), RouteState.UP, port, attempt=2))
    thread.join()
    assert said[0][0] == 200
    proxied.routes()
    assert listed(proxied) == {}
    assert proxied.folder.read_models().offers == ()


def listed(proxied: Proxied) -> dict[str, str]:
    told = json.loads(proxied.ask("/v1/models")[1])
    return {one["id"]: one["state"] for one in told["data"]}


def test_another_attempt_is_asked_for_its_models_again(proxied: Proxied) -> None:
    first, second = proxied.model("a", "one"), proxied.model("b", "two")
    proxied.routes(Route("1", ("m", "1"), RouteState.UP, first, attempt=1))
    assert set(listed(proxied)) == {"one"}
    proxied.routes(Route("1", ("m", "1"), RouteState.UP, second, attempt=2))
    assert asked(proxied, "two")[0] == 200
    assert asked(proxied, "one")[1]["code"] == "model_not_found"
    assert set(listed(proxied)) == {"two"}


def test_a_plain_service_is_asked_once_in_an_attempt(proxied: Proxied) -> None:
    port = proxied.service()
    proxied.routes(Route("1", ("s", "1"), RouteState.UP, port, attempt=1))
    assert listed(proxied) == {}
    until(lambda: proxied.folder.read_models().offers)
    (offer,) = proxied.folder.read_models().offers
    assert (offer.job, offer.attempt, offer.models) == ("1", 1, ())
    assert asked(proxied, "x")[1]["code"] == "model_not_found"


def test_a_service_on_its_way_may_have_the_model(proxied: Proxied) -> None:
    """Clients of OpenAI's try again by themselves after a 503."""
    proxied.routes(Route("1", ("m", "1"), RouteState.WAITS))
    answer, body = proxied.ask(CHAT, "POST", chat("echo"))
    assert (answer.status, json.loads(body)["error"]["code"]) == (503, "gateway.starts")
    assert answer.getheader("Retry-After") == "5"


def test_a_service_that_is_named_is_waited_for(proxied: Proxied) -> None:
    proxied.routes(Route("1", ("m", "1"), RouteState.WAITS))
    said: list[Any] = []
    thread = threading.Thread(target=lambda: said.append(asked(proxied, "m")))
    thread.start()
    proxied.routes(Route("1", ("m", "1"), RouteState.UP, proxied.model("m", "echo"), attempt=1))
    thread.join()
    assert said[0][0] == 200


def test_what_is_paused_is_told_so(proxied: Proxied) -> None:
    proxied.routes(Route("1", ("m", "1"), RouteState.PAUSED))
    status, error, _ = asked(proxied, "m")
    assert (status, error["code"], error["type"]) == (503, "proxy.paused", "server_error")


def test_a_stream_that_breaks_off_says_so_and_the_next_request_waits(proxied: Proxied) -> None:
    """kill -9 in the middle of an answer."""
    port = proxied.model("m", "slow", "echo")
    up = Route("1", ("m", "1"), RouteState.UP, port, attempt=1)
    proxied.routes(up)
    with proxied.socket() as connection:
        connection.sendall(posted(proxied, chat("slow")))
        said = read_to(connection, b"word1")
        proxied.services[-1].kill()
        while data := connection.recv(65536):
            said += data
    events = [line[6:] for line in said.splitlines() if line.startswith(b"data: ")]
    error = json.loads(events[-1])["error"]
    assert (error["code"], error["type"]) == ("gateway.broke", "server_error")
    assert "tenfold explain 1" in error["message"]
    assert said.endswith(b"\r\n0\r\n\r\n")  # a whole answer of its own kind
    for event in events[:-1]:
        json.loads(event)  # none is half
    until(lambda: seen_s(proxied) and proxied.folder.read_seen().in_flight == {})
    before_s = seen_s(proxied)
    late: list[Any] = []
    thread = threading.Thread(target=lambda: late.append(asked(proxied, "echo")))
    thread.start()
    until(lambda: seen_s(proxied) > before_s)  # it tried: the route is up, its port is not
    assert not late
    proxied.routes(Route("1", ("m", "1"), RouteState.WAITS, attempt=1))
    proxied.routes(
        Route("1", ("m", "1"), RouteState.UP, proxied.model("n", "slow", "echo"), attempt=2)
    )
    thread.join()
    assert late[0][0] == 200


def seen_s(proxied: Proxied) -> float:
    return proxied.folder.read_seen().last_s.get("1", 0.0)


def test_its_files_are_the_owners_alone(served: Proxied, tmp_path: Path) -> None:
    assert served.folder.models.stat().st_mode & 0o777 == 0o600
