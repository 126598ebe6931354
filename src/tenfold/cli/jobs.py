"""`tenfold jobs`, and what one does to them: cancel, pause, resume, retry, priority."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenfold.cli.parser import Parser, with_json
from tenfold.cli.show import note, say, say_json
from tenfold.cli.tell import state_words
from tenfold.cli.words import duration, one_line, progress_words, slot_words
from tenfold.client.call import Api
from tenfold.client.follow import job_path
from tenfold.client.home import home_path
from tenfold.terms.refusal import Refusal

if TYPE_CHECKING:
    from rich.table import Table


def jobs(argv: list[str]) -> int:
    parser = with_json(Parser("jobs", "What waits and runs, and the last twenty that ended."))
    parser.add_argument("--all", action="store_true", help="all that ended")
    asked = parser.parse_args(argv)
    api = Api(home_path())
    views = api.get("/api/jobs", all=int(asked.all))["jobs"]
    if asked.json:
        say_json(views)
        return 0
    if not views:
        say("There are no jobs. Start one: tenfold workloads, or tenfold run -- COMMAND")
        return 0
    from tenfold.cli.draw import console

    console().print(jobs_table(views, api.get("/api/box")["now_s"]))
    return 0


def cancel(argv: list[str]) -> int:
    return _change("cancel", "End jobs; their records and files stay.", argv)


def pause(argv: list[str]) -> int:
    return _change("pause", "Stop jobs and give their slots back, until resumed.", argv)


def resume(argv: list[str]) -> int:
    return _change("resume", "Let paused jobs go on from their checkpoints.", argv)


def retry(argv: list[str]) -> int:
    return _change("retry", "Make a new attempt of jobs that failed or were cancelled.", argv)


def priority(argv: list[str]) -> int:
    parser = with_json(Parser("priority", "Let a job go earlier or later in the queue."))
    parser.add_argument("job", metavar="JOB")
    parser.add_argument("priority", type=int, metavar="N", help="-1000 to 1000; higher goes first")
    asked = parser.parse_args(argv)
    body = {"priority": asked.priority}
    view = Api(home_path()).post(job_path(asked.job, "priority"), body)["job"]
    if asked.json:
        say_json(view)
    else:
        say(f"{view['id']} {one_line(view['name'])}: priority {view['spec']['priority']}")
    return 0


def jobs_table(views: list[dict[str, Any]], now_s: float) -> Table:
    from tenfold.cli.draw import cells, state_text, table

    drawn = table(
        "id", "name", "state", "on", "since", "about", right=("since",), cut=("name", "about")
    )
    for view in views:
        name = ("  " if view["spec"]["parent"] else "") + view["name"]
        since = duration(now_s - view["changed_s"])
        on = slot_words(view["slot"])
        drawn.add_row(*cells(view["id"], name, state_text(view["state"]), on, since, _about(view)))
    return drawn


def _about(view: dict[str, Any]) -> str:
    """How far it is, why it waits, or what came of it."""
    outcome = view["outcome"] or {}
    if view["state"] == "running":
        return progress_words(view["progress"]) if view["progress"] else view["url"] or ""
    if view["state"] == "succeeded":
        verdict = outcome.get("verdict")
        if verdict and not verdict["holds"]:
            return f"the verdict does not hold: {verdict['sentence']}"
        return outcome["result"]["summary"] if outcome.get("result") else ""
    if view["state"] == "failed" and outcome.get("refusal"):
        return str(outcome["refusal"]["what"])
    return str(view["reason"])


def _change(change: str, about: str, argv: list[str]) -> int:
    """Every job is tried; the first Refusal is what the command ends with."""
    parser = with_json(Parser(change, about))
    parser.add_argument("jobs", nargs="+", metavar="JOB")
    asked = parser.parse_args(argv)
    api = Api(home_path())
    views: list[dict[str, Any]] = []
    refused: list[Refusal] = []
    for job in asked.jobs:
        try:
            view = api.post(job_path(job, change))["job"]
        except Refusal as no:
            refused.append(no)
            continue
        views.append(view)
        if not asked.json:
            say(f"{view['id']} {one_line(view['name'])}: {state_words(view)}")
    for also in refused[1:]:
        note(also.what)
    if refused:
        raise refused[0]
    if asked.json:
        say_json(views)
    return 0
