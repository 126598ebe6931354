"""API keys: for the models, for some of them, and for nothing else."""

from __future__ import annotations

import json
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from faults.proxied import Proxied
from proxy.test_gateway import CHAT, asked, chat

from tenfold.folder.keys import BEGINS, KeyFile, fitting
from tenfold.terms.refusal import Refusal
from tenfold.terms.route import Route, RouteState


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    found = Proxied(tmp_path_factory.mktemp("keys") / "home")
    found.start()
    ports = found.model("a", "echo", "plain"), found.model("b", "echo", "other")
    found.routes(
        Route("1", ("a", "1"), RouteState.UP, ports[0], attempt=1, since_s=1.0),
        Route("2", ("b", "2"), RouteState.UP, ports[1], attempt=1, since_s=2.0),
    )
    yield found
    found.end()


def key(served: Proxied, name: str, *models: str) -> str:
    return KeyFile(served.home / "keys.json").add(name, models, 0.0)


def ids(served: Proxied, token: str) -> set[str]:
    told = json.loads(served.ask("/v1/models", token=token)[1])
    return {one["id"] for one in told["data"]}


def test_a_key_lets_in_at_the_models_and_nowhere_else(served: Proxied) -> None:
    mine = key(served, "laptop")
    assert asked(served, "echo", token=mine)[0] == 200
    assert asked(served, "echo", token=None, X_Tenfold_Token=mine)[0] == 200
    assert ids(served, mine) == {"echo", "plain", "b/echo", "other"}
    for path in ("/", "/a/", "/a/v1/models", "/v1x/", "/%76%31/models", "//v1/models"):
        assert served.ask(path, token=mine)[0].status == 401, path
    KeyFile(served.home / "keys.json").remove("laptop")
    assert asked(served, "echo", token=mine)[0] == 401


def test_a_key_of_some_models_sees_only_these(served: Proxied) -> None:
    one, service = key(served, "one", "plain", "b/echo"), key(served, "service", "b")
    assert ids(served, one) == {"plain", "echo"}  # the other echo is not there for it
    assert asked(served, "plain", token=one)[0] == 200
    assert asked(served, "a", token=one)[0] == 200  # for it, this service has one model
    for model in ("other", "a/echo", "2/other"):
        status, error, _ = asked(served, model, token=one)
        assert (status, error["code"]) == (404, "model_not_found")
        assert "other" not in error["message"].partition("Models")[2]
    assert ids(served, service) == {"echo", "other"}
    assert asked(served, "plain", token=service)[0] == 404


def test_a_body_with_two_models_gets_past_no_limit(served: Proxied) -> None:
    one = key(served, "twice", "plain")
    body = b'{"model": "plain", ' + chat("other")[1:]
    assert served.ask(CHAT, "POST", body, token=one)[0].status == 400


def test_a_service_does_not_see_a_key(proxied: Proxied) -> None:
    mine = key(proxied, "seen")
    told = []

    class Listener(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += self.rfile.readline()
            told.append(head)
            body = b'{"data": [{"id": "m"}]}'
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    with socketserver.TCPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
        proxied.routes(Route("1", ("m", "1"), RouteState.UP, port, attempt=1))
        assert asked(proxied, "m", token=mine)[0] == 200
        own = {"token": "its-own", "X_Tenfold_Token": mine}
        assert asked(proxied, "m", **own)[0] == 200
        server.shutdown()
    assert len(told) == 3 and not any(mine.encode() in head for head in told)
    assert b"Bearer its-own" in told[2] and b"uthorization" not in told[1]


def test_a_damaged_list_lets_nobody_in(proxied: Proxied) -> None:
    mine = key(proxied, "laptop")
    file = KeyFile(proxied.home / "keys.json")
    for content in ('{"keys": [{"name": "x"}]}', "{", "[]", '{"keys": 3}'):
        file.path.write_text(content)
        assert proxied.ask("/v1/models", token=mine)[0].status == 401
        assert proxied.ask("/v1/models")[0].status == 200
        with pytest.raises(Refusal) as told:
            file.read()
        assert told.value.code == "keys.file"


def test_only_a_digest_is_kept_and_only_the_owner_reads_it(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "home" / "keys.json")
    mine, other = file.add("a", (), 1.0), file.add("b", ("m",), 2.0)
    content = file.path.read_text()
    assert mine not in content and mine.removeprefix(BEGINS) not in content
    assert file.path.stat().st_mode & 0o777 == 0o600
    known = file.read()
    assert [one.name for one in known] == ["a", "b"]
    assert fitting(known, f"Bearer {other}") == known[1]
    for wrong in (mine, f"Basic {mine}", f"Bearer {mine}x", "Bearer ", f"Bearer {BEGINS}", "é"):
        assert fitting(known, wrong) is None
    for name, code in (("a", "keys.taken"), ("a b", "keys.name"), ("", "keys.name")):
        with pytest.raises(Refusal) as told:
            file.add(name, (), 3.0)
        assert told.value.code == code


def test_two_programs_that_add_a_key_at_once_both_have_it(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "home" / "keys.json")
    code = (
        "import sys; from pathlib import Path; from tenfold.folder.keys import KeyFile\n"
        "for n in range(8): KeyFile(Path(sys.argv[1])).add(f'{sys.argv[2]}{n}', (), 0.0)"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(file.path), name]) for name in "ab"
    ]
    assert [writer.wait(30) for writer in writers] == [0, 0]
    assert len(file.read()) == 16
