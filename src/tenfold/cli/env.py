"""`tenfold env`: environments for what clashes with the main one, each from a pinned list.

A list is `environments/NAME.txt`, of this package or (which wins) of the home; how one is built
stands in `runner.build`.
"""

from __future__ import annotations

import os
from pathlib import Path

from tenfold.cli.parser import Parser, with_json
from tenfold.cli.show import DIM, GREEN, say, say_json, tint
from tenfold.client.home import home_path
from tenfold.runner.build import build
from tenfold.runner.environments import known, pins


def env(argv: list[str]) -> int:
    parser = with_json(Parser("env", "List environments, or build one from its pinned list."))
    parser.add_argument("act", nargs="?", choices=["list", "build"], default="list")
    parser.add_argument("name", nargs="?", metavar="NAME")
    asked = parser.parse_args(argv)
    if asked.act == "list":
        return _list(home_path(), asked.json)
    if not asked.name:
        parser.error("build takes the name of an environment")
    built = build(asked.name, home_path(), os.environ)
    if asked.json:
        say_json({"name": asked.name, "path": str(built)})
    else:
        say(f"Built {built}; use it with --env {asked.name}.")
    return 0


def _list(home: Path, as_json: bool) -> int:
    folder = home / "environments"
    found = {name: (folder / name / "bin" / "python").exists() for name in known(home)}
    listed = {name: str(pins(name, home)) for name in found}
    if as_json:
        say_json([{"name": n, "built": b, "pins": listed[n]} for n, b in found.items()])
        return 0
    for name, built in found.items():
        state = tint("built    ", GREEN) if built else tint("not built", DIM)
        say(f"  {name:<16}{state}  {tint(listed[name], DIM)}")
    if not found:
        say(f"No environments. A list of pins in {folder}/NAME.txt makes one.")
    return 0
