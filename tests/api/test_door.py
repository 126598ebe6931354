"""Who may come in, and through which of the ways a browser or a program could try."""

from __future__ import annotations

import json
import os
import socket
import stat
from pathlib import Path

import pytest
from api.conftest import Said, ask
from faults.daemon import PrivateDaemon
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tenfold.api.door import CODE_S, MOST_BYTES, Keys

EVERY_PAGE = ("/api/jobs", "/api/box", "/docs", "/openapi.json", "/metrics", "/", "/api/events")
SOCKET = "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"  # of the dashboard's pages
JOB = json.dumps({"workload": "system.command", "params": {"argv": ["true"]}}).encode()


def jobs(daemon: PrivateDaemon) -> int:
    return len(daemon.api.get("/api/jobs", all=1)["jobs"])


@pytest.mark.parametrize("path", EVERY_PAGE)
@pytest.mark.parametrize("token", [None, "wrong", "Bearer", "é"])
def test_nothing_is_shown_without_the_token(
    daemon: PrivateDaemon, path: str, token: str | None
) -> None:
    said = ask(daemon, path, token=token)
    assert (said.status, said.code) == (401, "api.token")


def test_nothing_is_done_without_the_token(daemon: PrivateDaemon) -> None:
    before = jobs(daemon)
    for path in ("/api/jobs", "/api/shutdown", "/api/link", "/api/jobs/1/cancel"):
        assert ask(daemon, path, "POST", JOB, token=None).code == "api.token"
    assert jobs(daemon) == before


def test_the_link_lets_a_browser_in_once_and_only_once(daemon: PrivateDaemon) -> None:
    url = daemon.api.post("/api/link")["url"]
    path = url.removeprefix(f"http://127.0.0.1:{daemon.port}")
    entered = ask(daemon, path, token=None)
    assert entered.status == 303
    set_cookie = entered.headers["set-cookie"]
    assert "HttpOnly" in set_cookie and "samesite=strict" in set_cookie.lower()
    cookie = set_cookie.split(";")[0]
    right = (daemon.home / "token").read_text()
    assert right not in set_cookie
    assert ask(daemon, "/api/jobs", token=None, Cookie=f"other=1; {cookie}").status == 200
    assert ask(daemon, path, token=None).code == "api.token"
    assert ask(daemon, "/enter?code=", token=None).code == "api.token"
    assert ask(daemon, "/enter", token=None).code == "api.token"
    assert ask(daemon, "/api/jobs", token=None, Cookie=f"{cookie}x").code == "api.token"


def test_a_code_does_not_work_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [100.0]
    monkeypatch.setattr("tenfold.api.door.time.monotonic", lambda: now_s[0])
    keys = Keys("t")
    code, late = keys.new_code(), keys.new_code()
    now_s[0] += CODE_S - 1
    assert keys.spend(code)
    now_s[0] += 2
    assert not keys.spend(late)


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "127.1:{port}", ""]
)
def test_another_host_is_refused_even_with_the_token(daemon: PrivateDaemon, host: str) -> None:
    """What a page gets that points its own name at 127.0.0.1 (DNS rebinding)."""
    said = ask(daemon, "/api/jobs", Host=host.format(port=daemon.port))
    assert (said.status, said.code) == (403, "api.host")


def test_localhost_is_our_own_name(daemon: PrivateDaemon) -> None:
    assert ask(daemon, "/api/jobs", Host=f"localhost:{daemon.port}").status == 200


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "",
        "http://127.0.0.1:1",
        "https://127.0.0.1:{port}",
        "http://127.0.0.1:{port}.evil.example",
    ],
)
def test_another_origin_is_refused_even_with_the_token(daemon: PrivateDaemon, origin: str) -> None:
    before = jobs(daemon)
    said = ask(daemon, "/api/jobs", "POST", JOB, Origin=origin.format(port=daemon.port))
    assert (said.status, said.code) == (403, "api.origin")
    assert jobs(daemon) == before


def test_our_own_origin_may(daemon: PrivateDaemon) -> None:
    said = ask(daemon, "/api/jobs", Origin=f"http://127.0.0.1:{daemon.port}")
    assert said.status == 200
    assert not any("access-control" in name.lower() for name in said.headers)


def cookie_of(daemon: PrivateDaemon) -> str:
    """As a browser has it that came through the one-time link."""
    url = daemon.api.post("/api/link")["url"]
    entered = ask(daemon, url.removeprefix(f"http://127.0.0.1:{daemon.port}"), token=None)
    return entered.headers["set-cookie"].split(";")[0]


def refused_socket(daemon: PrivateDaemon, origin: str | None, **headers: str) -> int:
    """The status that a websocket is refused with; 0 where it was let in."""
    url = f"ws://127.0.0.1:{daemon.port}{SOCKET}"
    try:
        with connect(url, origin=origin, additional_headers=headers, proxy=None) as socket:  # type: ignore[arg-type]
            assert "sid" in str(socket.recv(5))  # the dashboard greets who comes in
        return 0
    except InvalidStatus as refused:
        return refused.response.status_code


