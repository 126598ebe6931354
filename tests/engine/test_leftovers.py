"""Leftovers are found by their token, wherever they went, and nothing else is touched."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tenfold.engine import leftovers
from tenfold.folder.paths import TOKEN_VARIABLE

TOKEN = "0123456789abcdef" * 2
OTHER = "f" * 32
DAEMONISES = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print(os.getpid(), flush=True)
        time.sleep(60)
    os._exit(0)
os._exit(0)
"""


def start(token: str, code: str) -> int:
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, TOKEN_VARIABLE: token},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    process.stdout.close()
    process.wait()
    return pid


@pytest.fixture
def other() -> Iterator[int]:
    pid = start(OTHER, DAEMONISES)
    yield pid
    leftovers.end([OTHER])


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_a_daemon_that_left_its_session_is_ended_and_its_neighbour_is_not(other: int) -> None:
    pid = start(TOKEN, DAEMONISES)
    assert leftovers.left([TOKEN]) == {TOKEN: [pid]}
    assert leftovers.end([TOKEN]) == {TOKEN}
    deadline = time.monotonic() + 5
    while leftovers.left([TOKEN]) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert leftovers.end([TOKEN]) == set()
    assert not alive(pid)
    assert alive(other)


def test_a_variable_that_only_ends_like_ours_is_not_ours() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", "import time; print(1, flush=True); time.sleep(60)"],
        env={**os.environ, "NOT_" + TOKEN_VARIABLE: TOKEN},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    assert leftovers.left([TOKEN]) == {}
    process.kill()
    process.wait()
    process.stdout.close()
