"""`make demo`: a simulation and a command beside it, through a daemon of its own.

A private daemon in a fresh home below `out/demo`, on a free port, runs `simulate.cavity` at `desk`
and `examples/train.py` as a plain command. Both are shown as they go; on one core they take turns.
At the end come the verdict and the picture's path. Exit status 0 only if both jobs succeeded and
the verdict holds. Ctrl-C cancels both; the daemon is ended in every case.
"""

from __future__ import annotations

import re
import shutil
import signal
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

import tenfold
from tenfold.cli.words import duration, measured
from tenfold.client.call import Api
from tenfold.client.follow import LogTail, job_path
from tenfold.client.home import daemon_pid
from tenfold.client.job import JobHandle
from tenfold.client.start import DaemonOptions, start_daemon
from tenfold.terms.states import ENDED

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "out" / "demo"
LOOK_S = 0.5
END_S = 20.0  # for jobs to stop, and for the daemon to end

_EPOCH = re.compile(r"epoch (\d+) of (\d+): (.*)")


def main() -> int:
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupted)
    home = OUT / "home"
    end_daemon(home)  # of a demo that was killed
    shutil.rmtree(OUT, ignore_errors=True)
    try:
        start_daemon(home, DaemonOptions(port=free_port()))
        return run(home, console)
    except tenfold.Refusal as no:
        console.print(f"{no.what}\n  why   {no.why}\n  next  {no.next}")
        return 1
    except KeyboardInterrupt:
        console.print("Ended before it was done; both jobs are cancelled.")
        return 130
    finally:
        end_daemon(home)


def run(home: Path, console: Console) -> int:
    """The two jobs from submit to result; the exit status they deserve."""
    began_s = time.monotonic()
    box = tenfold.connect(home)
    cavity = box.run("simulate.cavity", size="desk")
    train = box.command(["python", "train.py"], cwd=ROOT / "examples", name="python train.py")
    console.print(f"A daemon of its own, in {home}, has two jobs of one core each.\n")
    api = Api(home)
    rows = [
        Row(cavity, "simulate.cavity", LogTail(api, cavity.id)),
        Row(train, "python train.py", LogTail(api, train.id)),
    ]
    power_w = show(api, rows, console)
    console.print()
    for row in rows:
        tell(row, console)
    drawn = f"{sum(power_w) / len(power_w):.0f} W on average" if power_w else "n/a on this machine"
    console.print(f"Together {duration(time.monotonic() - began_s)}; the box drew {drawn}.")
    succeeded = all(row.job.state == "succeeded" for row in rows)
    return 0 if succeeded and cavity.verdict and cavity.verdict.holds else 1


@dataclass
class Row:
    """One job on the screen."""

    job: JobHandle
    name: str
    log: LogTail
    state: str = "queued"
    done: float = 0.0
    total: float | None = None
    words: str = ""
    line: str = ""  # the last that it printed
    tenths: int = 0  # told in lines

    @property
    def ended(self) -> bool:
        return self.state in ENDED


def show(api: Api, rows: list[Row], console: Console) -> list[float]:
    """Bars on a terminal, else a line each tenth, until all have ended; watts read meanwhile."""
    power_w: list[float] = []
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[words]}", style="dim", markup=False),
        console=console,
        disable=not console.is_terminal,
    ) as bars:
        tasks = [bars.add_task(row.name, total=None, words="") for row in rows]
        while not all(row.ended for row in rows):
            time.sleep(LOOK_S)
            for row, task in zip(rows, tasks, strict=True):
                look(api, row)
                bars.update(task, total=row.total, completed=row.done, words=row.words)
                if not console.is_terminal:
                    _tell_tenth(row, console)
            reading = api.get("/api/box")["reading"] or {}
            watts = measured(reading.get("power_w"))
            if watts is not None:
                power_w.append(watts)
    return power_w


def look(api: Api, row: Row) -> None:
    """What the daemon knows of the job now."""
    page = api.get(job_path(row.job.id))
    view = page["job"]
    row.state = view["state"]
    if row.ended:
        row.done, row.words = row.total or 1, row.state
        row.total = row.done
        return
    if row.state == "queued":
        row.words = f"waits: {api.get(job_path(row.job.id, 'explain'))['why']}"
        return
    elapsed_s = time.time() - view["started_s"]
    left_s = None
    said = _metric(api, row) if page["progress"] else _printed(row, view["attempt"])
    if page["progress"]:
        row.done, row.total = page["progress"]["done"], page["progress"]["total"]
        left_s = page["progress"]["eta_s"]
    elif row.done and row.total:
        left_s = elapsed_s * (row.total - row.done) / row.done
    row.words = f"{duration(elapsed_s)}, {duration(left_s)} left{said}"


def _metric(api: Api, row: Row) -> str:
    """The newest residual: how much the flow still changes in one lid time."""
    curve = api.get(job_path(row.job.id, "metrics"))["metrics"].get("residual")
    return f", residual {curve[-1][2]:.1e}" if curve else ""


def _printed(row: Row, attempt: int) -> str:
    """A command tells nothing but what it prints, so that is read."""
    text = "".join(piece for piece, _ in row.log.pieces(attempt))
    row.line = next(reversed(text.splitlines()), row.line)
    found = _EPOCH.fullmatch(row.line)
    if not found:
        return ""
    row.done, row.total = float(found[1]), float(found[2])
    return f", {found[3]}"


def _tell_tenth(row: Row, console: Console) -> None:
    tenths = int(10 * row.done / row.total) if row.total else 0
    if tenths > row.tenths and not row.ended:
        row.tenths = tenths
        console.print(f"{row.name}  {row.done:g} of {row.total:g}, {row.words}")


def tell(row: Row, console: Console) -> None:
    outcome = row.job.outcome
    spent = f" after {duration(outcome.ended_s - outcome.started_s)}" if outcome else ""
    console.print(f"{row.name}  {row.state}{spent}")
    if outcome and outcome.verdict:
        holds = "holds" if outcome.verdict.holds else "does not hold"
        console.print(f"  verdict  {holds}: {outcome.verdict.sentence}")
    elif outcome and outcome.refusal:
        console.print(f"  {outcome.refusal['what']} {outcome.refusal['why']}")
    pictures = [artifact for artifact in row.job.artifacts if artifact.kind == "image"]
    for picture in pictures:
        console.print(f"  picture  {picture.path}")
    if not pictures:
        console.print(f"  printed  {next(reversed(row.job.log().splitlines()), '')}")


def end_daemon(home: Path) -> None:
    """Cancel what still runs, and end the daemon of `home` where one is up."""
    if daemon_pid(home) is None:
        return
    until_s = time.monotonic() + END_S
    try:
        box = tenfold.connect(home)
        open_jobs = [job for job in box.jobs() if job.state not in ENDED]
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


def _interrupted(number: int, frame: FrameType | None) -> Any:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
