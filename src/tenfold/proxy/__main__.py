"""The process: `python -m tenfold.proxy --home HOME --port PORT`.

It lives until its home is gone or it is told to end (SIGTERM); SIGHUP says that the routes changed.
One a home: the lock says which. Exit status 3 is "another one is there", 4 "the port is taken".
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import socket
import sys
from pathlib import Path

import h11

from tenfold.folder import lock
from tenfold.folder.proxy import PORT_TAKEN, ProxyFolder
from tenfold.proxy.client import Client, Limits
from tenfold.proxy.door import Door
from tenfold.proxy.exchange import Gone
from tenfold.proxy.table import WAIT_S, Table
from tenfold.proxy.wire import AT_ONCE, Wire

SECOND = 3
MOST_CONNECTIONS = 1000
LOOK_S = 5.0  # between two looks whether the home is still there


def main(argv: list[str] | None = None) -> int:
    asked = _arguments(argv)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the lock's holder may be sent it at once
    folder = ProxyFolder(asked.home / "proxy")
    if lock.take(folder.lock) is None:
        return SECOND
    # The protocol is named because asyncio looks at it before it turns Nagle's algorithm off; with
    # that on, a head and its body reach the client 40 ms apart.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", asked.port))
    except OSError:
        return PORT_TAKEN
    limits = Limits(head_s=asked.head)
    asyncio.run(_serve(asked.home, folder, listening, limits, asked.wait))
    return 0


async def _serve(
    home: Path, folder: ProxyFolder, listening: socket.socket, limits: Limits, wait_s: float
) -> None:
    over = asyncio.Event()
    table = Table(folder, wait_s)
    door = Door(listening.getsockname()[1], home / "token")
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, table.follow)
    loop.add_signal_handler(signal.SIGTERM, over.set)
    table.follow()  # what changed before the signal was listened to
    connections: set[asyncio.Task[None]] = set()

    def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(connections) >= MOST_CONNECTIONS:
            writer.transport.abort()
            return
        client = Client(Wire(h11.SERVER, reader, writer), door, table, limits)
        task = loop.create_task(_served(client, writer))
        connections.add(task)
        task.add_done_callback(connections.discard)

    await asyncio.start_server(met, sock=listening, limit=AT_ONCE, backlog=1024)
    while folder.path.is_dir() and not over.is_set():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await over.wait()


async def _served(client: Client, writer: asyncio.StreamWriter) -> None:
    try:
        await client.serve()
    except (Gone, ConnectionError):
        writer.transport.abort()
    finally:
        writer.close()


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tenfold.proxy")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--wait", type=float, default=WAIT_S, help="seconds a request may wait")
    parser.add_argument("--head", type=float, default=Limits.head_s, help="seconds for a head")
    return parser.parse_args(argv)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
