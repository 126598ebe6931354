"""Which part of a log a page holds: the last lines, what comes after them, and on demand what
stands before. How many are kept is bounded; `start` says how much of the file stands before them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from tenfold.web.draw import log_lines

KEPT = 5000  # lines on the page that follow
FIRST = 96 * 1024  # bytes of the end that a page begins with
EARLIER = 128 * 1024  # bytes that one press brings
MOST = 20_000  # lines on the page after presses; beyond, the whole log is to be downloaded
MUCH = 128 * 1024  # characters of one answer
BEHIND = 512 * 1024  # bytes; a page that is further behind jumps to the end
LEAST_ASKED = 4  # bytes

Get = Callable[..., Awaitable[dict[str, Any]]]


class LogTail:
    """`get(offset=, most=)` answers as /api/jobs/ID/log does."""

    def __init__(self, get: Get) -> None:
        self._get = get
        self._kept: deque[int] = deque(maxlen=KEPT)  # bytes of each line on the page
        self._next = 0  # where the file goes on
        self._rest = ""  # a line that has no end yet
        self.ended = False

    @property
    def start(self) -> int:
        """Where in the file the page begins."""
        return max(0, self._next - len(self._rest.encode()) - sum(self._kept))

    @property
    def more(self) -> bool:
        """Whether `earlier` brings any."""
        return self.start > 0 and len(self._kept) < MOST

    async def from_end(self) -> list[str]:
        """In place of what is on the page."""
        answer = await self._get(offset=-FIRST)
        self._kept.clear()
        self._rest = ""
        if answer["offset"] > 0 and "\n" in answer["text"]:  # it begins within a line
            answer = {**answer, "text": answer["text"].partition("\n")[2]}
        return self._taken(answer)

    async def news(self) -> tuple[bool, list[str]]:
        """What was written since; True where it stands in place of all that is on the page."""
        answer = await self._get(offset=self._next)
        if len(answer["text"]) > MUCH:  # perhaps there is far more than one answer holds
            end = await self._get(offset=-1)
            if end["next"] - answer["next"] > BEHIND:
                return True, await self.from_end()
        return False, self._taken(answer)

    async def earlier(self) -> list[str]:
        """What stands before; the page keeps so many lines more."""
        start = self.start
        offset = max(0, start - EARLIER)
        if not self.more or start - offset < LEAST_ASKED:
            return []
        text = (await self._get(offset=offset, most=start - offset))["text"]
        if offset > 0 and "\n" in text[:-1]:
            text = text.partition("\n")[2]
        lines, rest = log_lines.split(text)
        if rest:
            lines.append(rest)
        most = len(lines) + (self._kept.maxlen or 0)
        self._kept = deque([*log_lines.bytes_of(lines), *self._kept], maxlen=most)
        return lines

    def _taken(self, answer: dict[str, Any]) -> list[str]:
        self.ended, self._next = answer["ended"], answer["next"]
        lines, self._rest = log_lines.split(self._rest + answer["text"])
        if self.ended and self._rest:
            lines.append(self._rest)
            self._rest = ""
        self._kept.extend(log_lines.bytes_of(lines))
        return lines[-(self._kept.maxlen or KEPT) :]
