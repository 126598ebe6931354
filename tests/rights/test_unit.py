"""What a person pastes to install the helper, and the unit that it runs under."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from tenfold.rights.unit import HELPER, INSTALLED, SOCKET, UNIT, commands, removal, unit

EXPOSED = 25  # tenths, of 100: without any hardening it is 96


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / UNIT.name
    path.write_text(unit(1000))
    return path


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed (make test-system)")
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True)


def test_systemd_understands_the_unit(written: Path) -> None:
    told = analyze("verify", str(written))
    ours = [line for line in told.stderr.splitlines() if UNIT.name in line]
    assert ours == [] and told.returncode == 0, told.stderr


def test_the_unit_leaves_little_open(written: Path) -> None:
    told = analyze("security", "--offline=yes", f"--threshold={EXPOSED}", str(written))
    assert told.returncode == 0, told.stdout.splitlines()[-1]


def test_what_root_runs_lies_where_only_root_writes(written: Path) -> None:
    (start,) = [line for line in written.read_text().splitlines() if line.startswith("ExecStart")]
    _, _, command = start.partition("=")
    assert command == (
        f"/usr/bin/python3 -I -S {INSTALLED} 1000 {SOCKET} {SOCKET.with_name('state.json')}"
    )
    assert INSTALLED.parts[:3] == ("/", "usr", "libexec")


def test_the_commands_install_exactly_this_file() -> None:
    digest = hashlib.sha256(HELPER.read_bytes()).hexdigest()
    copy, check, written, _ = commands(1000)
    assert copy.split()[-2:] == [str(HELPER), str(INSTALLED)] and "-o root -g root" in copy
    assert digest in check
    assert f"--unit --uid 1000 | sudo tee {UNIT}" in written


def test_what_was_installed_is_removed() -> None:
    ended, deleted = removal()
    assert "disable --now" in ended
    assert str(UNIT) in deleted and str(INSTALLED.parent) in deleted
