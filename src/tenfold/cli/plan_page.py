"""`plan.html`: a plan as one page that needs no other file and no network."""

from __future__ import annotations

from html import escape
from typing import Any

from tenfold.cli.gantt import scene, svg
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

_CSS = """
:root { color-scheme: light dark;
  --paper: #fbfaf7; --card: #ffffff; --ink: #1c2126; --soft: #5b6670; --line: #e3e0d8;
  --teal: #0f766e; --bad: #b42318; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #14181b; --card: #1c2226; --ink: #e8e6e1; --soft: #9aa5ad; --line: #2e363c;
  --teal: #4fd1c0; --bad: #ff8a7a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 80rem; margin: 0 auto; padding: 2.4rem 1.25rem 4rem; }
h1 { font-size: clamp(1.6rem, 4vw, 2.4rem); line-height: 1.15; margin: 0 0 .6rem; }
h2 { font-size: 1.15rem; margin: 0 0 .6rem; }
p, ul { margin: 0 0 .9rem; max-width: 52rem; }
.eyebrow { color: var(--teal); font-weight: 600; margin: 0 0 .4rem; }
.note { color: var(--soft); font-size: .88rem; margin: .6rem 0 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .7rem;
  margin: 1.2rem 0; }
.tiles div, section { background: var(--card); border: 1px solid var(--line); }
.tiles div { border-radius: 12px; padding: .7rem .9rem; }
.tiles b { display: block; font-size: 1.2rem; white-space: nowrap; }
.tiles span { color: var(--soft); font-size: .86rem; }
section { border-radius: 14px; padding: 1.3rem 1.4rem; margin: 1rem 0; }
.wide { overflow-x: auto; }
.wide svg { min-width: 56rem; }
table { border-collapse: collapse; width: 100%; font-size: .86rem;
  font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .34rem .9rem .34rem 0; border-bottom: 1px solid var(--line);
  white-space: nowrap; }
th { color: var(--soft); font-weight: 600; }
.bad { color: var(--bad); }
.modelled { font-size: .85rem; font-weight: 600; color: var(--soft); border: 1px solid;
  border-radius: 99px; padding: .1rem .6rem; margin-left: .5rem; vertical-align: .35em; }
"""


def page(answer: dict[str, Any]) -> str:
    """The page for the answer of POST /api/plan."""
    name, box = escape(answer["name"]), escape(answer["box"])
    picture = svg(scene(answer))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{name} on {box}</title><style>{_CSS}</style></head><body><main>"
        "<p class=eyebrow>Tenfold, a plan</p>"
        f"<h1>{name} on {box}<span class=modelled>modelled</span></h1>"
        f"{_tiles(answer)}{_trouble(answer)}"
        f"<section><h2>Who sits where, and when</h2><div class=wide>{picture}</div>"
        "<p class=note>A lane is a card, from its first memory slice at the top to its eighth."
        " A pale box is a slice that stands and is idle; pale bars below are jobs that could run"
        " and wait. Point at anything to read it.</p></section>"
        f"{_jobs(answer)}{_limits()}</main></body></html>\n"
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
