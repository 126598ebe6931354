"""`plan.html`: a plan as one page that needs no other file and no network."""

from __future__ import annotations

from html import escape
from typing import Any

from tenfold.cli.gantt import scene, svg
from tenfold.cli.page_style import document
from tenfold.cli.plan_words import late_words, money, share, waiting_words
from tenfold.cli.words import amount, clock, duration

NOT_MODELLED = (
    "How long a job runs is what its file or its workload's estimate says; real times differ.",
    "Jobs side by side on one card do not slow each other down, and cards do not slow down at"
    " lower caps.",
    "A busy card draws its cap all the time, and host and fans always the same; real ones mostly"
    " draw less.",
    "Nothing crashes, no card fails, and you change your mind about nothing.",
    "The scheduler is told of a job when it is asked for, and knows how long it will run.",
)


def page(answer: dict[str, Any]) -> str:
    """The page for the answer of POST /api/plan."""
    name, box = escape(answer["name"]), escape(answer["box"])
    picture = svg(scene(answer))
    return document(
        f"{name} on {box}",
        "<p class=eyebrow>Tenfold, a plan</p>"
        f"<h1>{name} on {box}<span class=modelled>modelled</span></h1>"
        f"{_tiles(answer)}{_trouble(answer)}"
        f"<section><h2>Who sits where, and when</h2><div class=wide>{picture}</div>"
        "<p class=note>A lane is a card, from its first memory slice at the top to its eighth."
        " A pale box is a slice that stands and is idle; pale bars below are jobs that could run"
        " and wait. Point at anything to read it.</p></section>"
        f"{_jobs(answer)}{_limits()}",
    )


def _tiles(answer: dict[str, Any]) -> str:
    figures = answer["figures"]
    done = f"{figures['done'] + figures['serve'] - figures['late']} of {figures['jobs']}"
    told = [
        (done, "jobs as asked"),
        (duration(figures["makespan_s"]), "from first to last"),
        (share(figures["utilisation"]), "of compute given to jobs"),
        (duration(figures["waiting_mean_s"]), "waiting, on average"),
        (amount(figures["kwh"], "kWh"), f"energy{money(figures)}"),
        (amount(figures["peak_w"], "W"), "highest draw"),
    ]
    tiles = "".join(f"<div><b>{escape(v)}</b><span>{escape(k)}</span></div>" for v, k in told)
    return f"<div class=tiles>{tiles}</div><p class=note>Waiting: {waiting_words(figures)}.</p>"


def _trouble(answer: dict[str, Any]) -> str:
    told = late_words(answer)
    if not told:
        return ""
    rows = "".join(f"<li><b>{escape(name)}</b> {escape(text)}</li>" for name, text in told)
    return f"<section><h2 class=bad>Late, or never done</h2><ul>{rows}</ul></section>"


def _jobs(answer: dict[str, Any]) -> str:
    rows = "".join(_job(row) for row in answer["rows"])
    head = ("", "job", "asked for", "waited", "started", "ended", "due", "where")
    heads = "".join(f"<th>{word}</th>" for word in head)
    return (
        "<section><h2>Every job</h2><div class=wide><table>"
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


def _job(row: dict[str, Any]) -> str:
    ended = "to the end" if row["state"] == "serves" else _clock(row["ended_s"])
    waited = "" if not row["waited_s"] else duration(row["waited_s"])
    cells = (
        row["job"],
        row["name"],
        clock(row["asked_s"]),
        waited,
        _clock(row["started_s"]),
        ended,
        _clock(row["deadline_s"]),
        ", then ".join(row["where"]) or row["state"],
    )
    look = " class=bad" if row["late"] or row["state"].startswith("never") else ""
    return f"<tr{look}>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"


def _clock(at_s: float | None) -> str:
    return "" if at_s is None else clock(at_s)


def _limits() -> str:
    rows = "".join(f"<li>{escape(line)}</li>" for line in NOT_MODELLED)
    return f"<section><h2>What this does not model</h2><ul>{rows}</ul></section>"
