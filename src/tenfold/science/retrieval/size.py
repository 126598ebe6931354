"""How large a folder of documents is, before anything is read. Standard library only."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path

MOST_FILES = 20_000  # looked at; the rest is taken to be like them
# Share of a file that is text: the rest is layout, pictures, fonts.
TEXT = {".pdf": 0.1, ".docx": 0.3, ".html": 0.4, ".htm": 0.4}


def standard_library() -> Path:
    """Sources and docstrings of the Python that runs: real text that is always there."""
    return Path(sysconfig.get_path("stdlib"))


def folder_mb(folder: Path) -> float:
    """Megabytes of text below a folder, roughly; 0 for one that is not there."""
    total, files, more = 0.0, 0, 0
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if files == MOST_FILES:
                more += 1
                continue
            files += 1
            path = Path(place, name)
            if path.is_file() and not path.is_symlink():
                total += TEXT.get(path.suffix.lower(), 1.0) * path.stat().st_size
    return total * (1 + more / max(files, 1)) / 1e6
