"""Several jobs beside one another, as tables; and the list to choose them from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import quote

from tenfold.web.amounts import long
from tenfold.web.draw.job_facts import ENDED, flat, said
from tenfold.web.words import Words

__all__ = ["ENDED", "boxes", "called", "nothing", "offered", "tables"]

Job = Mapping[str, Any]


def offered(rows: Sequence[Mapping[str, Any]], chosen: Sequence[str]) -> list[Mapping[str, Any]]:
    """The chosen first, then those of the same workload, the newest first."""
    alike = {row["workload"] for row in rows if row["id"] in chosen}

    def place(row: Mapping[str, Any]) -> tuple[bool, bool, float]:
        return (row["id"] not in chosen, row["workload"] not in alike, -row["submitted_s"])

    return sorted(rows, key=place)


def boxes(t: Words, rows: Sequence[Mapping[str, Any]], chosen: Sequence[str]) -> str:
    items = "".join(
        f'<li><label><input type="checkbox" value="{escape(row["id"])}"'
        f"{' checked' if row['id'] in chosen else ''}>"
        f' <span class="num">#{escape(row["id"])}</span> {escape(row["name"])}'
        f' <span class="dim">{escape(t("states." + row["state"]))}</span>'
        "</label></li>"
        for row in rows
    )
    return f'<ul class="compare-boxes">{items}</ul>'


def called(jobs: Sequence[Job]) -> dict[str, str]:
    """What the line of each is called: its name only where that tells them apart."""
    alike = len({job["name"] for job in jobs}) == 1
    return {job["id"]: f"#{job['id']}" + ("" if alike else f" {job['name']}") for job in jobs}


def nothing(t: Words) -> str:
    way = f'<a href="/catalogue">{escape(t("gallery.to_catalogue"))}</a>'
    return f"<p>{escape(t('compare.nothing'))} {way}</p>"


def tables(t: Words, jobs: Sequence[Job]) -> str:
    """Params that differ; what came of them."""
    params = [dict(flat(job["spec"]["params"])) for job in jobs]
    params = [
        {**one, t("job.size"): job["spec"]["size"]} for one, job in zip(params, jobs, strict=True)
    ]
    results = [_results(t, job) for job in jobs]
    parts = [f"<h2>{escape(t('compare.differ'))}</h2>"]
    differing = _table(t, jobs, params, only_differing=True)
    parts.append(differing or f"<p class='dim'>{escape(t('compare.same'))}</p>")
    parts.append(f"<h2>{escape(t('compare.results'))}</h2>{_table(t, jobs, results, False)}")
    return "".join(parts)


def _results(t: Words, job: Job) -> dict[str, Any]:
    outcome = job.get("outcome") or {}
    found: dict[str, Any] = {t("compare.state"): t(f"states.{job['state']}")}
    if outcome.get("started_s") and outcome.get("ended_s"):
        found[t("compare.took")] = long(t, outcome["ended_s"] - outcome["started_s"])
    if outcome.get("verdict"):
        found[t("compare.verdict")] = t(
            "job.holds" if outcome["verdict"]["holds"] else "job.holds_not"
        )
    return found | dict(flat((outcome.get("result") or {}).get("figures") or {}))


def _table(
    t: Words, jobs: Sequence[Job], columns: Sequence[Mapping[str, Any]], only_differing: bool
) -> str:
    names = list(dict.fromkeys(name for column in columns for name in column))
    rows = []
    for name in names:
        cells = [said(column.get(name)) for column in columns]
        differs = len(set(cells)) > 1
        if only_differing and not differs:
            continue
        inside = "".join(f'<td class="num">{escape(cell)}</td>' for cell in cells)
        mark = ' class="differs"' if differs else ""
        rows.append(f'<tr{mark}><th scope="row">{escape(name)}</th>{inside}</tr>')
    if not rows:
        return ""
    heads = "".join(
        f'<th scope="col"><a href="/job/{quote(job["id"])}">#{escape(job["id"])}'
        f" {escape(job['name'])}</a></th>"
        for job in jobs
    )
    corner = f'<td><span class="visually-hidden">{escape(t("compare.name"))}</span></td>'
    return (
        f'<div class="table-box wide" tabindex="0" role="region"'
        f' aria-label="{escape(t("compare.title"))}"><table class="plain beside"><thead>'
        f"<tr>{corner}{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )
