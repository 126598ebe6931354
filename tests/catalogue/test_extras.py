"""The table of extras and pyproject.toml say the same."""

from __future__ import annotations

import re
import shlex
import sys
import tomllib
from pathlib import Path

import pytest

from tenfold.catalogue import extras

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
# What a distribution is called where its module has another name.
MODULE_OF = {"sentence-transformers": "sentence_transformers", "warp-lang": "warp"}
# Extras for people who install, not for workloads.
FOR_PEOPLE = {"demo", "test"}


def test_the_table_is_pyproject() -> None:
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    wanted = {}
    for extra, lines in project["optional-dependencies"].items():
        if extra not in FOR_PEOPLE:
            names = [re.split(r"[\[<>=!~ ]", line)[0] for line in lines]
            wanted[extra] = tuple(sorted(MODULE_OF.get(name, name) for name in names))
    assert wanted == extras.MODULES


def test_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {"there": ("json", "sys"), "half": ("json", "nosuchmodule"), "none": ("nosuchmodule",)}
    monkeypatch.setattr(extras, "MODULES", table)
    assert extras.missing(("there",)) == ()
    assert extras.missing(("none", "there", "half", "unheard")) == ("none", "half", "unheard")


def test_the_command_installs_from_this_checkout() -> None:
    root = PYPROJECT.parent
    line = extras.install_command(("simulate", "llm"))
    words = shlex.split(line)
    assert words[-2:] == ["-e", f"{root}[simulate,llm]"]
    assert Path(words[words.index("-c") + 1]) == root / "constraints.txt"
    assert words[:3] == [sys.executable, "-m", "pip"]


def test_the_command_of_an_installed_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "source_folder", lambda: None)
    assert extras.install_command(("llm",)).endswith("-m pip install 'tenfold[llm]'")
