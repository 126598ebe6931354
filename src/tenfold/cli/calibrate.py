"""`tenfold calibrate`: how power limits slow the owner's cards, measured and put to use.

One job of `system.calibrate` a card; what it finds goes to curves.json in the home, which the
daemon reads within seconds. Which card a job gets is told in `calibrate_search`.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tenfold.cli.calibrate_search import Search, measurable, wanted
from tenfold.cli.daemon import ensure_daemon
from tenfold.cli.outcome import show_end
from tenfold.cli.parser import Parser, with_json
from tenfold.cli.show import note, say, say_json
from tenfold.client.call import Api
from tenfold.client.home import home_path
from tenfold.client.submit import submit
from tenfold.folder.durable import write_bytes
from tenfold.terms.curve import Curve
from tenfold.terms.refusal import refusal
from tenfold.terms.short import device_words
from tenfold.terms.wire import from_json

WORKLOAD = "system.calibrate"
FILE = "curves.json"
FIRST_LOOK_S = 20.0  # for a daemon that has just come up

_ABOUT = """\
Measure how power limits slow your cards: one of each model, or those that you name. Each takes some
minutes with the card to itself. The curves replace the published ones at once."""


def calibrate(argv: list[str]) -> int:
    """Exit status: 0 if every card that was wanted has its curves, else 1."""
    parser = with_json(Parser("calibrate", _ABOUT))
    add = parser.add_argument
    add("--gpu", action="append", default=[], metavar="ID", help="this card; may be said again")
    add("--all", action="store_true", help="every card, not one of each model")
    add("--points", type=int, metavar="N", help="limits between the lowest and the highest (7)")
    add("--seconds", type=float, metavar="S", help="how long under each of them (8)")
    asked = parser.parse_args(argv)
    home = home_path()
    kept(home / FILE)  # a file that cannot be read is told before the measurement
    ensure_daemon(home)
    api = Api(home)
    cards = measurable(_box(api))
    search = wanted(cards, asked.gpu, asked.all)
    params = {"points": asked.points, "seconds": asked.seconds}
    body = {"workload": WORKLOAD, "params": {k: v for k, v in params.items() if v is not None}}
    jobs = [submit(api, {**body, "gpus": 1})["id"] for _ in range(search.jobs)]
    ended = search.followed(api, jobs)
    return _conclude(home, search, ended, asked.json)


def kept(path: Path) -> dict[str, Any]:
    """What was measured before, by card. The daemon looks at it more closely."""
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise refusal("curves.file", path=path, why=f"It is not JSON: {error}.") from error
    if not isinstance(found, dict) or not all(isinstance(one, dict) for one in found.values()):
        raise refusal("curves.file", path=path, why="It is an object with one object a card.")
    return found


def entry(figures: dict[str, Any], before: dict[str, Any], now: datetime) -> dict[str, Any]:
    """A card's part of curves.json; kinds of work that were not measured now stay as they were."""
    card, highest_w = figures["card"], figures["highest_w"]
    source = f"measured on this card on {now:%Y-%m-%d}, driver {card['driver'] or 'unknown'}"
    curves = [_curve(one, highest_w, source) for one in figures["curves"]]
    new = {one["load"] for one in curves}
    older = [one for one in before.get("curves", ()) if one.get("load") not in new]
    at = now.isoformat(timespec="seconds")
    return {"model": card["model"], "at": at, "curves": [*older, *curves]}


def _curve(told: dict[str, Any], highest_w: float, source: str) -> dict[str, Any]:
    points = told["points"]
    return {
        "load": told["load"],
        "caps": [round(point["cap_w"] / highest_w, 6) for point in points],
        "speeds": [round(point["speed"], 5) for point in points],
        "draws": [round(point["draw"], 5) for point in points],
        "source": source,
    }


def _conclude(home: Path, search: Search, ended: dict[str, dict[str, Any]], as_json: bool) -> int:
    path, now = home / FILE, datetime.now(UTC)
    content, missed = kept(path), dict.fromkeys(search.missing, "no job came to it")
    found: dict[str, dict[str, Any]] = {}
    for card, page in ended.items():
        why = _why_not(page, search.cards[card])
        if why:
            missed[card] = why
            if not as_json:
                show_end(page, home)
            continue
        found[card] = page["job"]["outcome"]["result"]["figures"]
        content[card] = entry(found[card], content.get(card, {}), now)
    if found:
        write_bytes(path, (json.dumps(content, indent=1) + "\n").encode())
    if as_json:
        cards = {card: content[card] for card in found}
        say_json({"path": str(path), "cards": cards, "missed": missed})
        return 1 if missed else 0
    for card, figures in found.items():
        _show(search.cards[card], figures)
    for card, why in missed.items():
        note(f"{device_words(card)} has no new curves: {why}.")
    if found:
        say(f"Kept in {path}; in force within seconds.")
    return 1 if missed else 0


def _why_not(page: dict[str, Any], card: dict[str, Any]) -> str:
    """Why what the job found is not kept; empty if it is."""
    view = page["job"]
    if view["state"] != "succeeded":
        return f"job {view['id']} {view['state']}"
    outcome = view["outcome"]
    verdict = outcome["verdict"]
    if not verdict or not verdict["holds"]:
        return f"its verdict does not hold (job {view['id']})"
    figures = outcome["result"]["figures"]
    if figures["card"]["uuid"] != card["id"]:
        return f"its job went on on {device_words(figures['card']['uuid'])}"
    highest_w = figures["highest_w"]
    if abs(highest_w - card["cap_max_w"]) > 1.0:
        return (
            f"it was given {highest_w:.0f} W of {card['cap_max_w']:.0f} W at most, and curves are"
            " shares of the whole: measure again when the site leaves it all"
        )
    return ""


def _show(card: dict[str, Any], figures: dict[str, Any]) -> None:
    """Beside each speed the one that was counted on until now."""
    from tenfold.cli.draw import cells, console, table

    names = ("limit", "speed", "draws", "energy per work", "counted on before")
    drawn = table("  work", *names, right=names)
    sources = []
    before = {one["load"]: from_json(Curve, one) for one in card.get("curves", ())}
    for told in figures["curves"]:
        points, curve = told["points"], before.get(told["load"])
        full = points[-1]
        for n, point in enumerate(reversed(points)):
            energy = point["watts"] / point["speed"] / full["watts"]
            speed = curve.speed(point["cap_w"] / figures["highest_w"]) if curve else None
            drawn.add_row(
                *cells(
                    "" if n else f"  {told['load']}",
                    f"{point['cap_w']:.0f} W",
                    f"{point['speed']:.1%}",
                    f"{point['watts']:.0f} W",
                    f"{energy:.0%}",
                    "n/a" if speed is None else f"{speed:.1%}",
                ),
                end_section=n == len(points) - 1,
            )
        sources += [curve.source] if curve else []
    say(f"{device_words(card['id'])}  {card['model']}")
    console().print(drawn)
    for source in dict.fromkeys(sources):
        say(f"  before: {source}")


def _box(api: Api) -> dict[str, Any]:
    """/api/box once the cards have been read: before, nobody knows whether limits can be set."""
    until_s = time.monotonic() + FIRST_LOOK_S
    while True:
        seen: dict[str, Any] = api.get("/api/box")
        if seen["reading"] or time.monotonic() >= until_s:
            return seen
        time.sleep(0.05)
