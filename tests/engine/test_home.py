"""The home: made, taken by one daemon, and its secret."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tenfold.engine.home import Home
from tenfold.terms.refusal import Refusal

TAKE = """
import sys
from pathlib import Path
from tenfold.engine.home import Home
from tenfold.terms.refusal import Refusal
try:
    Home(Path(sys.argv[1])).take()
    print("taken")
except Refusal as told:
    print(told.code, told.facts["pid"])
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def take_elsewhere(home: Home) -> str:
    argv = [sys.executable, "-c", TAKE, str(home.path)]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()


def test_it_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    home = Home(tmp_path / "a" / "home")
    home.prepare()
    assert mode(home.path) == 0o700
    assert home.jobs.is_dir()
    assert sorted(path.name for path in home.path.iterdir()) == ["jobs"]
    home.prepare()


def test_one_that_others_could_read_is_closed(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.path.mkdir(mode=0o755)
    home.prepare()
    assert mode(home.path) == 0o700


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(Refusal) as told:
        Home(tmp_path / "home").prepare()
    assert told.value.code == "home.unwritable"


def test_one_process_takes_it_and_its_end_gives_it_back(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    held = home.take()
    assert take_elsewhere(home) == f"daemon.second {os.getpid()}"
    os.close(held)
    assert take_elsewhere(home) == "taken"
    os.close(home.take())


def test_the_token_is_made_once(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    token = home.token()
    assert len(token) >= 43
    assert home.token() == token
    assert mode(home.token_file) == 0o600
    home.token_file.chmod(0o644)
    home.token()
    assert mode(home.token_file) == 0o600


@pytest.mark.parametrize("content", ["", "\n", "  "])
def test_an_empty_token_is_none(tmp_path: Path, content: str) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    home.token_file.write_text(content)
    assert len(home.token()) >= 43
