"""Services from crash to sleep, on a clock that the test turns; the proxy behind it is real."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from faults.daemon import free_port
from faults.proxied import SERVICE, accepts, until

from tenfold.engine.desk import Desk
from tenfold.engine.ending import FIRST_PAUSE_S, LONGEST_PAUSE_S, STEADY_S, ending
from tenfold.engine.orders import Orders
from tenfold.engine.services import BEGIN_S, DEAF_S, DRAIN_S, Services, resting, routes
from tenfold.engine.settle import settle
from tenfold.engine.sighting import Sighting
from tenfold.folder import lock
from tenfold.folder.proxy import ProxyFolder
from tenfold.hardware import declared
from tenfold.ledger.ledger import Ledger
from tenfold.placement.decide import decide
from tenfold.terms.box import Box, Device, DeviceKind, Node, Slot
from tenfold.terms.budget import Budget, BudgetStep
from tenfold.terms.job import Attempt, Job, JobSpec, Kind, StopFor
from tenfold.terms.outcome import Ending, Outcome
from tenfold.terms.refusal import refusal
from tenfold.terms.route import RouteState
from tenfold.terms.states import Change, State

SLOT = Slot("host", ("cpu",), DeviceKind.CPU, 1, 0.5)
BOX = Box("b", (Node("host", (Device("cpu", DeviceKind.CPU, "c", "host", 8.0, cores=4),)),))
FREE = Budget((BudgetStep(0.0, float("inf")),))
NOW_S = time.time()


class World:
    """One ledger, and services whose attempts end as the test says."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.rung = threading.Event()
        self.desks: list[Desk] = []  # their processes outlive them
        self.open()

    def open(self) -> None:
        self.ledger = Ledger(self.home / "ledger.sqlite")
        self.desk = Desk(self.home, free_port(), self.rung.set)
        self.desks.append(self.desk)
        self.reader = self.ledger.reader()
        self.services = Services(self.ledger, self.desk)

    def close(self) -> None:
        """As a daemon that is killed: the proxy stays."""
        self.desk.close()
        self.reader.close()
        self.ledger.close()

    def submit(self, **fields: Any) -> Job:
        asked = {"params": {"argv": ["x"]}, "kind": Kind.SERVICE, "retry": None, **fields}
        return self.ledger.write(lambda t: t.submit(JobSpec("system.command", **asked), NOW_S))

    def start(self, job: Job, now_s: float = NOW_S) -> Job:
        self.ledger.write(lambda t: t.promise(job.id, SLOT, "f" * 32, now_s))
        return self.see(job, now_s)

    def see(self, job: Job, now_s: float, *lines: dict[str, Any], **more: Any) -> Job:
        sighting = Sighting(job.id, self.read(job).attempt, True, list(lines), 1, **more)
        settle(self.ledger, [sighting], now_s, declared.box("cpu"), lambda devices: False)
        return self.read(job)

    def up(self, port: int = 0, **fields: Any) -> Job:
        """A service that runs and answers since NOW_S."""
        job = self.start(self.submit(**fields))
        healthy = {"kind": "health", "at": NOW_S, "healthy": True}
        return self.see(job, NOW_S, {"kind": "serves", "port": port or free_port()}, healthy)

    def crash(self, job: Job, now_s: float, how: Ending = Ending.CRASHED) -> Job:
        outcome = Outcome(self.read(job).attempt, how, now_s, now_s)
        return self.see(job, now_s, outcome=outcome)

    def read(self, job: Job) -> Job:
        return self.reader.job(job.id)

    def look(self, job: Job, now_s: float) -> Job:
        self.services.publish()
        self.services.look(now_s)
        return self.read(job)

    def proxy_pid(self) -> int | None:
        return lock.holder(ProxyFolder(self.home / "proxy").lock)

    def await_proxy(self) -> int:
        """Until it follows what was published."""
        self.services.publish()
        until(lambda: self.follows() and accepts(self.desk.port))
        pid = self.proxy_pid()
        assert pid is not None
        return pid

    def follows(self) -> bool:
        seen = self.desk.seen()
        return seen is not None and self.desk.follows(seen)

    def ask(self, path: str) -> bytes:
        connection = HTTPConnection("127.0.0.1", self.desk.port, timeout=20)
        connection.request("GET", path, headers={"Authorization": "Bearer right"})
        body = connection.getresponse().read()
        connection.close()
        return body


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    (tmp_path / "token").write_text("right")
    found = World(tmp_path)
    yield found
    found.close()
    for desk in found.desks:
        if desk._process is not None:
            desk._process.kill()
            desk._process.wait()


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """Of a real service that lives in `tmp_path/s`."""
    (tmp_path / "s").mkdir()
    found = free_port()
    process = subprocess.Popen([sys.executable, str(SERVICE), str(tmp_path / "s"), str(found)])
    until(lambda: accepts(found))
    yield found
    process.kill()
    process.wait()


