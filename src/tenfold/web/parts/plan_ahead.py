"""The plan ahead on a page: the drawing, how far it looks, its table.

It is asked for at most each REFRESH_S and only while somebody sees it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments

from tenfold.web.draw.gantt import View, gantt, last_end_s
from tenfold.web.draw.gantt_blocks import Lane, lanes
from tenfold.web.draw.plan_table import plan_table
from tenfold.web.frame import Page

REFRESH_S = 5.0
JOBS = 300
SPANS_H = (6, 24, 72)
WIDTH = 1200.0  # until the browser says its own

Heard = Callable[[Mapping[str, Any]], None]


class PlanAhead:
    """`heard(plan)` is called with each new one."""

    def __init__(self, page: Page, heard: Heard) -> None:
        self._page = page
        self._heard = heard
        self._plan: Mapping[str, Any] | None = None
        self._lanes: list[Lane] = []
        self._steps: list[Mapping[str, Any]] = []
        self._hours = 24
        self._width = WIDTH
        self._shows_table = False
        self._build()
        self._timer = ui.timer(REFRESH_S, self.refresh, active=False)
        ui.on("queue-plan", self._seen)

    @property
    def end_s(self) -> float | None:
        return None if self._plan is None else last_end_s(self._plan)

    async def refresh(self) -> None:
        hours = self._hours
        plan = await self._page.ask(self._page.api.get("/api/ahead", hours=hours, jobs=JOBS))
        if plan is None or hours != self._hours:
            return
        box = await self._page.feed.newest_box()
        self._lanes = lanes(one for node in box["box"]["nodes"] for one in node["devices"])
        self._steps = box["budget"]
        self._plan = plan
        self._draw()
        self._heard(plan)

    def _build(self) -> None:
        t = self._page.t
        with ui.element("details").props("id=plan open").classes("panel plan") as whole:
            ui.html(f"<h2>{escape(t('plan.title'))}</h2>", sanitize=False, tag="summary")
            with ui.element("div").classes("plan-head"):
                self._legend = ui.html("", sanitize=False).classes("legend")
                with ui.element("div").classes("chips") as spans:
                    spans.props(f'role=group aria-label="{escape(t("plan.span"))}"')
                    self._spans = {hours: self._span(hours) for hours in SPANS_H}
            reading = f'<p class="dim">{escape(t("plan.reading"))}</p>'
            self._drawing = ui.html(reading, sanitize=False).props("id=plan-drawing")
            with ui.element("details").classes("plan-rows") as rows:
                ui.html(escape(t("plan.table")), sanitize=False, tag="summary")
                self._table = ui.html("", sanitize=False)
        rows.on("toggle", self._opened, js_handler="(e) => emit(e.target.open)")
        whole.on("toggle", js_handler="() => tenfoldQueue.plan()")

    def _span(self, hours: int) -> ui.element:
        async def choose() -> None:
            self._hours = hours
            for other, button in self._spans.items():
                button.props(f"aria-pressed={str(other == hours).lower()}")
            await self.refresh()

        pressed = str(hours == self._hours).lower()
        button = ui.element("button").classes("chip").on("click", choose)
        button.props(f"type=button data-hours={hours} aria-pressed={pressed}")
        with button:
            ui.html(escape(self._page.t(f"plan.hours_{hours}")), sanitize=False, tag="span")
        return button

    async def _seen(self, event: GenericEventArguments) -> None:
        """The browser says whether the drawing is seen, and how wide it is."""
        told = event.args if isinstance(event.args, dict) else {}
        width = told.get("width")
        if isinstance(width, int | float) and width > 0:
            self._width = float(width)
        seen = told.get("shown") is True
        was, self._timer.active = self._timer.active, seen
        if seen and not was:
            await self.refresh()
        elif seen:
            self._draw()

    def _opened(self, event: GenericEventArguments) -> None:
        self._shows_table = event.args is True
        self._draw()

    def _draw(self) -> None:
        plan, t = self._plan, self._page.t
        if plan is None:
            return
        view = View(self._lanes, self._hours, self._width, self._steps)
        self._drawing.set_content(gantt(t, plan, view))
        self._table.set_content(plan_table(t, plan) if self._shows_table else "")
        self._legend.set_content(self._legend_html(plan))

    def _legend_html(self, plan: Mapping[str, Any]) -> str:
        t = self._page.t
        stays = plan["jobs"]
        said = t("plan.about") if stays else t("plan.nothing")
        if plan["left_out"]:
            said += " " + t("plan.left_out", n=f"{plan['left_out']:,}")
        key = ""
        if any(not stay["known"] for stay in stays):
            unknown = escape(t("plan.unknown"))
            key = f'<span class="key"><i class="open-end"></i>{unknown}</span>'
        return f'<span class="dim">{escape(said)}</span>{key}'
