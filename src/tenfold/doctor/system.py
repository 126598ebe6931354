"""Limits of the machine that jobs run into late and with words that do not name them."""

from __future__ import annotations

from collections.abc import Iterator

from tenfold.doctor.facts import Facts
from tenfold.doctor.finding import Check, Seen, note, ok, trouble

SHM_GIB = 1.0  # containers are given 64 MiB unless told otherwise
FILES, FILES_FEW = 4096, 1024
PROCESSES = 4096
LOCKED_MIB = 64.0
WATCHES = 65536
CLOCK_S = 60.0
STRICT = 2  # /proc/sys/vm/overcommit_memory: the kernel promises no more than it has


def shared_memory(facts: Facts) -> Iterator[Seen]:
    size = facts.system.shm_gib
    if size is None:
        return
    shown = f"/dev/shm holds {size:.2g} GiB"
    if size >= SHM_GIB:
        yield ok(f"{shown}.")
        return
    fix = "sudo mount -o remount,size=8G /dev/shm; in a container: start it with --shm-size 8g"
    yield trouble(f"{shown}.", fix) if facts.gpus.cards else note(f"{shown}.", fix)


def files(facts: Facts) -> Iterator[Seen]:
    limit, hard = facts.system.files, facts.system.files_hard
    shown = f"A process may open {_count(limit)} files"
    if not 0 <= limit < FILES:
        yield ok(f"{shown}.")
        return
    fix = f"ulimit -n {65536 if hard < 0 else min(hard, 65536)}, before tenfold up"
    yield trouble(f"{shown}.", fix) if limit < FILES_FEW else note(f"{shown}.", fix)


def processes(facts: Facts) -> Iterator[Seen]:
    limit = facts.system.processes
    if 0 <= limit < PROCESSES:
        yield note(f"A user may have {limit} processes and threads.", "ulimit -u 65536")
    else:
        yield ok(f"A user may have {_count(limit)} processes and threads.")


def locked_memory(facts: Facts) -> Iterator[Seen]:
    limit = facts.system.locked_mib
    if len(facts.gpus.cards) < 2:
        return  # one card talks to nobody
    if 0 <= limit < LOCKED_MIB:
        yield note(f"A process may lock {limit:.3g} MiB of memory.", "ulimit -l unlimited")
    else:
        yield ok("A process may lock the memory that it needs.")


def overcommit(facts: Facts) -> Iterator[Seen]:
    if facts.system.overcommit == STRICT:
        fix = "sudo sysctl vm.overcommit_memory=0"
        yield note("The kernel promises no more memory than it has.", fix)


def watches(facts: Facts) -> Iterator[Seen]:
    limit = facts.system.watches
    if limit is not None and limit < WATCHES:
        fix = "sudo sysctl fs.inotify.max_user_watches=524288"
        yield note(f"A user may watch {limit} files for changes.", fix)


def cgroup(facts: Facts) -> Iterator[Seen]:
    if facts.system.cgroup:
        yield note(
            f"Jobs get no cgroup of their own: {facts.system.cgroup}.", "tenfold up --at-boot"
        )
    else:
        yield ok("Each job gets a cgroup of its own.")


def swap(facts: Facts) -> Iterator[Seen]:
    system = facts.system
    if system.swap_gib and system.swap_used_gib > system.swap_gib / 2:
        fix = "tenfold top shows what runs; free -h shows what is left"
        shown = f"{system.swap_used_gib:.2g} of {system.swap_gib:.2g} GiB of swap are in use"
        yield note(f"{shown}.", fix)
    else:
        shown = f"{system.swap_gib:.2g} GiB of swap" if system.swap_gib else "no swap"
        yield ok(f"{system.memory_gib:.3g} GiB of memory, {shown}.")


def clock(facts: Facts) -> Iterator[Seen]:
    behind_s = facts.system.clock_behind_s
    if behind_s > CLOCK_S:
        fix = "sudo timedatectl set-ntp true"
        yield trouble(f"The clock is {behind_s:.0f} s before the newest file of Tenfold.", fix)
    else:
        yield ok("The clock is later than every file of Tenfold.")


def energy(facts: Facts) -> Iterator[Seen]:
    if facts.system.rapl is None:
        yield ok("The CPU counts no energy here: its watts are n/a.")
    elif facts.system.rapl:
        yield ok("The CPU's energy can be read.")
    else:
        fix = "sudo chmod a+r /sys/class/powercap/*/energy_uj"
        yield note("Only root may read the CPU's energy: its watts are n/a.", fix)


def _count(limit: int) -> str:
    return "any number of" if limit < 0 else f"{limit}"


CHECKS = (
    Check(
        "system",
        "shared memory",
        f"/dev/shm holds {SHM_GIB:g} GiB or more",
        "Loaders of training data and the ranks of a gang pass everything through it.",
        shared_memory,
    ),
    Check(
        "system",
        "files",
        f"a process may open {FILES} of them",
        "The daemon holds a few for each job that runs, a training job one for each file it reads.",
        files,
    ),
    Check(
        "system",
        "processes",
        f"a user may have {PROCESSES}",
        "Threads count as well, and each library starts some.",
        processes,
    ),
    Check(
        "system",
        "locked memory",
        f"with several cards, {LOCKED_MIB:g} MiB or more",
        "Cards that exchange data over a fast network need memory that stays where it is.",
        locked_memory,
    ),
    Check(
        "system",
        "overcommit",
        "memory may be reserved that is not used",
        "CUDA reserves far more addresses than it uses, and is refused here.",
        overcommit,
    ),
    Check(
        "system",
        "watches",
        f"a user may watch {WATCHES} files",
        "Notebooks and dashboards stop seeing new files without a word.",
        watches,
    ),
    Check(
        "system",
        "cgroup",
        "jobs can get one each",
        "Without it a process that hides from its job's end is found by its environment alone.",
        cgroup,
    ),
    Check(
        "system",
        "memory",
        "swap is not what jobs live in",
        "A job in swap is slower by orders of magnitude.",
        swap,
    ),
    Check(
        "system",
        "clock",
        "it is not before what was already written",
        "Times of jobs, tariffs and downloads' certificates are judged by it.",
        clock,
    ),
    Check(
        "system",
        "energy",
        "the CPU's counter can be read",
        "What a job on the CPU draws is told only where the counter is readable.",
        energy,
    ),
)
