"""What may be asked of a job, as buttons: cancel, pause, resume, retry, another priority.

`job_actions(page, row)` puts them on a page for one row of /api/queue, and `update(row)` keeps them
true; `give` does what was pressed:

    actions = job_actions(page, row)
    page.listen(QUEUE, lambda queue: ... actions.update(row))
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments

from tenfold.web.draw.orders import ASK, KEEP, LEAST, MOST, SURE, orders_html, priority_html
from tenfold.web.frame import STYLE_VERSION, Page

_POSTED = {"pause": "pause", "resume": "resume", "retry": "retry", SURE: "cancel"}
_STEPS = {"raise": 1, "lower": -1}
Row = Mapping[str, Any]


async def give(page: Page, row: Row, order: str) -> Any:
    """The job as it is then; None where it was refused, which the page shows, or is no order."""
    path = f"/api/jobs/{row['id']}"
    if order in _STEPS:
        wanted = min(max(row["priority"] + _STEPS[order], LEAST), MOST)
        answer = await page.ask(page.api.post(f"{path}/priority", {"priority": wanted}))
    elif order in _POSTED:
        answer = await page.ask(page.api.post(f"{path}/{_POSTED[order]}"))
    else:
        return None
    page.feed.look_now()
    return answer


def job_actions(page: Page, row: Row) -> JobActions:
    """Within whatever is being built."""
    return JobActions(page, row)


class JobActions:
    def __init__(self, page: Page, row: Row) -> None:
        self._page = page
        self._row = row
        self._asking = False
        ui.add_head_html(f'<link rel="stylesheet" href="/static/job_actions.css?{STYLE_VERSION}">')
        with ui.element("div").classes("job-actions") as whole:
            self._orders = ui.html("", sanitize=False).classes("orders")
            with ui.element("div").classes("priority") as self._priority_whole:
                ui.html(escape(page.t("queue.priority")), sanitize=False, tag="span")
                self._priority = ui.html("", sanitize=False).classes("priority-steps")
        whole.on(
            "click",
            self._pressed,
            js_handler="(e) => { const pressed = e.target.closest('button[data-order]');"
            " if (pressed) emit(pressed.dataset.order); }",
        )
        self._draw()

    def update(self, row: Row) -> None:
        self._row = row
        self._draw()

    def _draw(self) -> None:
        t, row = self._page.t, self._row
        self._asking = self._asking and "cancel" in row["can"]
        self._orders.set_content(orders_html(t, row, self._asking))
        self._priority.set_content(priority_html(t, row))
        self._priority_whole.set_visibility("priority" in row["can"])

    async def _pressed(self, event: GenericEventArguments) -> None:
        order = str(event.args)
        self._asking = order == ASK
        self._draw()
        if order not in (ASK, KEEP):
            await give(self._page, self._row, order)
