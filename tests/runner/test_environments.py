"""What an `env` names, and how the argv is started in it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tenfold.runner.environments import (
    PACKAGED,
    Launch,
    built,
    known,
    launch,
    own_requirements,
    pins,
    uv_path,
)
from tenfold.terms.refusal import Refusal

ENVIRON = {"PATH": "/usr/bin", "VIRTUAL_ENV": "/ours", "PYTHONPATH": "/ours", "KEPT": "1"}


def started(tmp_path: Path, env: str, *argv: str) -> Launch:
    return launch(argv, env, tmp_path, tmp_path / "home", ENVIRON)


def executable(path: Path, text: str = "#!/bin/sh\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_main_environment(tmp_path: Path) -> None:
    got = started(tmp_path, "", "python", "train.py")
    assert got.argv == ("python", "train.py")
    assert got.variables["PATH"] == f"{Path(sys.executable).parent}{os.pathsep}/usr/bin"
    assert got.variables["KEPT"] == "1"


def test_uv_project(tmp_path: Path) -> None:
    got = started(tmp_path, "uv", "train", "--fast")
    assert got.argv == (uv_path(), "run", "--", "train", "--fast")
    assert got.variables == {"PATH": "/usr/bin", "KEPT": "1"}


SCRIPT = "#!/usr/bin/env python3\n# /// script\n# dependencies = []\n# ///\nprint(1)\n"


@pytest.mark.parametrize(
    ("argv", "wanted"),
    [
        (("python", "s.py", "-x"), ("s.py", "-x")),
        (("python3.12", "-u", "s.py"), ("s.py",)),
        (("/usr/bin/python3", "s.py"), ("s.py",)),
        (("./s.py", "-x"), ("./s.py", "-x")),
        (("python", "plain.py"), None),
        (("python", "-O", "s.py"), None),  # uv would lose the -O
        (("python", "-m", "s"), None),
        (("python",), None),
        (("bash", "s.py"), None),
        (("python", "gone.py"), None),
    ],
)
def test_own_requirements(
    tmp_path: Path, argv: tuple[str, ...], wanted: tuple[str, ...] | None
) -> None:
    (tmp_path / "s.py").write_text(SCRIPT)
    (tmp_path / "plain.py").write_text("text = ' # /// script'\n")
    assert own_requirements(argv, tmp_path) == wanted


def test_a_script_with_requirements_runs_by_uv(tmp_path: Path) -> None:
    (tmp_path / "s.py").write_text(SCRIPT)
    assert started(tmp_path, "", "python", "s.py").argv == (uv_path(), "run", "--script", "s.py")
    # Who names an environment means it.
    named = started(tmp_path, "uv", "python", "s.py")
    assert named.argv == (uv_path(), "run", "--", "python", "s.py")


def test_conda(tmp_path: Path) -> None:
    stand_in = executable(tmp_path / "bin" / "conda")
    environ = {"PATH": f"{stand_in.parent}:/usr/bin", "CONDA_PREFIX": "/ours"}
    got = launch(("python", "t.py"), "conda:night", tmp_path, tmp_path, environ)
    wanted = (str(stand_in), "run", "--no-capture-output", "-n", "night", "python", "t.py")
    assert got.argv == wanted
    assert "CONDA_PREFIX" not in got.variables
    with pytest.raises(Refusal) as absent:
        launch(("python",), "conda:night", tmp_path, tmp_path, {"PATH": "/nowhere"})
    assert absent.value.code == "env.unknown"
    assert "no conda" in absent.value.why


@pytest.mark.parametrize("env", ["./venv", "venv/", "venv/bin/python", "{}/venv"])
def test_a_path_to_a_venv(tmp_path: Path, env: str) -> None:
    python = executable(tmp_path / "venv" / "bin" / "python")
    (tmp_path / "venv" / "pyvenv.cfg").touch()
    got = started(tmp_path, env.format(tmp_path), "python3", "t.py")
    assert got.argv == (str(python), "t.py")
    assert got.variables["PATH"] == f"{python.parent}{os.pathsep}/usr/bin"
    assert got.variables["VIRTUAL_ENV"] == str(tmp_path / "venv")
    assert "PYTHONPATH" not in got.variables
    assert started(tmp_path, env.format(tmp_path), "ruff").argv == ("ruff",)


def test_an_interpreter_outside_a_venv(tmp_path: Path) -> None:
    python = executable(tmp_path / "opt" / "python3.13")
    got = started(tmp_path, str(python), "python", "t.py")
    assert got.argv == (str(python), "t.py")
    assert "VIRTUAL_ENV" not in got.variables


@pytest.mark.parametrize("env", ["./none", "./empty", "./file"])
def test_a_path_that_is_no_environment(tmp_path: Path, env: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(Refusal) as refused:
        started(tmp_path, env, "python")
    assert refused.value.code == "env.unknown"


def test_a_built_one(tmp_path: Path) -> None:
    home = tmp_path / "home"
    python = executable(home / "environments" / "night" / "bin" / "python")
    assert built("night", home) == home / "environments" / "night"
    assert started(tmp_path, "night", "python", "t.py").argv == (str(python), "t.py")


def test_one_that_is_not_built_says_how(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as refused:
        started(tmp_path, "notebook", "python")
    assert refused.value.code == "env.unknown"
    assert refused.value.next == "tenfold env build notebook"


def test_one_that_nobody_knows(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as refused:
        started(tmp_path, "nigth", "python")
    assert "notebook" in refused.value.why
    assert refused.value.next.endswith("tenfold env build nigth")


def test_the_owners_pins_come_first(tmp_path: Path) -> None:
    assert pins("notebook", tmp_path) == PACKAGED / "notebook.txt"
    own = tmp_path / "environments" / "notebook.txt"
    own.parent.mkdir()
    own.touch()
    (own.parent / "mine.txt").touch()
    assert pins("notebook", tmp_path) == own
    assert {"mine", "notebook"} <= set(known(tmp_path))
    assert pins("../notebook", tmp_path) is None
