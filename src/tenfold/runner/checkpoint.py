"""Checkpoints that are whole or absent, whatever happens while one is written.

    checkpoints/step-000000120/     what `save` wrote, and manifest.json: sizes and crc32
    checkpoints/.step-...half       one that is being written; removed when an attempt begins

Written beside, fsynced whole, then renamed. The newest two are kept, so that one that a bad disk
has damaged (its manifest tells) leaves the one before.
"""

from __future__ import annotations

import json
import os
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path

from tenfold.catalogue.contract import Checkpoint
from tenfold.folder.durable import sync_folder, sync_tree

MANIFEST = "manifest.json"
KEPT = 2
_CHUNK_BYTES = 1 << 20


class Checkpoints:
    """Those of one job, in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def newest(self) -> Checkpoint | None:
        """The newest whole one; every byte of it was compared with its manifest."""
        for checkpoint in reversed(self._steps()):
            if is_whole(checkpoint.folder):
                return checkpoint
        return None

    def write(self, save: Callable[[Path], object], step: int) -> Checkpoint:
        """Raises what `save` raises, and OSError; then the ones before stand as they were."""
        target = self.folder / f"step-{step:09d}"
        half = self.folder / f".{target.name}.half"
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir()
        try:
            save(half)
            _write_manifest(half, step)
            sync_tree(half)
        except BaseException:
            shutil.rmtree(half, ignore_errors=True)
            raise
        if target.exists():  # a damaged one of the same step: `newest` did not offer it
            shutil.rmtree(target)
        os.rename(half, target)
        sync_folder(self.folder)
        for old in self._steps()[:-KEPT]:
            shutil.rmtree(old.folder, ignore_errors=True)
        return Checkpoint(step, target)

    def tidy(self) -> None:
        """Remove what a killed attempt left half written."""
        for path in self.folder.glob(".step-*.half"):
            shutil.rmtree(path, ignore_errors=True)

    def _steps(self) -> list[Checkpoint]:
        found = [
            Checkpoint(int(path.name.removeprefix("step-")), path)
            for path in self.folder.glob("step-*")
            if path.name.removeprefix("step-").isdigit()
        ]
        return sorted(found, key=lambda checkpoint: checkpoint.step)


def is_whole(folder: Path) -> bool:
    try:
        listed = json.loads((folder / MANIFEST).read_bytes())["files"]
        return bool(listed == _files(folder))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _write_manifest(folder: Path, step: int) -> None:
    manifest = {"step": step, "files": _files(folder)}
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")


def _files(folder: Path) -> dict[str, list[int]]:
    """[bytes, crc32] of every file below, by its path relative to `folder`."""
    return {
        str(path.relative_to(folder)): [path.stat().st_size, _crc32(path)]
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path != folder / MANIFEST
    }


def _crc32(path: Path) -> int:
    crc = 0
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            crc = zlib.crc32(chunk, crc)
    return crc
