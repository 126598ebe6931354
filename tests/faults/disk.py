"""What a disk could hold: `Disk` takes the records of a trace, `build` writes one possible tree.

A strictly POSIX disk, chosen by a seed:
- A file holds what it held at its last fsync, then none, all, a prefix or any subset of the later
  writes and truncations. The last write taken may be torn at a 512-byte sector, and space newly
  taken may read as zeros.
- A name (made, renamed, removed) is sure once its folder was fsynced afterwards. Of the later
  changes in a folder a random prefix has happened, each whole: a rename is never half done.
- A folder whose own name is lost is lost with all it holds.

Not modelled: a disk that lies about fsync, sectors that tear within 512 bytes, and a rename between
two folders whose removal survives without its new name.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

from faults.nodes import (
    File,
    Folder,
    Node,
    Rename,
    content,
    happened,
    put,
    rename,
    settle,
    some,
    survived,
)
from faults.trace import Record


class Disk:
    """The files below a root, as a trace changes them. `apply` takes the records in order."""

    def __init__(self, root: Path) -> None:
        self.root_path = str(root.resolve())
        self.root = Folder()
        self.nodes: dict[int, Node] = {os.stat(root).st_ino: self.root} if root.exists() else {}
        self.number = 0
        self._begun: dict[tuple[int, int, int], int] = {}

    def apply(self, record: Record) -> None:
        self.number += 1
        getattr(self, f"_{record.op.name.lower()}")(record)

    # --- contents

    def _written(self, record: Record) -> None:
        node = self.nodes.get(record.inode)
        if isinstance(node, File):
            node.pending.append((self.number, record.offset, record.data))

    def _sized(self, record: Record) -> None:
        node = self.nodes.get(record.inode)
        if isinstance(node, File):
            node.pending.append((self.number, record.length, None))

    def _allocated(self, record: Record) -> None:
        node = self.nodes.get(record.inode)
        if isinstance(node, File):
            size = max(len(content(node)), record.offset + record.length)
            node.pending.append((self.number, size, None))

    def _mapped(self, record: Record) -> None:
        node = self._find(record.a)
        if not record.a.endswith("-shm") and isinstance(node, File):
            node.mapped = True

    def _syncing(self, record: Record) -> None:
        self._begun[record.pid, record.tid, record.inode] = self.number

    def _synced(self, record: Record) -> None:
        """What was recorded before the call began is sure."""
        before = self._begun.pop((record.pid, record.tid, record.inode))
        node = self.nodes.get(record.inode)
        if isinstance(node, File):
            for number, offset, data in node.pending:
                if number < before:
                    put(node.sure, offset, data)
            node.pending = [change for change in node.pending if change[0] > before]
        elif isinstance(node, Folder):
            settle(node, before)

    # --- names

    def _opened(self, record: Record) -> None:
        there = self._find(record.a)
        if isinstance(there, File) and self.nodes.get(record.inode) is there:
            if record.length and content(there):
                there.pending.append((self.number, 0, None))
            return
        self._enter(record.a, record.inode, File())

    def _made(self, record: Record) -> None:
        self._enter(record.a, record.inode, Folder())

    def _symlinked(self, record: Record) -> None:
        self._enter(record.b, record.inode, File(target=record.a))

    def _linked(self, record: Record) -> None:
        node = self._find(record.a)
        assert node is not None, f"linked from nowhere: {record.a}"
        self._enter(record.b, record.inode, node)

    def _unlinked(self, record: Record) -> None:
        folder, name = self._parent(record.a)
        folder.now.pop(name, None)
        folder.pending.append(Rename(self.number, name, None, None))

    _removed = _unlinked

    def _renamed(self, record: Record) -> None:
        assert record.length in (0, 1), "an exchange of names is not modelled"
        source, old = self._parent(record.a)
        target, new = self._parent(record.b)
        node = source.now.pop(old)
        target.now[new] = node
        if source is target:
            source.pending.append(Rename(self.number, old, new, node))
            return
        target.pending.append(Rename(self.number, None, new, node))
        source.pending.append(Rename(self.number, old, None, None, (target, self.number)))

    def _noted(self, record: Record) -> None:
        pass

    def _enter(self, path: str, inode: int, node: Node) -> None:
        folder, name = self._parent(path)
        self.nodes[inode] = node
        folder.now[name] = node
        folder.pending.append(Rename(self.number, None, name, node))

    def _parts(self, path: str) -> list[str]:
        whole = os.path.normpath(path)
        assert whole == self.root_path or whole.startswith(self.root_path + "/"), path
        return [part for part in whole[len(self.root_path) :].split("/") if part]

    def _find(self, path: str) -> Node | None:
        node: Node | None = self.root
        for part in self._parts(path):
            if not isinstance(node, Folder):
                return None
            node = node.now.get(part)
        return node

    def _parent(self, path: str) -> tuple[Folder, str]:
        *above, name = self._parts(path)
        node = self._find(os.path.join(self.root_path, *above))
        assert isinstance(node, Folder), f"no folder for {path}"
        return node, name

    # --- trees

    def tree(self) -> dict[str, bytes | None]:
        """What running processes see: path -> content, None for a folder. Proves the trace."""
        found: dict[str, bytes | None] = {}

        def walk(folder: Folder, path: str) -> None:
            for name, node in folder.now.items():
                if isinstance(node, Folder):
                    found[path + name] = None
                    walk(node, path + name + "/")
                elif node.target is None:
                    found[path + name] = bytes(content(node))

        walk(self.root, "")
        return found

    def build(self, out: Path, chance: random.Random) -> None:
        """One tree that the disk could hold after a cut here, written to `out` (made)."""
        taken: dict[int, int] = {}  # id(folder) -> the last change that happened
        self._choose(self.root, chance, taken)
        self._write(self.root, out, chance, taken, {})

    def _choose(self, folder: Folder, chance: random.Random, taken: dict[int, int]) -> None:
        count = some(len(folder.pending), chance)
        taken[id(folder)] = folder.pending[count - 1].number if count else 0
        reachable = {id(node): node for node in [*folder.sure.values(), *folder.now.values()]}
        for change in folder.pending:
            if change.node is not None:
                reachable[id(change.node)] = change.node
        for node in reachable.values():
            if isinstance(node, Folder) and id(node) not in taken:
                self._choose(node, chance, taken)

    def _write(
        self,
        folder: Folder,
        out: Path,
        chance: random.Random,
        taken: dict[int, int],
        contents: dict[int, bytes],
    ) -> None:
        out.mkdir()
        names = dict(folder.sure)
        for change in folder.pending:
            if change.number > taken[id(folder)]:
                break
            if change.after and not happened(change.after, taken):
                continue
            rename(names, change)
        for name, node in names.items():
            if name.endswith("-shm"):
                continue
            if isinstance(node, Folder):
                self._write(node, out / name, chance, taken, contents)
            elif node.target is not None:
                os.symlink(node.target, out / name)
            else:
                assert not node.mapped, f"{name} is written through a mapping: not traced"
                if id(node) not in contents:
                    contents[id(node)] = survived(node, chance)
                (out / name).write_bytes(contents[id(node)])
