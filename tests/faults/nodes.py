"""Files and folders as a disk knows them: what is sure, and what came since the last sync.

`disk` changes them as a trace tells; `survived` and `rename` say what a cut leaves of them.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

SECTOR = 512


@dataclass(eq=False)
class File:
    """`sure` is what was fsynced; `pending` are (number, offset, data) or (number, size, None)."""

    sure: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, int, bytes | None]] = field(default_factory=list)
    target: str | None = None  # of a symbolic link
    mapped: bool = False


@dataclass(eq=False)
class Rename:
    """One change of names: `old` goes (if any), `new` becomes `node` (if any). `after` is the same
    rename in its other folder, which must have happened first."""

    number: int
    old: str | None
    new: str | None
    node: File | Folder | None
    after: tuple[Folder, int] | None = None


@dataclass(eq=False)
class Folder:
    """`now` is what running processes see, `sure` what was fsynced, `pending` what came since."""

    now: dict[str, File | Folder] = field(default_factory=dict)
    sure: dict[str, File | Folder] = field(default_factory=dict)
    pending: list[Rename] = field(default_factory=list)


Node = File | Folder


def put(content: bytearray, offset: int, data: bytes | None) -> None:
    """A write of `data` at `offset`, or (None) a truncation to `offset`."""
    if data is None:
        if offset <= len(content):
            del content[offset:]
        else:
            content.extend(bytes(offset - len(content)))
        return
    if offset > len(content):
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


def content(file: File) -> bytearray:
    content = bytearray(file.sure)
    for _, offset, data in file.pending:
        put(content, offset, data)
    return content


def some(count: int, chance: random.Random) -> int:
    """None, all, or some."""
    return chance.choice([0, count, chance.randint(0, count)])


def survived(file: File, chance: random.Random) -> bytes:
    """What the disk holds of a file: the synced content and some of what came later."""
    if not file.pending:
        return bytes(file.sure)
    content = bytearray(file.sure)
    how = chance.choice(["none", "all", "prefix", "prefix", "subset"])
    if how == "none":
        return bytes(content)
    if how == "subset":
        chosen = [change for change in file.pending if chance.random() < 0.5]
    elif how == "prefix":
        chosen = file.pending[: chance.randint(0, len(file.pending))]
    else:
        chosen = file.pending
    for place, (_, offset, data) in enumerate(chosen):
        if data is not None and how != "all":
            if place == len(chosen) - 1:
                data = torn(offset, data, chance)
            elif chance.random() < 0.05:
                data = bytes(data[: max(0, len(content) - offset)]).ljust(len(data), b"\0")
        put(content, offset, data)
    return bytes(content)


def torn(offset: int, data: bytes, chance: random.Random) -> bytes:
    """A prefix that ends at a sector's edge, or all of it."""
    first = -(-(offset + 1) // SECTOR) * SECTOR
    edges = list(range(first, offset + len(data), SECTOR))
    return data[: chance.choice(edges) - offset] if edges and chance.random() < 0.8 else data


def rename(names: dict[str, Node], change: Rename) -> None:
    if change.old is not None:
        names.pop(change.old, None)
    if change.new is not None and change.node is not None:
        names[change.new] = change.node


def settle(folder: Folder, before: int) -> None:
    """A folder's names are sure up to change `before`."""
    while folder.pending and folder.pending[0].number < before:
        change = folder.pending.pop(0)
        if change.after is not None:
            settle(change.after[0], change.after[1] + 1)
        rename(folder.sure, change)


def happened(after: tuple[Folder, int], taken: dict[int, int]) -> bool:
    folder, number = after
    still_pending = any(change.number == number for change in folder.pending)
    return not still_pending or taken.get(id(folder), 0) >= number
