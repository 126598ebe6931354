"""The profile: remembered, shown, forgotten without a trace."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tenfold.science.retrieval.profile import (
    FILE,
    begin,
    forget,
    numbered,
    read_profile,
    remember,
)
from tenfold.terms.refusal import Refusal


def test_remember_and_forget(tmp_path: Path) -> None:
    begin(tmp_path)
    assert read_profile(tmp_path) == ""
    remember(tmp_path, "I fly at\nTailwind field")
    remember(tmp_path, "my sister is Oona")
    assert read_profile(tmp_path) == (
        "## What to remember\n\n- I fly at Tailwind field\n- my sister is Oona"
    )
    assert numbered(tmp_path) == ["1  - I fly at Tailwind field", "2  - my sister is Oona"]
    assert forget(tmp_path, "tailwind") == ["- I fly at Tailwind field"]
    assert forget(tmp_path, "1") == ["- my sister is Oona"]
    left = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"Tailwind" not in left and b"Oona" not in left
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    for what in ("0", "7", "", "Oona"):
        with pytest.raises(Refusal):
            forget(tmp_path, what)


def test_old_bytes_are_overwritten_in_place(tmp_path: Path) -> None:
    remember(tmp_path, "the code is 4711")
    descriptor = os.open(tmp_path / FILE, os.O_RDONLY)
    forget(tmp_path, "the code")
    assert b"4711" not in os.pread(descriptor, 10_000, 0)  # the same file, not a new one
    os.close(descriptor)


def test_your_own_edits_stay(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("# Profile\n\n## How I write\n\nShort.\n\n## Else\n\nx\n")
    remember(tmp_path, "new")
    assert "Short." in read_profile(tmp_path) and read_profile(tmp_path).endswith("- new")


def test_one_too_long_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("x" * 30_000)
    with pytest.raises(Refusal, match="too long"):
        read_profile(tmp_path)


def test_the_act_of_its_own(tmp_path: Path) -> None:
    def act(*words: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "tenfold.science.retrieval.profile", str(tmp_path), *words]
        return subprocess.run(argv, capture_output=True, text=True, timeout=30)

    assert act("remember", "I", "like", "tea").stdout == "1  - I like tea\n"
    done = act("forget", "tea")
    assert (done.returncode, done.stdout) == (0, "The profile is empty.\n")
    assert "no line" in act("forget", "tea").stderr
