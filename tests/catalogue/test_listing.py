"""The list is the folder listing, and costs next to nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tenfold.catalogue.listing import listing, lookup, owner_home, title


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ('"""Wind: a tunnel.\n\nMore."""\n', "Wind: a tunnel."),
        ('#!/usr/bin/env python\n# hello\n\n"""Wind."""\nimport nothing_here\n', "Wind."),
        ('"""\n  Wind.\n  """', "Wind."),
        ("'''Wind \"x\".'''", 'Wind "x".'),
        ('r"""Wind \\o/."""', "Wind \\o/."),
        ('"""Wind \\u2022."""', "Wind •."),
        ("'Wind.'\n", "Wind."),
        ('"""Wind "quoted" here."""\nx = """y"""\n', 'Wind "quoted" here.'),
        ("x = 1\n'''No.'''\n", "(no docstring)"),
        ('x = """No."""\n', "(no docstring)"),
        ("", "(no docstring)"),
    ],
)
def test_title(source: str, line: str) -> None:
    assert title(source) == line


def test_a_file_that_is_no_python() -> None:
    assert title("x = (\n").startswith("(cannot be read: ")


def test_the_owners_files_are_listed(tmp_path: Path) -> None:
    write(tmp_path / "workloads" / "mine" / "wind.py", '"""Wind: mine."""\n')
    write(tmp_path / "workloads" / "mine" / "_shared.py", '"""Not one."""\n')
    write(tmp_path / "workloads" / "mine" / "notes.txt", "no\n")
    write(tmp_path / "workloads" / "__pycache__" / "x.py", '"""Not one."""\n')
    write(tmp_path / "workloads" / "mine" / "bytes.py", "")
    (tmp_path / "workloads" / "mine" / "bytes.py").write_bytes(b'"""\xff"""\n')
    entries = {entry.name: entry for entry in listing(tmp_path)}
    own = [name for name in entries if name.startswith("mine.")]
    assert own == ["mine.bytes", "mine.wind"]
    assert entries["mine.wind"].title == "Wind: mine."
    assert entries["mine.wind"].module == ""
    assert entries["mine.bytes"].title.startswith("(cannot be read: ")
    assert entries["system.command"].module == "tenfold.workloads.system.command"
    assert list(entries) == sorted(entries)


def test_an_edit_changes_the_hash(tmp_path: Path) -> None:
    path = write(tmp_path / "workloads" / "mine" / "wind.py", '"""Wind."""\n')
    entry = lookup("mine.wind", tmp_path)
    assert entry is not None
    before = entry.file_hash
    path.write_text('"""Wind."""\nx = 1\n')
    assert entry.file_hash != before


def test_ours_come_before_the_owners(tmp_path: Path) -> None:
    write(tmp_path / "workloads" / "system" / "command.py", '"""Another command."""\n')
    write(tmp_path / "workloads" / "system" / "extra.py", '"""Extra."""\n')
    entries = {entry.name: entry for entry in listing(tmp_path)}
    assert entries["system.command"].title.startswith("Command:")
    assert entries["system.extra"].title == "Extra."
    for name in ("system.command", "system.extra"):
        assert lookup(name, tmp_path) == entries[name]


@pytest.mark.parametrize("name", ["", "system", "system.", "system.nothing", "system.__init__"])
def test_no_such_workload(tmp_path: Path, name: str) -> None:
    assert lookup(name, tmp_path) is None


def test_packages_of_other_people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    points = "[console_scripts]\nx = y:z\n\n[tenfold.workloads]\n# ours\nwind = other.work.files\n"
    write(site / "other-1.0.dist-info" / "entry_points.txt", points + "\n[more]\nwind = no\n")
    write(site / "other" / "__init__.py", "raise RuntimeError('nothing is imported')\n")
    write(site / "other" / "work" / "files" / "tunnel.py", '"""Tunnel: theirs."""\n')
    gone = "[tenfold.workloads]\ngone = not.there\n"
    write(site / "gone-1.0.dist-info" / "entry_points.txt", gone)
    monkeypatch.syspath_prepend(str(site))
    entry = lookup("wind.tunnel", tmp_path)
    assert entry is not None and entry in listing(tmp_path)
    assert (entry.title, entry.module) == ("Tunnel: theirs.", "other.work.files.tunnel")
    assert not [one for one in listing(tmp_path) if one.group in ("gone", "x")]


def test_the_home() -> None:
    assert owner_home({"TENFOLD_HOME": "/somewhere"}) == Path("/somewhere")
    assert owner_home({}) == Path.home() / ".tenfold"


def test_it_is_light() -> None:
    """`tenfold workloads` waits for it: no pydantic, no importlib.metadata, nothing listed."""
    script = (
        "import sys\nfrom pathlib import Path\n"
        "from tenfold.catalogue.listing import listing\nlisting(Path('/nowhere'))\n"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=os.environ, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    heavy = {"pydantic", "importlib.metadata", "numpy", "inspect", "json", "email"}
    assert not {"tenfold.workloads", "tenfold.workloads.system"} & loaded
    assert not (heavy - {"inspect"}) & loaded
