"""A stream of server-sent events on its way to the client: whole lines, and words for its end.

What comes is passed on unchanged and at once, but for the part of a line that is not whole yet. So
when the service dies, the client has not got half an event, and one more event can say why.
"""

from __future__ import annotations

from collections.abc import Callable

import h11

MOST_HELD = 64 * 1024  # bytes of a line; a longer one is not kept back


class Events:
    """Of one answer. `words`: what the last event says, told why the stream broke off."""

    def __init__(self, words: Callable[[str], bytes]) -> None:
        self._words = words
        self._held = b""
        self.are_here = False

    def meet(self, answer: h11.Response) -> None:
        """Look at its head: only plain events can be added to."""
        told = {name: value.lower() for name, value in answer.headers}
        self.are_here = (
            told.get(b"content-type", b"").startswith(b"text/event-stream")
            and told.get(b"content-encoding", b"identity") == b"identity"
            and b"content-length" not in told
        )

    def whole(self, data: bytes) -> bytes:
        """What may go on now."""
        if not self.are_here:
            return bytes(data)
        came = self._held + data
        end = came.rfind(b"\n") + 1
        if len(came) - end > MOST_HELD:
            end = len(came)
        self._held = came[end:]
        return bytes(came[:end])

    def rest(self) -> bytes:
        """What is still held when the service has ended its answer well."""
        held, self._held = self._held, b""
        return held

    def last(self, why: str) -> bytes:
        """An event after whichever came whole; the part of one that did not is dropped."""
        self._held = b""
        return b"\n\ndata: " + self._words(why) + b"\n\n"
