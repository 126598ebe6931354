"""The daemon of this home. None is needed for any of it."""

from __future__ import annotations

from collections.abc import Iterator

from tenfold.doctor.facts import Facts
from tenfold.doctor.finding import Check, Seen, note, ok


def up(facts: Facts) -> Iterator[Seen]:
    seen = facts.daemon
    if seen.pid is None and seen.stale:
        fix = "tenfold up finds the jobs that go on"
        yield note("No daemon is up; the last one was killed and left its address.", fix)
    elif seen.pid is None:
        yield ok("No daemon is up; tenfold up starts one.")
    elif seen.running != seen.version:
        fix = "tenfold down && tenfold up; running jobs go on"
        shown = f"The daemon (process {seen.pid}) is {seen.running or 'of an unknown version'}"
        yield note(f"{shown}, and {seen.version} is installed.", fix)
    else:
        yield ok(f"The daemon is up (process {seen.pid}), version {seen.version}.")


def port(facts: Facts) -> Iterator[Seen]:
    seen = facts.daemon
    if seen.port_taken:
        fix = f"tenfold up --port {seen.port + 1 if seen.port < 65535 else seen.port - 1}"
        yield note(f"Another program listens on port {seen.port}.", fix)
    elif seen.pid is None:
        yield ok(f"Port {seen.port} is free.")


CHECKS = (
    Check(
        "daemon",
        "daemon",
        "which one is up, and of which version",
        "A daemon that was started before an upgrade goes on with the old code.",
        up,
    ),
    Check(
        "daemon",
        "port",
        "it is free, or the daemon's own",
        "The daemon cannot start where somebody else listens.",
        port,
    ),
)