def test_a_websocket_needs_the_cookie_and_our_own_origin(daemon: PrivateDaemon) -> None:
    """A page of anybody's may open one to anywhere, and the browser adds the cookie by itself."""
    own, cookie = f"http://127.0.0.1:{daemon.port}", cookie_of(daemon)
    assert refused_socket(daemon, own, Cookie=cookie) == 0
    assert refused_socket(daemon, own) == 403
    assert refused_socket(daemon, own, Cookie=f"{cookie}x") == 403
    for origin in ("http://evil.example", "null", "http://127.0.0.1:1", f"{own}.evil.example"):
        assert refused_socket(daemon, origin, Cookie=cookie) == 403, origin


def test_a_websocket_by_another_name_is_refused(daemon: PrivateDaemon) -> None:
    """A page that points its own name at 127.0.0.1."""
    name = f"evil.example:{daemon.port}"
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=10) as connection:
        connection.sendall(
            f"GET {SOCKET} HTTP/1.1\r\nHost: {name}\r\nOrigin: http://{name}\r\n"
            f"Cookie: {cookie_of(daemon)}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )
        assert b" 403 " in connection.recv(100)


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"]
)
def test_what_any_page_may_send_anywhere_is_not_read(daemon: PrivateDaemon, kind: str) -> None:
    before = jobs(daemon)
    said = ask(daemon, "/api/jobs", "POST", JOB, Content_Type=kind)
    assert (said.status, said.code) == (415, "api.json")
    assert jobs(daemon) == before


def test_an_oversized_body_is_refused_before_it_is_read(daemon: PrivateDaemon) -> None:
    """Both ways of sending one: its length told, and in chunks."""
    for headers in (
        f"Content-Length: {MOST_BYTES + 1}\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n",
    ):
        said = flooded(daemon, headers)
        assert (said.status, said.code) == (413, "api.large")


def flooded(daemon: PrivateDaemon, headers: str) -> Said:
    token = (daemon.home / "token").read_text()
    chunk = b" " * 2**20
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=30) as connection:
        connection.sendall(
            f"POST /api/jobs HTTP/1.1\r\nHost: 127.0.0.1:{daemon.port}\r\n"
            f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
            f"Connection: close\r\n{headers}".encode()
        )
        if "chunked" in headers:
            for _ in range(MOST_BYTES // len(chunk)):
                connection.sendall(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            connection.sendall(b"1\r\n \r\n0\r\n\r\n")
        data = b""
        while piece := connection.recv(65536):
            data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    return Said(int(head.split()[1]), {}, body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'"text"',
        b"[" * 100_000,
        b'{"workload": 1}',
        b'{"workload": "a.b", "unknown": 1}',
        b'{"jobs": []}',
        b'{"workload": "a.b", "params": []}',
        b'{"workload": "a.b", "priority": ' + b"9" * 5000 + b"}",
        b'{"workload": "system.command", "params": {"argv": ["true"], "idle_minutes": NaN}}',
        b'{"workload": "system.command", "params": {"argv": ["true"], "idle_minutes": 1e999}}',
        b'{"workload": "system.command", "params": {"argv": ["true"]}, "time_s": Infinity}',
        b'{"workload": "system.command", "params": {"argv": ["true"]}, "memory_gib": NaN}',
        b'{"workload": "system.command", "params": {"argv": ["true"]}, "memory_gib": 1e999}',
        b'{"workload": "system.command", "params": {"argv": ["true"]}, "after": ["\\ud800"]}',
        b'{"workload": "no\\ud800such"}',
        b'{"workload": "system.command", "params": {"argv": ["true"]}, "key": "../../x"}',
    ],
)
def test_garbage_is_refused_in_words(daemon: PrivateDaemon, body: bytes) -> None:
    before = jobs(daemon)
    said = ask(daemon, "/api/jobs", "POST", body)
    assert jobs(daemon) == before
    assert 400 <= said.status < 500, said
    assert said.code in ("api.json", "wire.shape", "job.after", "job.too-large", "workload.unknown")


def test_odd_text_in_a_name_does_not_spoil_the_list(daemon: PrivateDaemon) -> None:
    body = b'{"workload": "system.command", "params": {"argv": ["true"]}, "name": "\\ud800"}'
    ask(daemon, "/api/jobs", "POST", body)
    assert ask(daemon, "/api/jobs?all=1").status == 200


def test_the_token_is_the_owners_alone(daemon: PrivateDaemon) -> None:
    def mode(path: Path) -> int:
        return stat.S_IMODE(path.stat().st_mode)

    assert mode(daemon.home / "token") == 0o600
    assert mode(daemon.home) == 0o700


def test_it_listens_on_loopback_only(daemon: PrivateDaemon) -> None:
    assert daemon.process is not None
    inodes = set()
    for link in Path(f"/proc/{daemon.process.pid}/fd").iterdir():
        try:
            target = os.readlink(link)
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    listening = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{daemon.process.pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:  # 0A: LISTEN
                listening.append((table, fields[1]))
    assert listening == [("tcp", f"0100007F:{daemon.port:04X}")]


def test_every_refused_door_has_the_same_shape(daemon: PrivateDaemon) -> None:
    said: list[Said] = [
        ask(daemon, "/no/such/page"),
        ask(daemon, "/api/jobs", "PUT", b"{}"),
        ask(daemon, "/api/jobs/999999"),
        ask(daemon, "/api/workloads/no.such"),
        ask(daemon, "/enter", "POST", b"{}", token=None),
    ]
    assert [one.status for one in said] == [404, 405, 404, 404, 405]
    assert [one.code for one in said] == [
        "api.route",
        "api.route",
        "job.unknown",
        "workload.unknown",
        "api.route",
    ]
