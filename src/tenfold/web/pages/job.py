"""One job: where it stands, what it measures and prints while it runs, and what came of it."""

from __future__ import annotations

from html import escape
from typing import Any
from urllib.parse import quote

from nicegui import ui

from tenfold.terms.refusal import Refusal
from tenfold.web.draw import history, job_facts
from tenfold.web.feed import EVENT, QUEUE
from tenfold.web.frame import STYLE_VERSION, Frame, Page
from tenfold.web.parts.artifacts import Artifacts
from tenfold.web.parts.curves import Curves
from tenfold.web.parts.job_actions import job_actions
from tenfold.web.parts.log_view import LogView

LOOK_S = 0.5  # between changes of the page
POINTS = 400  # of a curve
_TELLS = frozenset({"change", "artifact", "note", "checkpoint"})


def add(frame: Frame) -> None:
    frame.page("/job/{id}", "queue")(build)


async def build(page: Page, **parts: str) -> None:
    job = parts["id"]
    with_styles()
    detail = await page.api.get(f"/api/jobs/{quote(job)}")
    await _JobPage(page, job, detail).build()


def with_styles() -> None:
    ui.add_head_html(f'<link rel="stylesheet" href="/static/job.css?{STYLE_VERSION}">')
    ui.add_head_html(f'<script src="/static/job.js?{STYLE_VERSION}" defer></script>')


