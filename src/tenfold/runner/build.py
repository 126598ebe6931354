"""Builds an environment with uv: `python -m tenfold.runner.build NAME`.

From the owner's HOME/environments/NAME.txt, or else this package's environments/NAME.txt, into
HOME/environments/NAME. Built beside and renamed when complete, so a name that is there is whole; a
build that is broken off leaves nothing. `tenfold.json` in it says from which pins it was made.

The last line on stdout is {"ok": {...}} or {"refusal": {...}}; what uv says goes to stderr.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tenfold.catalogue.listing import owner_home
from tenfold.folder.durable import write_json
from tenfold.runner.environments import pins, unpinned, uv_path
from tenfold.terms.refusal import Refusal, refusal

RECORD = "tenfold.json"


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        sys.stderr.write("python -m tenfold.runner.build NAME\n")
        return 2
    try:
        folder = build(arguments[0], owner_home(os.environ), os.environ)
        answer: dict[str, Any] = {"ok": {"name": arguments[0], "folder": str(folder)}}
    except Refusal as refused:
        answer = {"refusal": refused.as_json()}
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0 if "ok" in answer else 1


def build(name: str, home: Path, environ: Mapping[str, str]) -> Path:
    """The folder of the environment, built anew unless its pins are the same. Raises a Refusal:
    `env.unknown` without pins, `env.build` with what uv said last."""
    listed = pins(name, home)
    if listed is None:
        raise unpinned(name, home)
    target = home / "environments" / name
    digest = hashlib.sha256(listed.read_bytes()).hexdigest()
    if built_from(target) == digest:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    half = target.parent / f".{name}.{os.getpid()}.half"
    try:
        _fill(half, name, listed, environ)
        record = {"pins_sha256": digest, "built_s": time.time(), "python": sys.version.split()[0]}
        write_json(half / RECORD, record)
        _put(half, target)
    finally:
        shutil.rmtree(half, ignore_errors=True)
    return target


def built_from(folder: Path) -> str | None:
    """sha256 of the pins that `folder` was built from; None where nothing is built."""
    try:
        return str(json.loads((folder / RECORD).read_bytes())["pins_sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _fill(half: Path, name: str, listed: Path, environ: Mapping[str, str]) -> None:
    # `--relocatable`, because the scripts inside name the folder they were installed to, and this
    # one is renamed.
    venv = ("venv", "--relocatable", "--python", sys.executable, str(half))
    install = ("pip", "install", "--python", str(half / "bin" / "python"), "--compile-bytecode")
    # A folder of wheels that pip is told of, uv is told of as well.
    settings = {"UV_FIND_LINKS": environ.get("PIP_FIND_LINKS", ""), **environ}
    for arguments in (venv, (*install, "-r", str(listed))):
        with subprocess.Popen(
            [uv_path(), *arguments],
            env=settings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as said:
            last = _passed_on(said)
        if said.returncode != 0:
            raise refusal("env.build", name=name, why=last or f"uv ended with {said.returncode}.")


def _passed_on(said: subprocess.Popen[str]) -> str:
    """Shows what uv says, and returns its last lines in one."""
    lines: list[str] = []
    assert said.stdout is not None  # it was asked for
    for line in said.stdout:
        sys.stderr.write(line)
        lines = [*lines, line.strip()][-6:]
    return " ".join(line for line in lines if line)


def _put(half: Path, target: Path) -> None:
    old = half.with_suffix(".old")
    if target.exists():
        os.rename(target, old)
    os.rename(half, target)
    shutil.rmtree(old, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
