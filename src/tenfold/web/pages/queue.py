"""The queue: what runs, what waits and why, what ended, and the plan of what comes."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments

from tenfold.web.draw.gantt_axis import when
from tenfold.web.draw.queue_order import ALL, SHOWN, counted
from tenfold.web.draw.queue_rows import CELLS
from tenfold.web.feed import BOX, QUEUE, QUEUE_ENDED
from tenfold.web.frame import STYLE_VERSION, Frame, Page
from tenfold.web.parts.plan_ahead import PlanAhead
from tenfold.web.parts.queue_list import MOST_TEXT, QueueList
from tenfold.web.words import Words

CHOICES = (ALL, *SHOWN)
TYPED_S = 0.25  # between two searches while somebody types


def add(frame: Frame) -> None:
    frame.page("/queue", "queue")(build)


async def build(page: Page, **parts: str) -> None:
    ui.add_head_html(f'<link rel="stylesheet" href="/static/queue.css?{STYLE_VERSION}">')
    ui.add_head_html(f'<link rel="stylesheet" href="/static/job_actions.css?{STYLE_VERSION}">')
    ui.add_head_html(f'<script src="/static/queue.js?{STYLE_VERSION}"></script>')
    titles = await _titles(page)
    queue = await page.feed.newest_queue()
    shown = _Shown(page, titles)
    shown.hear(queue)
    page.listen(QUEUE, shown.hear)
    page.listen(BOX, lambda _: shown.list.hear_time())
    page.run_script("tenfoldQueue.began()")


async def _titles(page: Page) -> dict[str, str]:
    found = (await page.api.get("/api/workloads"))["workloads"]
    # The title's first part: what follows a colon explains it.
    named = {one["name"]: page.t.workload(one["name"], one["title"]) for one in found}
    return {
        name: title.partition("：")[0].partition(":")[0].rstrip("。.")
        for name, title in named.items()
    }


class _Shown:
    """The page's parts, from the heading down."""

    def __init__(self, page: Page, titles: Mapping[str, str]) -> None:
        t = page.t
        self._page = page
        self._queue: Mapping[str, Any] | None = None
        with ui.element("div").classes("queue-head"):
            ui.html(escape(t("queue.title")), sanitize=False, tag="h1")
            self._summary = ui.html("", sanitize=False, tag="p").classes("dim")
        self._empty = ui.html(_empty(t), sanitize=False).classes("panel queue-empty")
        with ui.element("div") as self._whole:
            self.plan = PlanAhead(page, self._hear_plan)
            self._choices()
            table = ui.html(_table(t), sanitize=False).props("id=jobs")
            self._none = ui.html("", sanitize=False, tag="p").classes("dim queue-none")
            self._left = ui.html("", sanitize=False, tag="p").classes("dim")
        self._table = table
        self.list = QueueList(page, titles, self._hear_shown)
        self.list.choose(page.query.get("show", ALL))
        self._mark()
        self._answer()

    def hear(self, queue: Mapping[str, Any]) -> None:
        self._queue = queue
        counts = counted(queue["counts"])
        there = bool(queue["jobs"])
        self._empty.set_visibility(not there)
        self._whole.set_visibility(there)
        for name, count in self._counts.items():
            count.set_content(f"{counts[name]:,}")
        self._tell_summary()
        self.list.hear_queue(queue)

    def _hear_plan(self, plan: Mapping[str, Any]) -> None:
        self.list.hear_plan(plan)
        self._tell_summary()

    def _tell_summary(self) -> None:
        if self._queue is None:
            return
        t, counts = self._page.t, counted(self._queue["counts"])
        running, waiting = f"{counts['running']:,}", f"{counts['waiting']:,}"
        said = t("queue.summary", running=running, waiting=waiting)
        if self.plan.end_s is not None:
            said += t("queue.free_at", at=when(t, self.plan.end_s, self._queue["now_s"]))
        self._summary.set_content(escape(said) if self._queue["jobs"] else "")

    def _hear_shown(self, rows: int) -> None:
        """The list has so many rows."""
        t = self._page.t
        self._table.set_visibility(rows > 0)
        said = ""
        if not rows:
            text = self.list.text
            said = escape(t("queue.none_found", text=text) if text else t("queue.none"))
        self._none.set_content(said)
        counts = self._queue["counts"] if self._queue else {}
        ended = sum(counts.get(state, 0) for state in (*SHOWN["done"], *SHOWN["failed"]))
        left = ended > QUEUE_ENDED and self.list.show not in ("running", "waiting")
        self._left.set_content(escape(t("queue.rows_left", n=QUEUE_ENDED)) if left else "")

    def _choices(self) -> None:
        t = self._page.t
        self._chips: dict[str, ui.element] = {}
        self._counts: dict[str, ui.html] = {}
        with ui.element("div").classes("queue-choices"):
            with ui.element("div").classes("chips") as group:
                group.props(f'role=group aria-label="{escape(t("queue.show"))}"')
                for name in CHOICES:
                    self._chip(name)
            find = escape(t("queue.find"))
            box = (
                ui.element("input")
                .classes("find")
                .props(
                    f"id=find type=search maxlength={MOST_TEXT}"
                    f' aria-label="{find}" placeholder="{find}"'
                )
            )
        box.on(
            "input",
            lambda event: self.list.search(str(event.args)),
            js_handler="(e) => emit(e.target.value)",
            throttle=TYPED_S,
            leading_events=False,
        )

    def _chip(self, name: str) -> None:
        def choose() -> None:
            self.list.choose(name)
            self._mark()

        chip = ui.element("button").classes("chip").props(f"type=button data-show={name}")
        with chip.on("click", choose):
            ui.html(escape(self._page.t(f"queue.{name}")), sanitize=False, tag="span")
            self._counts[name] = ui.html("", sanitize=False, tag="span").classes("count num")
        self._chips[name] = chip

    def _mark(self) -> None:
        for name, chip in self._chips.items():
            chip.props(f"aria-pressed={str(name == self.list.show).lower()}")

    def _answer(self) -> None:
        """What static/queue.js tells."""

        def see(event: GenericEventArguments) -> None:
            told = event.args if isinstance(event.args, dict) else {}
            self.list.see(told.get("first"), told.get("count"))

        async def press(event: GenericEventArguments) -> None:
            told = event.args if isinstance(event.args, dict) else {}
            await self.list.press(told.get("job"), told.get("order"))

        ui.on("queue-see", see)
        ui.on("queue-order", press)
        ui.on("queue-hold", lambda _: self.list.hold())


def _empty(t: Words) -> str:
    return (
        f"<p>{escape(t('queue.empty'))}</p>"
        f'<p><a class="do" href="/catalogue">{escape(t("queue.empty_way"))}</a></p>'
    )


def _table(t: Words) -> str:
    """What static/queue.js fills."""
    heads = "".join(
        f'<div role="columnheader" class="c-{name}">{escape(t(f"queue.{name}"))}</div>'
        for name in CELLS
    )
    return (
        f'<div class="q-table" role="table" aria-label="{escape(t("queue.list"))}">'
        f'<div role="rowgroup"><div role="row" class="q-head">{heads}</div></div>'
        f'<div role="rowgroup" class="q-rows" id="rows"></div></div>'
    )
