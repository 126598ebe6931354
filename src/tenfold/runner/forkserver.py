"""Starts runners in milliseconds: a process that has imported what most runners import, and forks.

`python -m tenfold.runner.forkserver FD` is started by the daemon, which holds the other end of the
SOCK_SEQPACKET pair. JSON messages, one a packet:

    {"ready": true}                                       first, when everything is imported
    {"folder": ..., "attempt": 3, "env": {...}}           asks for a runner; `env` is all of its
                                                          environment, TENFOLD_ATTEMPT included
    {"pid": 4711} or {"error": "..."}                     the answer; after an error, exec one

Its death costs only speed: the runners live on. When the daemon's end closes it exits.

Two rules make the fork safe. It has one thread and has not opened the GPU driver (`forkable`,
asked before every fork; so what it preloads is a fixed list, nothing with threads of its own, and
it never calls CUDA). And a child shows its own attempt's token in /proc/PID/environ, by which
leftovers are found: that region belongs to the exec of this server, so the server is started with a
placeholder of the same length, and the child writes its token over it.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import importlib.util
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from tenfold.folder.paths import TOKEN_VARIABLE, CurrentFile, JobFile
from tenfold.runner.forkable import hindrance
from tenfold.runner.variables import thread_variables
from tenfold.terms.box import DeviceKind, Slot
from tenfold.terms.job import JobSpec
from tenfold.terms.wire import from_json, to_json

PRELOAD = (
    "tenfold.runner.attempt",
    "tenfold.workloads.system.command",
    "pydantic",
    "numpy",
    "torch",
    "warp",
)
PRELOAD_VARIABLE = "TENFOLD_PRELOAD"  # another list, with commas
TOKEN_CHARS = 32
PLACEHOLDER = "0" * TOKEN_CHARS

_PACKET_BYTES = 1 << 20


def main(descriptor: int) -> NoReturn:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the daemon's terminal is the daemon's
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps; the daemon asks by the lock
    place = token_place()
    preload(os.environ)
    # What was made up to here is never collected, so that children share its pages.
    gc.collect()
    gc.freeze()
    daemon = socket.socket(fileno=descriptor)
    try:
        daemon.send(b'{"ready": true}')
        while packet := daemon.recv(_PACKET_BYTES):
            daemon.send(json.dumps(_answer(packet, daemon, place)).encode())
    except ConnectionError:  # the daemon is gone; the runners stay
        pass
    os._exit(0)


def preload(environ: Mapping[str, str]) -> None:
    """Import the list, with one thread; what is not installed is left out."""
    os.environ.update(thread_variables(1))
    listed = environ.get(PRELOAD_VARIABLE)
    for name in listed.split(",") if listed is not None else PRELOAD:
        if name and importlib.util.find_spec(name) is not None:
            importlib.import_module(name)
    # What reads a job's files works out their types once; here, instead of once in each child.
    for value in (
        JobFile("0", JobSpec("")),
        CurrentFile(0, "", Slot("", (), DeviceKind.CPU, 0, 0.0)),
    ):
        from_json(type(value), to_json(value))


def token_place() -> int | None:
    """Where the kernel reads this process's token from; None where it was started without one."""
    getenv = ctypes.CDLL(None).getenv
    getenv.restype = ctypes.c_void_p
    place: int | None = getenv(TOKEN_VARIABLE.encode())
    if place is None or len(ctypes.string_at(place)) != TOKEN_CHARS:
        return None
    return place


def shown_token() -> str:
    """The token that /proc shows of this process."""
    start = f"{TOKEN_VARIABLE}=".encode()
    for line in Path("/proc/self/environ").read_bytes().split(b"\0"):
        if line.startswith(start):
            return line.removeprefix(start).decode()
    return ""


def _answer(packet: bytes, daemon: socket.socket, place: int | None) -> dict[str, Any]:
    try:
        request = json.loads(packet)
        folder, attempt, env = str(request["folder"]), int(request["attempt"]), request["env"]
    except (ValueError, KeyError, TypeError) as error:
        return {"error": f"no request: {error!r}"}
    why = hindrance()
    if why is not None:
        return {"error": why}
    pid = os.fork()
    if pid == 0:
        _become_runner(folder, attempt, env, daemon, place)
    return {"pid": pid}


def _become_runner(
    folder: str, attempt: int, env: dict[str, str], daemon: socket.socket, place: int | None
) -> NoReturn:
    try:
        daemon.close()
        os.setsid()
        _reset_signals()
        os.environ.clear()
        os.environ.update(env)
        _show_token(env.get(TOKEN_VARIABLE, ""), place)
        if shown_token() != env.get(TOKEN_VARIABLE):
            argv = [sys.executable, "-P", "-m", "tenfold.runner", folder, str(attempt)]
            os.execve(sys.executable, argv, env)
        _fresh_randomness()
        # Here, so that the server's own list says what it imports.
        from tenfold.runner.__main__ import main as run
        from tenfold.runner.attempt import end_process

        end_process(run([folder, str(attempt)]))
    finally:
        os._exit(4)


def _reset_signals() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Until the runner listens. A stop that comes so early is found in the folder.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _show_token(token: str, place: int | None) -> None:
    if place is not None and len(token.encode()) == TOKEN_CHARS:
        ctypes.memmove(place, token.encode(), TOKEN_CHARS)


def _fresh_randomness() -> None:
    # numpy's global generator was seeded when the server imported it; `random` and torch see to
    # themselves (torch begins with a fixed seed in every process).
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()


if __name__ == "__main__":
    main(int(sys.argv[1]))
