"""The crash half way: the daemon is killed as hard as can be, and what that did to the jobs."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from daemon import free_port

from tenfold.cli.words import plural
from tenfold.client.home import daemon_pid
from tenfold.client.job import JobHandle
from tenfold.client.start import DaemonOptions, start_daemon
from tenfold.folder import lock
from tenfold.folder.durable import read_lines
from tenfold.terms.outcome import Verdict
from tenfold.terms.states import LIVE

AWAY_S = 4.0  # how long the jobs are left alone
SOON_S = 10.0  # a killed process is gone, and its lock free, long before


@dataclass(frozen=True)
class Crash:
    """Process ids, and the seconds since the epoch between which there was no daemon."""

    killed: int
    killed_s: float
    started: int
    back_s: float
    before: dict[str, int]  # job -> the process that ran it when the daemon was killed
    after: dict[str, int]  # of these, the ones that still ran when the new one was up


def crash(home: Path, jobs: list[JobHandle], say: Callable[[str], None]) -> Crash:
    """Kill the daemon of `home`, leave its jobs alone for `AWAY_S`, and start another."""
    live = [job for job in jobs if job.state in LIVE]
    before = _runners(live)
    killed = daemon_pid(home)
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    killed_s = time.time()
    until_s = time.monotonic() + SOON_S
    while daemon_pid(home) is not None and time.monotonic() < until_s:
        time.sleep(0.01)
    going = " and ".join(f"job {id} (process {pid})" for id, pid in before.items())
    say(f"kill -9 {killed}: the daemon is gone. On their own now: {going or 'no jobs'}.")
    time.sleep(AWAY_S)
    start_daemon(home, DaemonOptions(port=free_port()))
    started = daemon_pid(home)
    assert started is not None
    after = _runners(live)
    ended = len(before) - len(after)
    say(
        f"A new daemon, process {started}, is up {time.time() - killed_s:.1f} s later. It adopts"
        f" {plural(len(after), 'job')}" + (f" and finds {ended} ended meanwhile." if ended else ".")
    )
    return Crash(killed, killed_s, started, time.time(), before, after)


def left_alone(crash: Crash | None, jobs: list[JobHandle]) -> Verdict:
    """Whether the crash cost nothing: every job needed one attempt and kept its process, and each
    curve of the ledger has every point that the job wrote, those without a daemon included."""
    if crash is None:
        return Verdict(False, "The daemon was not killed.", {})
    again = [job.id for job in jobs if job.job.attempt != 1]
    moved = [id for id, pid in crash.after.items() if crash.before[id] != pid]
    written, kept, meanwhile = 0, 0, 0
    for job in jobs:
        points = _written(job)
        shown = {(name, step) for name, curve in job.metrics.items() for step, _, _ in curve}
        written += len(points)
        kept += len(shown & set(points))
        meanwhile += sum(crash.killed_s < at_s < crash.back_s for at_s in points.values())
    figures = {"points": written, "kept": kept, "meanwhile": meanwhile}
    if again or moved:
        return Verdict(False, f"Started anew: job {', '.join(again + moved)}.", figures)
    if kept < written:
        return Verdict(False, f"{written - kept} of {written} points are missing.", figures)
    return Verdict(
        True,
        f"Every job went on in its process, in its first attempt; all {written} points of their"
        f" curves are in the ledger, {meanwhile} of them written while there was no daemon.",
        figures,
    )


def _runners(jobs: list[JobHandle]) -> dict[str, int]:
    held = {job.id: lock.holder(job.folder.lock) for job in jobs}
    return {id: pid for id, pid in held.items() if pid is not None}


def _written(job: JobHandle) -> dict[tuple[str, int], float]:
    """(curve, step) -> seconds since the epoch, as the job itself wrote them into its folder."""
    lines, _ = read_lines(job.folder.events(1).read_bytes())
    return {
        (name, line["step"]): line["at"]
        for line in lines
        if line["kind"] == "metrics"
        for name in line["values"]
    }
