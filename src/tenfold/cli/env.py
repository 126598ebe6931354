"""`tenfold env`: environments for what clashes with the main one, each from a pinned list.

A list is `environments/NAME.txt`, of this package or (which wins) of the home. `build` makes a
whole environment beside the old one and then takes its place, so a failed build harms nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tenfold.cli.parser import Parser, with_json
from tenfold.cli.show import DIM, GREEN, note, say, say_json, tint
from tenfold.client.home import home_path
from tenfold.terms.refusal import refusal

PACKAGED = Path(__file__).resolve().parent.parent / "environments"


def env(argv: list[str]) -> int:
    parser = with_json(Parser("env", "List environments, or build one from its pinned list."))
    parser.add_argument("act", nargs="?", choices=["list", "build"], default="list")
    parser.add_argument("name", nargs="?", metavar="NAME")
    asked = parser.parse_args(argv)
    if asked.act == "list":
        return _list(home_path(), asked.json)
    if not asked.name:
        parser.error("build takes the name of an environment")
    built = build(home_path(), asked.name)
    if asked.json:
        say_json({"name": asked.name, "path": str(built)})
    else:
        say(f"Built {built}; use it with --env {asked.name}.")
    return 0


def pins(home: Path) -> dict[str, Path]:
    """The list of each environment, by name."""
    files = [*PACKAGED.glob("*.txt"), *(home / "environments").glob("*.txt")]
    return {file.stem: file for file in sorted(files, key=lambda file: file.parent != PACKAGED)}


def build(home: Path, name: str) -> Path:
    known = pins(home)
    if name not in known:
        why = f"Known are {', '.join(sorted(known))}." if known else "No list of pins is there."
        path = home / "environments" / f"{name}.txt"
        raise refusal("env.unknown", name=name, why=why, next=f"write {path}")
    target = home / "environments" / name
    half, old = target.with_name(f".{name}.half"), target.with_name(f".{name}.old")
    try:
        half.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for rest in (half, old):
            shutil.rmtree(rest, ignore_errors=True)
        # Relocatable: its scripts must still start once it has its own name.
        _uv(name, "venv", "--relocatable", "--python", sys.executable, str(half))
        _uv(name, "pip", "install", "--python", str(half), "--requirement", str(known[name]))
        if target.exists():
            target.rename(old)
        half.rename(target)
    except OSError as error:
        raise refusal("env.build", name=name, why=str(error)) from error
    shutil.rmtree(old, ignore_errors=True)
    return target


def _list(home: Path, as_json: bool) -> int:
    known = pins(home)
    folder = home / "environments"
    found = {name: (folder / name / "bin" / "python").exists() for name in sorted(known)}
    if as_json:
        say_json([{"name": n, "built": b, "pins": str(known[n])} for n, b in found.items()])
        return 0
    for name, built in found.items():
        state = tint("built    ", GREEN) if built else tint("not built", DIM)
        say(f"  {name:<16}{state}  {tint(str(known[name]), DIM)}")
    if not found:
        say(f"No environments. A list of pins in {folder}/NAME.txt makes one.")
    return 0


def _uv(name: str, *words: str) -> None:
    """Runs uv with its own words on stderr; a Refusal where it fails."""
    beside = Path(sys.executable).with_name("uv")
    command = str(beside) if beside.exists() else shutil.which("uv")
    if command is None:
        raise refusal("env.build", name=name, why="uv is not installed: pip install uv")
    links = os.environ.get("UV_FIND_LINKS") or os.environ.get("PIP_FIND_LINKS", "")
    note(f"uv {' '.join(words)}")
    ended = subprocess.run(
        [command, *words],
        stdout=2,  # its words are on the way, not a result
        env={**os.environ, "UV_FIND_LINKS": links},
    )
    if ended.returncode != 0:
        raise refusal("env.build", name=name, why="uv says above what is wrong.")
