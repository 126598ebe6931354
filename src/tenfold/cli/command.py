"""The command half of `tenfold run ... -- ARGV`: its options, and what is asked of the daemon."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from tenfold.cli.parser import Parser
from tenfold.cli.show import note
from tenfold.cli.words import seconds
from tenfold.terms.command import COMMAND, LAUNCHERS
from tenfold.terms.job import Kind
from tenfold.terms.refusal import refusal

_ABOUT = """\
Run a workload of the catalogue, or after -- any command of your own:

  tenfold run simulate.cavity --size smoke
  tenfold run --gpus 2 -- python train.py"""


def command_parser() -> Parser:
    parser = Parser("run", _ABOUT, usage="tenfold run [options] -- COMMAND | tenfold run NAME ...")
    add = parser.add_argument
    add("--gpus", type=int, metavar="N", help="whole GPUs")
    add("--slice", metavar="PROFILE", help="a slice of one, such as 3g.40gb")
    add("--cores", type=int, metavar="N", help="CPU cores, where it takes no GPU")
    add("--memory", type=float, metavar="GIB", help="of each GPU, or of the host")
    load = "how a power limit slows it: compute (as most), light, decode (a model that writes)"
    add("--load", choices=["compute", "light", "decode"], help=load)
    add("--time", type=seconds, metavar="TIME", help="how long it should take: 90, 30s, 2h, 1h30m")
    add("--env", metavar="ENV", help="a folder or interpreter, uv, conda:NAME, or a built one")
    add("--launch", choices=[name for name in LAUNCHERS if name], help="one rank a GPU")
    add("--cwd", metavar="FOLDER", help="where it runs (here)")
    add("--set", action="append", default=[], metavar="NAME=VALUE", help="in its environment")
    add("--yields", action="store_true", help="it may be stopped and started again for others")
    add("--service", action="store_true", help="it runs until it is cancelled")
    add("--interactive", action="store_true", help="a person sits before it; never preempted")
    add("--port", type=int, metavar="P", help="where a service answers (a free one, in $PORT)")
    add("--health", metavar="PATH", help="asked over HTTP until it answers")
    add("--idle", type=float, metavar="MINUTES", help="an interactive one ends after so long")
    return parser


def command_body(asked: argparse.Namespace, argv: list[str]) -> dict[str, Any]:
    """Of POST /api/jobs. The caller's variables do not go along: what a job depends on is said."""
    if not argv:
        raise refusal("command.empty")
    if asked.service and asked.interactive:
        raise refusal("cli.usage", command="run", why="It is a service or interactive, not both.")
    params = {
        "argv": argv,
        "cwd": str(Path(asked.cwd or "").absolute()),
        "env": _environment(asked.env),
        "variables": asked.set,
        "launch": asked.launch or "",
        "port": asked.port or 0,
        "health": asked.health or "",
        "idle_minutes": asked.idle or 0.0,
    }
    kind = Kind.SERVICE if asked.service else Kind.INTERACTIVE if asked.interactive else Kind.BATCH
    return {
        "workload": COMMAND,
        "params": params,
        "kind": kind.value,
        "gpus": asked.gpus,
        "slice": asked.slice,
        "cores": asked.cores,
        "memory_gib": asked.memory,
        "time_s": asked.time,
        "load": asked.load,
        "yields": True if asked.yields else None,
    }


def _environment(asked: str | None) -> str:
    """What --env names, from the root if it is a path; else the one that the caller stands in."""
    if asked is not None:
        is_path = os.sep in asked or asked.startswith((".", "~"))
        return str(Path(asked).expanduser().absolute()) if is_path else asked
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        prefix = os.environ.get(name)
        if prefix and Path(prefix).resolve() != Path(sys.prefix).resolve():
            note(f"It runs in your environment {prefix} (--env names another).")
            return prefix
    return ""
