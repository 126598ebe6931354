"""What came out of a job: for a person, and as an exit status."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tenfold.cli.energy import energy_words
from tenfold.cli.show import BOLD, DIM, GREEN, RED, YELLOW, note, rows, say, show_refusal, tint
from tenfold.cli.words import NOT_AVAILABLE, duration, one_line
from tenfold.terms.command import COMMAND
from tenfold.terms.refusal import refusal_from_json


def exit_status(view: dict[str, Any]) -> int:
    """0 if it succeeded and its verdict holds or it has none; a failed command's own; else 1."""
    outcome = view["outcome"] or {}
    if view["state"] == "succeeded":
        verdict = outcome.get("verdict")
        return 0 if verdict is None or verdict["holds"] else 1
    own: int | None = outcome.get("exit_code")
    if view["state"] != "failed" or not own:
        return 1
    return 128 - own if own < 0 else min(own, 255)  # a negative one is the signal that ended it


def show_end(page: dict[str, Any], home: Path) -> None:
    view = page["job"]
    if view["spec"]["workload"] == COMMAND:
        _show_command(view)
        if page.get("energy") and page["energy"]["gpu_hours"]:
            note(f"  energy  {energy_words(page['energy']) or NOT_AVAILABLE}")
        return
    outcome = view["outcome"] or {}
    say(f"{tint(view['id'], DIM)} {tint(one_line(view['name']), BOLD)}  {_ended(view)}")
    told: list[tuple[str, str]] = []
    if outcome.get("result"):
        told.append(("result", outcome["result"]["summary"]))
    if outcome.get("verdict"):
        holds = outcome["verdict"]["holds"]
        word = tint("holds", GREEN) if holds else tint("does not hold", RED)
        told.append(("verdict", f"{word}: {outcome['verdict']['sentence']}"))
    folder = home / "jobs" / view["id"]
    for index, artifact in enumerate(page["artifacts"]):
        label = "files" if index == 0 else ""
        title = tint(artifact["title"], DIM)
        told.append((label, f"{folder / artifact['path']}  {title}"))
    spent = energy_words(page["energy"]) if page.get("energy") else ""
    if spent:
        told.append(("energy", spent))
    if told:
        say(rows(told))
    _show_failure(view)


def _show_command(view: dict[str, Any]) -> None:
    """stdout has the command's own words, so ours go beside them."""
    if view["state"] != "succeeded":
        note(f"{view['id']} {one_line(view['name'])}  {_ended(view)}")
        _show_failure(view)


def _ended(view: dict[str, Any]) -> str:
    colours = {"succeeded": GREEN, "failed": RED, "cancelled": YELLOW}
    outcome = view["outcome"]
    spent = f" after {duration(outcome['ended_s'] - outcome['started_s'])}" if outcome else ""
    return tint(view["state"], colours.get(view["state"], DIM)) + spent


def _show_failure(view: dict[str, Any]) -> None:
    outcome = view["outcome"] or {}
    if view["state"] != "failed":
        return
    if outcome.get("refusal"):
        show_refusal(refusal_from_json(outcome["refusal"]))
        return
    lines = (outcome.get("error") or view["reason"] or "").strip().splitlines()
    if lines:
        note(f"  {lines[-1]}")
    note(f"  next  tenfold logs {view['id']}")
