"""The event stream: what was, then what happens; nothing lost or told twice when it is cut."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from engine.conftest import ended
from faults.daemon import PrivateDaemon

from tenfold.api import events as stream
from tenfold.ledger.ledger import Ledger
from tenfold.ledger.transaction import Event
from tenfold.terms.job import JobSpec


class Stream:
    """A client of /api/events, at the level of its socket so that it can be cut anywhere."""

    def __init__(self, daemon: PrivateDaemon, query: str = "", last_id: str = "") -> None:
        token = (daemon.home / "token").read_text()
        again = f"Last-Event-ID: {last_id}\r\n" if last_id else ""
        self._socket = socket.create_connection(("127.0.0.1", daemon.port), timeout=30)
        self._socket.sendall(
            f"GET /api/events{query} HTTP/1.1\r\nHost: 127.0.0.1:{daemon.port}\r\n"
            f"Authorization: Bearer {token}\r\n{again}\r\n".encode()
        )
        self._file = self._socket.makefile("rb")
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self._file.readline()
        assert b" 200 " in head.splitlines()[0] and b"text/event-stream" in head
        self.last_id = last_id

    def events(self) -> Iterator[dict[str, Any]]:
        """Whole events as they come; `event` and `id` beside the data. Ends when it is cut."""
        text = b""
        with contextlib.suppress(OSError, ValueError):
            while size := self._file.readline():
                text += self._file.read(int(size, 16))
                self._file.readline()
                while b"\n\n" in text:
                    block, _, text = text.partition(b"\n\n")
                    event = self._event(block.decode())
                    if event is not None:
                        yield event

    def _event(self, block: str) -> dict[str, Any] | None:
        fields = dict(line.split(": ", 1) for line in block.split("\n") if line[0] != ":")
        if "id" in fields:
            self.last_id = fields["id"]
        if "data" not in fields:
            return None
        return {**json.loads(fields["data"]), "event": fields["event"], "id": fields.get("id")}

    def cut(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._file.close()
        self._socket.close()


def history(daemon: PrivateDaemon, job: str) -> list[int]:
    return [e["seq"] for e in daemon.api.get(f"/api/jobs/{job}/explain")["history"]]


def command(daemon: PrivateDaemon, *argv: str) -> str:
    return daemon.submit(workload="system.command", params={"argv": list(argv)})


def test_what_was_is_told_first_then_what_happens(daemon: PrivateDaemon) -> None:
    old = command(daemon, "true")
    ended(daemon, old)
    stream = Stream(daemon, "?since=0")
    told = stream.events()
    seen = [next(told)]
    while len(seen) < len(history(daemon, old)):
        seen.append(next(told))
    new = command(daemon, "true")
    while seen[-1].get("state") != "succeeded" or seen[-1]["job"] != new:
        seen.append(next(told))
    stream.cut()
    assert [e["seq"] for e in seen if e["job"] == old] == history(daemon, old)
    assert [e["seq"] for e in seen if e["job"] == new] == history(daemon, new)
    assert all(e["event"] == e["kind"] and e["id"] == str(e["seq"]) for e in seen if e["id"])


def test_a_job_is_watched_alone_with_its_progress(daemon: PrivateDaemon) -> None:
    job = daemon.submit(workload="load.count", params={"steps": 20, "step_ms": 30})
    stream = Stream(daemon, f"?since=0&job={job}")
    other = command(daemon, "true")
    seen = []
    for event in stream.events():
        seen.append(event)
        if event.get("state") == "succeeded":
            break
    stream.cut()
    ended(daemon, other)
    assert {e["job"] for e in seen} == {job}
    kinds = {e["event"] for e in seen}
    assert {"change", "progress", "checkpoint", "began"} <= kinds
    progress = [e for e in seen if e["event"] == "progress"]
    assert all(e["id"] is None and e["total"] == 20 for e in progress)
    kept = [e["seq"] for e in seen if e["id"]]
    assert kept == history(daemon, job)


def test_without_since_only_what_is_new_is_told(daemon: PrivateDaemon) -> None:
    ended(daemon, command(daemon, "true"))
    stream = Stream(daemon)
    told = stream.events()
    job = command(daemon, "true")
    first = next(told)
    stream.cut()
    assert (first["job"], first["change"]) == (job, "submit")


def test_one_that_is_cut_off_again_and_again_sees_every_event_once(daemon: PrivateDaemon) -> None:
    """Jobs run all the while; the client is cut at random and comes back as a browser does."""
    start = max(history(daemon, command(daemon, "true")))
    seen: list[int] = []
    done = threading.Event()

    def watch() -> None:
        chance = random.Random(7)
        last_id = str(start)
        while not done.is_set():
            client = Stream(daemon, f"?since={start}", last_id)
            cut = threading.Timer(chance.uniform(0.02, 0.25), client.cut)
            cut.start()
            seen.extend(event["seq"] for event in client.events() if event["id"])
            cut.join()
            last_id = client.last_id
        client = Stream(daemon, f"?since={start}", last_id)
        late = threading.Timer(1.0, client.cut)
        late.start()
        seen.extend(event["seq"] for event in client.events() if event["id"])
        late.join()

    watcher = threading.Thread(target=watch)
    watcher.start()
    jobs = [
        daemon.submit(workload="load.count", params={"steps": 40, "step_ms": 20}),
        *(command(daemon, "true") for _ in range(12)),
    ]
    for job in jobs:
        ended(daemon, job)
    done.set()
    watcher.join(30)
    wanted = sorted(seq for job in daemon.jobs() for seq in history(daemon, job) if seq > start)
    assert len(wanted) > 80
    assert seen == wanted


class Listening:
    """The stream itself, on a ledger without a daemon."""

    def __init__(self, folder: Path) -> None:
        self.ledger = Ledger(folder / "ledger.sqlite")
        self.house: Any = SimpleNamespace(ledger=self.ledger)

    def submit(self, count: int) -> list[Event]:
        def work(transaction: Any) -> list[Event]:
            for _ in range(count):
                transaction.submit(JobSpec("a.b"), 1.0)
            return list(transaction.events)

        return self.ledger.write(work)

    def ids(self, since: int | None, meanwhile: Callable[[], object], count: int) -> list[int]:
        """Of the first `count` events; `meanwhile` happens once the stream tells what is new."""

        async def read() -> list[int]:
            told = stream._stream(self.house, since, None, stream.Streams())
            found: list[int] = []
            try:
                first = await asyncio.wait_for(anext(told), 5)
                assert first.startswith("id: ")
                line_to_come = asyncio.ensure_future(anext(told))
                await asyncio.sleep(0)  # it has told what was, and waits
                await asyncio.to_thread(meanwhile)
                while len(found) < count:
                    line = await asyncio.wait_for(line_to_come, 5)
                    line_to_come = asyncio.ensure_future(anext(told))
                    found.append(int(line.split("\n")[0].removeprefix("id: ")))
            except StopAsyncIteration:
                pass
            finally:
                line_to_come.cancel()
                await asyncio.wait([line_to_come])
                await told.aclose()
            return found

        return asyncio.run(read())


def test_more_than_one_page_of_history_is_told_whole(tmp_path: Path) -> None:
    there = Listening(tmp_path)
    for _ in range(3):
        there.submit(4000)
    assert there.ids(0, lambda: there.submit(1), 12_001) == list(range(1, 12_002))
    there.ledger.close()


def test_an_event_known_already_is_not_told_again(tmp_path: Path) -> None:
    """Its client read it elsewhere before the writer's thread came to tell it."""
    there = Listening(tmp_path)
    known = there.submit(3)

    def told_late() -> None:
        there.ledger.tell(known)
        there.submit(1)

    assert there.ids(3, told_late, 1) == [4]
    assert there.ids(None, told_late, 1) == [5]
    there.ledger.close()


