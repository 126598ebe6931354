"""Who may come in, and what of a head goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from faults.proxied import Proxied
from proxy.test_exchange import code

from tenfold.terms.keys import Key


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    """One for the whole file: no test here changes it."""
    found = Proxied(tmp_path_factory.mktemp("door") / "home")
    found.start()
    found.up(found.service())
    yield found
    found.end()


def status(said: bytes) -> int:
    return int(said.split(b" ", 2)[1])


def passed(served: Proxied, path: str = "/s/head", **more: str) -> tuple[str, dict[str, str]]:
    """Path and headers as the service got them; names in small letters."""
    found = json.loads(served.ask(path, **more)[1])
    return found["path"], {name.lower(): value for name, value in found["headers"]}


@pytest.mark.parametrize("token", [None, "wrong", "Bearer", "é"])
def test_nothing_passes_without_the_token(served: Proxied, token: str | None) -> None:
    for path in ("/s/", "/", "/none/"):
        answer, body = served.ask(path, token=token)
        assert (answer.status, code(body)) == (401, "api.token")


def test_a_token_that_is_made_new_counts_at_once(proxied: Proxied) -> None:
    served = proxied
    served.up(served.service())
    (served.home / "token").write_text("other")
    assert served.ask("/s/")[0].status == 401
    assert served.ask("/s/", token="other")[0].status == 200
    (served.home / "token").write_text("")
    nothing = {"Authorization": "Bearer ", "X_Tenfold_Token": ""}
    for name, value in {**nothing, "Cookie": f"tenfold={Key('').cookie}"}.items():
        assert served.ask("/s/", token=None, **{name: value})[0].status == 401
    (served.home / "token").unlink()
    assert served.ask("/s/", token="other")[0].status == 401


def test_the_browsers_cookie_lets_in_and_stays_here(served: Proxied) -> None:
    cookie = Key(served.token).cookie
    answer, body = served.ask("/s/head", token=None, Cookie=f"a=1; tenfold={cookie}; b=2")
    assert answer.status == 200 and cookie.encode() not in body
    assert ["Cookie", "a=1; b=2"] in [[n.title(), v] for n, v in json.loads(body)["headers"]]
    _, alone = passed(served, token=None, Cookie=f"tenfold={cookie}")
    assert "cookie" not in alone
    assert served.ask("/s/", token=None, Cookie=f"tenfold={cookie}x")[0].status == 401
    assert served.ask("/s/", token=None, Cookie=f"xtenfold={cookie}")[0].status == 401


def test_the_service_never_sees_our_token(served: Proxied) -> None:
    assert served.token.encode() not in served.ask("/s/head")[1]
    own = {"Authorization": "Bearer its-own", "X_Tenfold_Token": served.token}
    _, headers = passed(served, token=None, **own)
    assert headers["authorization"] == "Bearer its-own"
    assert served.token not in headers.values() and "x-tenfold-token" not in headers


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "127.1:{port}", ""]
)
def test_another_host_is_refused_even_with_the_token(served: Proxied, host: str) -> None:
    """What a page gets that points its own name at 127.0.0.1 (DNS rebinding)."""
    answer, body = served.ask("/s/", Host=host.format(port=served.port))
    assert (answer.status, code(body)) == (403, "api.host")


def test_localhost_is_our_own_name(served: Proxied) -> None:
    assert served.ask("/s/", Host=f"localhost:{served.port}")[0].status == 200


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "",
        "http://127.0.0.1:1",
        "https://127.0.0.1:{port}",
        "http://127.0.0.1:{port}.evil.example",
        "127.0.0.1:{port}",
    ],
)
def test_another_origin_is_refused_even_with_the_token(served: Proxied, origin: str) -> None:
    answer, body = served.ask("/s/x", "POST", b"x", Origin=origin.format(port=served.port))
    assert (answer.status, code(body)) == (403, "api.origin")


def test_another_origin_opens_no_websocket(served: Proxied) -> None:
    upgrade = ("Connection: Upgrade", "Upgrade: websocket", "Origin: http://evil.example")
    said = served.raw(served.head("GET /s/socket HTTP/1.1", *upgrade))
    assert status(said) == 403


def test_our_own_origin_is_let_in(served: Proxied) -> None:
    own = f"http://127.0.0.1:{served.port}"
    assert served.ask("/s/x", "POST", b"x", Origin=own)[0].status == 200


def test_the_service_learns_where_it_is_seen(served: Proxied) -> None:
    path, headers = passed(served, "/s/head?a=/b//c", X_Forwarded_For="8.8.8.8", Forwarded="x")
    assert path == "/head?a=/b//c"
    assert headers["host"] == f"127.0.0.1:{served.port}"
    assert headers["x-forwarded-host"] == f"127.0.0.1:{served.port}"
    assert (headers["x-forwarded-for"], headers["x-forwarded-proto"]) == ("127.0.0.1", "http")
    assert headers["x-forwarded-prefix"] == "/s" and "forwarded" not in headers


def test_headers_of_one_connection_go_no_further(served: Proxied) -> None:
    hop = {"Connection": "X-Mine, keep-alive", "X_Mine": "1", "Keep_Alive": "9", "TE": "trailers"}
    _, headers = passed(served, **hop, Proxy_Authorization="x", X_Yours="2")
    assert headers["x-yours"] == "2" and headers["connection"] == "close"
    assert not {"x-mine", "keep-alive", "te", "proxy-authorization"} & set(headers)


def test_only_a_websocket_changes_the_protocol(served: Proxied) -> None:
    """An upgrade to h2c would carry requests past the door."""
    _, headers = passed(served, Connection="Upgrade, HTTP2-Settings", Upgrade="h2c")
    assert "upgrade" not in headers and headers["connection"] == "close"


def test_a_redirect_stays_below_its_name(served: Proxied) -> None:
    answer, _ = served.ask("/s/near")
    assert answer.getheader("Location") == "/s/there"
    assert answer.getheader("Set-Cookie") is None  # ours is not for a service to set
    assert answer.getheader("X-A") == "1"
    assert served.ask("/s/move")[0].getheader("Location") == "/s/there"
    answer, _ = served.ask("/s?x=1")
    assert (answer.status, answer.getheader("Location")) == (308, "/s/?x=1")


@pytest.mark.parametrize(
    "lines",
    [
        ("POST /s/x HTTP/1.1", "Content-Length: 4", "Transfer-Encoding: chunked"),
        ("POST /s/x HTTP/1.1", "Transfer-Encoding: chunked", "Content-Length: 4"),
        ("POST /s/x HTTP/1.1", "Content-Length: 4", "Content-Length: 5"),
        ("POST /s/x HTTP/1.1", "Content-Length: 4, 5"),
        ("POST /s/x HTTP/1.1", "Content-Length: +4"),
        ("POST /s/x HTTP/1.1", "Content-Length : 4"),
        ("POST /s/x HTTP/1.1", "Transfer-Encoding: gzip, chunked"),
        ("POST /s/x HTTP/1.1", "Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
        ("POST /s/x HTTP/1.1", "Transfer-Encoding: xchunked"),
        ("GET http://127.0.0.1/s/ HTTP/1.1",),
        ("CONNECT /s/ HTTP/1.1",),
        ("GET /s/ HTTP/1.1", "Host: evil.example"),
        ("GET /s/\x01 HTTP/1.1",),
        ("GET /s/ HTTP/1.1", "X: " + "x" * 300_000),
    ],
)
def test_what_can_be_read_in_two_ways_is_not_passed_on(
    served: Proxied, lines: tuple[str, ...]
) -> None:
    said = served.raw(served.head(*lines) + b"0\r\n\r\nGET /s/crash HTTP/1.1\r\n\r\n")
    assert status(said) in (400, 403, 431, 501) and said.count(b"HTTP/1.1 ") == 1
    assert served.services[0].poll() is None
    assert served.ask("/s/")[1] == b"hello"


def test_a_head_that_never_ends_is_not_waited_for(impatient: Proxied) -> None:
    with impatient.socket() as slow:
        slow.sendall(b"GET /s/ HTTP/1.1\r\nX-Slow: ")
        assert slow.recv(100) == b""


def test_the_root_names_the_services(served: Proxied) -> None:
    (only,) = json.loads(served.ask("/")[1])["services"]
    assert only == {"job": "1", "name": "s", "path": "/s/", "state": "up"}
    answer, body = served.ask("/none/")
    assert (answer.status, code(body)) == (404, "proxy.unknown")
    assert "s" in json.loads(body)["refusal"]["why"]
