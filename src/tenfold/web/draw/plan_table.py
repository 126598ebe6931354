"""The plan ahead as a table: what the drawing shows, for those who read it row by row."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from tenfold.web.draw.gantt_axis import when
from tenfold.web.words import Words

MOST_ROWS = 60


def plan_table(t: Words, plan: Mapping[str, Any]) -> str:
    stays, now_s = plan["jobs"], plan["now_s"]
    rows = []
    for stay in stays[:MOST_ROWS]:
        profile = stay["slice"]["profile"] if stay["slice"] else ""
        where = f"{', '.join(stay['devices'])} {profile}".strip()
        end = when(t, stay["end_s"], now_s) if stay["known"] else t("plan.no_end")
        rows.append(
            f'<tr><td><a href="/job/{escape(str(stay["id"]))}">{escape(stay["name"])}</a></td>'
            f"<td>{escape(where)}</td>"
            f'<td class="num">{escape(when(t, stay["start_s"], now_s))}</td>'
            f'<td class="num">{escape(end)}</td></tr>'
        )
    heads = "".join(
        f'<th scope="col">{escape(t(key))}</th>'
        for key in ("queue.name", "queue.place", "plan.from", "plan.to")
    )
    table = (
        f'<table class="plain plan-table"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
    if len(stays) > MOST_ROWS:
        said = t("plan.rows_left", n=MOST_ROWS, all=len(stays))
        table += f'<p class="dim">{escape(said)}</p>'
    return table
