"""The log of one attempt, as it is written: the last lines, followed; older ones on demand.

`await LogView.built(page, job, attempt)`, then `await look()` as often as a page may change. What
the page keeps is bounded, and it says what is left out.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments

from tenfold.web.amounts import size
from tenfold.web.draw import log_lines
from tenfold.web.frame import Page

KEPT = 5000  # lines on the page that follow
FIRST = 96 * 1024  # bytes of the end that a page begins with
EARLIER = 128 * 1024  # bytes that one press brings
MOST = 20_000  # lines on the page after presses; beyond, the whole log is to be downloaded
MUCH = 128 * 1024  # characters of one answer
BEHIND = 512 * 1024  # a page that is further behind jumps to the end


class LogView(ui.element, component="../static/log_view.js"):
    def __init__(self, page: Page, job: str, attempt: int | None) -> None:
        super().__init__()
        self._page = page
        self._path = f"/api/jobs/{job}/log"
        self._attempt = attempt
        self._kept: deque[int] = deque(maxlen=KEPT)  # bytes of each line on the page
        self._next = 0  # where the file goes on
        self._rest = ""  # a line that has no end yet
        self.ended = False
        self._props["words"] = {
            name: page.t(f"job.log_{name}")
            for name in ("find", "before", "next", "follow", "log", "earlier", "empty", "none")
        }
        self._props["cap"] = KEPT
        self._following = True
        self.on("earlier", self._earlier)
        self.on("follow", self._follow)

    @classmethod
    async def built(cls, page: Page, job: str, attempt: int | None) -> LogView:
        view = cls(page, job, attempt)
        lines = await view._from_end()
        view._props["first"] = lines
        view._props["left-out"] = view._left()
        return view

    async def look(self) -> None:
        """Brings what was written since, to somebody who follows it."""
        if not self._following:
            return
        answer = await self._get(offset=self._next)
        if len(answer["text"]) > MUCH:  # perhaps far more than one answer holds
            end = await self._get(offset=-1)
            if end["next"] - answer["next"] > BEHIND:
                self._kept.clear()
                self.run_method("replace", await self._from_end(), self._left())
                return
        lines = self._taken(answer)
        if lines:
            self.run_method("add", lines, self._left())

    async def _follow(self, event: GenericEventArguments) -> None:
        self._following = bool(event.args)
        await self.look()

    async def _from_end(self) -> list[str]:
        answer = await self._get(offset=-FIRST)
        self._next, self._rest = answer["offset"], ""
        if answer["offset"] > 0:  # begins within a line
            _, end, after = answer["text"].partition("\n")
            skipped = len(answer["text"]) - len(after) if end else 0
            self._next += len(answer["text"][:skipped].encode())
            answer = {**answer, "text": answer["text"][skipped:]}
        return self._taken(answer)

    async def _earlier(self) -> None:
        start = self._start()
        offset = max(0, start - EARLIER)
        if start == offset:
            return
        answer = await self._get(offset=offset, most=max(4, start - offset))
        text = answer["text"]
        if offset > 0 and "\n" in text[:-1]:
            text = text.partition("\n")[2]
        lines, rest = log_lines.split(text)
        if rest:
            lines.append(rest)
        self._kept = deque(
            [*log_lines.bytes_of(lines), *self._kept], maxlen=len(lines) + (self._kept.maxlen or 0)
        )
        more = len(self._kept) < MOST and self._start() > 0
        self.run_method("addBefore", self._shown(lines), self._left(), more)

    def _taken(self, answer: dict[str, Any]) -> list[str]:
        self.ended = answer["ended"]
        self._next = answer["next"]
        lines, self._rest = log_lines.split(self._rest + answer["text"])
        if self.ended and self._rest:
            lines.append(self._rest)
            self._rest = ""
        self._kept.extend(log_lines.bytes_of(lines))
        return self._shown(lines[-(self._kept.maxlen or KEPT) :])

    def _shown(self, lines: list[str]) -> list[str]:
        more = self._page.t("job.log_cut")
        return [log_lines.shown(line, more) for line in lines]

    def _start(self) -> int:
        """Where in the file the page begins."""
        return max(0, self._next - len(self._rest.encode()) - sum(self._kept))

    def _left(self) -> str:
        start = self._start()
        return self._page.t("job.log_left", size=size(start)) if start > 1 else ""

    async def _get(self, **query: Any) -> dict[str, Any]:
        if self._attempt is not None:
            query["attempt"] = self._attempt
        answer: dict[str, Any] = await self._page.api.get(self._path, **query)
        return answer
