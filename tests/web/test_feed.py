"""The feed asks for all pages at once, when something happened, and rests after a slow answer."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from tenfold.terms.refusal import refusal
from tenfold.web import feed as feeds
from tenfold.web.feed import BOX, EVENT, QUEUE, Feed

SOON_S = 10.0


class SlowApi:
    """Answers after `takes_s`, notes when it was asked for what, and tells events it is given."""

    def __init__(self, takes_s: float = 0.0) -> None:
        self.takes_s = takes_s
        self.asked: list[tuple[float, str]] = []
        self.hears = 0
        self.broken = ""  # the path that is refused
        self._events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def get(self, path: str, **query: Any) -> dict[str, Any]:
        self.asked.append((time.monotonic(), path))
        await asyncio.sleep(self.takes_s)
        if path == self.broken:
            raise refusal("api.route", path=path)
        return {"path": path, "n": len(self.asked)}

    async def events(self, since: int | None = None) -> AsyncIterator[dict[str, Any]]:
        self.hears += 1
        try:
            while True:
                yield await self._events.get()
        finally:
            self.hears -= 1

    def happens(self, kind: str) -> None:
        self._events.put_nowait({"kind": kind})

    def times(self, path: str) -> list[float]:
        return [at_s for at_s, asked in self.asked if asked == path]


def ran(scene: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(scene(), SOON_S)

    asyncio.run(bounded())


async def until(seen: Callable[[], Any]) -> None:
    while not seen():
        await asyncio.sleep(0.005)


@pytest.fixture(autouse=True)
def _no_idle_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """The look at the box while nothing happens comes late here, so that only causes are seen."""
    monkeypatch.setattr(feeds, "BOX_S", 60.0)


def test_nothing_is_asked_while_nobody_listens() -> None:
    async def scene() -> None:
        api = SlowApi()
        feed = Feed(api)  # type: ignore[arg-type]
        feed.look_now()
        await asyncio.sleep(2 * feeds.LEAST_S)
        assert api.asked == [] and api.hears == 0
        leave = feed.listen(BOX, lambda box: None)
        await until(lambda: api.times("/api/box") and api.hears)
        leave()
        leave()  # a page that is gone twice
        await until(lambda: not api.hears)
        count = len(api.asked)
        feed.look_now()
        await asyncio.sleep(2 * feeds.LEAST_S)
        assert len(api.asked) == count

    ran(scene)


def test_a_second_page_asks_nothing_more() -> None:
    async def scene() -> None:
        api, told = SlowApi(), []
        feed = Feed(api)  # type: ignore[arg-type]
        leaves = [feed.listen(BOX, lambda box, n=n: told.append(n)) for n in range(5)]
        await until(lambda: len(told) >= 5)
        assert sorted(told) == [0, 1, 2, 3, 4] and len(api.asked) == 1
        leaves[0]()
        api.happens("change")
        await until(lambda: len(told) >= 9)
        assert sorted(told[5:]) == [1, 2, 3, 4] and len(api.asked) == 2
        await feed.close()

    ran(scene)


def test_the_queue_is_asked_for_only_by_who_shows_it_and_only_when_it_changed() -> None:
    async def scene() -> None:
        api = SlowApi()
        feed = Feed(api)  # type: ignore[arg-type]
        feed.listen(BOX, lambda box: None)
        api.happens("change")
        await until(lambda: len(api.times("/api/box")) == 2)
        assert api.times("/api/queue") == []
        feed.listen(QUEUE, lambda queue: None)
        await until(lambda: len(api.times("/api/queue")) == 1)
        api.happens("metric")
        await asyncio.sleep(2 * feeds.LEAST_S)
        assert len(api.times("/api/queue")) == 1
        api.happens("change")
        await until(lambda: len(api.times("/api/queue")) == 2)
        await feed.close()

    ran(scene)


def test_a_change_is_seen_at_once_and_a_storm_of_them_is_not_followed_one_by_one() -> None:
    async def scene() -> None:
        api = SlowApi()
        feed = Feed(api)  # type: ignore[arg-type]
        feed.listen(QUEUE, lambda queue: None)
        await until(lambda: api.times("/api/queue"))
        await asyncio.sleep(1.5 * feeds.LEAST_S)
        happened_s = time.monotonic()
        api.happens("change")
        await until(lambda: len(api.times("/api/queue")) == 2)
        assert api.times("/api/queue")[-1] - happened_s < feeds.LEAST_S
        until_s = time.monotonic() + 3 * feeds.LEAST_S
        while time.monotonic() < until_s:
            api.happens("change")
            await asyncio.sleep(0.005)
        looks = api.times("/api/queue")[1:]
        gaps = [after - before for before, after in itertools.pairwise(looks)]
        assert len(gaps) >= 2 and min(gaps) >= 0.95 * feeds.LEAST_S
        await feed.close()

    ran(scene)


def test_an_api_that_is_slow_is_left_to_rest() -> None:
    """A look of 60 ms is followed by six times as long of rest, whatever happens."""

    async def scene() -> None:
        api = SlowApi(takes_s=0.06)
        feed = Feed(api)  # type: ignore[arg-type]
        feed.listen(BOX, lambda box: None)
        while len(api.times("/api/box")) < 3:
            api.happens("change")
            await asyncio.sleep(0.005)
        looks = api.times("/api/box")
        gaps = [after - before for before, after in itertools.pairwise(looks)]
        assert min(gaps) >= 0.95 * (1 + feeds.REST) * api.takes_s
        await feed.close()

    ran(scene)


def test_a_page_whose_drawing_fails_does_not_silence_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scene() -> None:
        api, told = SlowApi(), []
        feed = Feed(api)  # type: ignore[arg-type]
        feed.listen(EVENT, lambda event: 1 / 0)  # type: ignore[func-returns-value]
        feed.listen(EVENT, told.append)
        await until(lambda: api.hears)
        api.happens("note")
        api.happens("note")
        await until(lambda: len(told) == 2)
        await feed.close()

    with caplog.at_level(logging.CRITICAL, "tenfold.web"):
        ran(scene)


@pytest.mark.parametrize("path", ["/api/box", "/api/queue"])
def test_a_refused_look_is_tried_again(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """Also without another event: what was not shown then is shown now."""
    monkeypatch.setattr(feeds, "AGAIN_S", 0.05)
    monkeypatch.setattr(feeds, "BOX_S", 0.1)

    async def scene() -> None:
        api, told = SlowApi(), []
        api.broken = path
        feed = Feed(api)  # type: ignore[arg-type]
        feed.listen(QUEUE, told.append)
        await until(lambda: len(api.times(path)) >= 2)
        assert not told
        api.broken = ""
        await until(lambda: told)
        assert told[0]["path"] == "/api/queue"
        await feed.close()

    ran(scene)
