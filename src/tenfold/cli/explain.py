"""`tenfold explain JOB`: why it is where it is, slot by slot, and how it got here."""

from __future__ import annotations

import time
from typing import Any

from tenfold.cli.parser import Parser, with_json
from tenfold.cli.show import BOLD, DIM, rows, say, say_json, tint
from tenfold.cli.words import duration, one_line
from tenfold.client.call import Api
from tenfold.client.follow import job_path
from tenfold.client.home import home_path


def explain(argv: list[str]) -> int:
    parser = with_json(Parser("explain", "Why a job waits, or how it came to where it is."))
    parser.add_argument("job", metavar="JOB")
    asked = parser.parse_args(argv)
    answer = Api(home_path()).get(job_path(asked.job, "explain"))
    if asked.json:
        say_json(answer)
        return 0
    view = answer["job"]
    say(f"{tint(view['id'], DIM)} {tint(one_line(view['name']), BOLD)}  {view['state']}")
    if answer["why"]:
        say(f"  {answer['why']}")
    if answer["expected_s"] is not None:
        say(f"  It should start at {_clock(answer['expected_s'])}.")
    if view["url"]:
        say(f"  Its address: {view['url']}")
    if answer["places"]:
        say()
        say(rows([(place["slot"], place["why"]) for place in answer["places"]]))
    changes = [event for event in answer["history"] if event["kind"] == "change"]
    if changes:
        say()
        say(rows(_history(changes)))
    notes = [event for event in answer["history"] if event["kind"] == "note"]
    if notes:
        say()
        say(rows([(_clock(event["at_s"]), event["text"]) for event in notes]))
    return 0


def _history(changes: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """When, the state that began, how long it lasted, and what brought it."""
    width = max(len(change["state"]) for change in changes)
    following = [change["at_s"] for change in changes[1:]]
    told = []
    for change, until_s in zip(changes, [*following, None], strict=True):
        lasted = "" if until_s is None else duration(until_s - change["at_s"])
        line = f"{change['state'].ljust(width)}  {lasted:<12}  {change.get('reason', '')}"
        told.append((_clock(change["at_s"]), line.rstrip()))
    return told


def _clock(at_s: float) -> str:
    return time.strftime("%d %b %H:%M:%S", time.localtime(at_s))
