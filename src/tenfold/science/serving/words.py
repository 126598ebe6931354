"""Tokens become text as they come: only what cannot change any more, and nothing of a stop string.

    words = Words(decode, stop=("\\n\\n",))
    words.add(17)       # "" while a character is not whole or a stop string may have begun
    words.rest()        # what was held back, when the answer is over

All that was given out and `rest()` together are `decode` of all tokens, up to the first stop
string.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import final

UNFINISHED = "\ufffd"  # what a decoder makes of a character whose last bytes are not there yet


@final
class Words:
    def __init__(self, decode: Callable[[list[int]], str], stop: Sequence[str] = ()) -> None:
        self.stopped = False
        self._decode, self._stop = decode, tuple(stop)
        self._ids: list[int] = []
        self._known, self._read = 0, 0  # tokens before `known` are told; those up to `read` decoded
        self._before = ""
        self._held = ""

    def add(self, id: int) -> str:
        self._ids.append(id)
        # What a token stands for may hang on the one before it, so both are decoded.
        window = self._decode(self._ids[self._known :])
        if window.endswith(UNFINISHED) or len(window) < len(self._before):
            return ""
        new = window[len(self._before) :]
        self._known, self._read = self._read, len(self._ids)
        self._before = self._decode(self._ids[self._known : self._read])
        return self._passed(new)

    def rest(self) -> str:
        """Bytes that never became a character come as the decoder shows them."""
        if self.stopped:
            return ""
        window = self._decode(self._ids[self._known :])
        new = self._passed(window[len(self._before) :])
        held, self._held = self._held, ""
        return new if self.stopped else new + held

    def _passed(self, new: str) -> str:
        if not self._stop:
            return new
        text = self._held + new
        found = [place for place in (text.find(stop) for stop in self._stop) if place >= 0]
        if found:
            self.stopped, self._held = True, ""
            return text[: min(found)]
        keep = max(_begun(text, stop) for stop in self._stop)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]


def _begun(text: str, stop: str) -> int:
    """How many of the last characters may be the beginning of `stop`."""
    most = min(len(text), len(stop) - 1)
    return next((n for n in range(most, 0, -1) if text.endswith(stop[:n])), 0)
