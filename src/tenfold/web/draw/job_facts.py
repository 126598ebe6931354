"""What a job is and what came of it, as HTML: head, facts, result, figures, failure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import quote

from tenfold.terms.refusal import refusal_from_json
from tenfold.web.amounts import amount, kwh, long, moment, money, number
from tenfold.web.parts.refused import refusal_html
from tenfold.web.words import Words

Row = Mapping[str, Any]  # of /api/queue
Job = Mapping[str, Any]

FIGURES_SHOWN = 8
TAGS = {"failed": "bad", "paused": "warn", "yielding": "warn", "succeeded": "good"}
LIVE = ("starting", "running", "yielding")
ENDED = ("succeeded", "failed", "cancelled")
MOST_TEXT = 400  # characters of one figure or param


def state_html(t: Words, row: Row, now_s: float) -> str:
    """State, place, since when; why it waits and when it should start; how far it has come."""
    state = str(row["state"])
    tag = TAGS.get(state, "accent" if state in LIVE else "")
    parts = [f'<span class="tag {tag}" data-state="{state}">{escape(t(f"states.{state}"))}</span>']
    if row.get("place"):
        parts.append(f"<span>{escape(row['place'])}</span>")
    since_s = row["started_s"] if state in LIVE and row.get("started_s") else row["changed_s"]
    if state in ENDED and row.get("started_s"):
        took = long(t, row["changed_s"] - row["started_s"])
        parts.append(escape(t("job.ended", at=moment(row["changed_s"], now_s), long=took)))
    else:
        parts.append(escape(t("job.since", at=moment(since_s, now_s))))
    if row.get("url"):
        parts.append(f'<a href="{escape(row["url"])}" rel="noopener">{escape(row["url"])}</a>')
    line = '<span class="sep" aria-hidden="true">·</span>'.join(f"<span>{p}</span>" for p in parts)
    return f'<div class="job-state">{line}</div>{_bar(t, row, now_s)}{_waits(t, row, now_s)}'


def _bar(t: Words, row: Row, now_s: float) -> str:
    share = row.get("share")
    if share is None or row["state"] not in (*LIVE, "paused", "queued"):
        return ""
    if row["state"] == "queued" and not share:
        return ""
    said = [f"{share * 100:.0f} %"]
    progress = row.get("progress") or {}
    done, total = _number(progress.get("done")), _number(progress.get("total"))
    if done is not None and total:
        unit = str(progress.get("unit") or "")
        said.append(t("job.step_of", done=f"{done:,.0f}", total=f"{total:,.0f}", unit=unit))
        rate = _number(progress.get("rate"))
        if rate and row["state"] == "running":
            said.append(t("job.rate", rate=number(rate), unit=unit))
    if row.get("eta_s") and row["state"] == "running":
        left_s = row["eta_s"] - now_s
        said.append(t("job.left", long=long(t, left_s), at=moment(row["eta_s"], now_s)))
    label = escape(t("job.progress"))
    return (
        f'<div class="job-bar"><div class="job-done" role="progressbar" aria-label="{label}"'
        f' aria-valuenow="{share * 100:.0f}" aria-valuemin="0" aria-valuemax="100">'
        f'<span style="width:{share * 100:.2f}%"></span></div>'
        f'<div class="num dim" data-progress>{escape(" · ".join(said))}</div></div>'
    )


def _waits(t: Words, row: Row, now_s: float) -> str:
    if row["state"] in ("running", *ENDED) or not row.get("why"):
        return ""
    expected_s = row.get("expected_s")
    at = ""
    if expected_s is not None:
        at = " " + t("job.expected", at=moment(expected_s, now_s), long=long(t, expected_s - now_s))
    return f'<p class="job-why" data-why>{escape(str(row["why"]))}{escape(at)}</p>'


def outcome_html(t: Words, job: Job) -> str:
    """Result, verdict and figures; or the Refusal, or the traceback."""
    outcome = job.get("outcome")
    if not outcome:
        return ""
    parts = []
    result, verdict = outcome.get("result"), outcome.get("verdict")
    if result:
        parts.append(f'<p class="job-result" data-result>{escape(result["summary"])}</p>')
    if verdict:
        holds = bool(verdict["holds"])
        key, tag, sign = ("holds", "good", "✓") if holds else ("holds_not", "bad", "✗")
        parts.append(
            f'<p class="job-verdict" data-verdict="{str(holds).lower()}"><span class="tag {tag}">'
            f'<span aria-hidden="true">{sign} </span>{escape(t(f"job.{key}"))}</span> '
            f"{escape(verdict['sentence'])}</p>"
        )
    if outcome.get("refusal"):
        parts.append(refusal_html(t, refusal_from_json(outcome["refusal"])))
    elif job["state"] == "failed" and not outcome.get("error") and not result:
        parts.append(f'<p class="job-why">{escape(str(job.get("reason") or ""))}</p>')
    if outcome.get("exit_code") and not outcome.get("refusal"):
        parts.append(f"<p>{escape(t('job.exit_code', n=outcome['exit_code']))}</p>")
    if outcome.get("error"):
        parts.append(
            f"<h2>{escape(t('job.traceback'))}</h2>"
            f'<pre class="text-box" tabindex="0" data-traceback>{escape(outcome["error"])}</pre>'
        )
    if result and result.get("figures"):
        parts.append(_figures(t, result["figures"]))
    return "".join(parts)


def _figures(t: Words, figures: Mapping[str, Any]) -> str:
    """Many of them wait below one line: what it made is what people come for."""
    count = len(flat(figures))
    head = f"<h2>{escape(t('job.figures'))}</h2>"
    if count <= FIGURES_SHOWN:
        return head + table(figures)
    return (
        f'<details class="figures"><summary>{head} <span class="dim num">{count}</span></summary>'
        f"{table(figures)}</details>"
    )


def children_html(t: Words, children: list[Job]) -> str:
    rows = "".join(
        f'<li><a href="/job/{quote(one["id"])}">{escape(one["id"])} {escape(one["name"])}</a> '
        f'<span class="tag {TAGS.get(one["state"], "")}">{escape(t("states." + one["state"]))}'
        "</span></li>"
        for one in children
    )
    return f'<ul class="job-children">{rows}</ul>' if rows else ""


def files_head(t: Words, job: str, count: int) -> str:
    link = f"/api/jobs/{quote(job)}/download"
    return (
        f'<div class="section-head"><h2>{escape(t("job.files"))}'
        f' <span class="dim num">{count}</span></h2>'
        f'<a class="do second" data-download href="{link}" download>'
        f"{escape(t('job.all_files'))}</a></div>"
    )


def table(values: Mapping[str, Any]) -> str:
    """Names and values; what is nested is flat, with the way to it as its name."""
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td class="num">{escape(said(value))}</td></tr>'
        for name, value in flat(values)
    )
    return f'<table class="plain values"><tbody>{rows}</tbody></table>'


def told(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is not set: a command has many params, and most of them are empty."""
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}


