"""The page 'chat': talk to a language model that is up as a service, with the sources it used."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from nicegui import app, ui

from tenfold.web.feed import BOX
from tenfold.web.frame import Frame, Page
from tenfold.web.parts.conversation import Conversation, found_again, kept, messages
from tenfold.web.services import ASLEEP, Model, Services

KEPT = "chat"  # in the storage of the tab
MOST_CHARS = 200_000  # of a question
EXAMPLE = "tenfold run llm.serve --model ~/models/mine --name mine --detach"
# Enter sends; not with Shift, and not where it ends the composition of Chinese characters (229 is
# what Safari says of that Enter, which it sends after the composition has ended).
_ENTER = """(e) => {
  if (e.key !== "Enter" || e.shiftKey || e.isComposing || e.keyCode === 229) return;
  e.preventDefault();
  emit(e.target.value);
}"""


def add(frame: Frame) -> None:
    frame.page("/chat", "chat")(build)


async def build(page: Page, **parts: str) -> None:
    ui.add_head_html('<link rel="stylesheet" href="/static/chat.css">')
    ui.add_head_html('<script src="/static/chat.js"></script>')
    await Chat(page).build()


class Chat:
    def __init__(self, page: Page) -> None:
        self._page = page
        self._services = Services(page.api.bearer)
        self._models: dict[str, Model] = {}
        self._seen: object = None
        page.client.on_delete(self._services.close)

    async def build(self) -> None:
        page, t = self._page, self._page.t
        with ui.element("div").classes("chat-head"):
            ui.html(f"<h1>{escape(t('chat.title'))}</h1>", sanitize=False)
            self._choice = (
                ui.select({}, label=t("chat.choose"), on_change=lambda: self._tell_state())
                .props("outlined dense stack-label data-field=model")
                .classes("chat-model")
            )
            with ui.element("button").props("type=button id=chat-new") as self._new:
                ui.html(escape(t("chat.new")), sanitize=False, tag="span")
            self._new.classes("do second").on("click", self._begin_anew)
        self._state = ui.html("", sanitize=False).props("id=chat-state role=status")
        self._none = ui.html("", sanitize=False).props("id=chat-none")
        with ui.element("div").props(
            f'role=log aria-live=polite aria-label="{escape(t("chat.turns"))}"'
        ):
            self._talk = Conversation(page, self._again)
        self._composer()
        box = await page.feed.newest_box()
        await self._look(box)
        page.listen(BOX, self._hear)
        page.client.on_connect(self._remember)

    def _composer(self) -> None:
        t = self._page.t
        with (
            ui.element("section")
            .classes("composer")
            .props(f'aria-label="{escape(t("chat.ask"))}"') as self._area
        ):
            self._text = (
                ui.textarea(t("chat.question"))
                .props(f"outlined autogrow data-field=question maxlength={MOST_CHARS}")
                .props('input-class="question"')
                .on("keydown", lambda e: self._ask(e.args), js_handler=_ENTER)
            )
            with ui.element("div").classes("row-buttons"):
                with ui.element("button").props("type=button id=chat-send") as self._send:
                    ui.html(escape(t("chat.send")), sanitize=False, tag="span")
                self._send.classes("do").on("click", lambda: self._ask(self._text.value))
                with ui.element("button").props("type=button id=chat-stop") as self._stop:
                    ui.html(escape(t("chat.stop")), sanitize=False, tag="span")
                self._stop.classes("do danger").on("click", lambda: self._talk.stop())
                self._stop.set_visibility(False)
                ui.html(f'<span class="dim keys">{escape(t("chat.keys"))}</span>', sanitize=False)
            self._options()

    def _options(self) -> None:
        t = self._page.t
        with ui.element("details").classes("options"):
            ui.html(escape(t("chat.options")), sanitize=False, tag="summary")
            with ui.element("div").classes("option-fields"):
                self._system = ui.textarea(t("chat.system")).props(
                    "outlined autogrow dense stack-label data-field=system"
                )
                self._temperature = ui.number(
                    t("chat.temperature"), min=0, max=2, step=0.1, format="%.2g"
                ).props("outlined dense stack-label data-field=temperature")
                self._most = ui.number(
                    t("chat.most_tokens"), min=1, max=1_000_000, step=1, precision=0
                ).props("outlined dense stack-label data-field=max_tokens")
            ui.html(f'<p class="dim">{escape(t("chat.options_about"))}</p>', sanitize=False)

    def _hear(self, box: dict[str, Any]) -> None:
        """What is listed changes only with the services."""
        if _told_of(box) != self._seen:
            self._page.client.safe_invoke(lambda: self._look(box))

    async def _look(self, box: Mapping[str, Any]) -> None:
        self._seen = _told_of(box)
        found = await self._services.models(box["services"])
        if self._seen != _told_of(box):
            return  # a later look is under way
        self._show(found)
        waits = [one for one in box["services"] if one["state"] in ("starting", "queued")]
        if waits and not found:
            names = ", ".join(one["name"] or one["job"] for one in waits)
            self._state.set_content(escape(self._page.t("chat.starting", names=names)))

    def _show(self, found: list[Model]) -> None:
        t = self._page.t
        self._models = {one.key: one for one in found}
        names = {one.key: _called(t("chat.asleep_tag"), one) for one in found}
        before = self._choice.value
        # A model that has only woken, or fallen asleep, is the same choice.
        job = str(before or "").partition("/")[0]
        same = next((key for key in names if key == before), None)
        near = next((key for key, one in self._models.items() if one.job == job), None)
        chosen = same or near or next(iter(names), None)
        self._choice.set_options(names, value=chosen)
        self._choice.set_visibility(bool(found))
        self._area.set_visibility(bool(found))
        self._new.set_visibility(bool(found or self._talk.turns))
        self._none.set_content("" if found else none_html(self._page))
        self._tell_state()

    def _tell_state(self) -> None:
        model = self._models.get(str(self._choice.value))
        asleep = model is not None and model.state == ASLEEP
        words = escape(self._page.t("chat.asleep")) if asleep else ""
        self._state.set_content(f'<p class="dim">{words}</p>' if words else "")

    async def _ask(self, text: str | None) -> None:
        """A question that cannot be asked now stays where it was typed."""
        if not (text or "").strip() or self._talk.busy:
            return
        if str(self._choice.value) not in self._models:
            self._state.set_content(escape(self._page.t("chat.no_model")))
            return
        self._text.value = ""
        self._talk.add_question((text or "").strip())
        await self._answer()

    async def _again(self) -> None:
        if not self._talk.busy and self._talk.take_back():
            await self._answer()

    async def _answer(self) -> None:
        model = self._models.get(str(self._choice.value))
        if model is None:
            return
        told = messages(self._talk.turns, self._system.value or "")
        answer = self._services.talk(model, told, self._asked_options())
        self._busy(True)
        try:
            await self._talk.ask(answer, model.id or model.service)
        finally:
            self._busy(False)
            self._keep()

    def _asked_options(self) -> dict[str, Any]:
        """What is left empty is the service's own."""
        asked: dict[str, Any] = {}
        if self._temperature.value is not None:
            asked["temperature"] = float(self._temperature.value)
        if self._most.value is not None:
            asked["max_tokens"] = int(self._most.value)
        return asked

    def _busy(self, busy: bool) -> None:
        self._stop.set_visibility(busy)
        self._send.set_visibility(not busy)
        self._page.run_script("tenfoldChat.follow()")

    def _begin_anew(self) -> None:
        self._talk.stop()
        self._talk.fill([])
        self._keep()

    def _keep(self) -> None:
        if self._page.client.has_socket_connection:
            with self._page.client:
                app.storage.tab[KEPT] = kept(self._talk.turns)

    async def _remember(self) -> None:
        """Which tab it is, is known only now."""
        if not self._talk.turns:
            with self._page.client:
                told = app.storage.tab.get(KEPT, [])
            if told:
                self._talk.fill(found_again(told))
                self._page.run_script("tenfoldChat.follow()")


def none_html(page: Page) -> str:
    """What to do where no model is up."""
    t = page.t
    return (
        f'<section class="panel none-up"><h2>{escape(t("chat.none"))}</h2>'
        f"<p>{escape(t('chat.none_about'))}</p><pre><code>{escape(EXAMPLE)}</code></pre>"
        f"<p>{escape(t('chat.none_how'))}</p>"
        f'<p><a href="/catalogue">{escape(t("chat.to_catalogue"))}</a></p></section>'
    )


def _called(asleep: str, model: Model) -> str:
    name = f"{model.service}: {model.id}" if model.id else model.service
    return f"{name} ({asleep})" if model.state == ASLEEP else name


def _told_of(box: Mapping[str, Any]) -> object:
    return sorted((one["job"], one["state"], one["url"]) for one in box["services"])
