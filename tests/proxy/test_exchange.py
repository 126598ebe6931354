"""What goes through the proxy arrives whole, at once, and in both directions."""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from http.client import IncompleteRead
from typing import Any

import pytest
from faults.proxied import Proxied, until


@pytest.fixture
def served(proxied: Proxied) -> Proxied:
    proxied.up(proxied.service())
    return proxied


def test_a_request_reaches_its_service(served: Proxied) -> None:
    answer, body = served.ask("/s/")
    assert (answer.status, body) == (200, b"hello")
    assert served.ask("/1/")[1] == b"hello"  # by id as well


def test_one_connection_carries_many_requests(served: Proxied) -> None:
    """Also behind a body, a missing page and an answer to HEAD."""
    with closing(served.connect()) as connection:
        headers = {"Authorization": f"Bearer {served.token}"}
        connection.connect()
        kept = connection.sock
        for method, path, body, status, length in (
            ("GET", "/s/", None, 200, 5),
            ("POST", "/s/x", b"abc", 200, None),
            ("HEAD", "/s/", None, 200, 0),
            ("GET", "/s/none", None, 404, 12),
            ("GET", "/s/old", None, 200, 13),
        ):
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            said = answer.read()
            assert answer.status == status
            assert length is None or len(said) == length
            assert connection.sock is kept


def test_requests_that_come_together_are_answered_in_turn(served: Proxied) -> None:
    head = served.head() + served.head("GET /s/pid HTTP/1.1", "Connection: close")
    said = served.raw(head)
    assert said.count(b"HTTP/1.1 200 OK") == 2
    assert said.index(b"hello") < said.index(str(served.services[0].pid).encode())


def test_ten_megabytes_come_and_go_unharmed(served: Proxied) -> None:
    sent = bytes(range(256)) * 40960
    digest = hashlib.sha256(sent).hexdigest()
    _, body = served.ask("/s/x", "POST", sent)
    assert json.loads(body) == {"length": len(sent), "sha256": digest}
    pieces = (sent[at : at + 100_000] for at in range(0, len(sent), 100_000))
    _, body = served.ask("/s/x", "POST", pieces, Transfer_Encoding="chunked")
    assert json.loads(body) == {"length": len(sent), "sha256": digest}
    _, body = served.ask("/s/big")
    assert hashlib.sha256(body).hexdigest() == digest


def test_a_stream_is_not_held_back(served: Proxied) -> None:
    """The second event comes only after the first was read."""
    with served.socket() as connection:
        connection.sendall(served.head("GET /s/stream HTTP/1.1", "Connection: close"))
        said = b""
        while b"data: one\n\n" not in said:
            said += connection.recv(65536)
        assert b"data: two" not in said
        (served.home / "s" / "go").touch()
        while data := connection.recv(65536):
            said += data
    assert said.endswith(b"data: two\n\n\r\n0\r\n\r\n")


def test_a_websocket_passes(served: Proxied) -> None:
    key = "dGhlIHNhbXBsZSBub25jZQ=="
    upgrade = ("Connection: keep-alive, Upgrade", "Upgrade: websocket")
    head = served.head("GET /s/socket HTTP/1.1", *upgrade, f"Sec-WebSocket-Key: {key}")
    with served.socket() as connection:
        connection.sendall(head + b"early ")  # before the answer to the upgrade
        said = b""
        while b"EARLY " not in said:
            said += connection.recv(65536)
        assert said.startswith(b"HTTP/1.1 101")
        assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in said  # RFC 6455, 1.3
        big = b"x" * 1_000_000
        connection.sendall(big)
        got = b""
        while len(got) < len(big):
            got += connection.recv(65536)
        assert got == big.upper()
        until(lambda: served.folder.read_seen().in_flight == {"1": 1})
    until(lambda: served.folder.read_seen().in_flight == {})


def test_a_client_that_leaves_ends_its_request(served: Proxied) -> None:
    connection = served.socket()
    connection.sendall(served.head("GET /s/endless HTTP/1.1"))
    while b"more" not in connection.recv(65536):
        pass
    connection.close()
    until(lambda: (served.home / "s" / "left").exists())
    until(lambda: served.folder.read_seen().in_flight == {})


def test_a_client_that_leaves_before_the_answer_ends_its_request(served: Proxied) -> None:
    connection = served.socket()
    connection.sendall(served.head("GET /s/hold HTTP/1.1"))
    until(lambda: served.folder.read_seen().in_flight == {"1": 1})
    connection.close()
    until(lambda: served.folder.read_seen().in_flight == {})


def test_half_an_answer_is_not_taken_for_a_whole_one(served: Proxied) -> None:
    with pytest.raises((IncompleteRead, ConnectionError)):
        served.ask("/s/half")


def test_an_answer_before_the_body_was_read_comes_through(served: Proxied) -> None:
    head = served.head("POST /s/early HTTP/1.1", "Content-Length: 50000000")
    with served.socket() as connection:
        connection.sendall(head + b"x" * 1000)
        said = connection.recv(65536)
    assert said.startswith(b"HTTP/1.1 413")


def test_a_service_that_is_gone_is_told_in_words(served: Proxied) -> None:
    for path in ("/s/crash", "/s/"):  # in the middle of a request, and before one
        answer, body = served.ask(path)
        assert (answer.status, code(body)) == (502, "proxy.broken")


def test_an_expectation_is_met_here(served: Proxied) -> None:
    with served.socket() as connection:
        head = ("POST /s/x HTTP/1.1", "Expect: 100-continue", "Content-Length: 3")
        connection.sendall(served.head(*head))
        assert connection.recv(65536).startswith(b"HTTP/1.1 100")
        connection.sendall(b"abc")
        said = b""
        while b"sha256" not in said:
            said += connection.recv(65536)
    assert said.startswith(b"HTTP/1.1 200") and b'"length": 3' in said


def code(body: bytes) -> Any:
    told = json.loads(body)["refusal"]
    assert told["what"] and told["why"] and told["next"]
    return told["code"]
