"""A daemon under the tracer, and what must hold of its home after a power cut at any moment.

`record(folder, seed)` runs a private daemon with commands, counting workloads and families, and
notes each promise as the API makes it: a submit that was answered, an end that was shown, a
checkpoint step that was shown. `promises` judges what a cut leaves.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faults.daemon import LOADS, PrivateDaemon, kill_marked, variables
from faults.disk import Disk
from faults.powercut import choose_stops, compare, cuts
from faults.promises import Promises, judge, promises_in, reconcile
from faults.trace import Record, environment, note, notes_until, records
from tenfold.terms.states import ENDED

# As an owner who put them there long ago: the traced run starts with these on the disk.
_SETUP = """
import shutil, sys
from pathlib import Path
from tenfold.folder.durable import sync_tree
home = Path(sys.argv[2])
shutil.copytree(sys.argv[1], home / "workloads" / "load",
                ignore=shutil.ignore_patterns("__pycache__"))
sync_tree(home)
"""
RUN_S = 60.0


@dataclass(frozen=True)
class Recording:
    folder: Path
    trace: list[Record]

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def promises(self, stop: int) -> Promises:
        return promises_in(notes_until(self.trace, stop))


def record(
    folder: Path, seed: int, commands: int = 12, counts: int = 5, source: Path | None = None
) -> Recording:
    """A run of some seconds under the tracer, to its end. Fails if the tracer missed a change.
    `source` holds another `tenfold` package, to see that a planted fault is found."""
    home, trace = folder / "home", folder / "trace"
    home.mkdir(parents=True)
    traced = variables(folder, source=source)
    environment(traced, home, trace)
    subprocess.run(
        [sys.executable, "-c", _SETUP, str(LOADS), str(home)], env=traced, check=True, timeout=60
    )
    daemon = PrivateDaemon(folder, traced)
    try:
        daemon.start()
        _client(daemon, trace, random.Random(seed), commands, counts)
        daemon.end()
    finally:
        kill_marked(str(folder))
    recording = Recording(folder, records(trace))
    missed = compare(recording.trace, home, _written_by_libc)
    assert not missed, f"the tracer missed changes of {missed}"
    return recording


def _written_by_libc(name: str) -> bool:
    """What the tracer cannot see, and nothing promises: shared memory, and logs (C stdio)."""
    return name.endswith(("-shm", "log.txt"))


def _client(
    daemon: PrivateDaemon, trace: Path, chance: random.Random, commands: int, counts: int
) -> None:
    """Submits at random moments, and notes every promise that it is given."""
    bodies = [_command(chance) for _ in range(commands)]
    bodies += [_count(chance) for _ in range(counts)]
    bodies += [{"workload": "load.family", "params": {"children": 2}}]
    chance.shuffle(bodies)
    told = Promises()
    until_s = time.monotonic() + RUN_S
    while time.monotonic() < until_s:
        if bodies and chance.random() < 0.6:
            body = bodies.pop()
            job_id = daemon.submit(**body, cores=1, memory_gib=0.05)
            told.submitted[job_id] = body["workload"]
            _promise(trace, "submitted", job_id, body["workload"])
        open_jobs = _note_news(daemon, trace, told)
        if not bodies and not open_jobs:
            return
        time.sleep(chance.uniform(0, 0.05))
    raise AssertionError(f"the traced run did not end within {RUN_S:.0f} s")


def _note_news(daemon: PrivateDaemon, trace: Path, told: Promises) -> int:
    open_jobs = 0
    for job in daemon.jobs().values():
        job_id, step = job["id"], job["last_step"]
        if step is not None and told.steps.get(job_id, -1) < step:
            told.steps[job_id] = step
            _promise(trace, "steps", job_id, step)
        if job["state"] == "running" and job_id not in told.began:
            told.began[job_id] = job["spec"]["workload"]
            _promise(trace, "began", job_id, job["spec"]["workload"])
        if job["state"] not in ENDED:
            open_jobs += 1
        elif job_id not in told.ended:
            told.ended[job_id] = job["state"]
            _promise(trace, "ended", job_id, job["state"])
    return open_jobs


def _promise(trace: Path, kind: str, job_id: str, value: Any) -> None:
    note(trace, json.dumps([kind, job_id, value]))


def _command(chance: random.Random) -> dict[str, Any]:
    seconds = f"{chance.uniform(0, 0.3):.2f}"
    return {"workload": "system.command", "params": {"argv": ["sleep", seconds]}}


def _count(chance: random.Random) -> dict[str, Any]:
    params = {"steps": chance.choice([6, 12]), "step_ms": 25.0, "save_kib": 24}
    return {"workload": "load.count", "params": params}


def cut_and_judge(
    recording: Recording,
    count: int,
    seed: int,
    reconcile_every: int = 5,
    also: Callable[[Path, Promises, int], list[str]] | None = None,
) -> list[str]:
    """`count` power cuts of a recording; what broke, each with its place and the seed. `also` may
    judge further; it is given the home, the promises and the number of the cut."""
    chance = random.Random(seed)
    # In memory: hundreds of small trees take a disk minutes.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    scratch = Path(tempfile.mkdtemp(prefix="tenfold-cuts-", dir=memory))
    wrong: list[str] = []
    number = 0

    def at(disk: Disk, stop: int) -> None:
        nonlocal number
        number += 1
        home = scratch / f"cut-{number}"
        disk.build(home, chance)
        promises = recording.promises(stop)
        found = judge(home, promises)
        if not found and number % reconcile_every == 0 and (home / "ledger.sqlite").exists():
            found = reconcile(home, promises)
            found += judge(home, promises)
        if not found and also is not None:
            found = also(home, promises, number)
        wrong.extend(f"cut {number} at record {stop}, seed {seed}: {text}" for text in found)
        shutil.rmtree(home)

    try:
        cuts(recording.trace, recording.home, choose_stops(recording.trace, count, chance), at)
    finally:
        shutil.rmtree(scratch)
    return wrong


def go_on(home: Path, promises: Promises, number: int) -> list[str]:
    """Start a real daemon on what the disk held: everything promised comes to its end."""
    folder = home.parent / f"after-{number}"
    folder.mkdir()
    os.rename(home, folder / "home")
    daemon = PrivateDaemon(folder, variables(folder))
    wrong: list[str] = []
    try:
        daemon.start()
        if not daemon.drained(RUN_S):
            wrong.append("after the power came back, not everything ended")
        jobs = daemon.jobs()
        for job_id in promises.submitted:
            if promises.ended.get(job_id) and jobs[job_id]["state"] != promises.ended[job_id]:
                wrong.append(f"job {job_id} had {promises.ended[job_id]}: {jobs[job_id]['state']}")
            if jobs[job_id]["spec"]["resumes"] and jobs[job_id]["state"] != "succeeded":
                wrong.append(f"job {job_id} resumes, but it is {jobs[job_id]['reason']}")
        daemon.end()
    finally:
        kill_marked(str(folder))
        os.rename(folder / "home", home)
        shutil.rmtree(folder)
    return wrong
