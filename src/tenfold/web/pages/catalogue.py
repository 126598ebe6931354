"""The catalogue: what this box can do, under the mission's headings."""

from __future__ import annotations

from html import escape

from nicegui import ui

from tenfold.web.draw.catalogue import catalogue_html
from tenfold.web.frame import Frame, Page
from tenfold.web.parts.run_form import dress


def add(frame: Frame) -> None:
    frame.page("/catalogue", "catalogue")(build)


async def build(page: Page, **parts: str) -> None:
    t = page.t
    dress()
    workloads = (await page.api.get("/api/workloads"))["workloads"]
    head = (
        f'<h1>{escape(t("catalogue.title"))}</h1><p class="lead">{escape(t("catalogue.lead"))}</p>'
    )
    ui.html(head + catalogue_html(t, workloads), sanitize=False).classes("catalogue")
