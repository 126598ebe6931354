"""The list of workloads is the folder listing: no second list, and nothing is imported.

Three places are looked through: this package (`workloads/GROUP/NAME.py`), the owner's own
`HOME/workloads/GROUP/NAME.py`, and packages of other people that name one in the entry-point group
`tenfold.workloads` (`GROUP = a.package.of.files`). Where two have the same name the first wins.

`tenfold workloads` waits for this file, so it stays light: `importlib.metadata` alone would cost
more than everything else here.
"""

from __future__ import annotations

import ast
import hashlib
import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PACKAGED = Path(__file__).resolve().parent.parent / "workloads"
ENTRY_POINTS = "tenfold.workloads"

# A docstring that starts the file; what has another shape is left to `ast`.
_DOCSTRING = re.compile(r'\A(?:\s|#[^\n]*\n)*[rR]?("""|\'\'\')(.*?)\1', re.DOTALL)


@dataclass(frozen=True)
class Entry:
    """One workload file."""

    name: str  # GROUP.NAME
    group: str
    title: str  # first line of its docstring
    path: Path
    module: str  # what to import; empty for a file of the owner's, which is loaded by its path

    @property
    def file_hash(self) -> str:
        """sha256 of the file, hexadecimal."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()


def owner_home(environ: Mapping[str, str]) -> Path:
    """The home that `environ` names, or `~/.tenfold`."""
    return Path(environ.get("TENFOLD_HOME") or Path.home() / ".tenfold")


def listing(home: Path) -> tuple[Entry, ...]:
    """All workloads, by name. A file that cannot be read is listed with the reason as its title."""
    entries: dict[str, Entry] = {}
    for folder, group, package in _groups(home):
        for path in folder.iterdir():
            if path.suffix == ".py" and _public(path.name):
                entry = _entry(path, group, package)
                entries.setdefault(entry.name, entry)
    return tuple(entries[name] for name in sorted(entries))


def lookup(name: str, home: Path) -> Entry | None:
    """The one workload of that name, without reading the others."""
    group, _, stem = name.partition(".")
    if not (_public(group) and stem.isidentifier() and _public(stem)):
        return None
    for folder, other, package in _groups(home):
        path = folder / f"{stem}.py"
        if other == group and path.is_file():
            return _entry(path, group, package)
    return None


def title(source: str) -> str:
    """The first line of the docstring of a Python file."""
    match = _DOCSTRING.match(source)
    if match and "\\" not in match[2]:
        docstring: str | None = match[2]
    else:
        try:
            docstring = ast.get_docstring(ast.parse(source))
        except (SyntaxError, ValueError) as error:
            return f"(cannot be read: {error})"
    lines = (docstring or "").strip().splitlines()
    return lines[0].strip() if lines else "(no docstring)"


def _groups(home: Path) -> Iterator[tuple[Path, str, str]]:
    """(folder, group, package) in the order of precedence; an empty package is the owner's."""
    for folder in _folders(PACKAGED):
        yield folder, folder.name, f"{ENTRY_POINTS}.{folder.name}"
    for folder in _folders(home / "workloads"):
        yield folder, folder.name, ""
    for group, package in _offered(sys.path):
        offered = _package_folder(package, sys.path)
        if offered is not None:
            yield offered, group, package


def _folders(root: Path) -> list[Path]:
    if not root.is_dir():
        return []
    return [path for path in root.iterdir() if path.is_dir() and _public(path.name)]


def _entry(path: Path, group: str, package: str) -> Entry:
    try:
        line = title(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        line = f"(cannot be read: {error})"
    module = f"{package}.{path.stem}" if package else ""
    return Entry(f"{group}.{path.stem}", group, line, path, module)


def _public(name: str) -> bool:
    return not name.startswith(("_", "."))


def _offered(roots: list[str]) -> Iterator[tuple[str, str]]:
    """(group, package) of the installed distributions that name one."""
    for root in roots:
        try:
            names = [n for n in os.listdir(root or ".") if n.endswith((".dist-info", ".egg-info"))]
        except OSError:
            continue
        for name in names:
            try:
                text = (Path(root or ".") / name / "entry_points.txt").read_text(encoding="utf-8")
            except OSError:
                continue
            if ENTRY_POINTS in text:
                yield from _section(text)


def _section(text: str) -> Iterator[tuple[str, str]]:
    inside = False
    for line in text.splitlines():
        if line.startswith("["):
            inside = line.strip() == f"[{ENTRY_POINTS}]"
        elif inside and "=" in line and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            yield name.strip(), value.strip()


def _package_folder(package: str, roots: list[str]) -> Path | None:
    # By path arithmetic: importlib would import the parents of a dotted name.
    for root in roots:
        folder = Path(root or ".").joinpath(*package.split("."))
        if folder.is_dir():
            return folder
    return None
