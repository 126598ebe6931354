"""What a client was promised, and whether a home that came back from a power cut keeps it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import Mock, patch

from faults.loads.count import load
from tenfold.engine.local import LocalEngine
from tenfold.engine.settle import settle
from tenfold.folder.paths import JobFolder
from tenfold.hardware import declared
from tenfold.ledger.ledger import Ledger
from tenfold.runner.checkpoint import Checkpoints
from tenfold.terms.command import COMMAND
from tenfold.terms.refusal import Refusal
from tenfold.terms.states import LIVE


@dataclass
class Promises:
    submitted: dict[str, str] = field(default_factory=dict)  # id -> workload
    ended: dict[str, str] = field(default_factory=dict)  # id -> state
    steps: dict[str, int] = field(default_factory=dict)  # id -> newest checkpoint shown
    began: dict[str, str] = field(default_factory=dict)  # id -> workload, of jobs shown running


def promises_in(notes: Iterable[str]) -> Promises:
    found = Promises()
    for text in notes:
        kind, job_id, value = json.loads(text)
        getattr(found, kind)[job_id] = value
    return found


def judge(home: Path, promises: Promises) -> list[str]:
    """What `home`, as the disk held it, does not keep of what was promised."""
    ledger = home / "ledger.sqlite"
    if not promises.submitted and not ledger.exists():
        return []
    try:
        states = _states(ledger)
    except sqlite3.DatabaseError as error:
        return [f"the ledger does not open: {error}"]
    if isinstance(states, str):
        return [states]
    wrong = [f"job {job} is lost" for job in promises.submitted if job not in states]
    for job, state in promises.ended.items():
        if states.get(job) != state:
            wrong.append(f"job {job} had {state} and is now {states.get(job)}")
        elif state == "succeeded":
            wrong += _outcome_wrongs(home, job)
    for job, step in promises.steps.items():
        wrong += _checkpoint_wrongs(home, job, step)
    return wrong


def _states(ledger: Path) -> dict[str, str] | str:
    with closing(sqlite3.connect(ledger)) as connection:
        (health,) = connection.execute("PRAGMA integrity_check").fetchone()
        if health != "ok":
            return f"the ledger is damaged: {health}"
        tables = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'jobs'").fetchone()
        if tables is None:
            return {}
        return dict(connection.execute("SELECT id, state FROM jobs").fetchall())


def _outcome_wrongs(home: Path, job: str) -> list[str]:
    """A shown success is in the job's folder too, whole."""
    folder = JobFolder(home / "jobs" / job)
    tried = sorted(int(path.name) for path in folder.path.glob("attempts/*"))
    try:
        outcome = folder.read_outcome(tried[-1]) if tried else None
    except Refusal as damaged:
        return [f"the outcome of job {job} is damaged: {damaged}"]
    if outcome is None or outcome.ending.value != "succeeded":
        return [f"the outcome of job {job} is gone: {outcome}"]
    return []


def _checkpoint_wrongs(home: Path, job: str, step: int) -> list[str]:
    found = Checkpoints(JobFolder(home / "jobs" / job).checkpoints).newest()
    if found is None or found.step < step:
        return [f"job {job} had a checkpoint of step {step}; the newest whole one is {found}"]
    try:
        if load(found.folder)[0] != found.step:
            return [f"checkpoint {found.step} of job {job} holds another step"]
    except (AssertionError, OSError, ValueError, KeyError) as error:
        return [f"checkpoint {found.step} of job {job} reads wrong: {error}"]
    return []


def reconcile(home: Path, promises: Promises) -> list[str]:
    """What the next daemon's first look would find, without starting anything. Afterwards no job
    holds a slot, and a plain command that was shown running is not run a second time."""
    ledger = Ledger(home / "ledger.sqlite")
    reader = ledger.reader()
    try:
        live = [job for job in ledger.open_jobs() if job.state in LIVE]
        with patch("tenfold.engine.local.Launcher"):
            engine = LocalEngine(home / "jobs", Mock())
        seen = engine.look([(job, reader.attempts(job.id)[-1]) for job in live], 0.0)
        settle(ledger, seen, 0.0, declared.box("cpu"), lambda devices: False)
        engine.close()
        after = {job.id: job for job in ledger.open_jobs()}
        wrong = [f"job {j.id} is still {j.state}" for j in after.values() if j.state in LIVE]
        for job_id, workload in promises.began.items():
            if workload == COMMAND and job_id in after:
                wrong.append(f"command {job_id} had begun and would run again")
        return wrong
    finally:
        reader.close()
        ledger.close()
