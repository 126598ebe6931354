"""`make demo`: the tour. Three jobs, a daemon killed half way, and a page about it.

    python examples/tour [--size desk | smoke] [--out out/tour]

A private daemon in a fresh home below `--out`, on a free port, runs `llm.pretrain`,
`simulate.cavity` and `examples/train.py` as a plain command. Half way the tour kills that daemon
with `kill -9`, leaves the jobs alone for a while, and starts it again. Then it plans a week on ten
cards that are not here. It ends by itself with a verdict for each job and one for the crash, and
writes `tour.html`. Exit status 0 only if every
verdict holds. Ctrl-C cancels what runs; the daemon is ended in every case.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import NoReturn

from crash import Crash, crash, left_alone
from daemon import end_daemon, free_port
from jobs import Act, look
from page import Tour, write_page
from rich.console import Console
from screen import Screen
from week import Week, plan_week

import tenfold
from tenfold.cli.words import duration, plural
from tenfold.client.call import Api
from tenfold.client.start import DaemonOptions, start_daemon

ROOT = Path(__file__).resolve().parents[2]
LOOK_S = 0.5
HALF_WAY = 0.5


def main() -> int:
    asked = _arguments()
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupted)
    home = asked.out / "home"
    try:
        end_daemon(home)  # of a tour that was killed
        shutil.rmtree(asked.out, ignore_errors=True)
        start_daemon(home, DaemonOptions(port=free_port()))
        return tour(home, asked.out, asked.size, console)
    except tenfold.Refusal as no:
        console.print(f"{no.what}\n  why   {no.why}\n  next  {no.next}")
        return 1
    except KeyboardInterrupt:
        console.print("Ended before it was done; its jobs are cancelled.")
        return 130
    finally:
        end_daemon(home)


def tour(home: Path, out: Path, size: str, console: Console) -> int:
    """The jobs from submit to result; the exit status they deserve."""
    began_s = time.time()
    acts = ask(home, size)
    console.print(f"A daemon of its own, in {home}, has three jobs.\n")
    explained, broken, watts = watch(home, acts, console)
    console.print()
    for act in acts:
        _tell(act, console)
    lost = left_alone(broken, [act.job for act in acts])
    _say_verdict(console, "kill -9", lost.holds, lost.sentence)
    week = plan_week(home)
    _say_week(console, week)
    machine = _machine(acts[0].api)
    told = Tour(began_s, acts, broken, lost, explained, watts, machine, week)
    page = write_page(out / "tour.html", told)
    drawn = f"{sum(watts) / len(watts):.0f} W on average" if watts else "n/a on this machine"
    console.print(f"Together {duration(time.time() - began_s)}; the box drew {drawn}.")
    console.print(f"All of it on one page: {page}")
    return 0 if lost.holds and all(act.holds for act in acts) else 1


def ask(home: Path, size: str) -> list[Act]:
    """Submit the three jobs."""
    box, api = tenfold.connect(home), Api(home)
    epochs = ["--epochs", "2"] if size == "smoke" else []
    command = ["python", "train.py", *epochs]
    return [
        Act(box.run("llm.pretrain", size=size), api, f"tenfold run llm.pretrain --size {size}"),
        Act(
            box.run("simulate.cavity", size=size), api, f"tenfold run simulate.cavity --size {size}"
        ),
        Act(
            box.command(command, cwd=ROOT / "examples", name="python train.py"),
            api,
            f"tenfold run -- {' '.join(command)}",
        ),
    ]


def watch(home: Path, acts: list[Act], console: Console) -> tuple[str, Crash | None, list[float]]:
    """Show the jobs until all have ended; kill the daemon half way. What `explain` said, the
    crash, and the watts that were read."""
    explained, broken = "", None
    watts: list[float] = []
    with Screen(acts, console) as screen:
        while not all(act.ended for act in acts):
            time.sleep(LOOK_S)
            for act in acts:
                look(act)
            watts += screen.show(acts[0].api.get("/api/box"))
            if not explained and any(act.state == "running" for act in acts):
                explained = explain(home, acts)
                screen.say(explained)
            if broken is None and (acts[0].share >= HALF_WAY or acts[0].ended):
                broken = crash(home, [act.job for act in acts], screen.say)
    return explained, broken, watts


def explain(home: Path, acts: list[Act]) -> str:
    """What `tenfold explain` says of a job that waits; where none waits, of the last."""
    waiting = [act for act in acts if act.state == "queued"] or acts[-1:]
    argv = [sys.executable, "-m", "tenfold", "explain", waiting[0].job.id]
    said = subprocess.run(argv, env=_variables(home), capture_output=True, text=True, check=True)
    return f"$ tenfold explain {waiting[0].job.id}\n{said.stdout.rstrip()}"


def _variables(home: Path) -> dict[str, str]:
    return {**os.environ, "TENFOLD_HOME": str(home), "NO_COLOR": "1"}


def _machine(api: Api) -> str:
    """`10 GPUs, 64 cores`, or as much of that as there is."""
    devices = [device for node in api.get("/api/box")["box"]["nodes"] for device in node["devices"]]
    gpus, cores = sum(d["kind"] == "gpu" for d in devices), sum(d["cores"] for d in devices)
    return f"{plural(gpus, 'GPU')}, {plural(cores, 'core')}" if gpus else plural(cores, "core")


def _tell(act: Act, console: Console) -> None:
    console.print(
        f"{act.name}  {act.state}{f' after {duration(act.took_s)}' if act.took_s else ''}"
    )
    _say_verdict(console, "verdict", act.holds, act.sentence)
    for file in act.files:
        console.print(f"  {file.kind:<8}{file.path}")


def _say_week(console: Console, week: Week) -> None:
    console.print(f"\n$ {week.command}\n  {week.sentence}")
    console.print(f"\n$ {week.circuit_command}\n  {week.circuit_sentence}")
    for card, strip in week.strips:
        console.print(f"  {card:<6} {strip}")
    console.print()


def _say_verdict(console: Console, title: str, holds: bool, sentence: str) -> None:
    console.print(f"  {title:<8}{'holds' if holds else 'does not hold'}: {sentence}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__.splitlines()[0])
    parser.add_argument("--size", choices=("smoke", "desk"), default="desk")
    parser.add_argument("--out", type=lambda text: Path(text).resolve(), default=ROOT / "out/tour")
    return parser.parse_args()


def _interrupted(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
