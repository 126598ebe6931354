"""The jobs of an open page: which of them it sees, and what changed of those.

All rows stay here. The browser (static/queue.js) says which part of the list it sees and gets the
cells of those rows, once; from then on only cells that changed. So ten thousand jobs weigh as much
as forty.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from tenfold.web.draw.orders import ASK, KEEP
from tenfold.web.draw.queue_order import ALL, SHOWN, chosen, expected_s, held, ordered, starts
from tenfold.web.draw.queue_rows import cells
from tenfold.web.frame import Page
from tenfold.web.parts.job_actions import give

SEND_S = 0.5  # between updates that nobody waits for
FRESH_S = 1.5  # so long what an answer said goes before what a look at the queue says
HOLD_S = 3.0  # so long after the pointer moved over the list its order stays
MOST_SEEN = 200  # rows that a browser may ask for
MOST_TEXT = 100

Shown = Callable[[int], None]


class QueueList:
    """`shown(n)` is called with how many rows there are when they changed."""

    def __init__(self, page: Page, titles: Mapping[str, str], shown: Shown) -> None:
        self._page = page
        self._titles = titles
        self._shown = shown
        self._queue: Mapping[str, Any] = {"jobs": (), "now_s": 0.0}
        self._planned: dict[str, float] = {}
        self._rows: list[Mapping[str, Any]] = []
        self._by_id: dict[str, Mapping[str, Any]] = {}
        self._fresh: dict[str, tuple[float, dict[str, Any]]] = {}
        self._sent: dict[str, dict[str, str]] = {}
        self._sent_list: tuple[Any, ...] = ()
        self._sent_at = 0.0  # by the loop's clock
        self._first, self._count = 0, 40
        self._asking: str | None = None
        self._held_until_s = 0.0
        self._later: asyncio.TimerHandle | None = None
        self.show, self.text = ALL, ""
        page.client.on_delete(self._end)

    def hear_queue(self, queue: Mapping[str, Any]) -> None:
        self._know(queue)
        self._arrange()
        self._send_soon()

    def hear_plan(self, plan: Mapping[str, Any]) -> None:
        self._planned = starts(plan)
        self._arrange()
        self._send_soon()

    def hear_time(self) -> None:
        """Bars go on and starts come nearer while nothing else happens."""
        if self._rows and not self._is_held():
            self._arrange_if_overdue()
        self._send_soon()

    def choose(self, show: str) -> None:
        self.show = show if show in SHOWN else ALL
        self._anew()

    def search(self, text: str) -> None:
        self.text = text[:MOST_TEXT].strip()
        self._anew()

    def see(self, first: Any, count: Any) -> None:
        """What a browser says; nothing of it is believed."""
        if type(first) is not int or type(count) is not int:
            return
        self._first = min(max(first, 0), max(len(self._rows) - 1, 0))
        self._count = min(max(count, 1), MOST_SEEN)
        self._send()

    def hold(self) -> None:
        self._held_until_s = asyncio.get_running_loop().time() + HOLD_S

    async def press(self, job: Any, order: Any) -> None:
        row = self._by_id.get(str(job))
        if row is None or not isinstance(order, str):
            return
        self._asking = row["id"] if order == ASK else None
        self._send()
        if order in (ASK, KEEP):
            return
        answer = await give(self._page, row, order)
        if answer is not None:
            self._answered(answer["job"])

    def _answered(self, job: Mapping[str, Any]) -> None:
        """It is shown at once as the answer has it; the next look at the queue says the rest."""
        row = self._by_id.get(job["id"])
        if row is None:
            return
        told = {key: job[key] for key in ("state", "changed_s")}
        told |= {"priority": job["spec"]["priority"], "why": job["reason"] or row["why"]}
        if row["state"] != job["state"]:
            told |= {"can": (), "why": job["reason"]}
        self._fresh[job["id"]] = (asyncio.get_running_loop().time() + FRESH_S, told)
        self._know(self._queue)
        by_id = self._by_id
        self._rows = [by_id.get(one["id"], one) for one in self._rows]
        self._send()

    def _know(self, queue: Mapping[str, Any]) -> None:
        """A look at the queue that began before an answer came must not undo what that said."""
        now = asyncio.get_running_loop().time()
        self._fresh = {id: told for id, told in self._fresh.items() if told[0] > now}
        self._queue = queue
        self._by_id = {row["id"]: row for row in queue["jobs"]}
        for id, (_, told) in self._fresh.items():
            if id in self._by_id:
                self._by_id[id] = dict(self._by_id[id]) | told

    def _is_held(self) -> bool:
        return asyncio.get_running_loop().time() < self._held_until_s

    def _anew(self) -> None:
        self._held_until_s = 0.0
        self._arrange()
        self._send()

    def _arrange_if_overdue(self) -> None:
        """The pointer went away: what was held back may move now."""
        if self._held_until_s:
            self._held_until_s = 0.0
            self._arrange()

    def _arrange(self) -> None:
        rows = list(self._by_id.values())
        if self._is_held():
            # One that left what is chosen stays where it was until the pointer is gone.
            before = [row["id"] for row in self._rows]
            seen = {row["id"] for row in chosen(rows, self.show, self.text, self._titles)}
            seen |= set(before)
            self._rows = held(before, [row for row in rows if row["id"] in seen])
        else:
            found = chosen(rows, self.show, self.text, self._titles)
            self._rows = ordered(found, self._planned)
        self._shown(len(self._rows))

    def _send_soon(self) -> None:
        if self._later is None:
            loop = asyncio.get_running_loop()
            self._later = loop.call_at(max(loop.time(), self._sent_at + SEND_S), self._send)

    def _send(self) -> None:
        if self._later is not None:
            self._later.cancel()
            self._later = None
        self._sent_at = asyncio.get_running_loop().time()
        now_s = (self._page.feed.box or self._queue)["now_s"]
        window = self._rows[self._first : self._first + self._count]
        drawn = {row["id"]: self._cells(row, now_s) for row in window}
        changed = {id: _news(self._sent.get(id, {}), now) for id, now in drawn.items()}
        changed = {id: news for id, news in changed.items() if news}
        listed = (len(self._rows), self._first, list(drawn))
        if not changed and listed == self._sent_list:
            return
        self._sent, self._sent_list = drawn, listed
        total, first, ids = listed
        told = {"total": total, "first": first, "ids": ids, "cells": changed}
        self._page.run_script(f"tenfoldQueue.show({json.dumps(told)})")

    def _cells(self, row: Mapping[str, Any], now_s: float) -> dict[str, str]:
        title = self._titles.get(row["workload"], row["workload"])
        start_s = expected_s(row, self._planned)
        asking = row["id"] == self._asking and ASK in row["can"]
        return cells(self._page.t, row, now_s, self._queue["now_s"], start_s, title, asking)

    def _end(self) -> None:
        if self._later is not None:
            self._later.cancel()


def _news(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    return {name: html for name, html in now.items() if before.get(name) != html}
