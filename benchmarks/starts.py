"""How soon a torch job runs: a runner forked from the heavy server beside a cold interpreter.

`python benchmarks/starts.py` keeps two private daemons, one with its fork server, one whose server
never gets ready, so that each of its runners is a fresh interpreter. They start the same workload
in turns; its `run` notes when it was entered and when its first forward and backward pass of torch
was done. The other moments are those that the job's folder shows:

    submit -> current.json is written, the runner is asked for at once after that
           -> claimed -> `run` is entered -> torch has made its first step

Figures in `results/starts.json`.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from faults.daemon import PrivateDaemon, kill_marked, variables
from faults.kept import keep, quantile

from tenfold.folder.paths import JobFolder

WORKLOAD = '''"""A torch job: notes when it began, and when its first step was done."""

import time

from tenfold.catalogue.contract import WorkloadParams
from tenfold.terms.needs import Needs
from tenfold.terms.outcome import Result


class Params(WorkloadParams):
    pass


SIZES = {}
REQUIRES = ()


def needs(params, device):
    return Needs()


def run(job, params):
    entered_s = time.time()
    import torch

    weight = torch.ones(64, 64, requires_grad=True)
    (torch.ones(8, 64) @ weight).square().mean().backward()
    assert weight.grad is not None
    forked = b"forkserver" in open("/proc/self/cmdline", "rb").read()
    return Result("A step.", {"entered_s": entered_s, "stepped_s": time.time(), "forked": forked})
'''
# Stands in for the servers' imports and takes for ever, at no CPU time: such a server is never
# asked, and the daemon starts a fresh interpreter, as it does when a server was killed.
NEVER = "import time\ntime.sleep(1_000_000)\n"
NEVER_NAME = "never_ready"
WARM_S = 60.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=30, help="of each kind")
    parser.add_argument("--out", type=Path, help="JSON file, instead of results/starts.json")
    asked = parser.parse_args()
    taken: dict[str, list[dict[str, float]]] = {"forked": [], "cold": []}
    with _daemon() as forking, _daemon(cold=True) as cold:
        _warmed(forking)
        _start(cold, forked=False)  # once unmeasured: the disk cache
        for _ in range(asked.starts):
            taken["forked"].append(_start(forking, forked=True))
            taken["cold"].append(_start(cold, forked=False))
    keep("starts", {"starts": asked.starts, **_figures(taken)}, asked.out)


def _figures(taken: dict[str, list[dict[str, float]]]) -> dict[str, Any]:
    """Medians in ms by kind and part, the spread of the part with the aim, and the ratios."""
    medians = {
        kind: {part: statistics.median(one[part] for one in runs) for part in runs[0]}
        for kind, runs in taken.items()
    }
    asked_to_run = sorted(one["asked_to_run_ms"] for one in taken["forked"])
    return {
        "median": {kind: _rounded(parts) for kind, parts in medians.items()},
        "forked_asked_to_run": _rounded(
            {"best_ms": asked_to_run[0], "p90_ms": quantile(asked_to_run, 0.9)}
        ),
        "cold_over_forked": _rounded(
            {
                part.removesuffix("_ms"): medians["cold"][part] / medians["forked"][part]
                for part in ("asked_to_run_ms", "asked_to_step_ms", "submit_to_step_ms")
            }
        ),
    }


def _start(daemon: PrivateDaemon, forked: bool) -> dict[str, float]:
    """The parts of one start, in ms."""
    submitted_s = time.time()
    id = daemon.submit(workload="bench.step", params={})
    folder = JobFolder(daemon.home / "jobs" / id)
    until_s = time.monotonic() + 60
    while (outcome := folder.read_outcome(1)) is None:
        assert time.monotonic() < until_s, "waited in vain"
        time.sleep(0.005)
    assert daemon.drained(10)
    assert outcome.result is not None, outcome.error
    noted = outcome.result.figures
    assert noted["forked"] == forked
    asked_s = (folder.path / "current.json").stat().st_mtime
    moments = {
        "submit_to_asked_ms": asked_s - submitted_s,
        "asked_to_claimed_ms": outcome.started_s - asked_s,
        "claimed_to_run_ms": noted["entered_s"] - outcome.started_s,
        "asked_to_run_ms": noted["entered_s"] - asked_s,
        "run_to_step_ms": noted["stepped_s"] - noted["entered_s"],
        "asked_to_step_ms": noted["stepped_s"] - asked_s,
        "submit_to_step_ms": noted["stepped_s"] - submitted_s,
    }
    return {part: 1000 * taken_s for part, taken_s in moments.items()}


def _warmed(daemon: PrivateDaemon) -> None:
    """Until a runner comes from the server, which takes seconds to import torch."""
    until_s = time.monotonic() + WARM_S
    while time.monotonic() < until_s:
        try:
            _start(daemon, forked=True)
            return
        except AssertionError:
            time.sleep(0.5)
    raise AssertionError(f"no runner was forked within {WARM_S:g} s")


@contextmanager
def _daemon(cold: bool = False) -> Iterator[PrivateDaemon]:
    folder = Path(tempfile.mkdtemp(prefix="tenfold-starts-"))
    environment = variables(folder, cores=2)
    environment.pop("TENFOLD_PRELOAD", None)
    if cold:
        (folder / f"{NEVER_NAME}.py").write_text(NEVER)
        environment["PYTHONPATH"] += f":{folder}"
        environment["TENFOLD_PRELOAD"] = NEVER_NAME
    daemon = PrivateDaemon(folder, environment)
    (daemon.home / "workloads" / "bench").mkdir(parents=True)
    (daemon.home / "workloads" / "bench" / "step.py").write_text(WORKLOAD)
    try:
        daemon.start()
        yield daemon
    finally:
        daemon.end()
        kill_marked(str(folder))
        shutil.rmtree(folder)


def _rounded(figures: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 2) for name, value in figures.items()}


if __name__ == "__main__":
    main()
