"""Processes of a job: started in an environment, ended with the runner, told of a stop.

Each is the leader of a process group of its own and dies with the runner (PR_SET_PDEATHSIG), also
when the runner is killed. What it started itself and left behind is found by the attempt's token,
which all of them carry in their environment.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tenfold.folder.paths import TOKEN_VARIABLE
from tenfold.runner.environments import Launch, launch
from tenfold.runner.stop import StopFlag
from tenfold.terms.refusal import refusal

GRACE_S = 10.0  # between SIGTERM and SIGKILL
LOOK_S = 0.5  # how often the stop is looked at; the end of the process is seen at once
FIRST_WATCH_S, WATCH_S = 0.05, 1.0  # between two watches: at first what starts may soon be up

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Ended:
    status: int  # 128 + signal where one killed it, as shells say it
    stopped: bool = False  # by a stop
    why: str = ""  # what `watch` ended it for


def run_process(
    argv: tuple[str, ...],
    *,
    env: str,
    cwd: Path,
    home: Path,
    variables: Mapping[str, str],
    stop: StopFlag,
    watch: Callable[[int], str | None] | None = None,
    grace_s: float = GRACE_S,
) -> Ended:
    """Run `argv` to its end. Raises a Refusal: `env.unknown`, `command.missing`, `command.cwd`."""
    if not cwd.is_dir():
        raise refusal("command.cwd", cwd=str(cwd))
    started = launch(argv, env, cwd, home, {"PYTHONUNBUFFERED": "1", **os.environ})
    environ = {**started.variables, **variables, TOKEN_VARIABLE: os.environ[TOKEN_VARIABLE]}
    program = _existing(started, cwd, environ)
    bound = binder()
    child = subprocess.Popen(
        [*bound, *program],
        cwd=cwd,
        env=environ,
        stdin=subprocess.DEVNULL,
        process_group=0,
        # A function before exec makes this a real fork, which takes 10 ms when torch is loaded.
        preexec_fn=None if bound else dies_with(os.getpid()),
    )
    descriptor = os.pidfd_open(child.pid)
    try:
        return _followed(child, descriptor, stop, watch, grace_s)
    except BaseException:  # a watch that raises must not leave the process behind
        _end(child, descriptor, 0.0)
        raise
    finally:
        os.close(descriptor)


@cache
def binder() -> tuple[str, ...]:
    """What stands before an argv so that it dies with its parent; empty without util-linux."""
    found = shutil.which("setpriv")
    if found is None or Path(found).resolve().name == "busybox":  # which has no --pdeathsig
        return ()
    return (found, "--pdeathsig", "KILL", "--")


def dies_with(parent: int) -> Callable[[], None]:
    """What a forked child calls so that the kernel kills it together with `parent`."""

    def ask() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it was dead before we asked
            os._exit(1)

    return ask


def has_ended(descriptor: int, wait_s: float) -> bool:
    """Wait at most `wait_s` for the process of this pidfd."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(wait_s * 1000))


def _followed(
    child: subprocess.Popen[bytes],
    descriptor: int,
    stop: StopFlag,
    watch: Callable[[int], str | None] | None,
    grace_s: float,
) -> Ended:
    watched_s, pause_s = time.monotonic(), FIRST_WATCH_S
    while not has_ended(descriptor, LOOK_S if watch is None else min(LOOK_S, pause_s)):
        if stop.asked:
            return Ended(_end(child, descriptor, grace_s), stopped=True)
        if watch is not None and time.monotonic() - watched_s >= pause_s:
            why = watch(child.pid)
            if why:
                return Ended(_end(child, descriptor, grace_s), why=why)
            watched_s, pause_s = time.monotonic(), min(WATCH_S, 1.2 * pause_s)
    return Ended(_status(child.wait()))


def _end(child: subprocess.Popen[bytes], descriptor: int, grace_s: float) -> int:
    # To the group: a shell or a launcher does not pass a signal on.
    if grace_s > 0:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGTERM)
        has_ended(descriptor, grace_s)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    return _status(child.wait())


def _status(returned: int) -> int:
    return returned if returned >= 0 else 128 - returned


def _existing(started: Launch, cwd: Path, environ: Mapping[str, str]) -> list[str]:
    """The argv with its program as a full path, as the environment's PATH finds it."""
    program = started.argv[0]
    if "/" in program:
        found = shutil.which(cwd / program)
    else:
        found = shutil.which(program, path=environ.get("PATH", os.defpath))
    if found is None:
        raise refusal("command.missing", command=program, where=started.where)
    return [str(found), *started.argv[1:]]
