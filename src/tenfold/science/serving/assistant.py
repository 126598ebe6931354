"""The model name `notes`: answers from the person's own documents, with sources, or none.

    notes = Assistant(folder, count_tokens)
    ready = await notes.ready(messages, context=4096, most=None)
    ready.messages        # for the model, with numbered passages; empty where nothing was found
    ready.extra           # "sources" as the dashboard reads them

Where no passage supports an answer the model is not asked at all: "I don't know" is then certain,
and costs nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, final

from tenfold.science.retrieval.hit import Hit, answerable
from tenfold.science.retrieval.profile import read_profile
from tenfold.science.retrieval.prompt import grounded_messages
from tenfold.science.retrieval.words import cjk_share
from tenfold.terms.refusal import Refusal

NAME = "notes"
PASSAGES = 6
ANSWER_SHARE = 0.25  # of the context, kept for an answer whose length nobody named
ANSWER_TOKENS = 512  # and no more than that

UNKNOWN = "I don't know: nothing in your documents supports an answer."
UNKNOWN_CHINESE = "我不知道：你的文件裡沒有能支持答案的內容。"


class Searched(Protocol):
    """What is asked of an index."""

    def search(self, query: str, k: int) -> list[Hit]: ...


@dataclass(frozen=True)
class Ready:
    """`messages` is empty where nothing supports an answer; `said` is then the answer."""

    messages: list[dict[str, str]]
    extra: dict[str, Any]
    said: str = ""


@final
class Assistant:
    """`opened` opens the index; it and every search run on one thread, as SQLite wants it. Raises
    the Refusal of `opened` at once."""

    def __init__(
        self,
        folder: Path,
        count_tokens: Callable[[str], int],
        opened: Callable[[Path], Searched],
        profile: Callable[[Path], str] = read_profile,
    ) -> None:
        self._count, self._profile, self._folder = count_tokens, profile, folder
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="notes")
        self._index = self._thread.submit(opened, folder).result()

    async def ready(
        self, messages: Sequence[dict[str, str]], context: int, most: int | None
    ) -> Ready:
        """Raises a Refusal where the question and the rules do not fit."""
        question = _question(messages)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._thread, lambda: self._found(question, messages, context, most)
        )

    def close(self) -> None:
        self._thread.shutdown()

    def _found(
        self, question: str, messages: Sequence[dict[str, str]], context: int, most: int | None
    ) -> Ready:
        hits = self._index.search(question, PASSAGES)
        if not answerable(hits):
            said = UNKNOWN_CHINESE if cjk_share(question) > 0.2 else UNKNOWN
            return Ready([], {"sources": []}, said)
        kept = most or min(int(ANSWER_SHARE * context), ANSWER_TOKENS)
        told, used, left_out = grounded_messages(
            messages, hits, self._profile(self._folder), context - kept, self._count
        )
        extra: dict[str, Any] = {"sources": [_source(hit) for hit in used]}
        if left_out:
            extra["left_out"] = left_out.words()
        return Ready(told, extra)


def _question(messages: Sequence[dict[str, str]]) -> str:
    asked = [one["content"] for one in messages if one["role"] == "user"]
    if not asked or not asked[-1].strip():
        raise Refusal(
            "serve.request",
            "There is no question.",
            "No message has the role user and a text.",
            "send one",
            {"param": "messages"},
        )
    return asked[-1]


def _source(hit: Hit) -> dict[str, str]:
    return {"title": hit.title, "path": hit.path, "text": hit.text, "place": hit.place}