def test_a_listener_that_is_too_slow_is_sent_away_without_a_gap(tmp_path: Path) -> None:
    """It must never be shown something newer than what was dropped."""
    there = Listening(tmp_path)

    async def read() -> list[str]:
        told = stream._stream(there.house, 0, None, stream.Streams())
        lines = [await anext(told)]
        flood = [Event(n, 1.0, "1", 0, "note", {}) for n in range(1, stream.MOST_WAITING + 5)]
        waiting = asyncio.ensure_future(anext(told))
        await asyncio.sleep(0)  # it waits now
        for event in flood:
            there.ledger.tell([event])
        with contextlib.suppress(StopAsyncIteration):
            lines.append(await asyncio.wait_for(waiting, 5))
            while True:
                lines.append(await asyncio.wait_for(anext(told), 5))
        return lines

    lines = asyncio.run(read())
    ids = [int(line.split("\n")[0].removeprefix("id: ")) for line in lines]
    assert ids == list(range(len(ids)))
    there.ledger.close()


def test_a_listener_is_forgotten_when_it_goes(daemon: PrivateDaemon) -> None:
    """Neither the next commit nor the end of the daemon stumbles over it."""
    for _ in range(3):
        Stream(daemon, "?since=0").cut()
    job = command(daemon, "true")
    assert ended(daemon, job)["state"] == "succeeded"
    time.sleep(0.1)
    assert "Traceback" not in (daemon.folder / "log").read_text()


def test_the_end_of_the_daemon_ends_every_stream(tmp_path: Path) -> None:
    """Also one that comes in at that very moment."""
    there = Listening(tmp_path)
    streams = stream.Streams()

    async def read() -> list[list[str]]:
        early = stream._stream(there.house, 0, None, streams)
        lines = [await anext(early)]
        streams.close()
        late = stream._stream(there.house, 0, None, streams)
        return [lines + [line async for line in early], [line async for line in late]]

    assert asyncio.run(asyncio.wait_for(read(), 5)) == [["id: 0\n\n"]] * 2
    there.ledger.close()
