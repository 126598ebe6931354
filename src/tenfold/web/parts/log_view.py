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
    def __init__(self, page: Page, job: str, attempt: int | None) -> None:
        super().__init__()
        self._page = page
        self._path = f"/api/jobs/{job}/log"
        self._attempt = attempt
        self._tail = LogTail(self._get)
        self._following = True
        self._props["words"] = {name: page.t(f"job.log_{name}") for name in _WORDS}
        self._props["cap"] = KEPT
        self.on("earlier", self._earlier)
        self.on("follow", self._follow)

    @classmethod
    async def built(cls, page: Page, job: str, attempt: int | None) -> LogView:
        view = cls(page, job, attempt)
        view._props["first"] = view._shown(await view._tail.from_end())
        view._props["left-out"] = view._left()
        return view

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

    async def _get(self, **query: Any) -> dict[str, Any]:
        if self._attempt is not None:
            query["attempt"] = self._attempt
        answer: dict[str, Any] = await self._page.api.get(self._path, **query)
        return answer
