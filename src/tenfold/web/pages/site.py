"""The place: will it take the box, what it allows in the next day, the settings, and the energy."""

from __future__ import annotations

import asyncio
from html import escape

from nicegui import ui

from tenfold.web.draw.site import budget_picture
from tenfold.web.draw.site_steps import steps_table
from tenfold.web.draw.verdict import answers_html, figures_html, first_html
from tenfold.web.frame import Frame, Page
from tenfold.web.parts.energy_history import EnergyHistory
from tenfold.web.parts.site_editor import SiteEditor

AGAIN_S = 60.0  # of the picture: what is drawn is known by minutes


def add(frame: Frame) -> None:
    frame.page("/site", "site")(build)


async def build(page: Page, **parts: str) -> None:
    t, api = page.t, page.api
    ui.add_head_html('<link rel="stylesheet" href="/static/budget.css">')
    ui.add_head_html('<link rel="stylesheet" href="/static/site.css">')
    verdict, settings, draw = await asyncio.gather(
        api.get("/api/site"), api.get("/api/site/settings"), api.get("/api/draw", hours=24)
    )
    told = settings["settings"]
    label = (
        f' <span class="tag">{escape(t("frame.modelled"))}</span>' if verdict["modelled"] else ""
    )
    called = verdict["box"] if verdict["modelled"] else t("site.this_machine")
    title = escape(t("site.title", box=called))
    ui.html(f"<h1>{title}{label}</h1><p class=dim>{escape(t('site.lead'))}</p>", sanitize=False)
    answers = ui.html(answers_html(t, verdict) + first_html(t, verdict), sanitize=False)
    answers.props("id=site-verdict")
    with ui.element("section").classes("panel").props("id=site-budget"):
        ui.html(f"<h2>{escape(t('site.budget_title'))}</h2>", sanitize=False)
        picture = ui.html("", sanitize=False)
        steps = ui.html("", sanitize=False)

    def show_budget() -> None:
        zone = told["zone"]
        picture.set_content(budget_picture(t, draw, zone) + _budget_notes(page, draw, zone))
        table = steps_table(t, draw, told["currency"], zone)
        steps.set_content(f"<details><summary>{escape(t('site.steps'))}</summary>{table}</details>")

    show_budget()

    async def saved() -> None:
        """What was drawn from the old settings is drawn anew."""
        nonlocal verdict, settings, draw, told
        verdict, settings, draw = await asyncio.gather(
            api.get("/api/site"), api.get("/api/site/settings"), api.get("/api/draw", hours=24)
        )
        told = settings["settings"]
        answers.set_content(answers_html(t, verdict) + first_html(t, verdict))
        figures.set_content(figures_html(t, verdict))
        show_budget()

    async def look() -> None:
        nonlocal draw
        found = await page.ask(api.get("/api/draw", hours=24))
        if found is not None:
            draw = found
            show_budget()

    with ui.element("section").props("id=site-editor"):
        ui.html(f"<h2>{escape(t('site.editor_title'))}</h2>", sanitize=False)
        SiteEditor(page, settings, saved)
    with ui.element("section").props("id=site-energy"):
        ui.html(f"<h2>{escape(t('site.energy_title'))}</h2>", sanitize=False)
        await EnergyHistory(page, told["zone"]).build()
    with ui.element("section").props("id=site-figures"):
        ui.html(
            f"<h2>{escape(t('site.figures_title'))}</h2><p class=dim>"
            f"{escape(t('site.figures_lead'))}</p>",
            sanitize=False,
        )
        figures = ui.html(figures_html(t, verdict), sanitize=False).classes("folds")
        left_out = "".join(f"<li>{escape(t(f'site.left_out_{n}'))}</li>" for n in (1, 2, 3, 4))
        ui.html(
            f"<h3>{escape(t('site.left_out'))}</h3><ul class=dim>{left_out}</ul>", sanitize=False
        )
    ui.timer(AGAIN_S, look, immediate=False)


def _budget_notes(page: Page, draw: dict[str, object], zone: str) -> str:
    t = page.t
    notes = [t("site.legend")]
    if zone:
        notes.append(t("site.clock_of", zone=zone))
    if draw["partial"]:
        notes.append(t("site.partial"))
    if draw["modelled"]:
        notes.append(t("site.drawn_modelled"))
    return f"<p class=dim>{escape(' '.join(notes))}</p>"
