"""`tenfold estimate NAME`: would it fit, how long, how many kWh; here or on a declared box."""

from __future__ import annotations

from typing import Any

from tenfold.cli.daemon import ensure_daemon
from tenfold.cli.describe import described
from tenfold.cli.options import add_params, parse_params
from tenfold.cli.parser import Parser, with_json
from tenfold.cli.show import BOLD, DIM, GREEN, RED, rows, say, say_json, tint
from tenfold.cli.words import NOT_AVAILABLE, amount, duration, needs_words
from tenfold.client.call import Api
from tenfold.client.home import home_path


def estimate(argv: list[str]) -> int:
    """Exit status 0 if it fits, 1 if not."""
    if not argv or argv[0].startswith("-"):
        general = _parser("NAME")
        general.parse_args(argv)  # --help ends here
        general.error("the workload's name comes first")
    name = argv[0]
    entry = described(home_path(), name)
    parser = _parser(name)
    add_params(parser, entry)
    asked, params = parse_params(parser, entry, argv[1:])
    body = {"workload": name, "params": params, "size": asked.size, "box": asked.box}
    said = {key: value for key, value in body.items() if value is not None}
    ensure_daemon(home_path())
    answer = Api(home_path()).post("/api/estimate", said)
    if asked.json:
        say_json(answer)
    else:
        _show(name, asked.size, answer)
    return 0 if answer["fits"] else 1


def _parser(name: str) -> Parser:
    parser = with_json(Parser(f"estimate {name}", "Would it fit, how long, how many kWh."))
    parser.add_argument("--size", metavar="SIZE", help="smoke, desk or full")
    parser.add_argument("--box", metavar="BOX", help="a declared box, such as 10xH100-PCIe")
    return parser


def _show(name: str, size: str | None, answer: dict[str, Any]) -> None:
    needs = answer["needs"]
    fits = tint("fits", GREEN) if answer["fits"] else tint("does not fit", RED)
    label = tint("  modelled", DIM) if answer["modelled"] else ""
    say(f"{tint(name, BOLD)} {size or ''}  {fits}{label}")
    energy = answer["energy_kwh"]
    spent = NOT_AVAILABLE if energy is None else f"{energy:.3g} kWh"
    told = [
        ("needs", needs_words(needs)),
        ("time", duration(needs["time_s"])),
        ("draws", amount(needs["watts"], "W above idle")),
        ("energy", spent),
    ]
    told.append(("on", f"{answer['device']['model']} of {answer['box']}"))
    if needs["basis"]:
        told.append(("basis", needs["basis"]))
    if answer["why"]:
        told.append(("why", answer["why"]))
    if answer["missing"]:
        told.append(("lacks", ", ".join(answer["missing"])))
    say(rows(told))
