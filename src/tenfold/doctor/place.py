"""The home's disk: a ledger lives there that promises what it acknowledged."""

from __future__ import annotations

from collections.abc import Iterator

from tenfold.doctor.facts import Facts
from tenfold.doctor.finding import Check, Seen, note, ok, trouble

SCARCE_GIB, SMALL_GIB = 1.0, 20.0
SLOW_MS = 50.0  # of one fsync: a submit waits for one
ELSEWHERE = "TENFOLD_HOME=/a/folder/of/yours tenfold up"

# SQLite's write-ahead log needs memory that all its readers share, which these do not give
# (sqlite.org/wal.html, "does not work over a network filesystem").
NETWORK = frozenset(
    {"9p", "afs", "beegfs", "ceph", "cifs", "gpfs", "lustre", "nfs", "nfs4", "smb3", "virtiofs"}
    | {"fuse.ceph", "fuse.glusterfs", "fuse.s3fs", "fuse.sshfs"}
)
IN_MEMORY = frozenset({"tmpfs", "ramfs"})


def writable(facts: Facts) -> Iterator[Seen]:
    place = facts.place
    if "ro" in place.options:
        yield trouble(f"{place.path} lies on a read-only file system.", ELSEWHERE)
    elif place.unwritable:
        yield trouble(f"{place.path} cannot be written: {place.unwritable}.", ELSEWHERE)
    else:
        yield ok(f"{place.path} can be written.")


def free(facts: Facts) -> Iterator[Seen]:
    place = facts.place
    shown = f"{place.free_gib:.3g} GiB are free for the home"
    fix = f"make room on its disk, or: {ELSEWHERE}"
    if place.free_gib < SCARCE_GIB:
        yield trouble(f"{shown}.", fix)
    elif place.free_gib < SMALL_GIB:
        yield note(f"{shown}; a model or its checkpoints may not fit.", fix)
    else:
        yield ok(f"{shown}.")


def kind(facts: Facts) -> Iterator[Seen]:
    place = facts.place
    if place.kind in NETWORK:
        yield trouble(f"The home lies on {place.kind}, a disk of another machine.", ELSEWHERE)
    elif place.kind in IN_MEMORY:
        yield note(f"The home lies in memory ({place.kind}): a reboot empties it.", ELSEWHERE)
    elif place.unlockable:
        yield trouble(f"Files of the home cannot be locked: {place.unlockable}.", ELSEWHERE)
    else:
        yield ok(f"The home lies on {place.kind}, a disk of this machine.")


def programs(facts: Facts) -> Iterator[Seen]:
    if "noexec" in facts.place.options:
        fix = f"sudo mount -o remount,exec its file system, or: {ELSEWHERE}"
        yield note("No program may be started from the home's file system (noexec).", fix)


def fsync(facts: Facts) -> Iterator[Seen]:
    taken_ms = facts.place.fsync_ms
    if taken_ms is None:
        return
    if taken_ms > SLOW_MS:
        yield note(
            f"One fsync took {taken_ms:.0f} ms.", f"put the home on a faster disk: {ELSEWHERE}"
        )
    else:
        yield ok(f"One fsync took {taken_ms:.2g} ms.")


CHECKS = (
    Check(
        "disk",
        "home",
        "it can be written",
        "Everything that Tenfold keeps is in it.",
        writable,
    ),
    Check(
        "disk",
        "room",
        f"above {SCARCE_GIB:g} GiB are free, better {SMALL_GIB:g}",
        "On a full disk no job is accepted, and a checkpoint that does not fit is lost.",
        free,
    ),
    Check(
        "disk",
        "kind",
        "it is a disk of this machine, and files on it can be locked",
        "The ledger's log and the locks of jobs do not hold across machines.",
        kind,
    ),
    Check(
        "disk",
        "programs",
        "programs may be started from it",
        "Environments that `tenfold env build` makes are started from the home.",
        programs,
    ),
    Check(
        "disk",
        "fsync",
        f"one takes less than {SLOW_MS:g} ms",
        "A submit is acknowledged after an fsync, not before.",
        fsync,
    ),
)
