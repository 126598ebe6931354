"""Starts runners: by a fork server where one is up, else as a fresh interpreter.

There are two servers. The light one has only what a plain command needs, so its forks are small;
the heavy one has imported torch and its like. A server's death costs only speed: the next launch
is a fresh interpreter, and another server is started meanwhile.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tenfold.engine.forked import ForkServer

PRELOAD = "TENFOLD_PRELOAD"  # names another list for both; then one server is enough
LIGHT = "tenfold.runner.attempt,tenfold.workloads.system.command,pydantic"


class Launcher:
    """`python -m tenfold.runner FOLDER N`, quickly. Used by the tick's thread only."""

    def __init__(self) -> None:
        listed = os.environ.get(PRELOAD)
        self._light = ForkServer({PRELOAD: LIGHT if listed is None else listed})
        self._heavy = ForkServer({}) if listed is None else self._light
        self._fresh: list[subprocess.Popen[bytes]] = []

    def launch(
        self, folder: Path, attempt: int, environment: dict[str, str], heavy: bool = True
    ) -> int | None:
        """The runner's pid; None if it is not known whether one was started."""
        # Collect what ended, so that no zombie keeps a pid.
        self._fresh = [child for child in self._fresh if child.poll() is None]
        server = self._heavy if heavy else self._light
        if server.ready():
            answer = server.fork(folder, attempt, environment)
            if not answer:
                return None
            if "pid" in answer:
                return int(answer["pid"])
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "tenfold.runner", str(folder), str(attempt)],
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._fresh.append(child)
        return child.pid

    def close(self) -> None:
        self._light.close()
        self._heavy.close()
