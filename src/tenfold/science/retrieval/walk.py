"""The files of a folder of documents, and what is passed over, with the reason.

    for found in walk(folder): found.path, found.passed_over

Hidden files and folders, and folders of installed code, are passed over in silence. Links are
never followed: one may lead out of the folder, to a file the person never meant to index.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tenfold.science.retrieval.documents import MOST_FILE_BYTES
from tenfold.terms.refusal import refusal

SILENT_FOLDERS = frozenset({"__pycache__", "node_modules", "site-packages"})


@dataclass(frozen=True)
class Found:
    path: str  # relative to the folder, with /
    bytes: int
    modified_ns: int
    passed_over: str = ""  # why it is not read


def walk(folder: Path, without: Path | None = None) -> Iterator[Found]:
    """Sorted by path. `without`: a folder inside that is not of it, such as the index itself."""
    if not folder.is_dir():
        raise refusal(
            "index.documents",
            folder=folder,
            why="It is a file." if folder.exists() else "Nothing has that name.",
        )
    found = sorted(_files(folder, without), key=lambda one: one.path)
    yield from found


def _files(folder: Path, without: Path | None) -> Iterator[Found]:
    for place, folders, names in os.walk(folder):
        kept = []
        for name in folders:
            path = Path(place, name)
            if name.startswith(".") or name in SILENT_FOLDERS or path == without:
                continue
            if path.is_symlink():
                yield Found(_shown(path, folder), 0, 0, "a link, not followed")
            else:
                kept.append(name)
        folders[:] = kept
        for name in names:
            if not name.startswith("."):
                yield _file(Path(place, name), folder)


def _file(path: Path, folder: Path) -> Found:
    shown = _shown(path, folder)
    try:
        about = path.lstat()
    except OSError as error:
        return Found(shown, 0, 0, f"cannot be looked at ({error.strerror})")
    size, modified = about.st_size, about.st_mtime_ns
    if stat.S_ISLNK(about.st_mode):
        return Found(shown, size, modified, "a link, not followed")
    if not stat.S_ISREG(about.st_mode):
        return Found(shown, size, modified, "not a plain file")
    if size > MOST_FILE_BYTES:
        return Found(shown, size, modified, f"larger than {MOST_FILE_BYTES // 1_000_000} MB")
    return Found(shown, size, modified)


def _shown(path: Path, folder: Path) -> str:
    """As text that can be stored: bytes that are no UTF-8 show as question marks."""
    relative = path.relative_to(folder).as_posix()
    return relative.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