class _JobPage:
    def __init__(self, page: Page, job: str, detail: dict[str, Any]) -> None:
        self._page, self._id, self._detail = page, job, detail
        self._path = f"/api/jobs/{quote(job)}"
        self._row: dict[str, Any] = {}
        self._now_s = 0.0
        self._row_is_old = self._detail_is_old = False
        self._looks = False

    async def build(self) -> None:
        page, t, job = self._page, self._page.t, self._detail["job"]
        self._take_row(await page.feed.newest_queue())
        attempt = page.query.get("attempt", "")
        self._attempt = int(attempt) if attempt.isdecimal() and len(attempt) < 10 else None
        page.client.title = f"{job['name']} · Tenfold"
        self._head()
        over = job["state"] in job_facts.ENDED
        with ui.element("div").classes("job-columns"):
            with ui.element("div").classes("job-main"):
                self._outcome = ui.html("", sanitize=False).classes("panel job-outcome")
                sections = [self._files, self._charts, self._prints]
                for section in sections if over else [self._charts, self._prints, self._files]:
                    with ui.element("section").classes("job-section"):
                        await section()
            with ui.element("aside").classes("job-side") as side:
                side.props["aria-label"] = t("job.about")
                self._energy = _panel(t("job.power"))
                self._params = _panel(t("job.params"))
                self._children = _panel(t("job.children"))
                self._history = _panel(t("job.history"))
        await self._draw_detail()
        self._draw_row()
        page.listen(EVENT, self._heard)
        page.listen(QUEUE, self._queue)
        self._timer = ui.timer(LOOK_S, self._look, active=not over, immediate=False)

    def _head(self) -> None:
        page, t, job = self._page, self._page.t, self._detail["job"]
        workload = job["spec"]["workload"]
        way = quote(workload)
        size = job["spec"].get("size")
        about = f'<a href="/catalogue/{way}" data-workload>{escape(workload)}</a>'
        sized = f' <span class="tag">{escape(size)}</span>' if size else ""
        parent = job["spec"].get("parent")
        of = ""
        if parent:
            said = escape(t("job.part_of", id=parent))
            of = f' · <a href="/job/{quote(parent)}">{said}</a>'
        with ui.element("div").classes("job-head"):
            with ui.element("div").classes("job-title"):
                ui.html(
                    f"<h1>{escape(job['name'])} <span class='dim num'>#{escape(job['id'])}</span>"
                    "</h1>"
                    f"<div class='job-of'>{about}{sized}{of}</div>",
                    sanitize=False,
                )
                self._state = ui.html("", sanitize=False).classes("job-now")
            with ui.element("div").classes("job-do"):
                self._actions = job_actions(page, self._row)
                ui.html(
                    '<a class="do second" data-again'
                    f' href="/catalogue/{way}?from={quote(self._id)}">'
                    f"{escape(t('job.again'))}</a>"
                    f'<a class="do second" data-compare href="/compare?jobs={quote(self._id)}">'
                    f"{escape(t('job.compare'))}</a>",
                    sanitize=False,
                ).classes("row-buttons")

    async def _charts(self) -> None:
        self._charts_title = ui.html(
            f"<h2>{escape(self._page.t('job.curves'))}</h2>", sanitize=False
        )
        self._curves = Curves(self._page, {self._id: self._detail["job"]["name"]})
        await self._read_curves()

    async def _read_curves(self) -> None:
        found = await self._page.api.get(f"{self._path}/metrics", points=POINTS)
        self._curves.set(self._id, found["metrics"])
        self._curves.draw()
        self._charts_title.set_visibility(self._curves.any)

    async def _prints(self) -> None:
        page, t = self._page, self._page.t
        asked = "" if self._attempt is None else f"attempt={self._attempt}&"
        ui.html(
            f'<div class="section-head"><h2 id="log">{escape(t("job.log"))}</h2>'
            f'<a href="{self._path}/log?{asked}download=1" download data-log="whole">'
            f"{escape(t('job.log_whole'))}</a></div>",
            sanitize=False,
        )
        self._attempts = ui.html("", sanitize=False)
        self._log_place = ui.element("div")
        with self._log_place:
            self._log = await LogView.built(page, self._id, self._attempt)

    async def _files(self) -> None:
        self._files_head = ui.html("", sanitize=False)
        self._artifacts = Artifacts(self._page, self._id)

    # What changes

    def _heard(self, event: dict[str, Any]) -> None:
        if event["job"] != self._id and not event["job"].startswith(f"{self._id}."):
            return
        if event["job"] != self._id:
            self._detail_is_old = self._detail_is_old or event["kind"] == "change"
        elif event["kind"] == "metrics":
            self._curves.add(self._id, event["step"], event["at_s"], event["values"])
        elif event["kind"] == "progress":
            self._row["progress"] = event
            self._row_is_old = True
        elif event["kind"] in _TELLS:
            self._detail_is_old = True
        self._timer.activate()

    def _queue(self, queue: dict[str, Any]) -> None:
        before = dict(self._row)
        self._take_row(queue)
        if self._row != before:
            self._row_is_old = True
            self._timer.activate()

    def _take_row(self, queue: dict[str, Any]) -> None:
        """What the queue says of it; of a job that ended long ago the queue knows nothing."""
        self._now_s = queue["now_s"]
        progress = self._row.get("progress") or self._detail.get("progress")
        found = next((row for row in queue["jobs"] if row["id"] == self._id), None)
        self._row = {**(found or row_of(self._detail)), "progress": progress}

    async def _look(self) -> None:
        if self._looks:
            return
        self._looks = True
        try:
            await self._bring()
        except Refusal:
            pass  # the daemon ends, or the disk is slow: the next look is soon
        finally:
            self._looks = False

    async def _bring(self) -> None:
        if self._detail_is_old:
            self._detail_is_old = False
            before = self._detail["job"]["attempt"]
            self._detail = await self._page.api.get(self._path)
            await self._draw_detail()
            if self._detail["job"]["attempt"] != before and self._attempt is None:
                await self._new_attempt()
            self._row_is_old = True
        if self._row_is_old:
            self._row_is_old = False
            self._draw_row()
        self._curves.draw()
        self._charts_title.set_visibility(self._curves.any)
        if not self._log.ended or self._row["state"] not in job_facts.ENDED:
            await self._log.look()
        elif not self._detail_is_old:
            self._timer.deactivate()

    async def _new_attempt(self) -> None:
        self._log_place.clear()
        with self._log_place:
            self._log = await LogView.built(self._page, self._id, None)
        await self._read_curves()

    def _draw_row(self) -> None:
        self._state.set_content(job_facts.state_html(self._page.t, self._row, self._now_s))
        self._actions.update(self._row)

    async def _draw_detail(self) -> None:
        page, t, detail = self._page, self._page.t, self._detail
        job = detail["job"]
        told = await page.api.get(f"{self._path}/explain")
        outcome = job_facts.outcome_html(t, job)
        params = job_facts.told(job["spec"]["params"])
        self._outcome.set_content(outcome)
        self._outcome.set_visibility(bool(outcome))
        _fill(self._energy, job_facts.energy_html(t, detail["energy"]))
        _fill(self._params, job_facts.table(params) if params else "")
        _fill(self._children, job_facts.children_html(t, detail["children"]))
        _fill(self._history, history.timeline(t, told["history"], self._now_s))
        shown = self._attempt or job["attempt"]
        self._attempts.set_content(history.attempts(t, detail["attempts"], self._id, shown))
        files = detail["artifacts"]
        head = job_facts.files_head(t, self._id, len(files)) if files else ""
        self._files_head.set_content(head)
        await self._artifacts.update(files)


def row_of(detail: dict[str, Any]) -> dict[str, Any]:
    """A row like that of /api/queue."""
    job = detail["job"]
    spec = job["spec"]
    again = job["state"] in ("failed", "cancelled")
    return {
        **{name: job[name] for name in ("id", "name", "state", "submitted_s", "started_s")},
        "changed_s": job["changed_s"],
        **{name: spec[name] for name in ("workload", "kind", "priority", "size", "parent")},
        "place": None,
        "devices": [],
        "share": 1.0 if job["state"] == "succeeded" else None,
        "eta_s": None,
        "why": job["reason"],
        "expected_s": None,
        "can": ["retry"] if again else [],
        "url": job["url"],
    }


def _panel(title: str) -> tuple[ui.element, ui.html]:
    with ui.element("section").classes("panel") as whole:
        ui.html(f"<h2>{escape(title)}</h2>", sanitize=False)
        inside = ui.html("", sanitize=False)
    whole.set_visibility(False)
    return whole, inside


def _fill(panel: tuple[ui.element, ui.html], content: str) -> None:
    whole, inside = panel
    inside.set_content(content)
    whole.set_visibility(bool(content))
