"""`tenfold site`: will the wall, the room and the ears take a box? A summary, and one page."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

from tenfold.cli.daemon import ensure_daemon
from tenfold.cli.parser import Parser, with_json
from tenfold.cli.show import BOLD, DIM, GREEN, RED, YELLOW, rows, say, say_json, tint
from tenfold.cli.site_words import answer_words, cap_words, circuit_name, circuit_words, told
from tenfold.cli.words import one_line
from tenfold.client.call import Api
from tenfold.client.home import home_path
from tenfold.folder.durable import write_bytes
from tenfold.terms.refusal import refusal

_ABOUT = """\
Watts, amps, heat, noise, weight and kWh of a box, judged against a place, each with its source.
Without --site common circuits are judged; this box without --box.

  tenfold site --box 10xH100-PCIe
  tenfold site --box 8xH100-SXM --site site.toml
  tenfold site init                 asks about the place and writes site.toml

Exit status 1 if the wall or the room does not take it."""

_COLOURS = {"yes": GREEN, "no": RED, "unknown": DIM}


def site(argv: list[str]) -> int:
    if argv[:1] == ["init"]:
        status: int = import_module("tenfold.cli.site_init").init(argv[1:])
        return status
    parser = with_json(Parser("site", _ABOUT))
    add = parser.add_argument
    add("--box", metavar="BOX", help="a declared box such as 10xH100-PCIe, or a file (this one)")
    add("--site", metavar="FILE", help="what the place allows, as tenfold site init writes it")
    add("--out", metavar="FOLDER", help="where site.html goes (./site-BOX)")
    asked = parser.parse_args(argv)
    home = home_path()
    body = request(asked.box, Path(asked.site) if asked.site else None)
    ensure_daemon(home)
    answer = Api(home).post("/api/site", body)
    if asked.json:
        say_json(answer)
    else:
        _show(answer)
    if asked.out or not asked.json:
        made = _page(Path(asked.out or f"site-{_slug(answer['box'])}"), answer)
        if not asked.json:
            say(rows([("page", str(made))]))
    refused = {one["question"] for one in answer["answers"] if one["answer"] == "no"}
    return 1 if refused & {"wall", "room"} else 0


def request(box: str | None = None, site: Path | None = None) -> dict[str, Any]:
    """The body of POST /api/site. Files are named from the root: the daemon works elsewhere."""
    body: dict[str, Any] = {}
    if box:
        body["box"] = str(Path(box).absolute()) if Path(box).is_file() else box
    if site:
        body |= {"site": _text(site), "site_file": str(site.absolute())}
    return body


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = "It is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise refusal("site.file", path=path, why=f"{why}.") from error


def _show(answer: dict[str, Any]) -> None:
    label = f"  {tint('modelled', DIM)}" if answer["modelled"] else ""
    say(f"{tint(answer['box'], BOLD)}{label}")
    for one in answer["answers"]:
        words = tint(answer_words(one), _COLOURS.get(one["answer"], YELLOW))
        say(f"  {tint(one['question'].ljust(12), BOLD)}{words}")
        say(rows([("", one["sentence"])], indent=" " * 12))
    say()
    say(rows([(name, one_line(text)) for name, text in _summary(answer)]))
    say()
    _list("change first", answer["first"])
    _list("what you could say (tenfold site init)", answer["to_say"])


def _summary(answer: dict[str, Any]) -> list[tuple[str, str]]:
    power, air, room, money = answer["power"], answer["air"], answer["room"], answer["money"]
    draws = (f"{told(power[kind])} {words}" for kind, words in _LOADS)
    told_rows = [("draws", ", ".join(draws))]
    told_rows += [
        (f"circuit {circuit_name(one)}", circuit_words(one)) for one in answer["wall"]["circuits"]
    ]
    told_rows.append(("heat", f"{told(air['heat_worst'])}, {_airflow(air)}"))
    if room["steady_worst"]["value"] is not None:
        told_rows.append(("room", f"{told(room['steady_worst'])} at worst, in the end"))
    told_rows += [
        (f"quiet {one['hours']}", f"{told(one['allowed'])}: {cap_words(one['cap'])}")
        for one in answer["noise"]["quiet"]
    ]
    told_rows.append(("carries", _carries(answer["build"])))
    working = money["working"]
    cost = "" if working["money"]["value"] is None else f", {told(working['money'])}"
    duty = f"{told(money['duty'])} at work, idle else"
    told_rows.append(("a year", f"{told(working['kwh'])}{cost}, {duty}"))
    return told_rows


_LOADS = (("idle", "idle"), ("typical", "typical"), ("worst", "at worst"))


def _airflow(air: dict[str, Any]) -> str:
    return f"{told(air['airflow'])} of air {told(air['rise'])} warmer on its way out"


def _carries(build: dict[str, Any]) -> str:
    links = "; ".join(dict.fromkeys(node["links"] for node in build["nodes"]))
    supplies = build["supplies"]
    held = {True: ", enough with the spare ones lost", False: ", too few with the spare ones lost"}
    words = f"power supplies {told(supplies['count'])}{held.get(supplies['carries'], '')}"
    if supplies["count"]["value"] is not None:
        words = f"{told(supplies['count'])}{held.get(supplies['carries'], '')}"
    return (
        f"rack units {told(build['rack_units'])}, weight {told(build['weight'])},"
        f" NVLink: {links}, {words}"
    )


def _list(title: str, lines: list[str]) -> None:
    if lines:
        say(f"  {tint(title, DIM)}")
        say(rows([(f"{place}.", one_line(line)) for place, line in enumerate(lines, 1)], "    "))
        say()


def _page(folder: Path, answer: dict[str, Any]) -> Path:
    from tenfold.cli.site_page import page

    path = folder / "site.html"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_bytes(path, page(answer).encode())
    except OSError as error:
        raise refusal("site.out", folder=folder, why=f"{error.strerror or error}.") from error
    return path


def _slug(box: str) -> str:
    return re.sub(r"[^\w.+-]+", "-", box)
