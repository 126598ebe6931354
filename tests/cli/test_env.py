"""Environments are built whole, beside the old one; uv is the real one, with nothing to fetch."""

import json
import subprocess
import zipfile

import pytest

from tenfold.cli.__main__ import main


@pytest.fixture
def pins(tmp_path, monkeypatch):
    monkeypatch.setenv("TENFOLD_HOME", str(tmp_path))
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    folder = tmp_path / "environments"
    folder.mkdir()
    return folder


def wheel(folder):
    """A package whose one program says which environment it runs in."""
    path = folder / "hello-1-py3-none-any.whl"
    about = "hello-1.dist-info"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("hello.py", "import sys\ndef say(): print(sys.prefix)\n")
        file.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: hello\nVersion: 1\n")
        file.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        file.writestr(f"{about}/entry_points.txt", "[console_scripts]\nhello = hello:say\n")
        file.writestr(f"{about}/RECORD", "")
    return path


def test_an_environment_is_built_from_its_list(pins, capsys, tmp_path):
    (pins / "mine.txt").write_text(f"hello @ {wheel(tmp_path).as_uri()}\n")
    assert main(["env", "--json"]) == 0
    listed = {row["name"]: row["built"] for row in json.loads(capsys.readouterr().out)}
    assert listed["mine"] is False
    assert main(["env", "build", "mine", "--json"]) == 0
    built = json.loads(capsys.readouterr().out)["path"]
    assert built == str(pins / "mine")
    ended = subprocess.run([f"{built}/bin/hello"], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == built


def test_a_failed_build_leaves_the_old_one(pins, capsys):
    (pins / "mine.txt").write_text("")
    (pins / "mine").mkdir()
    (pins / "mine" / "old").touch()
    (pins / "mine.txt").write_text("no-such-thing-of-ours==1\n")
    assert main(["env", "build", "mine", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["refusal"]["code"] == "env.build"
    assert (pins / "mine" / "old").exists()


def test_an_unknown_one_is_refused(pins, capsys):
    assert main(["env", "build", "other", "--json"]) == 2
    told = json.loads(capsys.readouterr().out)["refusal"]
    assert told["code"] == "env.unknown" and "environments/other.txt" in told["next"]
