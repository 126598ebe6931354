"""Who waits for a service, what is under way, and what the daemon may rely on."""

from __future__ import annotations

import json
import os
import signal
import threading
from typing import Any

from faults.proxied import Proxied, until
from proxy.test_exchange import code

from tenfold.terms.route import Route, RouteState


def asking(proxied: Proxied, path: str = "/s/") -> tuple[threading.Thread, list[Any]]:
    said: list[Any] = []
    thread = threading.Thread(target=lambda: said.append(proxied.ask(path)))
    thread.start()
    return thread, said


def route(state: RouteState, port: int = 0, **more: Any) -> Route:
    return Route("1", ("s", "1"), state, port, **more)


def test_a_request_wakes_a_service_and_waits_for_it(proxied: Proxied) -> None:
    port = proxied.service()
    proxied.routes(route(RouteState.ASLEEP))
    thread, said = asking(proxied)
    until(lambda: proxied.folder.read_seen().wishes == ("1",))
    proxied.routes(route(RouteState.WAITS))
    assert proxied.folder.read_seen().wishes == ()  # the daemon has heard it
    assert not said
    proxied.routes(route(RouteState.UP, port))
    thread.join()
    assert said[0][1] == b"hello"


def test_a_wish_outlives_the_client_that_made_it(proxied: Proxied) -> None:
    proxied.routes(route(RouteState.ASLEEP))
    with proxied.socket() as connection:
        connection.sendall(proxied.head())
        until(lambda: proxied.folder.read_seen().wishes == ("1",))
    proxied.routes(route(RouteState.ASLEEP))
    assert proxied.folder.read_seen().wishes == ("1",)
    proxied.routes()
    assert proxied.folder.read_seen().wishes == ()


def test_what_is_not_up_in_time_is_told_in_words(impatient: Proxied) -> None:
    for told, expected in (
        (route(RouteState.WAITS, why="It starts."), "proxy.waits"),
        (route(RouteState.ASLEEP, why="It sleeps."), "proxy.waits"),
        (route(RouteState.PAUSED), "proxy.paused"),
    ):
        impatient.routes(told)
        answer, body = impatient.ask("/s/")
        assert (answer.status, code(body)) == (503, expected)
    impatient.routes(route(RouteState.WAITS, why="It starts."))
    answer, body = impatient.ask("/s/")
    assert "It starts." in json.loads(body)["refusal"]["why"]
    assert answer.getheader("Retry-After") == "5"


def test_nobody_waits_for_a_try_that_comes_too_late(proxied: Proxied) -> None:
    proxied.routes(route(RouteState.WAITS, why="It crashed.", next_try_s=9e9))
    assert code(proxied.ask("/s/")[1]) == "proxy.waits"


def test_who_waits_for_a_service_that_is_ended_hears_of_it(proxied: Proxied) -> None:
    proxied.routes(route(RouteState.WAITS))
    thread, said = asking(proxied)
    proxied.routes()
    thread.join()
    assert code(said[0][1]) == "proxy.unknown"


def test_a_drain_counts_what_is_under_way_and_lets_nothing_more_in(proxied: Proxied) -> None:
    port = proxied.service()
    proxied.up(port)
    thread, said = asking(proxied, "/s/hold")
    until(lambda: (proxied.home / "s" / "held").exists())
    proxied.routes(route(RouteState.WAITS))
    seen = proxied.folder.read_seen()
    assert (seen.routes, seen.in_flight) == (2, {"1": 1})
    late, waits = asking(proxied)
    (proxied.home / "s" / "go").touch()
    thread.join()
    assert said[0][1] == b"held"
    until(lambda: proxied.folder.read_seen().in_flight == {})
    assert proxied.folder.read_seen().last_s["1"] > seen.last_s["1"]
    assert not waits
    proxied.up(port)
    late.join()
    assert waits[0][1] == b"hello"


def rung(bell: int) -> bool:
    try:
        return bool(os.read(bell, 100))
    except BlockingIOError:
        return False


def test_the_bell_rings_when_the_last_request_has_ended(proxied: Proxied) -> None:
    port = proxied.service()
    os.mkfifo(proxied.folder.bell)
    bell = os.open(proxied.folder.bell, os.O_RDWR | os.O_NONBLOCK)
    proxied.up(port)
    thread, _ = asking(proxied, "/s/hold")
    until(lambda: (proxied.home / "s" / "held").exists())
    proxied.routes(route(RouteState.WAITS))
    until(lambda: rung(bell))
    (proxied.home / "s" / "go").touch()
    thread.join()
    until(lambda: proxied.folder.read_seen().in_flight == {})
    until(lambda: rung(bell))
    os.close(bell)


def test_a_proxy_remembers_when_a_service_was_last_asked(proxied: Proxied) -> None:
    proxied.up(proxied.service())
    proxied.ask("/s/")
    last_s = until(lambda: proxied.folder.read_seen().last_s.get("1"))
    assert proxied.process is not None
    proxied.process.kill()
    proxied.process.wait()
    proxied.start()
    proxied.routes(*proxied.folder.read_routes().routes)
    assert proxied.folder.read_seen().last_s == {"1": last_s}


def test_a_second_proxy_of_a_home_leaves(proxied: Proxied) -> None:
    assert proxied.another() == 3


def test_it_ends_when_it_is_told_to(proxied: Proxied) -> None:
    assert proxied.process is not None
    proxied.process.send_signal(signal.SIGTERM)
    assert proxied.process.wait(20) == 0