def flat(values: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in values.items():
        called = before + str(name).replace("_", " ")
        if isinstance(value, Mapping) and value:
            found += flat(value, f"{called} · ")
        elif isinstance(value, list) and value and all(isinstance(x, Mapping) for x in value):
            many = len(value) > 1
            for at, one in enumerate(value, 1):
                found += flat(one, f"{called} {at} · " if many else f"{called} · ")
        else:
            found.append((called, value))
    return found


def said(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    if isinstance(value, float):
        return number(value, 5)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]}…"


def energy_html(t: Words, energy: Mapping[str, Any] | None) -> str:
    """kWh and money, and how they are known."""
    if energy is None:
        return ""
    facts = [(t("job.energy"), kwh(energy["kwh"]), basis(t, energy))]
    if energy.get("money") is not None:
        facts.append((t("job.cost"), money(energy["money"], energy.get("currency")), ""))
    if energy.get("gpu_hours"):
        facts.append((t("job.gpu_hours"), amount(energy["gpu_hours"], "h"), ""))
    shown = "".join(
        f'<div class="fact"><span class="label">{escape(label)}</span>'
        f'<span class="value">{escape(value)}</span>'
        f"{f'<span class=more>{escape(more)}</span>' if more else ''}</div>"
        for label, value, more in facts
    )
    return f'<div class="facts" data-energy>{shown}</div>'


def basis(t: Words, energy: Mapping[str, Any]) -> str:
    if energy["kwh"] is None:
        return t("job.basis_unknown")
    return ", ".join(t(f"job.basis_{one}") for one in energy["basis"])


def _number(value: Any) -> float | None:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if known else None
