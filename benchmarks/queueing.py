"""The queue: what a durable submit costs beside a bare fsync, and how soon a no-op runs.

`python benchmarks/queueing.py` measures, on a private daemon and the disk of the temporary folder:
1. a 4 KiB append with fsync, and a submit over HTTP (kept-open connection), in turns;
2. submits a second in batches of 100, each batch one durable transaction;
3. submit to the first line of a no-op that prints the time;
4. 200 no-ops on two CPU shares, beside task-spooler, HyperQueue and Slurm in the same run.
Peers that are not installed are named with the reason. Figures in `results/queue.json`.
(The file is not called queue.py: beside another script that would hide Python's own module.)
"""

from __future__ import annotations

import argparse
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import json

import queueing_peers as peers
from faults.daemon import PrivateDaemon, kill_marked, variables
from faults.kept import keep, quantile

from tenfold.client.home import token

BATCH = 100
TRUE = {"workload": "system.command", "params": {"argv": ["/bin/true"]}, "memory_gib": 0.05}
STAMP = {"workload": "system.command", "params": {"argv": ["/bin/date", "+%s%N"]}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submits", type=int, default=500)
    parser.add_argument("--batches", type=int, default=20)
    parser.add_argument("--starts", type=int, default=50)
    parser.add_argument("--no-ops", type=int, default=200)
    parser.add_argument("--without-slurm", action="store_true", help="it alone takes minutes")
    parser.add_argument("--out", type=Path, help="JSON file, instead of results/queue.json")
    asked = parser.parse_args()
    with _daemon() as daemon:
        durable = _submits(daemon, asked.submits, asked.batches)
    with _daemon() as daemon:
        started = _starts(daemon, asked.starts)
        ours = _no_ops(daemon, asked.no_ops)
    figures = {**durable, "start": started, "no_ops": {"count": asked.no_ops, "tenfold": ours}}
    for name, run in _peers(asked.no_ops, asked.without_slurm).items():
        figures["no_ops"][name] = run()
    keep("queue", figures, asked.out)


@contextmanager
def _daemon() -> Iterator[PrivateDaemon]:
    folder = Path(tempfile.mkdtemp(prefix="tenfold-queue-"))
    daemon = PrivateDaemon(folder, variables(folder, cores=peers.WIDE))
    try:
        daemon.start()
        yield daemon
    finally:
        daemon.end()
        kill_marked(str(folder))
        shutil.rmtree(folder)


class _Caller:
    """One kept-open connection, as a script of the owner's would have."""

    def __init__(self, daemon: PrivateDaemon) -> None:
        self._connection = HTTPConnection("127.0.0.1", daemon.port)
        self._headers = {
            "Authorization": f"Bearer {token(daemon.home)}",
            "Content-Type": "application/json",
        }

    def submit(self, body: dict[str, Any]) -> Any:
        self._connection.request("POST", "/api/jobs", json.dumps(body), self._headers)
        answer = self._connection.getresponse()
        value = json.loads(answer.read())
        assert answer.status == 201, value
        return value


# --- durable submits


def _submits(daemon: PrivateDaemon, submits: int, batches: int) -> dict[str, Any]:
    """Nothing starts meanwhile: one job holds both shares, so that only the submit is measured."""
    held = daemon.submit(
        workload="system.command", params={"argv": ["sleep", "3600"]}, cores=peers.WIDE
    )
    _until(lambda: daemon.jobs()[held]["state"] == "running")
    caller = _Caller(daemon)
    fsyncs_ms, submits_ms = [], []
    with open(daemon.home / "fsync.probe", "ab", buffering=0) as probe:
        for _ in range(submits):
            fsyncs_ms.append(_timed_ms(lambda: _append(probe.fileno())))
            submits_ms.append(_timed_ms(lambda: caller.submit(TRUE)))
    batch_ms = [_timed_ms(lambda: caller.submit({"jobs": [TRUE] * BATCH})) for _ in range(batches)]
    counted = daemon.api.get("/api/box")["jobs"]
    assert counted["queued"] == submits + batches * BATCH, counted
    daemon.api.post(f"/api/jobs/{held}/cancel")
    shown = {"p50_ms": 0.5, "p99_ms": 0.99}
    fsync = {name: quantile(fsyncs_ms, share) for name, share in shown.items()}
    submit = {name: quantile(submits_ms, share) for name, share in shown.items()}
    return {
        "bare_fsync_4_kib": _rounded({"count": submits, **fsync}),
        "submit_over_http": _rounded({"count": submits, **submit}),
        "submit_over_fsync": _rounded({n.split("_")[0]: submit[n] / fsync[n] for n in shown}),
        "batches": _rounded(
            {
                "jobs_a_batch": BATCH,
                "count": batches,
                "submits_a_second": batches * BATCH / (sum(batch_ms) / 1000),
                **{name: quantile(batch_ms, share) for name, share in shown.items()},
            }
        ),
    }


def _append(descriptor: int) -> None:
    os.write(descriptor, bytes(4096))
    os.fsync(descriptor)


# --- starts


def _starts(daemon: PrivateDaemon, count: int) -> dict[str, Any]:
    """From before the submit to the time that the no-op itself prints, one after another."""
    warm_ms = _warmed(daemon)
    caller = _Caller(daemon)
    times_ms = [_start_ms(daemon, caller) for _ in range(count)]
    return _rounded(
        {
            "count": count,
            "submit_to_first_line_p50_ms": quantile(times_ms, 0.5),
            "submit_to_first_line_p99_ms": quantile(times_ms, 0.99),
            "best_ms": min(times_ms),
            "first_after_daemon_start_ms": warm_ms,
        }
    )


def _warmed(daemon: PrivateDaemon) -> float:
    """Until the fork server has its imports done, every start is a fresh interpreter. The first
    start's time is kept; then it is given a moment."""
    caller = _Caller(daemon)
    first_ms = _start_ms(daemon, caller)
    until_s = time.monotonic() + 30
    while time.monotonic() < until_s:
        if max(_start_ms(daemon, caller) for _ in range(3)) < first_ms / 2:
            break
        time.sleep(1.0)
    return first_ms


def _start_ms(daemon: PrivateDaemon, caller: _Caller) -> float:
    began_ns = time.time_ns()
    job = caller.submit(STAMP)["job"]["id"]
    log = daemon.home / "jobs" / job / "attempts" / "1" / "log.txt"
    _until(lambda: log.exists() and log.read_text().strip() != "")
    _until(lambda: daemon.drained(10))
    printed = [line for line in log.read_text().splitlines() if line.isdigit()]
    return (int(printed[0]) - began_ns) / 1e6


def _no_ops(daemon: PrivateDaemon, count: int) -> dict[str, Any]:
    caller = _Caller(daemon)
    before = _succeeded(daemon)
    began_s = time.time()
    ids = [job["id"] for job in caller.submit({"jobs": [TRUE] * count})["jobs"]]
    submit_s = time.time() - began_s
    # By the ledger's file, not the API: asking must not slow down what is measured.
    _until(lambda: _succeeded(daemon) >= before + count, 180, 0.05)
    _until(lambda: daemon.drained(10), 60)
    jobs = daemon.jobs()
    assert all(jobs[job]["state"] == "succeeded" for job in ids)
    done_s = max(jobs[job]["changed_s"] for job in ids) - began_s
    return _rounded(
        {
            "submit_s": submit_s,
            "done_s": done_s,
            "durable": "yes: every submit, start and outcome is fsynced",
        }
    )


def _succeeded(daemon: PrivateDaemon) -> int:
    ledger = f"file:{daemon.home / 'ledger.sqlite'}?mode=ro"
    with closing(sqlite3.connect(ledger, uri=True)) as connection:
        asked = "SELECT count(*) FROM jobs WHERE state = 'succeeded'"
        return int(connection.execute(asked).fetchone()[0])


# --- peers


def _peers(count: int, without_slurm: bool) -> dict[str, Callable[[], dict[str, Any]]]:
    runs: dict[str, Callable[[], dict[str, Any]]] = {
        "task-spooler": lambda: peers.task_spooler(count),
        "HyperQueue": lambda: peers.hyperqueue(count),
        "Slurm, default": lambda: peers.slurm(count, tuned=False),
        "Slurm, tuned": lambda: peers.slurm(count, tuned=True),
    }

    def said(name: str) -> dict[str, Any]:
        if without_slurm and "Slurm" in name:
            return {"not_run": "left out by --without-slurm"}
        print(f"{name} ...", file=sys.stderr, flush=True)
        try:
            return _rounded(runs[name]())
        except peers.Absent as absent:
            print(f"{name} is NOT measured: {absent}", file=sys.stderr)
            return {"not_run": str(absent)}

    return {name: (lambda name=name: said(name)) for name in runs}


# --- times


def _timed_ms(act: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    act()
    return 1000 * (time.perf_counter() - began_s)


def _until(holds: Callable[[], bool], wait_s: float = 30.0, pause_s: float = 0.005) -> None:
    until_s = time.monotonic() + wait_s
    while not holds():
        assert time.monotonic() < until_s, "waited in vain"
        time.sleep(pause_s)


def _rounded(figures: dict[str, Any]) -> dict[str, Any]:
    return {k: round(v, 3) if isinstance(v, float) else v for k, v in figures.items()}


if __name__ == "__main__":
    main()
