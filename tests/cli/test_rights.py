"""`tenfold rights`: says what there is, prints what to paste, and changes nothing."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tenfold.cli.rights import rights
from tenfold.rights.unit import commands, unit


@pytest.fixture(autouse=True)
def no_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENFOLD_HOME", str(tmp_path))


def test_without_a_daemon_and_a_helper_it_is_advisory(capsys: pytest.CaptureFixture[str]) -> None:
    assert rights([]) == 0
    said = capsys.readouterr().out
    assert "advisory" in said and "tenfold rights install" in said
    assert rights(["--json"]) == 0
    assert json.loads(capsys.readouterr().out)["granted"] is False


def test_install_prints_the_commands_and_runs_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert rights(["install", "--uid", "1000"]) == 0
    said = capsys.readouterr().out
    assert all(line in said for line in commands(1000))
    assert rights(["install", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["commands"] == commands(os.getuid())
    assert rights(["remove"]) == 0
    assert "disable --now" in capsys.readouterr().out


def test_the_unit_comes_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert rights(["install", "--unit", "--uid", "1000"]) == 0
    assert capsys.readouterr().out == unit(1000)
