"""The live half of a workload's page: what is typed becomes an estimate, and on Run a job."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from nicegui import events, ui

from tenfold.terms.refusal import Refusal
from tenfold.web.frame import Page
from tenfold.web.parts.command_line import command_line
from tenfold.web.parts.estimate import brief, estimate_body, estimate_html
from tenfold.web.parts.form import Field
from tenfold.web.parts.order_form import order_of
from tenfold.web.parts.refused import refusal_html
from tenfold.web.parts.written import read

VERSION = "1"  # of the style and the script
# Refusals that are of one field, though they do not say so.
_FIELDS = {"job.memory": "w.memory_gib", "command.empty": "p.argv", "job.when": "w.when"}
_CALLS = {
    "input": "(event) => catalogue.typed(event, emit)",
    "submit": "(event) => catalogue.run(event, emit)",
    "click": "(event) => catalogue.clicked(event)",
}


def dress() -> None:
    """Bring the style and the script of these pages."""
    ui.add_head_html(f'<link rel="stylesheet" href="/static/catalogue.css?{VERSION}">')
    ui.add_head_html(f'<script src="/static/catalogue.js?{VERSION}"></script>')


@dataclass
class Asked:
    """What the form says: a body of POST /api/jobs, the other box, and what is wrong by field."""

    body: dict[str, Any]
    box: str
    wrong: dict[str, Refusal] = field(default_factory=dict)
    lacks: list[str] = field(default_factory=list)  # labels of fields that must be filled in


class RunForm:
    def __init__(
        self, page: Page, entry: Mapping[str, Any], params: list[Field], order: list[Field]
    ) -> None:
        self._page = page
        self._entry = entry
        self._params = params
        self._order = order
        self._turn = 0  # of the newest question: older answers are dropped
        self._running = False
        self._refused: dict[str, tuple[Any, Refusal]] = {}  # by field: what it said, and no
        self._panel: ui.html
        self._brief: ui.html
        self._line: ui.html

    def form(self) -> ui.element:
        form = ui.element("form").props("id=run-form novalidate").classes("run-form")
        form.on("input", self._typed, js_handler=_CALLS["input"])
        form.on("submit", self._run, js_handler=_CALLS["submit"])
        form.on("click", js_handler=_CALLS["click"])
        return form

    def aside(self, boxes: Mapping[str, str]) -> None:
        """`boxes`: name -> how it is called; the empty name is the box that is here."""
        t = self._page.t
        options = "".join(
            f'<option value="{escape(name)}">{escape(said)}</option>'
            for name, said in boxes.items()
        )
        ui.html(
            f'<h2>{escape(t("catalogue.estimate"))}</h2><div class="field box-field">'
            f'<label for="box">{escape(t("catalogue.on_box"))}</label>'
            f'<div class="entry"><select id="box" name="box">{options}</select></div></div>',
            sanitize=False,
        )
        with ui.element("div").props("id=estimate aria-live=polite").classes("asking"):
            first = f'<p class="dim">{escape(t("catalogue.asking"))}</p>'
            self._panel = ui.html(first, sanitize=False)
        with ui.element("div").classes("run-bar"):
            self._brief = ui.html("", sanitize=False).classes("brief num")
            ui.html(
                f'<button type="submit" id="run" class="do" disabled>{escape(t("catalogue.run"))}'
                "</button>",
                sanitize=False,
            )
        copy = f"catalogue.copy(this,'line',{json.dumps(t('catalogue.copied'))})"
        with ui.element("div").classes("same"):
            ui.html(
                f'<h3>{escape(t("catalogue.same"))}</h3><button type="button"'
                f' class="quiet-button" onclick="{escape(copy)}">{escape(t("catalogue.copy"))}'
                "</button>",
                sanitize=False,
            ).classes("same-head")
            self._line = ui.html("", sanitize=False)

    def asked(self, raws: Mapping[str, Any]) -> Asked:
        t, entry = self._page.t, self._entry
        name, size = entry["name"], str(raws.get("size") or "")
        said = read(t, name, self._params, _under("p.", raws), entry["sizes"].get(size, {}))
        body, wrong = order_of(t, name, self._order, _under("w.", raws))
        lacks = [
            one.label
            for one in self._params
            if one.required and one.name not in said.params and one.name not in said.wrong
        ]
        return Asked(
            {"workload": name, "params": said.params, "size": size or None, **body},
            str(raws.get("box") or ""),
            {f"p.{key}": told for key, told in said.wrong.items()}
            | {f"w.{key}": told for key, told in wrong.items()},
            lacks,
        )

    async def look(self, raws: Mapping[str, Any]) -> None:
        """Ask what this run would need, and show it."""
        self._turn += 1
        turn, asked, t = self._turn, self.asked(raws), self._page.t
        said = command_line(asked.body) + (" …" if asked.lacks else "")
        line = f'<pre class="line" tabindex="0"><code id="line">{escape(said)}'
        self._line.set_content(line + "</code></pre>")
        if asked.lacks:
            text = t("catalogue.lacks", fields=", ".join(asked.lacks))
            self._show(f'<p class="dim">{escape(text)}</p>', "")
        if asked.wrong or asked.lacks:  # nothing is asked, so what was refused before stays
            before = {key: no for key, (raw, no) in self._refused.items() if raws.get(key) == raw}
            self._tell(before | asked.wrong, False)
            return
        self._refused = {}
        try:
            told = await self._page.api.post("/api/estimate", estimate_body(asked.body, asked.box))
        except Refusal as no:
            if turn == self._turn:
                self._refuse(no, raws)
            return
        if turn != self._turn:
            return
        self._show(estimate_html(t, told), brief(t, told))
        self._tell({}, not self._entry["missing"] and (told["fits"] or bool(asked.box)))

    async def sizes(self) -> None:
        """What each size takes, for the dial."""
        for size in self._entry["sizes"]:
            body = {"workload": self._entry["name"], "size": size}
            try:
                said = brief(self._page.t, await self._page.api.post("/api/estimate", body))
            except Refusal as no:
                said = no.why
            place = f"document.getElementById('takes-'+{json.dumps(size)})"
            self._page.run_script(f"{place}.textContent={json.dumps(said)}")

    async def _typed(self, event: events.GenericEventArguments) -> None:
        await self.look(event.args)

    async def _run(self, event: events.GenericEventArguments) -> None:
        asked = self.asked(event.args)
        if asked.wrong or asked.lacks:
            self._tell(asked.wrong, False)
            return
        if self._running:  # the second of two clicks
            return
        self._running = True
        said = {name: value for name, value in asked.body.items() if value is not None}
        try:
            job = (await self._page.api.post("/api/jobs", said))["job"]["id"]
        except Refusal as no:
            self._refuse(no, event.args)
        else:
            self._page.feed.look_now()
            with self._page.client:
                ui.navigate.to(f"/job/{job}")
        finally:
            self._running = False

    def _refuse(self, no: Refusal, raws: Mapping[str, Any]) -> None:
        """Beside its field where it has one, else in place of the estimate."""
        field = str(no.facts.get("field") or "").partition(".")[0]
        known = {one.name for one in self._params}
        key = f"p.{field}" if field in known else _FIELDS.get(no.code, "")
        if key:
            self._refused = {key: (raws.get(key), no)}
            self._tell({key: no}, False)
            return
        self._show(refusal_html(self._page.t, no), "")
        self._tell({}, False)

    def _show(self, html: str, line: str) -> None:
        self._panel.set_content(html)
        self._brief.set_content(escape(line))

    def _tell(self, wrong: Mapping[str, Refusal], may_run: bool) -> None:
        said = {key: refusal_html(self._page.t, no) for key, no in wrong.items()}
        self._page.run_script(f"catalogue.tell({json.dumps(said)},{json.dumps(may_run)})")


def _under(prefix: str, raws: Mapping[str, Any]) -> dict[str, Any]:
    return {name.removeprefix(prefix): raw for name, raw in raws.items() if name.startswith(prefix)}
