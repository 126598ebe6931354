"""What setup says where it cannot go on: the real script, as a process, on a planted machine."""

from __future__ import annotations

import ast
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import machine
import pytest
import pythons
from refusal import TEXTS, Refusal

ROOT = Path(__file__).parents[2]
SETUP = ROOT / "setup"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout of nothing but what setup reads."""
    root = tmp_path / "checkout"
    root.mkdir()
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(SETUP, root / "setup", ignore=ignored)
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, root)
    return root


def run(root: Path, extra: str = "demo", before: str = "", **more: str) -> list[str]:
    """The lines of the Refusal: what, why, next. `before` is run by the same Python first."""
    code = f"import runpy, sys\n{before}\nsys.argv = ['setup', '{extra}']\n"
    code += f"runpy.run_path({str(root / 'setup')!r}, run_name='__main__')\n"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **more},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2, (done.stdout, done.stderr)
    lines = done.stderr.splitlines()
    assert len(lines) == 3, done.stderr
    assert lines[1].startswith("  why   ") and lines[2].startswith("  next  ")
    return lines


def program(path: Path, text: str = "#!/bin/sh\nexit 0\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


# --- Python


OLD = "import sys; sys.version_info = (3, 9, 2, 'final', 0)"


def test_an_old_python_is_told_of_a_newer_one(checkout: Path, tmp_path: Path) -> None:
    program(tmp_path / "bin" / "python3.12")
    program(tmp_path / "bin" / "python3.10")
    program(tmp_path / "bin" / "python3.13", "#!/bin/sh\nexit 127\n")  # a name that starts nothing
    what, why, next_step = run(checkout, before=OLD, PATH=str(tmp_path / "bin"))
    assert "too old" in what and "3.9.2" in why and "3.11" in why
    assert next_step == "  next  make PYTHON=python3.12 demo"


def test_an_old_python_alone_is_told_what_to_install(checkout: Path, tmp_path: Path) -> None:
    _, _, next_step = run(checkout, "test", before=OLD, PATH=str(tmp_path))
    assert next_step == "  next  install Python 3.11, then make PYTHON=python3.11 test"
    program(tmp_path / "apt-get")
    _, _, next_step = run(checkout, "test", before=OLD, PATH=str(tmp_path))
    assert next_step.startswith("  next  sudo apt-get install python3.11 python3.11-venv")


def test_a_python_that_will_do_is_content() -> None:
    pythons.check((3, 11, 0), "python3", "", "demo")
    with pytest.raises(Refusal):
        pythons.check((3, 10, 14), "python3", "", "demo")


@pytest.mark.parametrize("path", sorted(SETUP.glob("*.py")), ids=lambda path: path.name)
def test_an_old_python_can_read_it(path: Path) -> None:
    ast.parse(path.read_text(), feature_version=(3, 8))


def test_the_first_files_read_nothing_that_an_old_python_lacks() -> None:
    """`from __future__ import annotations` is of 3.7; list[int] in a signature of 3.9."""
    for name in ("__main__", "pythons", "refusal"):
        text = (SETUP / f"{name}.py").read_text()
        assert "__future__" not in text
        for word in ("list[", "dict[", "set[", "tuple[", " | None"):
            assert word not in text, (name, word)


@pytest.mark.parametrize("part", ["venv", "ensurepip"])
def test_a_python_without_venv(checkout: Path, tmp_path: Path, part: str) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / f"{part}.py").write_text("raise ImportError('not here')\n")
    program(tmp_path / "bin" / "apt-get")
    more = {"PYTHONPATH": str(tmp_path / "broken"), "PATH": str(tmp_path / "bin")}
    what, why, next_step = run(checkout, **more)
    assert "virtual environment" in what and part in why
    minor = sys.version_info[1]
    assert next_step == f"  next  sudo apt-get install python3.{minor}-venv && make demo"
    assert not (checkout / ".venv").exists()


# --- the machine


def test_tests_need_a_compiler(checkout: Path, tmp_path: Path) -> None:
    what, _, next_step = run(checkout, "test", PATH=str(tmp_path))
    assert "C compiler" in what and "make test" in next_step


def test_the_demo_needs_none(tmp_path: Path) -> None:
    machine.compiler(str(tmp_path), "demo")
    with pytest.raises(Refusal):
        machine.compiler(str(tmp_path), "test")


def test_a_folder_that_cannot_be_written(checkout: Path) -> None:
    """Root may write anywhere, so where we are root the folder is given to somebody else's eyes."""
    checkout.chmod(0o555)
    if os.geteuid() == 0:
        plant = "import os; os.mkdir = lambda *_, **__: (_ for _ in ()).throw("
        plant += "OSError(30, 'Read-only file system'))"
        what, why, next_step = run(checkout, before=plant)
        assert "Read-only file system" in why
    else:
        what, why, next_step = run(checkout)
    checkout.chmod(0o755)
    assert f"The folder {checkout} cannot be written" in what
    assert f"cp -r {checkout} ~/tenfold && make -C ~/tenfold demo" in next_step


def test_a_full_disk(checkout: Path) -> None:
    plant = "import shutil, collections; usage = collections.namedtuple('u', 'total used free')\n"
    plant += "shutil.disk_usage = lambda path: usage(9e9, 9e9, 5e6)"
    what, why, _ = run(checkout, before=plant)
    assert "too full" in what and "150 MB" in why and "5 MB are free" in why
    assert not (checkout / ".venv").exists(), "found out before anything was written"


def test_room_is_measured_where_the_folder_will_be(tmp_path: Path) -> None:
    machine.room("It", tmp_path / "not" / "yet", 1.0, "demo")
    with pytest.raises(Refusal) as no:
        machine.room("It", tmp_path / "not" / "yet", 1e18, "demo")
    assert str(tmp_path) in no.value.why


def test_usage(checkout: Path) -> None:
    done = subprocess.run([sys.executable, str(checkout / "setup")], capture_output=True, text=True)
    assert done.returncode == 2 and "EXTRA" in done.stderr


def test_every_text_is_used() -> None:
    code = "".join(path.read_text() for path in SETUP.glob("*.py"))
    for name in TEXTS:
        assert f'"{name}"' in code.replace(f'    "{name}": (', ""), name
