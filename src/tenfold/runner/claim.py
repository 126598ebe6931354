"""The claim: at most one runner ever runs an attempt.

Three things have to hold, and the order matters: the record lock (no older runner lives), then
current.json names this attempt (nothing newer was promised), then attempts/N/ is made (it never
ran before).
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from tenfold.folder import lock
from tenfold.folder.durable import sync_folder
from tenfold.folder.paths import CurrentFile, JobFile, JobFolder

# The runner of the attempt before may take a moment to let go of the lock.
LOCK_TRIES = 40
LOCK_WAIT_S = 0.05

RESERVE_BYTES = 64 * 1024


@dataclass(frozen=True)
class Claim:
    """An attempt that is ours until this process ends."""

    folder: JobFolder
    number: int
    job: JobFile
    current: CurrentFile
    lock: int  # descriptor; closing it lets go

    @property
    def home(self) -> Path:
        return self.folder.path.parent.parent

    @property
    def reserve(self) -> Path:
        """Room on a full disk for the outcome."""
        return self.folder.attempt(self.number) / ".reserve"


def claim(folder: JobFolder, number: int) -> Claim | None:
    """The attempt, or None where it is not (or no more) the one that may run.

    Raises a Refusal (`job.folder`) where the folder is damaged, OSError where it cannot be
    written.
    """
    descriptor = _locked(folder, number)
    if descriptor is None:
        return None
    current = folder.read_current()
    job = folder.read_job()
    if current.attempt != number or not _entered(folder, number):
        os.close(descriptor)
        return None
    return Claim(folder, number, job, current, descriptor)


def make_room(held: Claim) -> None:
    """The folders that a workload finds, and the reserve. Raises OSError on a full disk."""
    folder = held.folder
    for path in (folder.work, folder.checkpoints, folder.artifacts):
        path.mkdir(exist_ok=True)
    with open(held.reserve, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, RESERVE_BYTES)


def sync_names(held: Claim) -> None:
    """Make the attempt's folder and those above it durable. Due before anything durable is written
    below: without this chain a power cut could lose an outcome that was itself fsynced."""
    attempt = held.folder.attempt(held.number)
    job = held.folder.path
    for path in (attempt, attempt.parent, job, job.parent):
        sync_folder(path)


def _locked(folder: JobFolder, number: int) -> int | None:
    for _ in range(LOCK_TRIES):
        if folder.read_current().attempt != number:
            return None
        descriptor = lock.take(folder.lock)
        if descriptor is not None:
            return descriptor
        time.sleep(LOCK_WAIT_S)
    return None


def _entered(folder: JobFolder, number: int) -> bool:
    path = folder.attempt(number)
    path.parent.mkdir(exist_ok=True)
    try:
        path.mkdir()
    except FileExistsError:
        return False
    return True
