"""A storm of kill -9 over a daemon under load, and the proof that it lost and doubled nothing.

`storm(folder, kills, seed)` runs a private daemon, a steady stream of jobs of every kind and a
killer that takes, at random moments, the daemon, a runner, a rank, the fork server, or several at
once; a dead daemon is started again on its port. Then it lets everything come to its end and
returns the figures with what `verdict` found wrong.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import sys
import threading
import time
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from faults import audit
from faults.daemon import PrivateDaemon, install_loads, kill_marked, marked, variables
from faults.verdict import Evidence, wrongs
from tenfold.client.call import Api
from tenfold.folder import lock
from tenfold.folder.paths import TOKEN_VARIABLE
from tenfold.terms.refusal import Refusal
from tenfold.terms.states import ENDED

CORES = 6
OPEN_AT_MOST = 12  # jobs in flight
DRAIN_S = 180.0
NO_TOKEN = "0" * 32
NEVER_GIVE_UP = 1000  # the most that the API takes

# What a kill hits, and how often it is the choice.
TARGETS = {
    "daemon": 20,
    "daemon right after a submit": 10,
    "runner": 30,
    "rank": 10,
    "fork server": 8,
    "several": 14,
    "anything": 8,
}
FEEDERS = 3  # clients at once: one may wait for a describer while others go on
APPEAR_S = 1.5  # how long a kill waits for a victim of its kind


@dataclass
class Storm:
    folder: Path
    daemon: PrivateDaemon
    chance: random.Random
    acknowledged: dict[str, str] = field(default_factory=dict)  # key -> id
    expected: dict[str, str] = field(default_factory=dict)  # key -> end state
    open: dict[str, str] = field(default_factory=dict)  # id -> workload, of jobs not ended
    kills: Counter[str] = field(default_factory=Counter)
    kills_of: Counter[str] = field(default_factory=Counter)  # id -> kills
    asked_again: Counter[str] = field(default_factory=Counter)  # submits sent again, by why
    restarts_s: list[float] = field(default_factory=list)
    submitted: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    trouble: list[str] = field(default_factory=list)


def storm(
    folder: Path,
    kills: int,
    seed: int,
    source: Path | None = None,
    commands_only: bool = False,
    pause_s: float = 0.5,
) -> dict[str, Any]:
    """Figures; `wrong` is empty if the proof holds. `folder` is new and keeps all evidence."""
    folder.mkdir(parents=True)
    daemon = PrivateDaemon(folder, variables(folder, CORES, source))
    install_loads(daemon.home)
    run = Storm(folder, daemon, random.Random(seed))
    began_s = time.monotonic()
    try:
        daemon.start()
        feeders = [
            threading.Thread(target=_feed, args=(run, number, seed, commands_only))
            for number in range(FEEDERS)
        ]
        for feeder in feeders:
            feeder.start()
        try:
            for _ in range(kills):
                _kill_one(run, pause_s)
        finally:
            run.over.set()
            for feeder in feeders:
                feeder.join()
        stormed_s = time.monotonic() - began_s
        drained = _drain(run)
        evidence = _evidence(run)
    finally:
        daemon.end()
        time.sleep(1.0)
        survivors = {pid: _command_line(pid) for pid in marked(str(folder))}
        kill_marked(str(folder))
    wrong = wrongs(Evidence(**evidence, survivors=survivors)) + run.trouble
    if not drained:
        wrong.append(f"not everything had ended {DRAIN_S:.0f} s after the last kill")
    return _figures(run, evidence, wrong, stormed_s, time.monotonic() - began_s, seed)


# --- the load


def _feed(run: Storm, feeder: int, seed: int, commands_only: bool) -> None:
    """Keeps jobs in flight. What is not acknowledged is sent again under the same key."""
    chance = random.Random(f"{seed} {feeder}")
    api = Api(run.daemon.home)
    number = 0
    while not run.over.is_set():
        try:
            _look(run, api)
            if len(run.open) >= OPEN_AT_MOST:
                time.sleep(0.05)
                continue
            number += 1
            first = feeder == 0 and number == 1
            kind = "beacon" if first else _next_kind(chance)
            body = _body("command" if commands_only else kind, f"f{feeder}-{number}", chance)
            _submit(run, api, body)
        except Refusal as no:
            if no.code != "daemon.absent":
                run.trouble.append(f"the client was refused: {no}")
                return
            time.sleep(0.02)


def _look(run: Storm, api: Api) -> None:
    views = api.get("/api/jobs")["jobs"]
    run.open = {v["id"]: v["spec"]["workload"] for v in views if v["state"] not in ENDED}


def _submit(run: Storm, api: Api, body: dict[str, Any]) -> None:
    run.expected[body["key"]] = "cancelled" if body["workload"] == "load.beacon" else "succeeded"
    while run.daemon.up or not run.over.is_set():
        try:
            run.acknowledged[body["key"]] = api.post("/api/jobs", body)["job"]["id"]
            run.submitted.set()
            return
        except Refusal as no:
            # A describer that we killed is told as such; the client asks again.
            if no.code != "daemon.absent" and "exit status -9" not in no.why:
                raise
            run.asked_again[no.code] += 1
            time.sleep(0.02)


def _next_kind(chance: random.Random) -> str:
    kinds = ["count", "command", "family", "gang", "litter"]
    return chance.choices(kinds, weights=[36, 28, 10, 14, 12])[0]


def _body(kind: str, key: str, chance: random.Random) -> dict[str, Any]:
    asked: dict[str, Any] = {"key": key, "retry": NEVER_GIVE_UP, "cores": 1, "memory_gib": 0.05}
    if kind == "command":
        argv = [sys.executable, "-m", "faults.command", f"{chance.uniform(0.05, 0.6):.2f}"]
        return {**asked, "workload": "system.command", "params": {"argv": argv}}
    if kind == "beacon":
        return {**asked, "workload": "load.beacon", "params": {}}
    if kind == "family":
        return {**asked, "workload": "load.family", "params": {"children": chance.randint(1, 3)}}
    if kind == "gang":
        return {**asked, "workload": "load.gang", "params": {}, "cores": 2, "memory_gib": 0.5}
    # A few fixed sizes, so that the describer is asked once for each and not for every job.
    steps = chance.choice([6, 20, 40])
    params = {"steps": steps, "step_ms": 60.0, "litter": kind == "litter"}
    return {**asked, "workload": "load.count", "params": params}


# --- the kills


def _kill_one(run: Storm, pause_s: float) -> None:
    """One kill event; a daemon that died of it is started again."""
    time.sleep(run.chance.choice([0.0, run.chance.uniform(0, pause_s), pause_s]))
    target = run.chance.choices(list(TARGETS), weights=list(TARGETS.values()))[0]
    if target == "daemon right after a submit":
        run.submitted.clear()
        run.submitted.wait(2.0)
        victims = [_daemon(run)]
    else:
        victims = _awaited(run, target)
    if not victims:
        target, victims = "daemon", [_daemon(run)]
    jobs = _jobs_of(run, victims)
    for pid in victims:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    run.kills[target] += 1
    run.kills_of.update(jobs)
    if _daemon(run) in victims:
        assert run.daemon.process is not None
        run.daemon.process.wait()
        time.sleep(run.chance.choice([0.0, 0.0, run.chance.uniform(0, 0.5)]))
        run.restarts_s.append(run.daemon.start())


def _daemon(run: Storm) -> int:
    assert run.daemon.process is not None
    return run.daemon.process.pid


def _runners(run: Storm) -> dict[int, str]:
    """pid -> job of the runners that live, by their record locks."""
    found = {}
    for job_id in list(run.open):
        pid = lock.holder(run.daemon.home / "jobs" / job_id / "lock")
        if pid is not None:
            found[pid] = job_id
    return found


def _awaited(run: Storm, target: str) -> list[int]:
    until_s = time.monotonic() + APPEAR_S
    while not (victims := _victims(run, target)) and time.monotonic() < until_s:
        time.sleep(0.02)
    return victims


def _victims(run: Storm, target: str) -> list[int]:
    alive = marked(str(run.folder))
    if target == "runner":
        return _one(run, list(_runners(run)))
    if target == "rank":
        gangs = {pid for pid, job in _runners(run).items() if run.open.get(job) == "load.gang"}
        return _one(run, [pid for pid in alive if _parent(pid) in gangs])
    if target == "fork server":
        ours = [p for p in alive if _parent(p) == _daemon(run)]
        return _one(run, [p for p in ours if alive[p].get(TOKEN_VARIABLE) == NO_TOKEN])
    if target == "several":
        return run.chance.sample(list(alive), k=min(len(alive), run.chance.randint(2, 5)))
    if target == "anything":
        return _one(run, list(alive))
    return [_daemon(run)]


def _one(run: Storm, pids: list[int]) -> list[int]:
    return [run.chance.choice(pids)] if pids else []


def _jobs_of(run: Storm, victims: list[int]) -> list[str]:
    """The jobs that lose a process by this kill (a rank or a child stands for its runner)."""
    runners = _runners(run)
    hit = {runners.get(pid) or runners.get(_parent(pid) or 0) for pid in victims}
    return [job for job in hit if job]


def _parent(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except (OSError, IndexError):
        return None


def _command_line(pid: int) -> str:
    try:
        return " ".join(psutil.Process(pid).cmdline())
    except psutil.Error:
        return "(gone)"


# --- the end


def _drain(run: Storm) -> bool:
    """Services are cancelled; everything else comes to its own end."""
    until_s = time.monotonic() + DRAIN_S
    asked: set[str] = set()
    while time.monotonic() < until_s:
        _look(run, run.daemon.api)
        if not run.open:
            return True
        for job_id, workload in run.open.items():
            if workload == "load.beacon" and job_id not in asked:
                run.daemon.api.post(f"/api/jobs/{job_id}/cancel")
                asked.add(job_id)
        time.sleep(0.1)
    return False


def _evidence(run: Storm) -> dict[str, Any]:
    endings: dict[str, list[str]] = defaultdict(list)
    attempts: dict[str, list[tuple[int, str | None]]] = defaultdict(list)
    ledger = f"file:{run.daemon.home / 'ledger.sqlite'}?mode=ro"
    with closing(sqlite3.connect(ledger, uri=True)) as connection:
        rows = connection.execute("SELECT job, data FROM events WHERE kind = 'change' ORDER BY seq")
        for job, data in rows:
            state = json.loads(data)["state"]
            if state in ENDED:
                endings[job].append(state)
        tried = "SELECT job, number, outcome FROM attempts ORDER BY job, number"
        for job, number, outcome in connection.execute(tried):
            attempts[job].append((number, json.loads(outcome)["ending"] if outcome else None))
    return {
        "acknowledged": run.acknowledged,
        "jobs": run.daemon.jobs(),
        "endings": endings,
        "attempts": attempts,
        "audit": list(audit.lines(run.folder / "audit")),
        "expected": run.expected,
        "kills_of": run.kills_of,
    }


def _figures(
    run: Storm,
    evidence: dict[str, Any],
    wrong: list[str],
    stormed_s: float,
    whole_s: float,
    seed: int,
) -> dict[str, Any]:
    jobs = evidence["jobs"].values()
    endings = Counter(ending for tries in evidence["attempts"].values() for _, ending in tries)
    restarts = sorted(run.restarts_s)
    said = Counter(line["kind"] for line in evidence["audit"])
    return {
        "seed": seed,
        "kills": sum(run.kills.values()),
        "kills_by_target": dict(run.kills),
        "daemon_restarts": len(restarts),
        "restart_p50_s": round(restarts[len(restarts) // 2], 3) if restarts else None,
        "restart_worst_s": round(restarts[-1], 3) if restarts else None,
        "acknowledged": len(run.acknowledged),
        "asked_again": dict(run.asked_again),
        "jobs": len(evidence["jobs"]),
        "jobs_by_workload": dict(Counter(job["spec"]["workload"] for job in jobs)),
        "jobs_by_state": dict(Counter(job["state"] for job in jobs)),
        "attempts": sum(endings.values()),
        "attempts_by_ending": {str(key): count for key, count in endings.items()},
        "resumed": sum(1 for line in evidence["audit"] if _resumes(line)),
        "steps": said["step"],
        "checkpoints": said["checkpoint"],
        "storm_s": round(stormed_s, 1),
        "whole_s": round(whole_s, 1),
        "wrong": wrong,
    }


def _resumes(line: dict[str, Any]) -> bool:
    """Whether an attempt says that it went on from a checkpoint."""
    return line["kind"] == "begin" and line.get("rank", 0) == 0 and line.get("step", 0) > 0
