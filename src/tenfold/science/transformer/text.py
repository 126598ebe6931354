"""Text to learn from: the files of a folder that are text, and which of them are held out.

    corpus = open_corpus(folder, limit_bytes=20_000_000)
    for document in corpus.documents(): document.text, document.held_out

Files come in the order of their names' hashes, so a cap takes a fair sample of the folder. The
content's own hash decides what is held out: the same text never stands on both sides. Reads UTF-8;
what is not (pictures, archives) is passed over, as are hidden files and those behind links.
Standard library only; nothing is kept in memory but paths and hashes.
"""

from __future__ import annotations

import hashlib
import os
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import final

from tenfold.terms.refusal import Refusal

LEAST_BYTES = 50_000
HELD_OUT = 0.05  # share of the bytes kept for validation ...
HELD_OUT_BYTES = 8_000_000  # ... but more than this tells nothing more
FEW_FILES = 40  # with fewer, files are cut into pieces before the split
PIECE_CHARS = 8_192
LOOK_BYTES = 8_192  # read to see whether a file is text
PASSED_OVER = frozenset({"__pycache__", "node_modules", "site-packages"})
# Of the standard library also its tests, and tables of character codes, which teach no Python.
LIBRARY_PASSED_OVER = PASSED_OVER | {"test", "tests", "idle_test", "encodings", "ensurepip"}
TABLES = frozenset({"entities.py", "stringprep.py"})


@dataclass(frozen=True)
class Document:
    text: str
    held_out: bool


@final
@dataclass(frozen=True)
class Corpus:
    """Text files in a fixed order, and the hash below which a document is held out."""

    files: tuple[Path, ...]
    threshold: str
    train_bytes: int
    held_out_bytes: int

    def documents(self, held_out: bool | None = None) -> Iterator[Document]:
        """All of them, or those of one side; each file is read when its turn comes."""
        for text, digest in _pieces(self.files):
            side = digest <= self.threshold
            if held_out in (None, side):
                yield Document(text, side)


def standard_library() -> Path:
    """Sources and docstrings of the Python that runs: real text that is always there."""
    return Path(sysconfig.get_path("stdlib"))


def open_corpus(folder: Path | None, limit_bytes: float) -> Corpus:
    """The text below `folder`, or the standard library's sources; at most `limit_bytes`.

    Raises a Refusal for a folder that is not there, has no text, or has too little of it.
    """
    if folder is None:
        paths = _walk(standard_library(), LIBRARY_PASSED_OVER)
        paths = [path for path in paths if path.suffix == ".py" and path.name not in TABLES]
    else:
        paths = _walk(_folder(folder), PASSED_OVER)
    files, taken = [], 0
    for path in paths:
        size = path.stat().st_size
        if taken + size <= limit_bytes and is_text(path):
            files.append(path)
            taken += size
    if not files and paths and not any(is_text(path) for path in paths):
        raise Refusal(
            "text.none",
            f"There is no text in {folder}.",
            f"None of its {len(paths)} files reads as UTF-8 text.",
            "give a folder with .txt, .md or source files as --text",
        )
    return _split(folder, tuple(files), len(paths))


def is_text(path: Path) -> bool:
    """Whether the file begins as UTF-8 text does; one that ends within a character still may."""
    try:
        with open(path, "rb") as file:
            start = file.read(LOOK_BYTES)
    except OSError:
        return False
    if not start or b"\0" in start:
        return False
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:
        return len(start) == LOOK_BYTES and error.start > LOOK_BYTES - 4
    return True


def _folder(folder: Path) -> Path:
    if folder.is_dir():
        return folder
    why = "It is a file, not a folder." if folder.exists() else "Nothing has that name."
    raise Refusal(
        "text.folder",
        f"There is no folder {folder}.",
        why,
        "give the full path of a folder with text as --text",
    )


def _walk(folder: Path, passed_over: frozenset[str]) -> list[Path]:
    """Regular files below `folder`, ordered by the hash of their relative names."""
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = [n for n in folders if n not in passed_over and not n.startswith(".")]
        for name in names:
            path = Path(place, name)
            if not name.startswith(".") and path.is_file() and not path.is_symlink():
                found.append(path)
    return sorted(found, key=lambda path: _digest(str(path.relative_to(folder))))


def _split(folder: Path | None, files: tuple[Path, ...], there: int) -> Corpus:
    hashed = sorted((digest, len(text.encode())) for text, digest in _pieces(files))
    total = sum(size for _, size in hashed)
    if total < LEAST_BYTES or hashed[0][0] == hashed[-1][0]:
        raise Refusal(
            "text.little",
            f"There is too little text in {folder}.",
            f"Its {len(files)} text files (of {there}) hold {total / 1000:.0f} kB of different"
            f" text; to learn and to be judged takes {LEAST_BYTES // 1000} kB.",
            "add files to the folder, raise --text-mb, or leave out --text",
        )
    wanted = min(HELD_OUT * total, HELD_OUT_BYTES)
    threshold, held_out = "", 0
    for digest, size in hashed:
        if digest != threshold and held_out >= wanted:
            break
        threshold, held_out = digest, held_out + size
    return Corpus(files, threshold, total - held_out, held_out)


def _pieces(files: tuple[Path, ...]) -> Iterator[tuple[str, str]]:
    """(text, hash) of every document: a file, or pieces of it where files are few."""
    few = len(files) < FEW_FILES
    for path in files:
        try:
            text = path.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError):
            continue  # it turned out to be something else further down
        for piece in _cut(text) if few else (text,):
            if piece.strip():
                yield piece, _digest(piece)


def _cut(text: str) -> Iterator[str]:
    """Pieces that end with a line, where a line ends in their second half."""
    start = 0
    while start < len(text):
        end = start + PIECE_CHARS
        line = text.rfind("\n", start + PIECE_CHARS // 2, end)
        if line >= 0 and end < len(text):
            end = line + 1
        yield text[start:end]
        start = end


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
