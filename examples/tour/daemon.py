"""The tour's own daemon: a port nobody uses, and its end."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import tenfold
from tenfold.client.call import Api
from tenfold.client.home import daemon_pid
from tenfold.terms.states import ENDED

END_S = 20.0  # for jobs to stop, and for the daemon to end


def end_daemon(home: Path) -> None:
    """Cancel what still runs, and end the daemon of `home` where one is up."""
    if daemon_pid(home) is None:
        return
    until_s = time.monotonic() + END_S
    try:
        open_jobs = [job for job in tenfold.connect(home).jobs() if job.state not in ENDED]
        for job in open_jobs:
            job.cancel()
        while time.monotonic() < until_s and any(job.state not in ENDED for job in open_jobs):
            time.sleep(0.1)
        Api(home).post("/api/shutdown")
        while time.monotonic() < until_s and daemon_pid(home) is not None:
            time.sleep(0.1)
    except tenfold.Refusal:
        pass  # it was killed, or is on its way out


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
