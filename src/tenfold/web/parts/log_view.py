"""The log of one attempt, as it is written: the last lines, followed; older ones on demand.

`await LogView.built(page, job, attempt)`, then `await look()` as often as a page may change.
"""

from __future__ import annotations

from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments

from tenfold.web.amounts import size
from tenfold.web.draw import log_lines
from tenfold.web.frame import Page
from tenfold.web.parts.log_tail import KEPT, LogTail

_WORDS = ("find", "before", "next", "follow", "log", "earlier", "empty", "none")


class LogView(ui.element, component="../static/log_view.js"):
    def __init__(self, page: Page, tail: LogTail, first: list[str]) -> None:
        super().__init__()
        self._page = page
        self._tail = tail
        self._following = True
        self._props["words"] = {name: page.t(f"job.log_{name}") for name in _WORDS}
        self._props["cap"] = KEPT
        self._props["first"] = self._shown(first)
        self._props["left-out"] = self._left()
        self.on("earlier", self._earlier)
        self.on("follow", self._follow)

    @classmethod
    async def built(cls, page: Page, job: str, attempt: int | None) -> LogView:
        """It is read first: what is on a page is complete from its first moment."""

        async def get(**query: Any) -> dict[str, Any]:
            answer: dict[str, Any] = await page.api.get(
                f"/api/jobs/{job}/log", attempt=attempt, **query
            )
            return answer

        tail = LogTail(get)
        first = await tail.from_end()
        return cls(page, tail, first)

    @property
    def ended(self) -> bool:
        """Whether all of it was read."""
        return self._tail.ended

    async def look(self) -> None:
        """Brings what was written since, to somebody who follows it."""
        if not self._following:
            return
        anew, lines = await self._tail.news()
        if lines or anew:
            self.run_method("replace" if anew else "add", self._shown(lines), self._left())

    async def _follow(self, event: GenericEventArguments) -> None:
        self._following = bool(event.args)
        await self.look()

    async def _earlier(self) -> None:
        lines = await self._tail.earlier()
        self.run_method("addBefore", self._shown(lines), self._left(), self._tail.more)

    def _shown(self, lines: list[str]) -> list[str]:
        more = self._page.t("job.log_cut")
        return [log_lines.shown(line, more) for line in lines]

    def _left(self) -> str:
        start = self._tail.start
        return self._page.t("job.log_left", size=size(start)) if start > 1 else ""
