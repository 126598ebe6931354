"""HTTP/1.1 with one peer: its stream, and h11's reading of it.

Nothing is gathered: what came is passed on before more is waited for, and a peer that takes nothing
stops the one that sends (asyncio's flow control).
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import h11

AT_ONCE = 64 * 1024
MOST_HEAD = 64 * 1024  # bytes of a head; more is refused
END_S = 1.0  # for a peer to read our last words


class Wire:
    def __init__(
        self, role: Any, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.http = h11.Connection(role, max_incomplete_event_size=MOST_HEAD)
        self._reader = reader
        self._writer = writer
        self._out: list[bytes] = []

    def put(self, event: Any) -> None:
        """Keep it until `flush`. Raises h11.LocalProtocolError where it cannot come now."""
        data = self.http.send(event)
        if data:
            self._out.append(data)

    def put_raw(self, data: bytes) -> None:
        self._out.append(data)

    async def flush(self) -> None:
        if self._out:
            data, self._out = b"".join(self._out), []
            self._writer.write(data)
            await self._writer.drain()

    def ready(self) -> Any:
        """The next event that is here already; None where more has to come first."""
        event = self.http.next_event()
        return None if event is h11.NEED_DATA else event

    async def more(self) -> bool:
        """Read on; False at the end of what the peer sends. h11 is told of the end as well."""
        data = await self._reader.read(AT_ONCE)
        self.http.receive_data(data)
        return bool(data)

    async def raw(self) -> bytes:
        return await self._reader.read(AT_ONCE)

    @property
    def early(self) -> bytes:
        """What came behind the message that is being read."""
        return bytes(self.http.trailing_data[0])

    def close(self) -> None:
        """What is on its way still goes out."""
        self._writer.close()

    def cut(self) -> None:
        """End it at once; whoever reads from it sees the end."""
        self._writer.transport.abort()

    async def end(self) -> None:
        """Say that no more comes, and let the peer read that: closed with something unread, it
        might never see the last answer."""
        with contextlib.suppress(OSError, TimeoutError):
            self._writer.write_eof()
            async with asyncio.timeout(END_S):
                while await self.raw():
                    pass


async def dial(port: int, wait_s: float) -> Wire:
    """To a service on this machine. Raises OSError or TimeoutError."""
    async with asyncio.timeout(wait_s):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=AT_ONCE)
    return Wire(h11.CLIENT, reader, writer)
