"""The process: `python -m tenfold.proxy --home HOME --port PORT`.

It lives until its home is gone or it is told to end (SIGTERM); SIGHUP says that the routes changed.
One a home: the lock says which. Exit status 3 is "another one is there", 4 "the port is taken".
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import resource
import signal
import socket
import sys
from dataclasses import replace
from pathlib import Path

import h11

from tenfold.folder import lock
from tenfold.folder.keys import KeyFile
from tenfold.folder.proxy import PORT_TAKEN, ProxyFolder
from tenfold.proxy.client import Client, Limits
from tenfold.proxy.door import Door
from tenfold.proxy.exchange import Gone, Over
from tenfold.proxy.gateway import Gateway
from tenfold.proxy.line import AT_ONCE as MOST_AT_ONCE
from tenfold.proxy.line import MOST_WAITING, Line
from tenfold.proxy.models import Models
from tenfold.proxy.table import WAIT_S, Table
from tenfold.proxy.wire import AT_ONCE, Wire

SECOND = 3
MOST_CONNECTIONS = 2000
TOLD_SO = 200  # connections above that are told that they are too many; others are cut off
FULL_HEAD_S = 1.0  # for the head of one of those
FILES = 2 * (MOST_CONNECTIONS + TOLD_SO)  # one to each client, one to its service
OTHER_FILES = 64
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
    line = Line(asked.at_once, asked.waiting)
    asyncio.run(_serve(asked.home, folder, listening, limits, line, asked.wait))
    return 0


async def _serve(
    home: Path,
    folder: ProxyFolder,
    listening: socket.socket,
    limits: Limits,
    line: Line,
    wait_s: float,
) -> None:
    over = asyncio.Event()
    table = Table(folder, wait_s)
    models = Models(table, folder)
    door = Door(listening.getsockname()[1], home / "token", KeyFile(home / "keys.json"))
    gateway = Gateway(door, table, models, line, limits.body_s, limits.dial_s)
    loop = asyncio.get_running_loop()

    def follow() -> None:
        table.follow()
        models.follow()

    loop.add_signal_handler(signal.SIGHUP, follow)
    loop.add_signal_handler(signal.SIGTERM, over.set)
    follow()  # what changed before the signal was listened to
    connections: set[asyncio.Task[None]] = set()
    most = _most_connections()

    def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(connections) >= most + TOLD_SO:
            writer.transport.abort()
            return
        is_full = len(connections) >= most
        patience = replace(limits, head_s=FULL_HEAD_S, idle_s=FULL_HEAD_S) if is_full else limits
        client = Client(Wire(h11.SERVER, reader, writer), door, table, gateway, patience)
        task = loop.create_task(_served(client, writer, is_full))
        connections.add(task)
        task.add_done_callback(connections.discard)

    await asyncio.start_server(met, sock=listening, limit=AT_ONCE, backlog=1024)
    while folder.path.is_dir() and not over.is_set():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await over.wait()


def _most_connections() -> int:
    """As many as there may be open files for; the usual limit of 1024 is raised where it can be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES + OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return max(1, min(MOST_CONNECTIONS, (soft - OTHER_FILES) // 2 - TOLD_SO))


async def _served(client: Client, writer: asyncio.StreamWriter, is_full: bool) -> None:
    try:
        await client.serve(is_full)
    except (Gone, ConnectionError):
        writer.transport.abort()
    except Over:
        pass  # what was said last still goes out
    finally:
        writer.close()


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tenfold.proxy")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--wait", type=float, default=WAIT_S, help="seconds a request may wait")
    parser.add_argument("--head", type=float, default=Limits.head_s, help="seconds for a head")
    at_once = "requests for models that a service gets at a time"
    parser.add_argument("--at-once", type=int, default=MOST_AT_ONCE, help=at_once)
    waiting = "requests for models that wait for their turn"
    parser.add_argument("--waiting", type=int, default=MOST_WAITING, help=waiting)
    return parser.parse_args(argv)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
