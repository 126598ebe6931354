"""Several jobs beside one another: their curves over each other, params, results."""

from __future__ import annotations

from html import escape
from typing import Any
from urllib.parse import quote

from nicegui import ui
from nicegui.events import GenericEventArguments

from tenfold.terms.refusal import Refusal
from tenfold.web.draw import compared
from tenfold.web.feed import EVENT
from tenfold.web.frame import Frame, Page
from tenfold.web.pages.job import LOOK_S, POINTS, with_styles
from tenfold.web.parts.curves import Curves
from tenfold.web.parts.refused import show_refusal

MOST = 12  # jobs at once
OFFERED = 40


def add(frame: Frame) -> None:
    frame.page("/compare", "queue")(build)


async def build(page: Page, **parts: str) -> None:
    t = page.t
    with_styles()
    asked = list(dict.fromkeys(filter(None, page.query.get("jobs", "").split(","))))[:MOST]
    ui.html(f"<h1>{escape(t('compare.title'))}</h1>", sanitize=False)
    details = []
    for job in asked:
        try:
            details.append(await page.api.get(f"/api/jobs/{quote(job, safe='')}"))
        except Refusal as told:
            show_refusal(t, told)
    chosen = [detail["job"]["id"] for detail in details]
    await _choice(page, details, chosen)
    if len(details) < 2:
        return
    called = compared.called([detail["job"] for detail in details])
    title = ui.html(f"<h2>{escape(t('job.curves'))}</h2>", sanitize=False)
    curves = Curves(page, called)
    for job in chosen:
        found = await page.api.get(f"/api/jobs/{quote(job)}/metrics", points=POINTS)
        curves.set(job, found["metrics"])
    curves.draw()
    title.set_visibility(curves.any)
    jobs = [detail["job"] for detail in details]
    ui.html(compared.tables(t, jobs), sanitize=False)
    if all(job["state"] in compared.ENDED for job in jobs):
        return

    def heard(event: dict[str, Any]) -> None:
        if event["kind"] == "metrics" and event["job"] in called:
            curves.add(event["job"], event["step"], event["at_s"], event["values"])

    page.listen(EVENT, heard)
    ui.timer(LOOK_S, curves.draw)


async def _choice(page: Page, details: list[dict[str, Any]], chosen: list[str]) -> None:
    """Every job as a box to tick: those of the same workload first, then the others."""
    t = page.t
    queue = await page.feed.newest_queue()
    rows = {row["id"]: row for row in queue["jobs"] if row["kind"] == "batch"}
    for detail in details:
        job = detail["job"]
        rows[job["id"]] = {**job, "workload": job["spec"]["workload"]}
    offered = compared.offered(list(rows.values()), chosen)[:OFFERED]
    if not offered:
        ui.html(compared.nothing(t), sanitize=False)
        return
    picked = list(chosen)
    with ui.element("details").classes("panel compare-choice") as box:
        box.props["open"] = len(chosen) < 2
        ui.html(escape(t("compare.choose")), sanitize=False, tag="summary")
        boxes = ui.html(compared.boxes(t, offered, chosen), sanitize=False)
        boxes.on(
            "change",
            lambda event: _chosen(event),
            js_handler="(e) => emit([...e.target.closest('ul').querySelectorAll('input:checked')]"
            ".map((one) => one.value))",
        )
        with ui.element("button").classes("do").props("type=button data-compare-show") as shows:
            ui.html(escape(t("compare.show")), sanitize=False, tag="span")
        shows.on("click", lambda: ui.navigate.to(f"/compare?jobs={','.join(picked)}"))

    def _chosen(event: GenericEventArguments) -> None:
        # In the order in which they were ticked: the first is whom the others are compared with.
        wanted = [str(job) for job in event.args]
        picked[:] = [job for job in picked if job in wanted] + [
            job for job in wanted if job not in picked
        ]
        del picked[MOST:]
