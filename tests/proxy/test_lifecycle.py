"""A service of a real daemon through the real proxy: crash, kill -9, sleep, wake, drain."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from engine.conftest import private
from engine.conftest import until as until_state
from faults.daemon import PrivateDaemon, kill_marked
from faults.proxied import SERVICE, until

from tenfold.folder import lock
from tenfold.folder.proxy import ProxyFolder
from tenfold.terms.refusal import Refusal


class Served:
    """One service of a private daemon; its folder is `folder/s`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "s"
        self.folder.mkdir()
        self.daemon: PrivateDaemon = private(folder)
        self.daemon.start()
        self.job = ""
        self.url = ""

    def submit(self, **more: Any) -> None:
        params = {"argv": [sys.executable, str(SERVICE), str(self.folder)], "health": "/health"}
        body = {"workload": "system.command", "kind": "service", "name": "chat", **more}
        view = self.daemon.api.post("/api/jobs", {"params": params, **body})["job"]
        self.job, self.url = view["id"], view["url"]

    def ask(self, path: str = "") -> tuple[int, bytes]:
        told = urlsplit(self.url)
        token = (self.daemon.home / "token").read_text()
        with closing(HTTPConnection("127.0.0.1", told.port or 0, timeout=30)) as connection:
            headers = {"Authorization": f"Bearer {token}"}
            connection.request("GET", f"{told.path}{path}", headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def view(self) -> dict[str, Any]:
        return dict(self.daemon.api.get(f"/api/jobs/{self.job}")["job"])

    def until(self, *states: str) -> dict[str, Any]:
        return until_state(self.daemon, self.job, *states)

    def post(self, order: str) -> None:
        self.daemon.api.post(f"/api/jobs/{self.job}/{order}")

    def proxy(self) -> int:
        return until(lambda: lock.holder(ProxyFolder(self.daemon.home / "proxy").lock))


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    found = Served(tmp_path)
    yield found
    found.daemon.end()
    kill_marked(str(tmp_path))


def test_a_first_request_waits_until_it_is_up(served: Served) -> None:
    served.submit()
    assert served.url.endswith("/chat/")
    until(lambda: served.daemon.api.get("/api/box")["services"])  # before it is there, a URL is
    served.proxy()
    until(lambda: answers(served))
    assert served.ask() == (200, b"hello")
    assert served.view()["url"] == served.url
    (listed,) = served.daemon.api.get("/api/box")["services"]
    assert (listed["job"], listed["url"]) == (served.job, served.url)


def answers(served: Served) -> bool:
    try:
        return served.ask()[0] == 200
    except ConnectionError:
        return False  # the proxy itself is on its way


def test_requests_flow_while_the_daemon_is_dead_and_after_it_is_back(served: Served) -> None:
    served.submit()
    until(lambda: answers(served))
    proxy, pid = served.proxy(), served.ask("pid")[1]
    served.daemon.kill()
    assert served.ask("pid") == (200, pid)
    served.daemon.start()
    until(lambda: served.view()["state"] == "running")
    assert served.proxy() == proxy and served.ask("pid") == (200, pid)
    assert served.view()["url"] == served.url


def test_a_killed_proxy_comes_back_where_it_was(served: Served) -> None:
    served.submit()
    until(lambda: answers(served))
    before, pid = served.proxy(), served.ask("pid")[1]
    os.kill(before, signal.SIGKILL)
    until(lambda: answers(served))
    assert served.proxy() != before and served.ask("pid") == (200, pid)


def test_a_service_that_crashes_is_started_again(served: Served) -> None:
    served.submit()
    until(lambda: answers(served))
    pid = served.ask("pid")[1]
    assert served.ask("crash")[0] == 502
    until(lambda: served.view()["crashes"] == 1)
    why = served.daemon.api.get(f"/api/jobs/{served.job}/explain")
    assert why["expected_s"] is None or "crashed once" in why["why"]
    until(lambda: answers(served))
    assert served.ask("pid")[1] != pid
    assert served.view()["attempt"] == 2


def test_it_sleeps_when_nobody_asks_and_a_request_wakes_it(served: Served) -> None:
    served.submit(sleep_after_s=0.2)
    view = served.until("asleep")
    assert view["slot"] is None and view["url"] == served.url and "no request" in view["reason"]
    assert served.ask() == (200, b"hello")
    assert served.view()["attempt"] >= 2
    served.until("asleep")


def test_a_request_under_way_ends_before_its_service_does(served: Served) -> None:
    served.submit(yields=True)
    until(lambda: answers(served))
    said: list[Any] = []
    thread = threading.Thread(target=lambda: said.append(served.ask("hold")))
    thread.start()
    until(lambda: (served.folder / "held").exists())
    served.post("pause")
    seen = ProxyFolder(served.daemon.home / "proxy")
    until(lambda: [r.state for r in seen.read_routes().routes] == ["asleep"])
    assert served.view()["state"] == "yielding" and not said
    (served.folder / "go").touch()
    thread.join()
    assert said == [(200, b"held")]
    served.until("asleep")
    served.post("cancel")
    served.until("cancelled")
    until(lambda: lock.holder(seen.lock) is None)  # nobody needs it any more


def test_two_services_do_not_share_a_port(served: Served) -> None:
    served.submit(params={"argv": ["sleep", "60"], "port": 9})
    with pytest.raises(Refusal) as told:
        served.submit(params={"argv": ["sleep", "60"], "port": 9})
    assert told.value.code == "service.port"


def test_only_a_service_sleeps(served: Served) -> None:
    with pytest.raises(Refusal) as told:
        served.submit(kind="batch", sleep_after_s=5)
    assert told.value.code == "service.sleep"


def test_the_port_file_is_what_is_told(served: Served) -> None:
    served.submit()
    port = ProxyFolder(served.daemon.home / "proxy").port
    assert urlsplit(served.url).port == json.loads(port.read_text())
