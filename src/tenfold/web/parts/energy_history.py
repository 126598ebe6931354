"""What was drawn and what it cost, of the last days: bars, sums, and rows by job or workload."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from html import escape
from typing import Any

from nicegui import ui

from tenfold.web.amounts import kwh, money, number
from tenfold.web.draw.energy import bars, bars_picture, basis_words, csv_link, energy_table
from tenfold.web.frame import Page
from tenfold.web.words import Words

CHOICES = (7, 30, 365)
PARTS = ("jobs", "idle", "host")


class EnergyHistory:
    def __init__(self, page: Page, zone: str) -> None:
        self._page = page
        self._zone = zone
        self._days = 30
        self._named: dict[str, str] = {}
        self._buttons: dict[int, ui.element] = {}

    async def build(self) -> None:
        t = self._page.t
        listed = await self._page.api.get("/api/workloads")
        rows = listed if isinstance(listed, list) else listed.get("workloads", [])
        self._named = {
            row["name"]: _short(t.workload(row["name"], row.get("title", row["name"])))
            for row in rows
        }
        with (
            ui.element("div")
            .classes("days-chooser row-buttons")
            .props(f'role=group aria-label="{escape(t("site.days_chooser"))}"')
        ):
            for days in CHOICES:
                with ui.element("button").props(f"type=button id=site-days-{days}") as button:
                    ui.html(escape(t("site.days", n=days)), sanitize=False, tag="span")
                button.on("click", lambda days=days: self._choose(days))
                self._buttons[days] = button
        self._shown = ui.html("", sanitize=False).props("id=site-energy-shown")
        await self._show()

    async def _choose(self, days: int) -> None:
        self._days = days
        await self._show()

    async def _show(self) -> None:
        days, api = self._days, self._page.api
        for one, button in self._buttons.items():
            button.props(f"aria-pressed={'true' if one == days else 'false'}")
        answers = await self._page.ask(
            asyncio.gather(
                *(api.get("/api/energy", days=days, by=by) for by in ("day", "workload", "job"))
            )
        )
        if answers is not None and days == self._days:
            by_day, by_workload, by_job = answers
            shown = history_html(self._page.t, by_day, by_workload, by_job, self._named, self._zone)
            self._shown.set_content(shown)


def history_html(
    t: Words,
    by_day: Mapping[str, Any],
    by_workload: Mapping[str, Any],
    by_job: Mapping[str, Any],
    named: Mapping[str, str],
    zone: str,
) -> str:
    if by_day["total"]["kwh"] is None:
        return f'<p class="panel">{escape(t("site.no_energy"))}</p>'
    currency = by_day["currency"]
    links = "".join(
        f'<a download="tenfold-energy-{answer["by"]}.csv" href="{csv_link(answer)}">'
        f"{escape(t('site.csv_' + answer['by']))}</a>"
        for answer in (by_day, by_workload, by_job)
    )
    left = by_job["left_out"]
    more = f"<p class=dim>{escape(t('site.rows_left', n=left))}</p>" if left else ""
    legend = "".join(
        f'<li><span class="swatch {name}" aria-hidden="true"></span>'
        f"{escape(t('site.part_' + name))}: <span class=num>{escape(kwh(by_day[name]['kwh']))}"
        "</span></li>"
        for name in PARTS
    )
    return (
        f'{_facts(t, by_day)}<div class="energy-columns"><div class="panel">'
        f"{bars_picture(t, bars(by_day, zone), currency)}<ul class=legend>{legend}</ul></div>"
        f'<div class="panel"><h3>{escape(t("site.by_workload_title"))}</h3>'
        f"{energy_table(t, by_workload, named)}</div></div>"
        f'<details class="panel fold"><summary><h3>{escape(t("site.by_job_title"))}</h3></summary>'
        f"{energy_table(t, by_job, named)}{more}</details>"
        f"<p class=csv-links>{escape(t('site.csv'))} {links}</p>"
    )


def _facts(t: Words, answer: Mapping[str, Any]) -> str:
    every, currency = answer["total"], answer["currency"]
    prices = answer["prices"]
    facts = [
        ("fact_kwh", kwh(every["kwh"]), basis_words(t, every)),
        (
            "fact_money",
            money(every["money"], currency),
            "" if prices is None
            else t("site.mean_price", price=money(prices["mean"], currency)),
        ),
        (
            "fact_gpu_hours",
            number(every["gpu_hours"], 4),
            "" if every["cloud_money"] is None
            else t("site.in_cloud", money=money(every["cloud_money"], currency)),
        ),
    ]  # fmt: skip
    cells = "".join(
        f"<div class=fact><span class=label>{escape(t('site.' + key))}</span>"
        f"<span class=value>{escape(value)}</span><span class=more>{escape(more)}</span></div>"
        for key, value, more in facts
    )
    return f'<div class="facts">{cells}</div>'


def _short(title: str) -> str:
    """`Command: a program of your own` is a `Command` in a table."""
    return re.split("[:：]", title, maxsplit=1)[0]