# --- crash, pause, try again


def test_the_pause_doubles_up_to_its_cap_and_never_gives_up(world: World) -> None:
    job = world.submit()
    now_s, pauses = NOW_S, []
    for _ in range(40):
        world.start(job, now_s)
        job = world.crash(job, now_s)
        assert job.state is State.QUEUED and job.next_try_s is not None
        pauses.append(job.next_try_s - now_s)
        now_s = job.next_try_s
    assert pauses[:4] == pytest.approx([FIRST_PAUSE_S * 2**n for n in range(4)])
    assert pauses[-1] == pytest.approx(LONGEST_PAUSE_S) and pauses == sorted(pauses)
    assert job.crashes == 40


def test_until_its_next_try_it_is_not_started_and_explained(world: World) -> None:
    job = world.submit()
    for _ in range(3):
        world.start(job)
        job = world.crash(job, NOW_S)
    assert job.next_try_s is not None
    after = world.submit(kind=Kind.BATCH, after=(job.id,))
    shown, (wait,) = resting(world.ledger.open_jobs(), job.next_try_s - 0.1)
    assert "3 times in a row" in wait.why and wait.expected_s == job.next_try_s
    decision = decide(BOX, FREE, shown, job.next_try_s - 0.1)
    assert not decision.starts and [w.job for w in decision.waits] == [after.id]
    shown, waits = resting(world.ledger.open_jobs(), job.next_try_s)
    assert not waits
    assert [start.job for start in decide(BOX, FREE, shown, job.next_try_s).starts] == [job.id]


def test_the_pause_survives_the_daemon(world: World) -> None:
    job = world.submit()
    world.start(job)
    before = world.crash(job, NOW_S)
    world.close()
    world.open()
    (after,) = world.ledger.open_jobs()
    assert after == before and after.next_try_s is not None
    assert resting([after], NOW_S)[1]


def test_one_that_answered_for_a_while_counts_afresh(world: World) -> None:
    for lasted_s, crashes in ((STEADY_S, 1), (STEADY_S - 1, 6)):
        job = world.up()
        world.ledger.write(lambda t, j=job: t.update(j.id, crashes=5))
        assert world.crash(job, NOW_S + lasted_s).crashes == crashes


def test_it_gives_up_where_its_owner_says_so(world: World) -> None:
    job = world.submit(retry=2)
    states = []
    for _ in range(3):
        world.start(job)
        states.append(world.crash(job, NOW_S).state)
    assert states == [State.QUEUED, State.QUEUED, State.FAILED]


def service(**fields: Any) -> Job:
    spec = JobSpec("a.b", kind=Kind.SERVICE, retry=None)
    return Job("1", spec, State.RUNNING, 0.0, 0.0, 1, **fields)


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("command.exit", Change.REQUEUE),
        ("workload.raised", Change.REQUEUE),
        ("command.missing", Change.FAIL),
        ("env.unknown", Change.FAIL),
    ],
)
def test_what_only_a_person_can_heal_is_not_tried_again(code: str, change: Change) -> None:
    facts = {"status": 1, "id": 1, "error": "", "command": "x", "where": "y", "name": "z"}
    told = refusal(code, **facts, why="w", next="n").as_json()
    assert (
        ending(service(), Outcome(1, Ending.FAILED, 0.0, 1.0, refusal=told), True).change is change
    )


