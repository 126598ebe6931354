"""The daemon process: how it says no, how it ends, what it does not hand down."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from engine.conftest import ended, private, until
from faults.daemon import PrivateDaemon, free_port, kill_marked, variables

from tenfold.folder import lock
from tenfold.folder.paths import JobFolder
from tenfold.ledger.schema import MIGRATIONS
from tenfold.terms.refusal import Refusal


def refused(folder: Path, *options: str, home: Path | None = None) -> dict[str, str]:
    """The Refusal that ends a daemon: the last line of its output, with exit status 2."""
    argv = [sys.executable, "-m", "tenfold.api.daemon", "--home", str(home or folder / "home")]
    if "--port" not in options:
        argv += ["--port", str(free_port())]
    done = subprocess.run(
        [*argv, *options],
        env=variables(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2, done.stdout
    assert "Traceback" not in done.stdout
    told: dict[str, str] = json.loads(done.stdout.splitlines()[-1])["refusal"]
    assert told["what"] and told["why"] and told["next"]
    return told


def test_a_port_that_is_taken_is_refused_with_a_free_one(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = refused(tmp_path, "--port", str(port))
    assert told["code"] == "daemon.port" and str(port) in told["what"]
    other = int(told["next"].rsplit(" ", 1)[1])
    assert other != port
    socket.create_server(("127.0.0.1", other)).close()
    assert refused(tmp_path, "--port", "99999")["code"] == "daemon.port"


def test_a_port_of_its_own_choice_is_told(tmp_path: Path) -> None:
    daemon = private(tmp_path)
    daemon.port = 0
    daemon.start()
    try:
        told = json.loads((daemon.home / "daemon.json").read_text())
        assert told["port"] > 0 and told["url"].endswith(f":{told['port']}")
    finally:
        daemon.end()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda home: home.write_text("a file"),
        lambda home: home.parent.joinpath("f").write_text("") or home.symlink_to("f"),
        lambda home: home.mkdir() or (home / "jobs").write_text("a file"),
    ],
)
def test_a_home_that_cannot_be_written_is_refused(tmp_path: Path, spoil: object) -> None:
    home = tmp_path / "home"
    spoil(home)  # type: ignore[operator]
    told = refused(tmp_path)
    assert told["code"] == "home.unwritable" and str(tmp_path) in told["what"]


def test_a_home_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert refused(tmp_path, home=tmp_path / "file" / "home")["code"] == "home.unwritable"


def test_a_ledger_from_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "home" / "ledger.sqlite"
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT)")
    newer = len(MIGRATIONS) + 1
    connection.execute("INSERT INTO meta VALUES ('version', ?)", (str(newer),))
    connection.commit()
    connection.close()
    before = path.read_bytes()
    told = refused(tmp_path)
    assert told["code"] == "ledger.newer" and str(newer) in told["why"]
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"garbage" * 1000, b"SQLite format 3\0" + b"\0" * 8000])
def test_garbage_for_a_ledger_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "home" / "ledger.sqlite"
    path.parent.mkdir()
    path.write_bytes(content)
    assert refused(tmp_path)["code"] == "ledger.damaged"
    assert path.read_bytes() == content


def test_a_ledger_with_a_damaged_page_is_refused(tmp_path: Path) -> None:
    daemon = private(tmp_path)
    daemon.start()
    body = {"workload": "system.command", "params": {"argv": ["true"], "cwd": "x" * 3000}}
    daemon.api.post("/api/jobs", {"jobs": [{**body, "after": []}] * 40})
    daemon.kill()
    path = daemon.home / "ledger.sqlite"
    sqlite3.connect(path).execute("PRAGMA wal_checkpoint(TRUNCATE)").connection.close()
    data = bytearray(path.read_bytes())
    assert len(data) > 100_000
    data[4096:] = os.urandom(len(data) - 4096)
    path.write_bytes(data)
    assert refused(tmp_path)["code"] == "ledger.damaged"
    kill_marked(str(tmp_path))


def test_a_setting_that_is_wrong_is_named(tmp_path: Path) -> None:
    config = tmp_path / "home" / "site.toml"
    config.parent.mkdir()
    for text, word in (("[site]\nwatts = -5\n", "watts"), ("[site\n", "site")):
        config.write_text(text)
        told = refused(tmp_path)
        assert told["code"] == "site.config" and word in told["what"]
        assert str(config) in told["next"]


def test_a_limit_at_its_old_place_is_not_passed_over(tmp_path: Path) -> None:
    config = tmp_path / "home" / "config.toml"
    config.parent.mkdir()
    config.write_text("[site]\nwatts = 3000\n")
    told = refused(tmp_path)
    assert told["code"] == "site.moved"
    assert told["next"] == f"mv {config} {config.with_name('site.toml')}"


def test_a_box_that_is_none_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, "--box", "abacus")["code"] == "box.unknown"
    sxm = refused(tmp_path, "--box", "10xH100-SXM")
    assert sxm["code"] == "box.sxm" and "8xH100-SXM+2xH100-SXM" in sxm["next"]


@pytest.mark.parametrize("speed", ["0", "-1", "nan", "inf"])
def test_a_clock_that_does_not_go_on_is_refused(tmp_path: Path, speed: str) -> None:
    told = refused(tmp_path, "--box", "cpu", f"--speed={speed}")
    assert told["code"] == "box.speed"


def test_a_folder_of_its_own_is_the_owners_alone(tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    daemon = PrivateDaemon(tmp_path, variables(tmp_path))
    (tmp_path / "audit").touch()
    daemon.home = home
    home.parent.mkdir()
    home.mkdir(mode=0o755)
    (home / "token").write_text("\n")  # an empty token would let everybody in
    (home / "token").chmod(0o644)
    daemon.api = type(daemon.api)(home)
    daemon.start()
    try:
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        assert stat.S_IMODE((home / "token").stat().st_mode) == 0o600
        assert len((home / "token").read_text()) > 30
    finally:
        daemon.end()


@pytest.fixture(autouse=True)
def clear() -> None:
    """Every test here ends its own daemon."""


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[PrivateDaemon]:
    found = private(tmp_path)
    found.start()
    yield found
    found.end()
    kill_marked(str(tmp_path))


def command(daemon: PrivateDaemon, *argv: str) -> str:
    return daemon.submit(workload="system.command", params={"argv": list(argv)})


def test_one_daemon_per_home(daemon: PrivateDaemon) -> None:
    assert daemon.process is not None
    told = refused(daemon.folder)
    assert told["code"] == "daemon.second" and str(daemon.process.pid) in told["why"]
    assert daemon.api.get("/api/box")["pid"] == daemon.process.pid


@pytest.mark.parametrize("way", ["SIGTERM", "SIGINT", "POST"])
def test_it_ends_in_order_while_it_is_watched_and_the_job_goes_on(
    daemon: PrivateDaemon, way: str
) -> None:
    job = command(daemon, sys.executable, "-c", "import time; time.sleep(2.5); print('whole')")
    until(daemon, job, "running")
    runner = lock.holder(JobFolder(daemon.home / "jobs" / job).lock)
    token = (daemon.home / "token").read_text()
    watching = socket.create_connection(("127.0.0.1", daemon.port))
    watching.sendall(
        f"GET /api/events?since=0 HTTP/1.1\r\nHost: 127.0.0.1:{daemon.port}\r\n"
        f"Authorization: Bearer {token}\r\n\r\n".encode()
    )
    assert watching.recv(65536)
    process = daemon.process
    assert process is not None
    began_s = time.monotonic()
    if way == "POST":
        assert daemon.api.post("/api/shutdown")["pid"] == process.pid
    else:
        process.send_signal(signal.Signals[way])
    assert process.wait(10) == 0
    assert time.monotonic() - began_s < 8
    watching.close()
    assert not (daemon.home / "daemon.json").exists()
    assert "Traceback" not in (daemon.folder / "log").read_text()
    assert lock.holder(JobFolder(daemon.home / "jobs" / job).lock) == runner is not None
    daemon.start()
    done = ended(daemon, job)
    assert (done["state"], done["attempt"]) == ("succeeded", 1)
    assert "whole" in daemon.api.get(f"/api/jobs/{job}/log")["text"]


def test_it_ends_at_once_although_a_workload_hangs_in_import(daemon: PrivateDaemon) -> None:
    told: list[Refusal] = []

    def submit() -> None:
        try:
            daemon.submit(workload="odd.hangs")
        except Refusal as error:
            told.append(error)

    asking = threading.Thread(target=submit)
    asking.start()
    time.sleep(1.0)
    began_s = time.monotonic()
    daemon.end()
    assert time.monotonic() - began_s < 8
    asking.join(10)
    assert told


def test_started_from_inside_a_job_it_is_not_part_of_it(tmp_path: Path) -> None:
    """Else the sweep after that job would end the daemon, and its children would count as its."""
    daemon = private(tmp_path, TENFOLD_ATTEMPT="f" * 32, TENFOLD_JOB="7")
    daemon.start()
    try:
        code = "import os; print(os.environ['TENFOLD_ATTEMPT'], os.environ['TENFOLD_JOB'])"
        job = command(daemon, sys.executable, "-c", code)
        ended(daemon, job)
        token, number = daemon.api.get(f"/api/jobs/{job}/log")["text"].split()
        assert token == daemon.api.get(f"/api/jobs/{job}")["attempts"][0]["token"] != "f" * 32
        assert number == job
        assert daemon.process is not None
        shown = Path(f"/proc/{daemon.process.pid}/environ").read_bytes()
        assert b"TENFOLD_HOME=" in shown
        assert b"TENFOLD_ATTEMPT=" not in shown and b"TENFOLD_JOB=" not in shown
        assert daemon.process.poll() is None
    finally:
        daemon.end()
        kill_marked(str(tmp_path))
