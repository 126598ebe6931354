"""`tenfold rights`: what may be changed of the cards, and how a person gives the rights for it.

Nothing here runs sudo. `install` prints commands to paste; `--unit` prints what they install.
"""

from __future__ import annotations

import os

from tenfold.cli.parser import Parser, with_json
from tenfold.cli.show import DIM, GREEN, say, say_json, tint
from tenfold.client.call import Api
from tenfold.client.home import home_path
from tenfold.rights.unit import HELPER, SOCKET, commands, removal, unit
from tenfold.terms.refusal import Refusal

ADVISORY = (
    "Limits are advisory: Tenfold starts less where a limit would be broken, and no card keeps one."
    "\nSlices are used as they stand; none is made."
)


def rights(argv: list[str]) -> int:
    parser = with_json(Parser("rights", "Who may set power limits and make slices; install it."))
    parser.add_argument("act", nargs="?", choices=["show", "install", "remove"], default="show")
    parser.add_argument("--unit", action="store_true", help="the systemd unit, no more")
    parser.add_argument("--uid", type=int, default=os.getuid(), help="whose daemon it serves")
    asked = parser.parse_args(argv)
    if asked.unit:
        print(unit(asked.uid), end="")
        return 0
    if asked.act == "show":
        return _show(asked.json)
    lines = commands(asked.uid) if asked.act == "install" else removal()
    if asked.json:
        say_json({"commands": lines, "helper": str(HELPER)})
        return 0
    if asked.act == "install":
        say(f"A helper of {_length()} lines gets root, and no other part: {HELPER}")
        say("Read it, then paste:\n")
    else:
        say("Paste these; limits and clocks go back to what they were:\n")
    for line in lines:
        say(f"  {line}")
    return 0


def _show(as_json: bool) -> int:
    told = _told()
    if as_json:
        say_json(told)
        return 0
    if told["granted"]:
        say(f"{tint('granted', GREEN)}  power limits, clocks and slices can be set.")
        return 0
    say(f"{tint('advisory', DIM)}  {told['why']}.")
    say(ADVISORY)
    say("\n  tenfold rights install")
    return 0


def _told() -> dict[str, object]:
    """By the daemon that would use them; without one, by what lies there."""
    try:
        seen = Api(home_path()).get("/api/box")["rights"]
    except Refusal:
        there = SOCKET.exists()
        why = "no daemon asks the helper now" if there else "no helper with rights is installed"
        return {"granted": False, "why": why}
    return seen or {"granted": False, "why": "this box has no card to set anything of"}


def _length() -> int:
    return len(HELPER.read_text().splitlines())