@pytest.mark.parametrize("how", [Ending.FAILED, Ending.CRASHED, Ending.STOPPED, Ending.SUCCEEDED])
def test_a_stop_decides_also_where_the_service_ended_badly(how: Ending) -> None:
    outcome = Outcome(1, how, 0.0, 1.0)
    for stop_for, change in (
        (StopFor.SLEEP, Change.SLEEP),
        (StopFor.YIELD, Change.REQUEUE),
        (StopFor.CANCEL, Change.CANCEL),
        (StopFor.RESTART, Change.REQUEUE),
    ):
        end = ending(service(stop_for=stop_for, reason="deaf"), outcome, True)
        assert end.change is change
        assert (end.pause_s is not None) == (stop_for is StopFor.RESTART)


def test_resumed_by_its_owner_it_does_not_rest(world: World) -> None:
    job = world.submit()
    world.start(job)
    world.crash(job, NOW_S)
    describer: Any = None
    orders = Orders(world.ledger, BOX, describer)
    orders.pause(job.id, NOW_S).result()
    assert orders.resume(job.id, NOW_S).result().next_try_s is None
    orders.close()


# --- it does not answer


def test_one_that_stops_answering_is_restarted(world: World) -> None:
    job = world.up()
    job = world.see(job, NOW_S, {"kind": "health", "at": NOW_S + 5, "healthy": False, "why": "no"})
    assert (job.healthy_s, job.unhealthy_s) == (None, NOW_S + 5)
    assert world.look(job, NOW_S + 5 + DEAF_S - 1).state is State.RUNNING
    stopped = world.look(job, NOW_S + 5 + DEAF_S)
    assert (stopped.state, stopped.stop_for) == (State.YIELDING, StopFor.RESTART)
    job = world.crash(job, NOW_S + 200)
    assert (job.state, job.crashes, job.unhealthy_s) == (State.QUEUED, 1, None)
    assert "did not answer" in job.reason and job.next_try_s == NOW_S + 200 + FIRST_PAUSE_S


def test_one_that_answers_again_is_left_alone(world: World) -> None:
    job = world.up()
    for at_s, healthy in ((NOW_S + 5, False), (NOW_S + 50, True), (NOW_S + 60, False)):
        job = world.see(job, NOW_S, {"kind": "health", "at": at_s, "healthy": healthy})
    assert world.look(job, NOW_S + 60 + DEAF_S - 1).state is State.RUNNING


def test_one_that_never_answers_where_it_said_is_restarted(world: World) -> None:
    said = world.start(world.submit(params={"argv": ["x"], "port": 9}))
    silent = world.start(world.submit())
    assert world.look(said, NOW_S + BEGIN_S - 1).state is State.RUNNING
    assert world.look(said, NOW_S + BEGIN_S).stop_for is StopFor.RESTART
    assert world.read(silent).state is State.RUNNING  # nobody said that it listens


# --- routes


def test_routes_by_state(world: World) -> None:
    def state(job: Job) -> RouteState | None:
        found = [route for route in routes(world.ledger.open_jobs()) if route.job == job.id]
        return found[0].state if found else None

    job = world.submit(name="My Chat!")
    assert state(job) is RouteState.WAITS
    world.start(job)
    assert state(job) is RouteState.WAITS
    world.see(job, NOW_S, {"kind": "serves", "port": 7}, {"kind": "health", "healthy": True})
    (route,) = routes(world.ledger.open_jobs())
    assert (route.state, route.port) == (RouteState.UP, 7)
    assert route.names == ("my-chat", f"my-chat-{job.id}", job.id)
    for stop_for, expected in (
        (StopFor.YIELD, RouteState.WAITS),
        (StopFor.SLEEP, RouteState.ASLEEP),
        (StopFor.CANCEL, None),
    ):
        world.ledger.write(lambda t, s=stop_for: t.change(job.id, Change.STOP, NOW_S, stop_for=s))
        assert state(job) is expected


def test_names_are_unique_and_no_ids(world: World) -> None:
    for name in ("chat", "Chat", "12", "***", "chat-2"):
        world.submit(name=name)
    found = [name for route in routes(world.ledger.open_jobs()) for name in route.names]
    assert next(r.names[0] for r in routes(world.ledger.open_jobs())) == "chat"
    assert len(found) == len(set(found)), found
    assert "12" not in found


@pytest.mark.parametrize("port", [0, -1, 70_000, "x", None, True, 1e9])
def test_a_port_that_is_none_is_passed_over(world: World, port: Any) -> None:
    job = world.start(world.submit())
    assert world.see(job, NOW_S, {"kind": "serves", "port": port}).port is None


