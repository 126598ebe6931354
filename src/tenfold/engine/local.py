"""The engine that runs processes on this machine."""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tenfold.engine import cgroup, leftovers
from tenfold.engine.launch import Launcher
from tenfold.engine.reconcile import Stands, outcome_of, stands
from tenfold.engine.sighting import Sighting
from tenfold.engine.vacate import Users, Vacate, nobody
from tenfold.engine.watch import Watch
from tenfold.folder import lock
from tenfold.folder.durable import read_lines
from tenfold.folder.paths import (
    CGROUP_VARIABLE,
    TOKEN_VARIABLE,
    CurrentFile,
    JobFile,
    JobFolder,
    StopFile,
)
from tenfold.terms.box import DeviceKind, Slot
from tenfold.terms.command import COMMAND
from tenfold.terms.job import Attempt, Job, StopFor
from tenfold.terms.outcome import Ending, Outcome
from tenfold.terms.refusal import refusal

SWEEPS, SWEEP_S = 8, 0.005  # how long a tick waits for leftovers to die
READ_AT_ONCE = 1 << 20  # bytes of events.jsonl a look takes at most
# How long a job may take to save what it has, by what the stop is for.
GRACE_S = {
    StopFor.CANCEL: 15.0,
    StopFor.RESTART: 15.0,
    StopFor.SLEEP: 30.0,
    StopFor.PAUSE: 120.0,
    StopFor.YIELD: 120.0,
}
_THREAD_KNOBS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_MAX_THREADS",
)


