"""A power cut, played from a trace: what could a disk hold if the power failed here?

`cuts` walks a trace once and stops at chosen records; at each stop `disk.build` writes one tree
that the disk could hold. `compare` proves that the trace saw everything.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from faults.disk import Disk
from faults.trace import Op, Record


def cuts(
    trace: list[Record], root: Path, stops: list[int], at: Callable[[Disk, int], None]
) -> None:
    """Plays the trace; after `stops[i]` records calls `at(disk, stops[i])`."""
    disk = Disk(root)
    wanted = sorted(stops)
    place = 0
    for count, record in enumerate([*trace, None]):
        while place < len(wanted) and wanted[place] == count:
            at(disk, count)
            place += 1
        if record is not None:
            disk.apply(record)


def choose_stops(trace: list[Record], count: int, chance: random.Random) -> list[int]:
    """Half anywhere; half in the few records after a note, where a promise was just made."""
    notes = [place for place, record in enumerate(trace) if record.op is Op.NOTED]
    stops = []
    for turn in range(count):
        if turn % 2 and notes:
            stops.append(min(len(trace), chance.choice(notes) + chance.randint(1, 6)))
        else:
            stops.append(chance.randint(1, len(trace)))
    return sorted(stops)


def compare(trace: list[Record], root: Path, skip: Callable[[str], bool]) -> list[str]:
    """Where the trace and the real tree differ: what the tracer missed. Nothing may run now."""
    disk = Disk(root)
    for record in trace:
        disk.apply(record)
    played: dict[str, object] = {name: data for name, data in disk.tree().items() if not skip(name)}
    real: dict[str, object] = {}
    for path in root.rglob("*"):
        name = str(path.relative_to(root))
        if not skip(name) and not path.is_symlink() and (path.is_file() or path.is_dir()):
            real[name] = path.read_bytes() if path.is_file() else None
    names = sorted(played.keys() | real.keys())
    missing = object()
    return [name for name in names if played.get(name, missing) != real.get(name, missing)]