# --- sleep, wake, drain: with a real proxy


def test_it_sleeps_after_its_last_request_and_not_before(world: World, port: int) -> None:
    job = world.up(port, name="chat", sleep_after_s=600.0)
    world.ledger.write(lambda t: t.update(job.id, healthy_s=NOW_S - 500))
    world.await_proxy()
    assert world.look(job, NOW_S + 99).state is State.RUNNING
    assert world.ask("/chat/") == b"hello"
    last_s = until(lambda: (world.desk.seen() or pytest.fail()).last_s.get(job.id))
    assert last_s > NOW_S
    assert world.look(job, last_s + 599).state is State.RUNNING
    asleep = world.look(job, last_s + 600)
    assert (asleep.stop_for, asleep.reason) == (StopFor.SLEEP, "no request for 600 s")


def test_it_does_not_sleep_while_a_request_is_under_way(world: World, port: int) -> None:
    job = world.up(port, name="chat", sleep_after_s=1.0)
    world.await_proxy()
    thread = threading.Thread(target=world.ask, args=("/chat/hold",))
    thread.start()
    until(lambda: (world.desk.seen() or pytest.fail()).in_flight.get(job.id))
    assert world.look(job, NOW_S + 9999).state is State.RUNNING
    (world.home / "s" / "go").touch()
    thread.join()
    until(lambda: not (world.desk.seen() or pytest.fail()).in_flight)
    assert world.look(job, NOW_S + 9999).stop_for is StopFor.SLEEP


def test_while_no_proxy_lives_nobody_knows_and_nothing_sleeps(world: World) -> None:
    job = world.up(sleep_after_s=1.0)
    world.services.look(NOW_S + 9999)  # before the proxy was started
    assert world.read(job).state is State.RUNNING


def test_without_a_limit_it_never_sleeps(world: World) -> None:
    job = world.up()
    world.await_proxy()
    assert world.look(job, NOW_S + 1e7).state is State.RUNNING


def yielding(world: World, job: Job) -> list[tuple[Job, Attempt]]:
    job = world.read(job)
    return [(job, world.reader.attempts(job.id)[-1])]


def test_a_stop_waits_for_requests_under_way(world: World, port: int) -> None:
    job = world.up(port, name="chat")
    world.await_proxy()
    said: list[bytes] = []
    thread = threading.Thread(target=lambda: said.append(world.ask("/chat/hold")))
    thread.start()
    until(lambda: (world.home / "s" / "held").exists())
    world.ledger.write(lambda t: t.change(job.id, Change.STOP, NOW_S, stop_for=StopFor.YIELD))
    # The proxy has not heard of it yet, and then it has a request: both keep the stop back.
    assert world.services.drained(yielding(world, job), NOW_S) == []
    world.await_proxy()
    assert world.services.drained(yielding(world, job), NOW_S) == []
    world.rung.clear()
    (world.home / "s" / "go").touch()
    thread.join()
    assert said == [b"held"]
    assert world.rung.wait(20)
    until(lambda: not (world.desk.seen() or pytest.fail()).in_flight)
    ((stopped, _),) = world.services.drained(yielding(world, job), NOW_S + 7)
    assert stopped.changed_s == NOW_S + 7  # its grace begins now
    ((again, _),) = world.services.drained(yielding(world, job), NOW_S + 8)
    assert again.changed_s == NOW_S + 7


def test_a_stop_waits_until_the_proxy_has_heard_of_it(world: World) -> None:
    """Nothing is under way by what it wrote last; what it let in since then nobody knows."""
    job = world.up()
    pid = world.await_proxy()
    os.kill(pid, signal.SIGSTOP)
    world.ledger.write(lambda t: t.change(job.id, Change.STOP, NOW_S, stop_for=StopFor.YIELD))
    world.services.publish()
    assert world.services.drained(yielding(world, job), NOW_S) == []
    os.kill(pid, signal.SIGCONT)
    until(lambda: world.services.drained(yielding(world, job), NOW_S))


