"""Watch one job until it ends. The daemon may die meanwhile and come back: the job goes on without
it, so the watch waits for its return instead of failing.

Polling, not the event stream: after a restart there is nothing to pick up, the next answer is
simply the truth.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tenfold.client.call import Api
from tenfold.terms.refusal import Refusal
from tenfold.terms.states import ENDED

PATIENCE_S = 120.0  # for a daemon that went away
FIRST_PAUSE_S = 0.05
PAUSE_S = 0.5

_ENDED = frozenset(state.value for state in ENDED)


@dataclass(frozen=True)
class Glimpse:
    """What was seen: the job's page, and what its log grew by. `away`: the daemon is gone."""

    page: dict[str, Any]  # GET /api/jobs/ID; empty if the daemon was away from the first look on
    text: str = ""
    attempt: int = 0  # that `text` belongs to
    away: bool = False

    @property
    def ended(self) -> bool:
        return bool(self.page) and self.page["job"]["state"] in _ENDED


def job_path(job: str, *rest: str) -> str:
    return "/".join(["/api/jobs", quote(job, safe=""), *rest])


def follow(
    api: Api,
    job: str,
    log: bool = False,
    pause: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    patience_s: float = PATIENCE_S,
) -> Iterator[Glimpse]:
    """Glimpses of `job`; the last one is of its end, with the log read to its end."""
    tail = LogTail(api, job) if log else None
    page: dict[str, Any] = {}
    pause_s = FIRST_PAUSE_S
    gone_s: float | None = None
    while True:
        try:
            page = api.get(job_path(job))
            if tail is not None:
                yield from (Glimpse(page, *piece) for piece in tail.pieces(page["job"]["attempt"]))
            gone_s = None
            glimpse = Glimpse(page)
        except Refusal as no:
            if no.code != "daemon.absent":
                raise
            gone_s = clock() if gone_s is None else gone_s
            if clock() - gone_s >= patience_s:
                raise
            glimpse = Glimpse(page, away=True)
        yield glimpse
        if glimpse.ended and not glimpse.away:
            return
        pause(pause_s)
        pause_s = min(PAUSE_S, pause_s * 1.4)


class LogTail:
    """Reads a job's log on from where it was, attempt after attempt."""

    def __init__(self, api: Api, job: str, attempt: int = 0) -> None:
        self._api = api
        self._job = job
        self._attempt = attempt  # 0: the newest when first asked
        self._offset = 0

    def pieces(self, newest: int) -> Iterator[tuple[str, int]]:
        """(text, attempt) for all that there is to read now, up to attempt `newest`."""
        if newest == 0:
            return
        self._attempt = self._attempt or newest
        while True:
            answer = self._api.get(
                job_path(self._job, "log"), attempt=self._attempt, offset=self._offset
            )
            self._offset = answer["next"]
            if answer["text"]:
                yield answer["text"], self._attempt
            elif self._attempt < newest:
                self._attempt, self._offset = self._attempt + 1, 0
            else:
                return
