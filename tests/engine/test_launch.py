"""The fork server may die at any moment: that costs speed and nothing else."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from engine.conftest import ended, log_of, private, until
from faults.daemon import PrivateDaemon, kill_marked, marked

from tenfold.engine.forked import REST_S, ForkServer
from tenfold.folder.paths import JobFolder

FORKED = "tenfold.runner.forkserver"
PARENT = "import os; print(open(f'/proc/{os.getppid()}/cmdline').read().replace(chr(0), ' '))"


def words(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def parent(pid: int) -> int:
    return int((stat(pid) or ["", "0"])[1])


def state(pid: int) -> str:
    """Its letter in /proc: `Z` of a zombie, empty when it is gone."""
    return (stat(pid) or [""])[0]


def stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return []


def servers(daemon: PrivateDaemon) -> list[int]:
    """Fork servers of this daemon. What they forked carries the same words, but another parent."""
    assert daemon.process is not None
    pids = marked(str(daemon.folder))
    return [pid for pid in pids if FORKED in words(pid) and parent(pid) == daemon.process.pid]


def server(daemon: PrivateDaemon, other: int = 0) -> int:
    until_s = time.monotonic() + 10
    while time.monotonic() < until_s:
        found = [pid for pid in servers(daemon) if pid != other]
        if found:
            return found[0]
        time.sleep(0.02)
    raise AssertionError("no fork server came")


def command(daemon: PrivateDaemon, *argv: str) -> str:
    return daemon.submit(workload="system.command", params={"argv": list(argv)})


def forked(daemon: PrivateDaemon, tries: int = 20) -> str:
    """A job whose runner came from the server, which may take a moment to get ready."""
    for _ in range(tries):
        job = command(daemon, sys.executable, "-c", PARENT)
        assert ended(daemon, job)["state"] == "succeeded"
        if FORKED in log_of(daemon, job):
            return job
        time.sleep(0.1)
    raise AssertionError("no runner is forked")


def test_killed_between_jobs_the_next_one_starts_and_a_new_server_comes(
    daemon: PrivateDaemon,
) -> None:
    forked(daemon)
    old = server(daemon)
    os.kill(old, signal.SIGKILL)
    time.sleep(0.05)
    job = ended(daemon, command(daemon, "true"))
    assert (job["state"], job["attempt"], job["crashes"]) == ("succeeded", 1, 0)
    assert server(daemon, other=old) != old
    forked(daemon)


def test_killed_under_a_job_the_job_goes_on(daemon: PrivateDaemon) -> None:
    forked(daemon)
    job = command(daemon, sys.executable, "-c", f"import time; {PARENT}; time.sleep(0.8)")
    until(daemon, job, "running")
    while not log_of(daemon, job):
        time.sleep(0.02)
    assert FORKED in log_of(daemon, job)
    os.kill(server(daemon), signal.SIGKILL)
    done = ended(daemon, job)
    assert (done["state"], done["attempt"]) == ("succeeded", 1)
    assert ended(daemon, command(daemon, "true"))["state"] == "succeeded"


@pytest.fixture(scope="module")
def torched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateDaemon]:
    """Its server has torch imported, as the heavy one of an owner has."""
    folder = tmp_path_factory.mktemp("torched")
    daemon = private(folder, TENFOLD_PRELOAD="tenfold.runner.attempt,pydantic,torch")
    daemon.start()
    yield daemon
    daemon.end()
    kill_marked(str(folder))


def test_a_torch_job_outlives_the_kill_of_its_server_and_the_next_one_starts(
    torched: PrivateDaemon,
) -> None:
    forked(torched, tries=200)
    old = server(torched)
    first = torched.submit(workload="odd.trains", params={})
    events = torched.home / "jobs" / first / "attempts" / "1" / "events.jsonl"
    until(torched, first, "running")
    until_s = time.monotonic() + 30
    while not (events.exists() and events.read_text().count("loss") > 3):
        assert time.monotonic() < until_s, "it never trained"
        time.sleep(0.02)
    os.kill(old, signal.SIGKILL)
    while state(old) not in ("", "Z"):  # only then its end of the socket is closed
        time.sleep(0.01)
    second = torched.submit(workload="odd.trains", params={})  # no server: a fresh interpreter
    for job, was_forked in ((first, True), (second, False)):
        (torched.home / "jobs" / job / "go").touch()
        done = ended(torched, job)
        assert (done["state"], done["attempt"], done["crashes"]) == ("succeeded", 1, 0)
        outcome = JobFolder(torched.home / "jobs" / job).read_outcome(1)
        assert outcome is not None and outcome.result is not None
        assert outcome.result.figures["forked"] is was_forked
        assert outcome.verdict is not None and outcome.verdict.holds
    assert server(torched, other=old) != old
    forked(torched, tries=200)


@pytest.fixture
def spoiled(tmp_path: Path) -> Iterator[PrivateDaemon]:
    """Its server dies while it imports."""
    broken = tmp_path / "broken_preload.py"
    broken.write_text(
        "import os\n"
        f"open({str(tmp_path / 'starts')!r}, 'a').write('x')\n"
        "raise RuntimeError('no preload today')\n"
    )
    daemon = private(tmp_path, TENFOLD_PRELOAD="broken_preload")
    daemon.environment["PYTHONPATH"] += os.pathsep + str(tmp_path)
    daemon.start()
    yield daemon
    daemon.end()
    kill_marked(str(tmp_path))


def test_a_server_that_cannot_start_is_not_started_again_and_again(
    spoiled: PrivateDaemon,
) -> None:
    for _ in range(4):
        job = ended(spoiled, command(spoiled, sys.executable, "-c", PARENT))
        assert (job["state"], job["attempt"]) == ("succeeded", 1)
        assert FORKED not in log_of(spoiled, job["id"])
    assert len((spoiled.folder / "starts").read_text()) <= 2
    assert servers(spoiled) == []


def test_a_dead_server_says_that_it_started_nothing(tmp_path: Path) -> None:
    """So that the launcher starts the runner itself, instead of counting a crash."""
    server = ForkServer({"TENFOLD_PRELOAD": ""})
    until_s = time.monotonic() + 10
    while not server.ready() and time.monotonic() < until_s:
        time.sleep(0.01)
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    while server.pid is not None:
        time.sleep(0.005)
    assert "error" in server.fork(tmp_path, 1, {})
    assert not server.ready()  # but another one is on its way
    assert server.pid is not None
    ended_by(server)


def test_after_one_that_died_before_it_was_ready_it_rests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dies_at_once.py").write_text("raise SystemExit(1)")
    now_s = [100.0]
    monkeypatch.setattr("tenfold.engine.forked.time.monotonic", lambda: now_s[0])
    server = ForkServer({"PYTHONPATH": str(tmp_path), "TENFOLD_PRELOAD": "dies_at_once"})
    until_s = time.time() + 10
    while server.pid is not None and time.time() < until_s:
        time.sleep(0.01)
    for _ in range(3):
        assert not server.ready() and server.pid is None
    now_s[0] += REST_S + 1
    assert not server.ready() and server.pid is not None
    ended_by(server)


def ended_by(server: ForkServer) -> None:
    """Closed, and gone: its handle is collected."""
    server.close()
    for process in server._old:
        process.wait(10)
