"""Environments are built whole or not at all; from a wheel made here, with no network."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tenfold.runner.build import build, built_from
from tenfold.terms.refusal import Refusal


def wheel(folder: Path, name: str, version: str) -> None:
    """A wheel with one module and one program that both say `version`."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"VERSION = {version!r}\ndef main():\n    print({version!r})\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name}-says = {name}:main\n",
    }
    record = ""
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())
            record += f"{path},sha256={digest.decode().rstrip('=')},{len(text)}\n"
        archive.writestr(f"{info}/RECORD", record + f"{info}/RECORD,,\n")


def pinned(home: Path, wheels: Path, line: str) -> str:
    folder = home / "environments"
    folder.mkdir(parents=True, exist_ok=True)
    text = f"--no-index\n--find-links {wheels}\n{line}\n"
    (folder / "tiny.txt").write_text(text)
    return hashlib.sha256(text.encode()).hexdigest()


def environ(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "UV_CACHE_DIR": str(tmp_path / "cache")}


def says(folder: Path) -> str:
    program = folder / "bin" / "tinypack-says"
    return subprocess.run([program], capture_output=True, text=True, check=True).stdout.strip()


def test_built_kept_and_built_anew(tmp_path: Path) -> None:
    home, wheels = tmp_path / "home", tmp_path / "wheels"
    wheel(wheels, "tinypack", "1.0")
    wheel(wheels, "tinypack", "2.0")
    digest = pinned(home, wheels, "tinypack==1.0")
    folder = build("tiny", home, environ(tmp_path))
    assert folder == home / "environments" / "tiny"
    assert says(folder) == "1.0"  # its program works after the rename
    assert built_from(folder) == digest
    made_s = (folder / "tenfold.json").stat().st_mtime_ns

    build("tiny", home, environ(tmp_path))
    assert (folder / "tenfold.json").stat().st_mtime_ns == made_s

    pinned(home, wheels, "tinypack==2.0")
    build("tiny", home, environ(tmp_path))
    assert says(folder) == "2.0"
    assert sorted(os.listdir(folder.parent)) == ["tiny", "tiny.txt"]


def test_a_failed_build_leaves_what_was_there(tmp_path: Path) -> None:
    home, wheels = tmp_path / "home", tmp_path / "wheels"
    wheel(wheels, "tinypack", "1.0")
    pinned(home, wheels, "tinypack==1.0")
    folder = build("tiny", home, environ(tmp_path))
    pinned(home, wheels, "tinypack==3.0")
    with pytest.raises(Refusal) as refused:
        build("tiny", home, environ(tmp_path))
    assert refused.value.code == "env.build"
    assert "tinypack" in refused.value.why
    assert says(folder) == "1.0"
    assert sorted(os.listdir(folder.parent)) == ["tiny", "tiny.txt"]


def test_as_a_process(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tenfold.runner.build", "nothing"]
    home = {**os.environ, "TENFOLD_HOME": str(tmp_path)}
    done = subprocess.run(command, env=home, capture_output=True, text=True)
    assert done.returncode == 1
    refused = json.loads(done.stdout.splitlines()[-1])["refusal"]
    assert refused["code"] == "env.unknown"
