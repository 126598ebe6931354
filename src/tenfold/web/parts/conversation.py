"""A conversation on a page: its turns, and the answer that is being written."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

from nicegui import ui

from tenfold.terms.refusal import Refusal
from tenfold.web.draw.answer import markdown_html, sources_html
from tenfold.web.frame import Page
from tenfold.web.parts.refused import refusal_html
from tenfold.web.services import Piece, Source, Trouble, Unanswered
from tenfold.web.words import Words

SHOW_S = 0.1  # between two looks at what is being written
REST = 8.0  # times what a look took, where an answer is long
USER, ASSISTANT = "user", "assistant"
STOPPED = "stopped"


@dataclass
class Turn:
    role: str
    text: str
    sources: tuple[Source, ...] = ()
    model: str = ""
    trouble: str = ""  # why it is not whole
    detail: str = ""


def messages(turns: Sequence[Turn], system: str) -> list[dict[str, str]]:
    """What the model is told. A question that got no word in answer is left out, with its answer:
    two questions in a row many models refuse."""
    told = [{"role": "system", "content": system.strip()}] if system.strip() else []
    for place, turn in enumerate(turns):
        after = turns[place + 1] if place + 1 < len(turns) else None
        unanswered = after is not None and after.role == ASSISTANT and not after.text
        if turn.text and not (turn.role == USER and unanswered):
            told.append({"role": turn.role, "content": turn.text})
    return told


def kept(turns: Sequence[Turn]) -> list[dict[str, Any]]:
    """For the tab, which keeps plain values only."""
    return [asdict(turn) for turn in turns]


def found_again(told: Sequence[Mapping[str, Any]]) -> list[Turn]:
    return [
        Turn(**{**one, "sources": tuple(Source(**source) for source in one["sources"])})
        for one in told
    ]


def trouble_words(t: Words, turn: Turn) -> str:
    words = t("chat.trouble_" + turn.trouble)
    return f"{words} {turn.detail}".strip()


class Conversation:
    """`turns` grow by `ask`, which ends when the answer has; `stop` ends it before. `again` is
    called where the reader wants the last question asked once more."""

    def __init__(self, page: Page, again: Callable[[], Awaitable[None]]) -> None:
        self._page = page
        self._again = again
        self.turns: list[Turn] = []
        self._task: asyncio.Task[None] | None = None
        self._list = ui.element("div").props("id=chat-turns").classes("turns")
        self._list.props["data-empty"] = page.t("chat.empty")
        page.client.on_delete(self.stop)

    @property
    def busy(self) -> bool:
        return self._task is not None and not self._task.done()

    def fill(self, turns: Sequence[Turn]) -> None:
        self.turns = list(turns)
        self._list.clear()
        with self._list:
            for turn in self.turns:
                _Shown(self._page, turn, self._again).finish()

    async def ask(self, answer: AsyncIterator[Piece], model: str) -> None:
        """The question is in the turns already; here comes what answers it."""
        turn = Turn(ASSISTANT, "", model=model)
        self.turns.append(turn)
        with self._list:
            shown = _Shown(self._page, turn, self._again)
        self._task = asyncio.create_task(_write(turn, answer, shown))
        try:
            await self._task
        except asyncio.CancelledError:
            turn.trouble = STOPPED
        shown.finish()

    def add_question(self, text: str) -> None:
        turn = Turn(USER, text)
        self.turns.append(turn)
        with self._list:
            _Shown(self._page, turn, self._again).finish()

    def take_back(self) -> bool:
        """The last answer; False where a question does not stand before it."""
        if len(self.turns) < 2 or self.turns[-1].role != ASSISTANT or self.turns[-2].role != USER:
            return False
        self.fill(self.turns[:-1])
        return True

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()


async def _write(turn: Turn, answer: AsyncIterator[Piece], shown: _Shown) -> None:
    shown_s, took_s = 0.0, 0.0
    try:
        async for piece in answer:
            turn.text += piece.text
            turn.sources = turn.sources + piece.sources
            now_s = time.monotonic()
            if now_s - shown_s >= max(SHOW_S, REST * took_s):
                shown.update()
                shown_s = time.monotonic()
                took_s = shown_s - now_s
    except Unanswered as no:
        turn.trouble, turn.detail = no.trouble.value, no.detail
    except Refusal as no:
        turn.trouble = Trouble.REFUSED.value
        shown.refused = no
        turn.detail = no.why


class _Shown:
    """One turn on the page."""

    def __init__(self, page: Page, turn: Turn, again: Callable[[], Awaitable[None]]) -> None:
        self._page, self._turn, self._again = page, turn, again
        t, own = page.t, turn.role == USER
        self.refused: Refusal | None = None
        look = "turn own" if own else "turn"
        with ui.element("article").classes(look).props(f"data-role={turn.role}") as self._area:
            who = t("chat.you") if own else turn.model or t("chat.model")
            ui.html(f'<h2 class="who">{escape(who)}</h2>', sanitize=False)
            if own:
                ui.html(f'<p class="said">{escape(turn.text)}</p>', sanitize=False)
                return
            self._text = ui.html("", sanitize=True).classes("answer-text nicegui-markdown")
            self._wait = ui.html(
                f'<p class="dim writing">{escape(t("chat.waiting"))}</p>', sanitize=False
            )
            self._foot = ui.html("", sanitize=False)
            self._orders = ui.element("div").classes("turn-orders")

    def update(self) -> None:
        if self._turn.text:
            self._wait.set_content("")
        self._text.set_content(markdown_html(self._turn.text))

    def finish(self) -> None:
        turn, t = self._turn, self._page.t
        if turn.role == USER:
            return
        self.update()
        self._wait.set_content("")
        foot = sources_html(t, turn.sources)
        if self.refused is not None:
            foot += refusal_html(t, self.refused)
        elif turn.trouble == STOPPED:
            foot += f'<p class="dim" data-trouble=stopped>{escape(t("chat.trouble_stopped"))}</p>'
        elif turn.trouble:
            words = escape(trouble_words(t, turn))
            foot += f'<p class="refused" role="alert" data-trouble={turn.trouble}>{words}</p>'
        elif not turn.text:
            foot += f'<p class="dim">{escape(t("chat.empty_answer"))}</p>'
        self._foot.set_content(foot)
        with self._orders:
            if turn.text:
                self._order("copy", self._copy)
            if turn.trouble:
                self._order("again", self._again)

    def _order(self, act: str, call: Callable[[], Any]) -> None:
        with ui.element("button").props(f"type=button data-act={act}") as button:
            ui.html(escape(self._page.t("chat." + act)), sanitize=False, tag="span")
        button.classes("quiet-button").on("click", call)

    def _copy(self) -> None:
        ui.clipboard.write(self._turn.text)
        self._page.say(self._page.t("chat.copied"))
