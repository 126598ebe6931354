"""What happened to a job, as a timeline; and its attempts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

from tenfold.web.amounts import long
from tenfold.web.words import Words

Event = Mapping[str, Any]

MOST = 60  # entries; of a longer history the first few and the last are shown
FIRST = 5
_SIGNS = {
    "submit": "·", "start": "▸", "enter": "▶", "stop": "◼", "requeue": "↺", "pause": "‖",
    "resume": "▸", "retry": "↺", "succeed": "✓", "fail": "✗", "cancel": "✗", "sleep": "☾",
}  # fmt: skip
_TELLS = frozenset({"change", "note", "artifact", "checkpoint", "health", "began"})


def timeline(t: Words, events: Sequence[Event], now_s: float) -> str:
    """A list in the order of time. Artifacts that came one after the other are one entry, and so
    are checkpoints."""
    entries = [entry for entry in _gathered(events) if _said(t, *entry)]
    left = len(entries) - MOST
    if left > 0:
        entries = [*entries[:FIRST], *entries[FIRST + left :]]
    rows = [_row(t, event, count, now_s) for event, count in entries]
    if left > 0:
        rows.insert(FIRST, f'<li class="left">{escape(t("job.history_left", n=left))}</li>')
    return f'<ol class="timeline">{"".join(rows)}</ol>'


def _gathered(events: Sequence[Event]) -> list[tuple[Event, int]]:
    found: list[tuple[Event, int]] = []
    for event in events:
        if event["kind"] not in _TELLS:
            continue
        same = found and found[-1][0]["kind"] == event["kind"]
        if same and event["kind"] in ("artifact", "checkpoint"):
            found[-1] = (event, found[-1][1] + 1)
        else:
            found.append((event, 1))
    return found


def _row(t: Words, event: Event, count: int, now_s: float) -> str:
    change = str(event.get("change", "")) if event["kind"] == "change" else ""
    sign = _SIGNS.get(change, "·")
    said, more = _said(t, event, count), escape(_more(event))
    at = datetime.fromtimestamp(event["at_s"])
    when = at.strftime("%H:%M:%S")
    if at.date() != datetime.fromtimestamp(now_s).date():
        when = at.strftime("%m-%d %H:%M")
    detail = f'<span class="more">{more}</span>' if more else ""
    return (
        f'<li class="of-{escape(change or str(event["kind"]))}">'
        f'<span class="sign" aria-hidden="true">{sign}</span>'
        f'<time class="num" datetime="{at.isoformat(timespec="seconds")}">{when}</time>'
        f"<span>{escape(said)}{detail}</span></li>"
    )


def _said(t: Words, event: Event, count: int) -> str:
    kind = event["kind"]
    if kind == "change":
        key = f"job.change_{event.get('change')}"
        said = t(key) if t.has(key) else str(event.get("change"))
        again = event.get("change") == "start" and event.get("attempt", 0) > 1
        return f"{said} ({t('job.attempt_n', n=event['attempt'])})" if again else said
    if kind == "artifact":
        return t("job.made", n=count)
    if kind == "checkpoint":
        return t("job.saved", step=event.get("step", "–"))
    if kind == "began":
        step = event.get("resumed_step")
        return t("job.resumed_at", step=step) if step is not None else ""
    if kind == "health":
        return t("job.answers") if event.get("healthy") else t("job.answers_not")
    return str(event.get("text", ""))


def _more(event: Event) -> str:
    if event["kind"] == "change" and event.get("change") not in ("succeed", "submit"):
        return str(event.get("reason") or "")
    return str(event.get("why") or "") if event["kind"] == "health" else ""


def attempts(t: Words, rows: Sequence[Mapping[str, Any]], job: str, shown: int) -> str:
    """Links to the log of each attempt, where there are several."""
    if len(rows) < 2:
        return ""
    links = ""
    for row in rows[-MOST:]:
        here = ' accent" aria-current="true' if row["number"] == shown else ""
        links += (
            f'<a href="?attempt={row["number"]}#log" class="tag{here}"'
            f' title="{escape(_how(t, row))}">{escape(t("job.attempt_n", n=row["number"]))}</a>'
        )
    label = escape(t("job.attempts"))
    return f'<nav class="attempts" aria-label="{label}">{links}</nav>'


def _how(t: Words, row: Mapping[str, Any]) -> str:
    outcome = row.get("outcome")
    if not outcome:
        return ""
    key = f"job.ending_{outcome['ending'].replace('-', '_')}"
    said = t(key) if t.has(key) else str(outcome["ending"])
    return f"{said}, {long(t, outcome['ended_s'] - outcome['started_s'])}"