class LocalEngine:
    """`jobs` is the folder of job folders; `wake` is called when a runner ends; `users` tells who
    has something on a GPU."""

    def __init__(self, jobs: Path, wake: Callable[[], None], users: Users = nobody) -> None:
        self._jobs = jobs
        self._watch = Watch(wake)
        self._launcher = Launcher()
        self._vacate = Vacate(users)
        self._cgroups = cgroup.parent(jobs.parent)
        self._hindered: dict[str, OSError] = {}  # token -> why its folder could not be written
        self._asked: dict[tuple[str, int], StopFor] = {}

    def look(self, jobs: Sequence[tuple[Job, Attempt]], now_s: float) -> list[Sighting]:
        """An attempt is reported as over only when nothing of it is left on the machine."""
        attempts = [attempt for _, attempt in jobs]
        hindered = [self._not_started(a, now_s) for a in attempts if a.token in self._hindered]
        attempts = [a for a in attempts if a.token not in self._hindered]
        self._hindered.clear()
        over, damaged = set(), {}
        for attempt in attempts:
            try:
                if self._stands(attempt) is Stands.OVER:
                    over.add(attempt.token)
            except OSError as error:
                damaged[attempt.token] = error
        unclean = self._sweep([a for a in attempts if a.token in over or a.token in damaged])
        sightings = []
        for attempt in attempts:
            if attempt.token in damaged:
                sightings.append(self._damaged(attempt, damaged[attempt.token], now_s))
            else:
                ended = attempt.token in over and attempt.token not in unclean
                lingers, notes = self._vacate.lingers(attempt, now_s) if ended else (False, [])
                sightings.append(self._sighting(attempt, ended and not lingers, now_s, notes))
        return hindered + sightings

    def start(self, job: Job, attempt: Attempt, children: dict[str, dict[str, object]]) -> None:
        folder = self.folder(job.id)
        try:
            folder.write_job(JobFile(job.id, job.spec))
            folder.write_current(CurrentFile(attempt.number, attempt.token, attempt.slot, children))
        except OSError as error:
            self._hindered[attempt.token] = error
            return
        self._vacate.began(attempt)
        environment = _environment(self._jobs.parent, job.id, attempt)
        group = cgroup.make(self._cgroups, attempt.token) if self._cgroups else None
        if group is not None:
            environment[CGROUP_VARIABLE] = str(group)
        heavy = job.spec.workload != COMMAND
        pid = self._launcher.launch(folder.path, attempt.number, environment, heavy)
        if pid is not None:
            self._watch.add((job.id, attempt.number), pid)

    def stop(self, job: Job, attempt: Attempt, now_s: float) -> None:
        assert job.stop_for is not None
        key = (job.id, attempt.number)
        folder = self.folder(job.id)
        if self._asked.get(key) is not job.stop_for:
            try:
                folder.write_stop(StopFile(attempt.number, job.stop_for, job.reason))
            except OSError:
                pass  # on a full disk the signal alone has to say it
            self._ask_holder(folder)
            self._asked[key] = job.stop_for
        if now_s - job.changed_s > GRACE_S[job.stop_for]:
            leftovers.end({attempt.token})  # the runner too, also one that never came to its lock

    def wants(self, job: Job) -> list[dict[str, Any]]:
        return _wants(self.folder(job.id))

    def close(self) -> None:
        self._launcher.close()
        self._watch.close()
        if self._cgroups is not None:
            cgroup.leave(self._cgroups)

    def folder(self, job_id: str) -> JobFolder:
        return JobFolder(self._jobs / job_id)

    def _stands(self, attempt: Attempt) -> Stands:
        key = (attempt.job, attempt.number)
        folder = self.folder(attempt.job)
        up = self._watch.up(key)
        found = stands(folder, attempt.number, up)
        if found is Stands.ALIVE and not up:
            pid = lock.holder(folder.lock)
            if pid is not None:
                self._watch.add(key, pid)  # adopted
        return found

    def _sweep(self, over: Sequence[Attempt]) -> set[str]:
        """End what these attempts left behind; the tokens of those that are not gone yet.

        What was killed needs a moment to die: it is waited for a little, then until the next tick.
        """
        tokens = {attempt.token for attempt in over}
        groups = {attempt.token: self._group(attempt) for attempt in over}
        left = tokens
        for _ in range(SWEEPS):
            left = leftovers.end(left) if left else set()
            left |= {token for token, group in groups.items() if group and not cgroup.end(group)}
            if not left:
                break
            time.sleep(SWEEP_S)
        return left

    def _group(self, attempt: Attempt) -> Path | None:
        """Also of a runner that was killed before it could note it."""
        noted = self.folder(attempt.job).joined_cgroup(attempt.number)
        if noted is None and self._cgroups is not None:
            return self._cgroups / attempt.token
        return noted

    def _not_started(self, attempt: Attempt, now_s: float) -> Sighting:
        """Nothing runs: its folder could not be written."""
        return self._damaged(attempt, self._hindered[attempt.token], now_s)

    def _damaged(self, attempt: Attempt, error: OSError, now_s: float) -> Sighting:
        """On a full disk the job pauses and loses nothing; where its folder is not what it should
        be, that job fails in words and the others go on."""
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            ending = Ending.DISK_FULL
            told = refusal(
                "disk.full", why=f"{error.strerror}.", next=f"tenfold resume {attempt.job}"
            )
        else:
            ending = Ending.FAILED
            told = refusal("job.folder", id=attempt.job, why=f"{error.filename}: {error.strerror}.")
        outcome = Outcome(attempt.number, ending, attempt.promised_s, now_s, refusal=told.as_json())
        return Sighting(attempt.job, attempt.number, entered=False, outcome=outcome)

    def _sighting(
        self, attempt: Attempt, ended: bool, now_s: float, notes: list[dict[str, Any]]
    ) -> Sighting:
        folder = self.folder(attempt.job)
        entered = folder.attempt(attempt.number).is_dir()
        lines, read_to = _new_lines(folder.events(attempt.number), attempt.read_to, whole=ended)
        outcome = None
        if ended:
            outcome = outcome_of(folder, attempt, now_s)
            key = (attempt.job, attempt.number)
            self._watch.drop(key)
            self._asked.pop(key, None)
            # The daemon may have claimed the attempt itself; a runner's claim has a log.
            entered = folder.log(attempt.number).exists()
        return Sighting(
            attempt.job,
            attempt.number,
            entered,
            lines + notes,
            read_to,
            _wants(folder) if entered else [],
            outcome,
        )

    def _ask_holder(self, folder: JobFolder) -> None:
        """SIGTERM to the holder of the lock and nobody else."""
        pid = lock.holder(folder.lock)
        if pid is None:
            return
        try:
            handle = os.pidfd_open(pid)
        except OSError:
            return
        try:
            if lock.holder(folder.lock) == pid:
                signal.pidfd_send_signal(handle, signal.SIGTERM)
        except ProcessLookupError:
            pass  # ended in between
        finally:
            os.close(handle)


def _environment(home: Path, job_id: str, attempt: Attempt) -> dict[str, str]:
    """What every process of an attempt starts with."""
    slot = attempt.slot
    return {
        **os.environ,
        TOKEN_VARIABLE: attempt.token,
        "TENFOLD_HOME": str(home),
        "TENFOLD_JOB": job_id,
        "CUDA_VISIBLE_DEVICES": _visible(slot),
        "PYTHONUNBUFFERED": "1",
        **{knob: str(max(1, slot.cores)) for knob in _THREAD_KNOBS},
    }


def _visible(slot: Slot) -> str:
    """A slice is asked for by its own UUID, never by a number."""
    if slot.kind is not DeviceKind.GPU:
        return ""
    return slot.instance or ",".join(slot.devices)


def _new_lines(path: Path, offset: int, whole: bool) -> tuple[list[dict[str, Any]], int]:
    """Lines that came since; all of them when the attempt is over."""
    try:
        with open(path, "rb") as file:
            file.seek(offset)
            data = file.read(-1 if whole else READ_AT_ONCE)
    except FileNotFoundError:
        return [], offset
    values, length = read_lines(data)
    return [value for value in values if isinstance(value, dict)], offset + length


def _wants(folder: JobFolder) -> list[dict[str, Any]]:
    try:
        values, _ = read_lines(folder.wants.read_bytes())
    except FileNotFoundError:
        return []
    return [v for v in values if isinstance(v, dict) and isinstance(v.get("key"), str)]
