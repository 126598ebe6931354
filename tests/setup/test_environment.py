"""A .venv in every state that a broken-off setup leaves, and what is done with it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from importlib.metadata import distributions
from pathlib import Path

import environment
import install
import machine
import plan
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real venv, with the uv of this one."""
    path: Path = tmp_path_factory.mktemp("whole") / ".venv"
    environment.make(path, "demo")
    (path / "bin" / "uv").symlink_to(Path(sys.executable).with_name("uv"))
    (site(path) / "tenfold").mkdir()
    (site(path) / "tenfold" / "version.py").write_text("VERSION = '1'\n")
    environment.stamp(path, "demo", "sources")
    return path


@pytest.fixture
def venv(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / ".venv", symlinks=True))


def site(venv: Path) -> Path:
    (found,) = venv.glob("lib/python3.*/site-packages")
    return found


def test_a_whole_one_is_left_alone(venv: Path) -> None:
    assert environment.is_ready(venv, "demo", "sources")
    assert environment.is_sound(venv) and environment.is_known(venv)
    assert not environment.is_ready(venv, "test", "sources"), "another extra"
    assert not environment.is_ready(venv, "demo", "other sources")


def test_a_stamp_that_was_cut_off(venv: Path) -> None:
    (venv / ".demo").write_text("")
    assert not environment.is_ready(venv, "demo", "sources")
    (venv / ".demo").unlink()
    assert environment.is_sound(venv) and not environment.is_known(venv)


@pytest.mark.parametrize("gone", ["bin/uv", "bin/python", "pip", ".half"])
def test_half_of_one_is_seen(venv: Path, gone: str) -> None:
    if gone == ".half":
        (venv / ".half").touch()
    elif gone == "pip":
        (site(venv) / "pip" / "__init__.py").unlink()
        (site(venv) / "pip").rename(site(venv) / "pap")
    else:
        (venv / gone).unlink()
    assert not environment.is_sound(venv)
    assert not environment.is_ready(venv, "demo", "sources")


def test_a_python_that_is_gone_is_seen(venv: Path) -> None:
    """An upgrade of the system took the interpreter that the link leads to. A new environment
    keeps nothing of the old."""
    (site(venv) / "half-a-package").mkdir()
    (venv / "bin" / "python").unlink()
    (venv / "bin" / "python").symlink_to("/nonexistent/python3.11")
    assert not environment.is_ready(venv, "demo", "sources")
    environment.make(venv, "demo")
    assert (venv / ".half").exists() and environment._succeeds(venv, "import pip")
    assert not (site(venv) / "half-a-package").exists() and not (venv / ".demo").exists()


def test_a_file_in_its_place_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / ".venv").write_text("not a folder")
    with pytest.raises(environment.Refusal) as no:
        environment.make(tmp_path / ".venv", "demo")
    assert no.value.code == "venv"


def test_the_sources_decide(tmp_path: Path) -> None:
    for name in environment.SOURCES:
        (tmp_path / name).write_text(name)
    before = environment.digest(tmp_path)
    (tmp_path / "constraints.txt").write_text("torch==2.13.0")
    assert environment.digest(tmp_path) != before


def test_setups_take_turns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And a uv that outlived its setup keeps the next one waiting: it holds the lock too."""
    held = install._alone(tmp_path)
    orphan = subprocess.Popen(["sleep", "60"], pass_fds=(held,))
    os.close(held)
    waiting = threading.Thread(target=lambda: os.close(install._alone(tmp_path)))
    waiting.start()
    until_s = time.monotonic() + 10
    while "waiting for it" not in capsys.readouterr().out:
        assert time.monotonic() < until_s
        time.sleep(0.01)
    assert waiting.is_alive()
    orphan.kill()
    orphan.wait()
    waiting.join(10)
    assert not waiting.is_alive()


def test_uv_is_told_what_pip_is_told() -> None:
    told = install.variables({"PIP_FIND_LINKS": "/a /b", "PIP_INDEX_URL": "https://i.example"})
    assert told["UV_FIND_LINKS"] == "/a,/b" and told["UV_DEFAULT_INDEX"] == "https://i.example"
    assert (
        install.variables({"UV_FIND_LINKS": "/c", "PIP_FIND_LINKS": "/a"})["UV_FIND_LINKS"] == "/c"
    )


# --- this environment


def cuda_here(folders: list[str] | None = None) -> list[str]:
    """Names of what is installed and serves only a machine with a driver."""
    found = distributions(path=folders) if folders else distributions()
    wheels = [plan.Wheel(d.metadata["Name"].lower(), d.version, None, "") for d in found]
    return plan.Plan(ROOT, tuple(wheels), "").cuda()


def test_no_cuda_is_installed_without_a_driver() -> None:
    """Of the interpreter that runs this: it is the one that setup made."""
    if not machine.has_driver():
        assert cuda_here() == []


def test_cuda_that_is_installed_would_be_seen(tmp_path: Path) -> None:
    for name in ("nvidia_cublas", "nvidia_ml_py", "torch"):
        folder = tmp_path / f"{name}-1.dist-info"
        folder.mkdir()
        version = "2.13.0+cu130" if name == "torch" else "1"
        text = f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n"
        (folder / "METADATA").write_text(text)
    assert sorted(cuda_here([str(tmp_path)])) == ["nvidia-cublas", "torch"]