def test_a_stop_does_not_wait_for_ever(world: World, port: int) -> None:
    job = world.up(port, name="chat")
    world.await_proxy()
    thread = threading.Thread(target=world.ask, args=("/chat/hold",))
    thread.start()
    until(lambda: (world.home / "s" / "held").exists())
    for stop_for in (StopFor.YIELD, StopFor.CANCEL):
        world.ledger.write(lambda t, s=stop_for: t.change(job.id, Change.STOP, NOW_S, stop_for=s))
        world.await_proxy()
        late_s = NOW_S + DRAIN_S[stop_for]
        assert world.services.drained(yielding(world, job), late_s - 0.1) == []
        assert len(world.services.drained(yielding(world, job), late_s)) == 1
    (world.home / "s" / "go").touch()
    thread.join()


def test_other_jobs_are_not_kept_back(world: World) -> None:
    batch = world.start(world.submit(kind=Kind.BATCH))
    world.services.publish()
    world.ledger.write(lambda t: t.change(batch.id, Change.STOP, NOW_S, stop_for=StopFor.YIELD))
    assert len(world.services.drained(yielding(world, batch), NOW_S)) == 1


# --- the process


def test_the_next_daemon_finds_the_proxy_that_is_there(world: World, port: int) -> None:
    world.up(port, name="chat")
    pid, at = world.await_proxy(), world.desk.port
    world.close()
    assert world.ask("/chat/") == b"hello"  # with no daemon at all
    world.open()
    assert world.await_proxy() == pid and world.desk.port == at
    assert world.desk._process is None
    assert world.ask("/chat/") == b"hello"


def test_a_killed_proxy_is_started_again_on_its_port(world: World, port: int) -> None:
    world.up(port, name="chat")
    pid, at = world.await_proxy(), world.desk.port
    os.kill(pid, signal.SIGKILL)
    until(lambda: world.proxy_pid() is None)
    world.desk._started_s = 0.0  # as if it had lived for a while
    assert world.await_proxy() != pid and world.desk.port == at
    assert world.ask("/chat/") == b"hello"


def test_a_port_that_another_program_took_is_given_up(world: World, port: int) -> None:
    world.up(port, name="chat")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        at = taken.getsockname()[1]
        (world.home / "proxy").mkdir()
        (world.home / "proxy" / "port").write_text(str(at))
        until(lambda: world.services.publish() or world.desk.port != at)
        world.await_proxy()
        assert world.ask("/chat/") == b"hello"


def test_without_services_there_is_no_proxy(world: World) -> None:
    world.services.publish()
    assert not (world.home / "proxy").exists()
    job = world.up()
    world.await_proxy()
    world.ledger.write(lambda t: t.change(job.id, Change.FAIL, NOW_S))
    world.services.publish()
    until(lambda: world.proxy_pid() is None)


def test_a_wish_wakes_what_sleeps_and_nothing_else(world: World) -> None:
    job = world.up(name="chat", sleep_after_s=60.0)
    for change, fields in (
        (Change.STOP, {"stop_for": StopFor.SLEEP}),
        (Change.SLEEP, {"stop_for": None}),
    ):
        world.ledger.write(lambda t, c=change, f=fields: t.change(job.id, c, NOW_S, **f))
    world.await_proxy()
    assert world.look(job, NOW_S + 9999).state is State.ASLEEP
    connection = HTTPConnection("127.0.0.1", world.desk.port, timeout=20)
    connection.request("GET", "/chat/", headers={"Authorization": "Bearer right"})
    assert world.rung.wait(20)
    until(lambda: (world.desk.seen() or pytest.fail()).wishes == (job.id,))
    connection.close()
    assert world.look(job, NOW_S + 9999).state is State.QUEUED
    world.await_proxy()
    until(lambda: (world.desk.seen() or pytest.fail()).wishes == ())


def test_the_url_is_told_from_the_start(world: World) -> None:
    job = world.submit(name="chat")
    assert world.services.url(job) == f"http://127.0.0.1:{world.desk.port}/chat/"
    assert json.loads((world.home / "proxy" / "port").read_text()) == world.desk.port
    assert world.services.url(world.submit(kind=Kind.BATCH)) is None
    ended = world.start(world.submit(name="old"))
    world.ledger.write(lambda t: t.change(ended.id, Change.FAIL, NOW_S))
    assert world.services.url(world.read(ended)) is None
    assert Services(world.ledger, None).url(job) is None
