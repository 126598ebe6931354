"""Bring a daemon up in the background, and wait until it answers.

The daemon is a process and nothing else: this file knows its command line, its log, and that a
daemon which cannot start writes its Refusal as the last JSON line of that log.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenfold.client.call import Api
from tenfold.client.home import PORT, address, daemon_pid, usual_port
from tenfold.folder.paths import TOKEN_VARIABLE
from tenfold.terms.refusal import Refusal, refusal, refusal_from_json

WAIT_S = 30.0
_STEP_S = 0.05

# Held so that a script which started a daemon is not warned that it outlives its handle.
_STARTED: list[subprocess.Popen[bytes]] = []


@dataclass(frozen=True)
class DaemonOptions:
    box: str = "auto"
    port: int = PORT
    speed: float | None = None  # of the modelled clock


def daemon_argv(home: Path, options: DaemonOptions) -> list[str]:
    """-P: a file beside the caller named like a module of ours must not be imported instead."""
    argv = [sys.executable, "-P", "-m", "tenfold.api.daemon", "--home", str(home)]
    argv += ["--port", str(options.port), "--box", options.box]
    if options.speed is not None:
        argv += ["--speed", f"{options.speed:g}"]
    return argv


def daemon_variables(home: Path) -> dict[str, str]:
    """The caller's environment, less what marks a process as part of a job's attempt: the daemon
    ends such processes with their job, and would end itself."""
    of_a_job = (TOKEN_VARIABLE, "TENFOLD_JOB")
    kept = {name: value for name, value in os.environ.items() if name not in of_a_job}
    return {**kept, "TENFOLD_HOME": str(home)}


def start_if_absent(home: Path) -> bool:
    """Whether a daemon had to be started. Two that try at once are both content with the one."""
    try:
        address(home)
        return False
    except Refusal:
        pass
    try:
        start_daemon(home, DaemonOptions(port=usual_port()))
    except Refusal as no:
        if no.code != "daemon.second":
            raise
        _await_other(home)
    return True


def start_daemon(home: Path, options: DaemonOptions, wait_s: float = WAIT_S) -> dict[str, Any]:
    """Start a daemon for `home`; returns its answer to GET /api/box. Raises its own Refusal, or
    `daemon.start`."""
    log = home / "daemon.log"
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        raise refusal("home.unwritable", home=home, why=str(error)) from error
    old_end = os.fstat(descriptor).st_size
    try:
        process = subprocess.Popen(
            daemon_argv(home, options),
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            cwd=home,
            env=daemon_variables(home),
            start_new_session=True,
        )
    finally:
        os.close(descriptor)
    _STARTED.append(process)
    return _answer(home, process, log, old_end, wait_s)


def _answer(
    home: Path, process: subprocess.Popen[bytes], log: Path, old_end: int, wait_s: float
) -> dict[str, Any]:
    api = Api(home)
    until_s = time.monotonic() + wait_s
    while time.monotonic() < until_s:
        if process.poll() is not None:
            raise _last_words(log, old_end, process.returncode)
        if daemon_pid(home) == process.pid:
            try:
                return dict(api.get("/api/box"))
            except Refusal as not_yet:
                if not_yet.code != "daemon.absent":
                    raise
        time.sleep(_STEP_S)
    why = f"Process {process.pid} lives but does not answer after {wait_s:.0f} s; its log: {log}"
    raise refusal("daemon.start", why=why)


def _last_words(log: Path, old_end: int, status: int) -> Refusal:
    """Why a daemon died that never answered, from what it wrote since `old_end`."""
    with log.open("rb") as file:
        file.seek(old_end)
        lines = file.read().decode(errors="replace").splitlines()
    for line in reversed(lines):
        try:
            return refusal_from_json(json.loads(line)["refusal"])
        except (ValueError, KeyError, TypeError):
            continue
    said = lines[-1].strip() if lines else "it said nothing"
    why = f"It ended with exit status {status}: {said} (log: {log})"
    return refusal("daemon.start", why=why)


def _await_other(home: Path) -> None:
    """The daemon that was quicker than ours may not have told its address yet."""
    until_s = time.monotonic() + WAIT_S
    while True:
        try:
            Api(home).get("/api/box")
            return
        except Refusal:
            if time.monotonic() >= until_s:
                raise
            time.sleep(_STEP_S)
