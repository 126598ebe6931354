"""The dashboard in a real browser: how soon a page is there, how live it is, and what it costs.

`python benchmarks/dashboard.py` measures, each part on a private daemon:
1. pages: a declared box of ten H100s carved into 70 slices that run, 1,000 jobs in the queue: from
   the navigation until the content is painted, and the bytes over the wire, cache cold and warm;
2. live: on the same box, from the moment that a cancel was answered until the page shows it;
3. cost: ten real jobs that log ten metrics a second each: CPU time of the daemon over a minute
   with five pages open, and with none;
4. memory: the same at six times that rate: the daemon's resident memory over ten minutes.

`--quick` takes a minute in all, to try it; `--only live` one part. Chromium is Debian's. Figures
in `results/dashboard.json`.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import psutil
from dashboard_pages import cookie_of, loads, sees, shown
from faults.daemon import PrivateDaemon, kill_marked, variables
from faults.kept import keep
from web.browser import chromium

LOGS = '''"""Logs one metric `rate` times a second, until it is told to stop."""

import math
import time

from pydantic import Field

from tenfold.catalogue.contract import WorkloadParams
from tenfold.terms.needs import Needs
from tenfold.terms.outcome import Result


class Params(WorkloadParams):
    rate: float = Field(10.0, gt=0, description="Metrics.", json_schema_extra={"unit": "1/s"})


SIZES = {}
REQUIRES = ()
RESUMES = False


def needs(params, device):
    return Needs(memory_gib=0.05, time_s=3600.0, basis="as asked")


def run(job, params):
    step = 0
    next_s = time.monotonic()
    while not job.stop_asked:
        step += 1
        job.log(step, loss=math.exp(-step / 1e4) + 0.01 * math.sin(step))
        next_s += 1 / params.rate
        time.sleep(max(0.0, next_s - time.monotonic()))
    return Result("It logged.", {"steps": step})
'''
BOX = "10xH100-PCIe"
SLICES, WAITING = 70, 1000
PAGES = (
    "/",
    "/queue",
    "/catalogue",
    "/catalogue/simulate.cavity",
    "/job/{job}",
    "/gallery",
    "/chat",
    "/site",
)
JOBS, RATE, FASTER = 10, 10.0, 6.0
SAMPLE_S = 10.0
SETTLE_S = 5.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=PARTS, action="append")
    parser.add_argument("--loads", type=int, default=7, help="of each page, cold and warm")
    parser.add_argument("--changes", type=int, default=20)
    parser.add_argument("--cpu-s", type=float, default=60.0)
    parser.add_argument("--memory-s", type=float, default=600.0)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path, help="JSON file, instead of results/dashboard.json")
    asked = parser.parse_args()
    if asked.quick:
        asked.loads, asked.changes, asked.cpu_s, asked.memory_s = 3, 6, 10.0, 60.0
    figures: dict[str, Any] = {}
    folder = Path(tempfile.mkdtemp(prefix="tenfold-dashboard-"))
    try:
        with chromium.opened(folder / "log") as browser:
            figures["chromium"] = browser.version
            for part in asked.only or PARTS:
                figures[part] = PARTS[part](browser, asked)
                print(part, figures[part], flush=True)
    finally:
        shutil.rmtree(folder)
    keep("dashboard", figures, asked.out)


def _pages(browser: Any, asked: argparse.Namespace) -> dict[str, Any]:
    with _daemon("--box", BOX) as daemon:
        running = _carved(daemon)
        cookie = cookie_of(daemon)
        loads(browser, daemon, cookie, "/", 1)  # once unmeasured: what the daemon imports then
        return {
            path: loads(browser, daemon, cookie, path.format(job=running[0]), asked.loads)
            for path in PAGES
        }


def _live(browser: Any, asked: argparse.Namespace) -> dict[str, Any]:
    """Jobs that run are cancelled one by one; the queue and the box show it."""
    with _daemon("--box", BOX) as daemon:
        _carved(daemon)
        found = {}
        for path in ("/queue", "/"):
            with shown(browser, daemon, path) as page:
                taken = []
                for _ in range(asked.changes):
                    taken.append(sees(page, daemon))
                    time.sleep(0.35)
            found[path] = {
                "median_ms": round(statistics.median(taken)),
                "worst_ms": round(max(taken)),
                "changes": len(taken),
            }
        return found


def _cost(browser: Any, asked: argparse.Namespace) -> dict[str, Any]:
    with _daemon(cores=16) as daemon:
        jobs = _logging(daemon, RATE)
        process = psutil.Process(daemon.process.pid)  # type: ignore[union-attr]
        bare = _share(process, asked.cpu_s)
        with _five(browser, daemon, jobs):
            watched = _share(process, asked.cpu_s)
        return {
            "jobs": JOBS,
            "metrics_per_s": JOBS * RATE,
            "seconds": asked.cpu_s,
            "core_share_without_pages": round(bare, 4),
            "core_share_with_five_pages": round(watched, 4),
            "core_share_of_the_pages": round(watched - bare, 4),
            "ratio": round(watched / bare, 2),
        }


def _memory(browser: Any, asked: argparse.Namespace) -> dict[str, Any]:
    with _daemon(cores=16) as daemon:
        jobs = _logging(daemon, RATE * FASTER)
        process = psutil.Process(daemon.process.pid)  # type: ignore[union-attr]
        with _five(browser, daemon, jobs):
            samples, began_s = [], time.monotonic()
            while (at_s := time.monotonic() - began_s) < asked.memory_s:
                samples.append((at_s / 60, process.memory_info().rss / 2**20))
                time.sleep(SAMPLE_S)
        first = samples[0][1]
        later = samples[len(samples) // 2 :]
        return {
            "metrics_per_s": JOBS * RATE * FASTER,
            "minutes": round(asked.memory_s / 60, 1),
            "first_mib": round(first, 1),
            "last_mib": round(samples[-1][1], 1),
            "slope_mib_per_min": round(_slope(samples), 3),
            "slope_of_second_half_mib_per_min": round(_slope(later), 3),
            "samples_mib": [round(mib, 1) for _, mib in samples],
        }


PARTS: dict[str, Callable[[Any, argparse.Namespace], dict[str, Any]]] = {
    "pages": _pages,
    "live": _live,
    "cost": _cost,
    "memory": _memory,
}


@contextmanager
def _daemon(*options: str, cores: int = 2) -> Iterator[PrivateDaemon]:
    folder = Path(tempfile.mkdtemp(prefix="tenfold-dashboard-"))
    daemon = PrivateDaemon(folder, variables(folder, cores=cores), options)
    (daemon.home / "workloads" / "bench").mkdir(parents=True)
    (daemon.home / "workloads" / "bench" / "logs.py").write_text(LOGS)
    try:
        daemon.start()
        yield daemon
    finally:
        daemon.end()
        kill_marked(str(folder))
        shutil.rmtree(folder)


def _carved(daemon: PrivateDaemon) -> list[str]:
    """The ids of the 70 jobs that run, each on a slice of its own; 1,000 more wait."""
    job = {
        "workload": "system.command",
        "params": {"argv": ["train"]},
        "slice": "1g.10gb",
        "time_s": 1e6,
    }
    count = SLICES + WAITING
    jobs = [{**job, "name": f"seven-{number}"} for number in range(count)]
    daemon.api.post("/api/jobs", {"jobs": jobs})
    return [one["job"] for one in _running(daemon, SLICES)]


def _logging(daemon: PrivateDaemon, rate: float) -> list[str]:
    job = {"workload": "bench.logs", "params": {"rate": rate}, "cores": 1}
    daemon.api.post("/api/jobs", {"jobs": [job] * JOBS})
    found = [one["job"] for one in _running(daemon, JOBS)]
    time.sleep(SETTLE_S)
    return found


def _running(daemon: PrivateDaemon, count: int) -> list[dict[str, Any]]:
    until_s = time.monotonic() + 60
    while True:
        slots = daemon.api.get("/api/box")["slots"]
        running = [one for one in slots if one["state"] == "running"]
        if len(running) >= count:
            return running
        assert time.monotonic() < until_s, f"{len(running)} of {count} jobs run"
        time.sleep(0.2)


@contextmanager
def _five(browser: Any, daemon: PrivateDaemon, jobs: list[str]) -> Iterator[None]:
    """The box, the queue and three jobs, open and looked at."""
    with (
        shown(browser, daemon, "/"),
        shown(browser, daemon, "/queue"),
        shown(browser, daemon, f"/job/{jobs[0]}"),
        shown(browser, daemon, f"/job/{jobs[1]}"),
        shown(browser, daemon, f"/job/{jobs[2]}"),
    ):
        time.sleep(SETTLE_S)
        yield


def _share(process: psutil.Process, seconds: float) -> float:
    """Of one core, of the daemon alone: its jobs have processes of their own."""
    before, began_s = process.cpu_times(), time.monotonic()
    time.sleep(seconds)
    after, took_s = process.cpu_times(), time.monotonic() - began_s
    return float(after.user + after.system - before.user - before.system) / took_s


def _slope(samples: list[tuple[float, float]]) -> float:
    minutes, mib = zip(*samples, strict=True)
    return statistics.linear_regression(minutes, mib).slope if len(samples) > 1 else 0.0


if __name__ == "__main__":
    main()
