"""Cgroups of attempts, on the real kernel where it gives us one."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tenfold.engine import cgroup


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[Path]:
    found = cgroup.parent(tmp_path)
    if found is None:
        pytest.skip("this machine gives us no cgroup of our own")
    yield found
    cgroup.leave(found)


def inside(group: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        ["/bin/sh", "-c", f"echo 0 > {group}/cgroup.procs; exec sleep 600"],
    )
    deadline = time.monotonic() + 5
    while "populated 1" not in (group / "cgroup.events").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return process


def test_everything_in_it_is_ended_and_it_is_gone(parent: Path) -> None:
    group = cgroup.make(parent, "t" * 32)
    assert group is not None
    process = inside(group)
    assert cgroup.end(group) is False  # killed, and not gone yet
    assert process.wait(5) == -9
    deadline = time.monotonic() + 5
    while not cgroup.end(group):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert not group.exists()
    assert cgroup.end(group) is True


def test_leaving_spares_what_lives(parent: Path) -> None:
    live, empty = cgroup.make(parent, "a" * 32), cgroup.make(parent, "b" * 32)
    assert live is not None and empty is not None
    process = inside(live)
    cgroup.leave(parent)
    assert live.exists() and not empty.exists()
    process.kill()
    process.wait()
    cgroup.leave(parent)
    assert not parent.exists()


def test_without_cgroups_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "cgroup").write_text("1:cpu:/somewhere\n")
    assert cgroup.parent(tmp_path, tmp_path / "cgroup") is None
