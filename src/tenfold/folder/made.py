"""The files that a job registered, as they are found in its folder: these and no others.

A path that was registered is its own: no link stands in for it, wherever it leads. What is below a
registered folder belongs to it, links too as long as they stay inside.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from tenfold.folder.paths import JobFolder


def file(folder: JobFolder, registered: Collection[str], path: str) -> Path | None:
    """The file at `path`, relative to the job folder; None where there is none to be shown."""
    if path in registered:
        found = _own(folder, path)
        return found if found is not None and found.is_file() else None
    for top in _above(path):
        if top in registered:
            return _below(folder, top, path)
    return None


def is_folder(folder: JobFolder, path: str) -> bool:
    """Whether the registered `path` is a folder."""
    found = _own(folder, path)
    return found is not None and found.is_dir()


def bytes_of(folder: JobFolder, path: str) -> int | None:
    """Of the registered `path`; None for a folder, and where nothing is there."""
    found = file(folder, (path,), path)
    try:
        return None if found is None else found.stat().st_size
    except OSError:
        return None


def files(folder: JobFolder, path: str) -> Iterator[tuple[str, Path]]:
    """What is below the registered folder `path`, by name: each relative to the job folder."""
    top = _own(folder, path)
    if top is None:
        return
    for place, folders, names in os.walk(top):
        folders.sort()
        for name in sorted(names):
            relative = f"{path}/{os.path.relpath(os.path.join(place, name), top)}"
            found = _below(folder, path, relative)
            if found is not None:
                yield relative, found


def _own(folder: JobFolder, path: str) -> Path | None:
    """The registered path, if it leads where it says."""
    real = _resolved(folder.path)
    if real is None or not _is_plain(path):
        return None
    found = _resolved(real / path)
    inside = found is not None and found.is_relative_to(real / folder.artifacts.name)
    return found if inside and found == real / path else None


def _below(folder: JobFolder, top: str, path: str) -> Path | None:
    above = _own(folder, top)
    if above is None or not _is_plain(path):
        return None
    found = _resolved(above / path[len(top) + 1 :])
    if found is None or not found.is_relative_to(above) or not found.is_file():
        return None
    return found


def _above(path: str) -> Iterator[str]:
    """Every folder that `path` names on its way."""
    parts = path.split("/")
    for count in range(1, len(parts)):
        yield "/".join(parts[:count])


def _is_plain(path: str) -> bool:
    return "\0" not in path and not any(part in ("", ".", "..") for part in path.split("/"))


def _resolved(path: Path) -> Path | None:
    try:
        return path.resolve(strict=True)
    except (OSError, RuntimeError, ValueError):  # nothing there, a ring of links, no name at all
        return None
