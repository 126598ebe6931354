"""Text to learn from: the documents of a folder, and which of them are held out.

    corpus = open_corpus(folder, limit_bytes=20_000_000)
    for document in corpus.documents(): document.text, document.held_out

Files come in the order of their names' hashes, so a cap takes a fair sample of the folder. What
stands there twice is taken once. The content's own hash decides what is held out. What is neither
text nor a kind that `documents` reads (pictures, archives) is passed over, as are hidden files and
those behind links. The text itself is never kept in memory, only a number or two a document
(about 0.2 kB). Standard library only, but for Parquet and PDF.
"""

from __future__ import annotations

import hashlib
import os
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

from tenfold.science.transformer.documents import (
    LONG_BYTES,
    Written,
    documents,
    is_plain,
    readable,
)
from tenfold.terms.refusal import Refusal

LEAST_BYTES = 50_000
HELD_OUT = 0.05  # share of the bytes kept for validation ...
HELD_OUT_BYTES = 8_000_000  # ... but more than this tells nothing more
FEW_FILES = 40  # with fewer, files are cut into pieces before the split
NO_ROOM_BYTES = 256  # with less left below the cap, the search for what still fits ends
PASSED_OVER = frozenset({"__pycache__", "node_modules", "site-packages"})
# Of the standard library also its tests, and tables of character codes, which teach no Python.
LIBRARY_PASSED_OVER = PASSED_OVER | {"test", "tests", "idle_test", "encodings", "ensurepip"}
TABLES = frozenset({"entities.py", "stringprep.py"})


@dataclass(frozen=True)
class Document:
    text: str
    held_out: bool
    chat: bool = False


@final
@dataclass(frozen=True)
class Corpus:
    """Files in a fixed order, the documents of them that are taken (hash and bytes of each), and
    the hash up to which a document is held out."""

    files: tuple[Path, ...]
    taken: Mapping[int, int]
    threshold: int
    duplicates: int = 0
    passed_over: int = 0  # files that are not text

    @property
    def held_out_bytes(self) -> int:
        return sum(size for digest, size in self.taken.items() if digest <= self.threshold)

    @property
    def train_bytes(self) -> int:
        return sum(self.taken.values()) - self.held_out_bytes

    def documents(self, held_out: bool | None = None) -> Iterator[Document]:
        """All of them, or those of one side; each is read when its turn comes."""
        left = set(self.taken)
        for written, digest in _written(self.files):
            if digest not in left:
                continue  # a duplicate, beyond the cap, or changed since
            left.discard(digest)
            side = digest <= self.threshold
            if held_out in (None, side):
                yield Document(written.text, side, written.chat)
            if not left:
                return

    def words(self) -> str:
        """One sentence for a person."""
        said = f"{len(self.taken):,} documents of {len(self.files):,} files"
        if len(self.files) < FEW_FILES:
            said += " (long ones are cut into pieces, each a document)"
        if self.duplicates:
            said += f"; {self.duplicates:,} that stood there twice were dropped"
        if self.passed_over:
            said += f"; {self.passed_over:,} files without text were passed over"
        return said + "."


def standard_library() -> Path:
    """Sources and docstrings of the Python that runs: real text that is always there."""
    return Path(sysconfig.get_path("stdlib"))


def open_corpus(folder: Path | None, limit_bytes: float) -> Corpus:
    """The text below `folder`, or the standard library's sources; at most `limit_bytes`.

    Raises a Refusal for a folder that is not there, has no text, or has too little of it.
    """
    paths = corpus_paths(folder)
    files = tuple(path for path in paths if readable(path))
    if paths and not files:
        raise Refusal(
            "text.none",
            f"There is no text in {folder}.",
            f"None of its {len(paths)} files reads as UTF-8 text.",
            "give a folder with .txt, .md, .jsonl, .parquet, .pdf or source files as --text",
        )
    taken: dict[int, int] = {}
    duplicates, room, cut = 0, limit_bytes, len(files) < FEW_FILES
    for path in files:
        if room < NO_ROOM_BYTES:
            break
        size = path.stat().st_size
        if room < size <= LONG_BYTES and not cut and is_plain(path):
            continue  # it is one document, and too large
        for written in _filled(path, cut):
            digest, size = _digest(written.text), len(written.text.encode())
            if digest in taken:
                duplicates += 1
            elif size <= room:
                taken[digest], room = size, room - size
            if room < NO_ROOM_BYTES:
                break
    return _split(folder, files, taken, duplicates, len(paths))


def corpus_paths(folder: Path | None) -> list[Path]:
    """The files that are looked at, in their order. Raises a Refusal where there is no folder."""
    if folder is None:
        paths = _walk(standard_library(), LIBRARY_PASSED_OVER)
        return [path for path in paths if path.suffix == ".py" and path.name not in TABLES]
    if folder.is_dir():
        return _walk(folder, PASSED_OVER)
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


def _split(
    folder: Path | None,
    files: tuple[Path, ...],
    taken: dict[int, int],
    duplicates: int,
    there: int,
) -> Corpus:
    total = sum(taken.values())
    if total < LEAST_BYTES or len(taken) < 2:
        raise Refusal(
            "text.little",
            f"There is too little text in {folder}.",
            f"Its {len(files)} text files (of {there}) hold {total / 1000:.0f} kB of different"
            f" text in {len(taken)} documents; to learn and to be judged takes"
            f" {LEAST_BYTES // 1000} kB in two or more.",
            "add files to the folder, raise --text-mb, or leave out --text",
        )
    wanted = min(HELD_OUT * total, HELD_OUT_BYTES)
    threshold, held_out = -1, 0
    for digest in sorted(taken):
        if held_out >= wanted:
            break
        threshold, held_out = digest, held_out + taken[digest]
    return Corpus(files, taken, threshold, duplicates, there - len(files))


def _written(files: tuple[Path, ...]) -> Iterator[tuple[Written, int]]:
    cut = len(files) < FEW_FILES
    for path in files:
        for written in _filled(path, cut):
            yield written, _digest(written.text)


def _filled(path: Path, cut: bool) -> Iterator[Written]:
    return (written for written in documents(path, cut) if written.text.strip())


def _digest(text: str) -> int:
    """64 bits of its SHA-256: two of a million documents agree by chance once in 10^7 folders."""
    whole = hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(whole[:8])
