"""The editor of the place: a form for what most owners say, and site.toml itself beside it.

Nothing typed is lost: what is refused stays in its field, with the reason beside it. Each of the
two has the hash of the file that it was made from, so that neither writes over the other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from html import escape
from typing import Any

from nicegui import ui

from tenfold.terms.refusal import Refusal
from tenfold.web.draw.site import budget_picture
from tenfold.web.draw.verdict import answers_html, first_html
from tenfold.web.frame import Page
from tenfold.web.parts.refused import refusal_html
from tenfold.web.parts.site_form import changes, form, place_of
from tenfold.web.parts.site_sections import SiteSections

Saved = Callable[[], Awaitable[None]]


class SiteEditor:
    """`loaded` is the answer of GET /api/site/settings; `saved` is called after each save."""

    def __init__(self, page: Page, loaded: Mapping[str, Any], saved: Saved) -> None:
        self._page = page
        self._saved = saved
        self._loaded = loaded  # what the form was made from
        self._text_hash = loaded["hash"]
        self._sections: SiteSections | None = None
        self._busy = False
        t = page.t
        if loaded["wrong"] is not None:
            wrong = Refusal(**loaded["wrong"])
            ui.html(refusal_html(t, wrong), sanitize=False)
        if loaded["why_not"]:
            fixed = escape(t("site.fixed", why=loaded["why_not"]))
            ui.html(f'<p class="tag warn long">{fixed}</p>', sanitize=False)
        with ui.tabs().props("no-caps align=left").classes("site-tabs") as tabs:
            if loaded["wrong"] is None:
                ui.tab("form", t("site.tab_form")).props('id="site-tab-form"')
            ui.tab("toml", t("site.tab_toml")).props('id="site-tab-toml"')
        first = "form" if loaded["wrong"] is None else "toml"
        with ui.tab_panels(tabs, value=first, animated=False).props("keep-alive"):
            if loaded["wrong"] is None:
                with ui.tab_panel("form"):
                    self._form_panel()
            with ui.tab_panel("toml"):
                self._text_panel()

    def _form_panel(self) -> None:
        self._head = ui.html("", sanitize=False).props("id=site-form-head aria-live=polite")
        self._sections = SiteSections(self._page.t, form(self._loaded["toml"]))
        self._buttons("form", self._form_body)
        self._outcome = ui.element("div").props("id=site-form-outcome aria-live=polite")

    def _text_panel(self) -> None:
        t = self._page.t
        self._text_head = ui.html("", sanitize=False).props("id=site-text-head aria-live=polite")
        note = escape(t("site.text_note", file=self._loaded["file"]))
        ui.html(f"<p class=dim>{note}</p>", sanitize=False)
        self._text = (
            ui.textarea(t("site.tab_toml"), value=self._loaded["toml"])
            .props('outlined autogrow spellcheck=false input-class="toml" data-field=toml')
            .classes("site-toml")
        )
        self._buttons("text", self._text_body)
        self._text_outcome = ui.element("div").props("id=site-text-outcome aria-live=polite")

    def _buttons(self, which: str, body: Callable[[], dict[str, Any] | None]) -> None:
        t = self._page.t

        async def check() -> None:
            await self._ask(which, body(), check=True)

        async def save() -> None:
            await self._ask(which, body(), check=False)

        with ui.element("div").classes("row-buttons site-orders"):
            for act, look, call in (("save", "do", save), ("check", "do second", check)):
                with ui.element("button").props(f"type=button id=site-{which}-{act}") as button:
                    ui.html(escape(t("site." + act)), sanitize=False, tag="span")
                button.classes(look).on("click", call)
            ui.html(f"<span class=dim>{escape(t('site.check_means'))}</span>", sanitize=False)

    def _form_body(self) -> dict[str, Any] | None:
        """None where nothing was changed."""
        assert self._sections is not None
        found = changes(self._loaded["toml"], self._sections.form)
        return {"set": found, "hash": self._loaded["hash"]} if found else None

    def _text_body(self) -> dict[str, Any]:
        return {"toml": self._text.value or "", "hash": self._text_hash}

    async def _ask(self, which: str, body: dict[str, Any] | None, check: bool) -> None:
        """A second click while the first is under way would be refused as an old file."""
        if self._busy:
            return
        self._busy = True
        try:
            await self._answer(which, body, check)
        finally:
            self._busy = False

    async def _answer(self, which: str, body: dict[str, Any] | None, check: bool) -> None:
        page, of_form = self._page, which == "form"
        head = self._head if of_form else self._text_head
        outcome = self._outcome if of_form else self._text_outcome
        head.set_content("")
        outcome.clear()
        if self._sections is not None:
            self._sections.blame(None, "")
        if body is None and not check:
            page.say(page.t("site.unchanged"))
            return
        asked = {**(body or {"set": {}, "hash": self._loaded["hash"]}), "check": check}
        try:
            told = await page.api.put("/api/site/settings", asked)
        except Refusal as no:
            self._refused(of_form, head, no)
            return
        if check:
            with outcome:
                self._what_would_be(told)
            return
        self._written(of_form, told)
        page.say(page.t("site.saved" if told["in_force"] else "site.saved_later"))
        page.feed.look_now()
        await self._saved()

    def _written(self, of_form: bool, told: Mapping[str, Any]) -> None:
        """The other one is brought up to date unless somebody typed there: then it keeps its words
        and its old hash, with which it cannot write over what was saved now."""
        before = self._loaded["toml"]
        new = {**self._loaded, "toml": told["toml"], "hash": told["hash"]}
        sections = self._sections
        if of_form:
            self._loaded = new
            if self._text.value == before:
                self._text.value, self._text_hash = told["toml"], told["hash"]
            return
        self._text_hash = told["hash"]
        if sections is not None and not changes(before, sections.form):
            self._loaded = new
            sections.fill(form(told["toml"]))

    def _refused(self, of_form: bool, head: ui.html, no: Refusal) -> None:
        t, sections = self._page.t, self._sections
        if of_form and sections is not None and no.code == "site.config":
            place = place_of(str(no.facts.get("field", "")), sections.form)
            why = str(no.facts.get("why", "")) or no.why
            if place is not None and sections.blame(place, why):
                return
        head.set_content(refusal_html(t, no))
        if no.code == "site.changed":
            again = f'<p><a href="/site" class="do second">{escape(t("site.load_anew"))}</a></p>'
            head.set_content(refusal_html(t, no) + again)
        name = "form" if of_form else "text"
        self._page.run_script(
            f"document.getElementById('site-{name}-head').scrollIntoView({{block: 'center'}})"
        )

    def _what_would_be(self, told: Mapping[str, Any]) -> None:
        t = self._page.t
        html = f"<h3>{escape(t('site.would_be'))}</h3>{answers_html(t, told['verdict'])}"
        html += first_html(t, told["verdict"])
        if told.get("budget"):
            ahead = {"now_s": told["budget"][0]["start_s"], "minutes": [], "budget": told["budget"]}
            title = escape(t("site.would_be_budget"))
            html += f"<h3>{title}</h3>{budget_picture(t, ahead, told['settings']['zone'])}"
        ui.html(html, sanitize=False).classes("would-be")
