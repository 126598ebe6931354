"""One private daemon for a file of tests; every test submits jobs of its own to it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from faults.daemon import PrivateDaemon, install_loads, kill_marked, variables

from tenfold.terms.refusal import Refusal

WAIT_S = 30.0
ENDED = ("succeeded", "failed", "cancelled")
OWN = Path(__file__).parent / "workloads"


@pytest.fixture(autouse=True)
def clear(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a failed test leaves running must not fail the next one."""
    yield
    if "daemon" not in request.fixturenames:
        return
    found: PrivateDaemon = request.getfixturevalue("daemon")
    for job in found.api.get("/api/jobs")["jobs"]:
        if job["state"] not in ENDED and job["spec"]["parent"] is None:
            with contextlib.suppress(Refusal):  # it may end meanwhile
                found.api.post(f"/api/jobs/{job['id']}/cancel")


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateDaemon]:
    folder = tmp_path_factory.mktemp("daemon")
    found = private(folder)
    found.start()
    yield found
    found.end()
    kill_marked(str(folder))


def private(folder: Path, cores: int | None = 4, **more: str) -> PrivateDaemon:
    """A daemon below `folder`, not started, whose box shows four cores."""
    (folder / "audit").touch()
    daemon = PrivateDaemon(folder, {**variables(folder, cores), **more})
    install_loads(daemon.home)
    (daemon.home / "workloads" / "odd").mkdir(parents=True)
    for file in OWN.glob("*.py"):
        (daemon.home / "workloads" / "odd" / file.name).write_bytes(file.read_bytes())
    return daemon


Until = Callable[[PrivateDaemon, str, str], dict[str, Any]]


def until(daemon: PrivateDaemon, job: str, *states: str, wait_s: float = WAIT_S) -> dict[str, Any]:
    """The job as soon as it is in one of `states`; the last one seen if it never is."""
    until_s = time.monotonic() + wait_s
    while True:
        found: dict[str, Any] = daemon.api.get(f"/api/jobs/{job}")["job"]
        if found["state"] in states:
            return found
        if time.monotonic() > until_s:
            why = daemon.api.get(f"/api/jobs/{job}/explain")
            told = f"{why['why']} {why['places']}\n{log_of(daemon, job)}"
            raise AssertionError(f"job {job} is {found['state']}: {found['reason']}\n{told}")
        time.sleep(0.02)


def explained(daemon: PrivateDaemon, job: str) -> dict[str, Any]:
    """Why it waits, once the queue was looked at: a job that is new says that it is."""
    until_s = time.monotonic() + WAIT_S
    while True:
        told: dict[str, Any] = daemon.api.get(f"/api/jobs/{job}/explain")
        if "It is new" not in told["why"] or time.monotonic() > until_s:
            return told
        time.sleep(0.02)


def ended(daemon: PrivateDaemon, job: str) -> dict[str, Any]:
    return until(daemon, job, *ENDED)


def log_of(daemon: PrivateDaemon, job: str) -> str:
    return str(daemon.api.get(f"/api/jobs/{job}/log")["text"])
