"""`tenfold run`: a workload by name, or after `--` any command of your own; then follow it.

A daemon is started when none answers. Results go to stdout, the way there to stderr.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Any

from tenfold.cli.command import command_body, command_parser
from tenfold.cli.daemon import ensure_daemon
from tenfold.cli.describe import described
from tenfold.cli.options import add_params, parse_params
from tenfold.cli.parser import Parser, with_json
from tenfold.cli.show import note, say, say_json
from tenfold.cli.watch import watch
from tenfold.cli.words import moment, seconds
from tenfold.cli.workloads import sizes_text
from tenfold.client.call import Api
from tenfold.client.home import home_path
from tenfold.client.submit import submit
from tenfold.terms.job import When
from tenfold.terms.refusal import Refusal, refusal


def run(argv: list[str]) -> int:
    """Exit status: 0 if it succeeded and its verdict holds, a failed command's own, else 1."""
    if "--" in argv:
        split = argv.index("--")
        asked = asking(command_parser()).parse_args(argv[:split])
        return _ask(command_body(asked, argv[split + 1 :]), asked)
    if not argv or argv[0] in ("-h", "--help"):
        asking(command_parser()).print_help()
        say("\nOf a workload: tenfold run NAME --help")
        return 0
    return _run_workload(argv)


def asking(parser: Parser) -> Parser:
    """The options that workloads and commands share."""
    add = with_json(parser).add_argument
    add("--name", default="", metavar="TEXT", help="what you call it")
    add("--priority", type=int, default=0, metavar="N", help="higher goes first (0)")
    add("--after", action="append", default=[], metavar="JOB", help="once that one has succeeded")
    share = "beside others on one GPU; it may be stopped and started over where it takes too much"
    add("--share", action="store_true", help=share)
    when = "TIME: 18:30, 'Fri 07:00', 2026-12-24T18:00, +2h"
    add("--by", metavar="TIME", help=f"when it should be done; {when}")
    hours = "cheap, night, or quiet-ok: outside the quiet hours (as site.toml says)"
    add("--when", choices=[when.value for when in When], help=f"the hours it runs in: {hours}")
    add("--not-before", metavar="TIME", help="its earliest start")
    add("--retry", type=int, metavar="N", help="crashed attempts that are tried again")
    sleep = "a service sleeps after so long without a request"
    add("--sleep-after", type=seconds, metavar="TIME", help=sleep)
    add("--detach", action="store_true", help="ask for it and return")
    return parser


def _run_workload(argv: list[str]) -> int:
    # The name is found first, with the shared options only: the params depend on it.
    first = asking(Parser("run", "", add_help=False))
    first.add_argument("--size")
    first.add_argument("name", nargs="?")
    first.add_argument("rest", nargs=argparse.REMAINDER)
    asked, strange = first.parse_known_args(argv)
    if strange or not asked.name:
        word = strange[0] if strange else argv[0]
        raise refusal("cli.dashes", word=word)
    home = home_path()
    entry = _entry(home, asked.name, argv)
    parser = asking(Parser(f"run {asked.name}", entry["title"], epilog=_epilog(entry)))
    parser.add_argument("--size", metavar="SIZE", help=f"one of {', '.join(entry['sizes'])}")
    add_params(parser, entry)
    asked, params = parse_params(parser, entry, asked.rest, asked)
    body = {"workload": entry["name"], "params": params, "size": asked.size}
    return _ask(body, asked)


def _entry(home: Path, name: str, argv: list[str]) -> dict[str, Any]:
    try:
        return described(home, name)
    except Refusal as no:
        if no.code == "workload.unknown" and shutil.which(name):
            raise refusal("cli.command-dashes", name=name, words=" ".join(argv)) from no
        raise


def _epilog(entry: dict[str, Any]) -> str:
    return f"sizes:\n{sizes_text(entry)}" if entry["sizes"] else ""


def _ask(body: dict[str, Any], asked: argparse.Namespace) -> int:
    home = home_path()
    ensure_daemon(home)
    shared = {
        "name": asked.name,
        "priority": asked.priority,
        "after": asked.after,
        "shared": True if asked.share else None,
        "when": asked.when,
        "retry": asked.retry,
        "sleep_after_s": asked.sleep_after,
    }
    api = Api(home)
    if asked.by or asked.not_before:
        now_s = api.get("/api/box")["now_s"]
        shared["deadline_s"] = asked.by and moment(asked.by, now_s)
        shared["not_before_s"] = asked.not_before and moment(asked.not_before, now_s)
    said = {name: value for name, value in {**body, **shared}.items() if value is not None}
    view = submit(api, said)
    if not asked.detach:
        return watch(api, view, as_json=asked.json)
    if asked.json:
        say_json({"job": view})
    else:
        say(f"{view['id']}")
        if view["url"]:
            note(f"It will answer at {view['url']}")
        note(f"Follow it: tenfold logs -f {view['id']}")
    return 0
