"""The token files of a job: encoded once, and again neither on resume nor for the same text.

    data = tokens_at(job_folder / "tokens", Asked(text, 20e6, 2048, None), gang, note)

What is there is used as it is, even if files of the text have changed meanwhile, so a resumed run
sees the same. Else they are taken from another job of this home whose text is the same (same names,
sizes and times of all files, same vocabulary), by hard links; else they are made. In a gang rank 0
makes them and the others wait.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenfold.science.transformer.gang import Gang
from tenfold.science.transformer.text import corpus_paths, open_corpus
from tenfold.science.transformer.tokens import Tokens, prepare
from tenfold.terms.refusal import Refusal

ABOUT = "about.json"
FORMAT = 2  # raised when the same text would give other tokens
LOOK_S = 0.1


@dataclass(frozen=True)
class Asked:
    """What is to be encoded; `text` None is the standard library."""

    text: Path | None
    limit_bytes: float
    vocabulary: int  # of the tokenizer that is learned
    tokenizer: Path | None = None  # or one that is given

    def key(self) -> str:
        """The same for the same text, as far as names, sizes and times tell."""
        said = hashlib.sha256(f"{FORMAT} {self.limit_bytes} {self.vocabulary}".encode())
        if self.tokenizer:
            inside = self.tokenizer / "tokenizer.json"
            file = inside if self.tokenizer.is_dir() else self.tokenizer
            said.update(file.read_bytes() if file.exists() else b"")
        for path in corpus_paths(self.text):
            there = path.stat()
            said.update(f"\0{path} {there.st_size} {there.st_mtime_ns}".encode())
        return said.hexdigest()


def tokens_at(folder: Path, asked: Asked, gang: Gang, note: Callable[[str], None]) -> Tokens:
    """Raises the Refusals of `open_corpus`, `learn` and `given`, and one for a damaged folder."""
    if gang.rank == 0 and not folder.exists():
        _make(folder, asked)
    while not folder.exists():  # rank 0 is at it; if it fails, the runner ends this rank
        time.sleep(LOOK_S)
    about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    if not _whole(folder, about):
        raise Refusal(
            "pretrain.tokens",
            "The tokens of this job are damaged.",
            f"A file in {folder} has not the size it was written with.",
            f"rm -r {folder}, then tenfold retry: they are made again",
        )
    note(f"Text: {about['words']}")
    return Tokens(folder)


def _make(folder: Path, asked: Asked) -> None:
    """All files or none: a kill while it writes leaves nothing that looks ready."""
    half = folder.with_name(folder.name + ".half")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    key = asked.key()
    if not any(_linked(peer, half, key) for peer in _peers(folder)):
        corpus = open_corpus(asked.text, asked.limit_bytes)
        prepare(corpus, half, asked.vocabulary, asked.tokenizer)
        _synced(half)
        sizes = {path.name: path.stat().st_size for path in half.iterdir()}
        about = {"key": key, "words": corpus.words(), "sizes": sizes}
        (half / ABOUT).write_text(json.dumps(about), encoding="utf-8")
    _synced(half)
    os.rename(half, folder)


def _peers(folder: Path) -> Iterator[Path]:
    """Token folders of the other jobs of this home."""
    for job in folder.parent.parent.iterdir():
        if job != folder.parent and (job / folder.name / ABOUT).is_file():
            yield job / folder.name


def _linked(peer: Path, half: Path, key: str) -> bool:
    try:
        about = json.loads((peer / ABOUT).read_text(encoding="utf-8"))
        if about["key"] != key or not _whole(peer, about):
            return False
        for name in (*about["sizes"], ABOUT):
            os.link(peer / name, half / name)
    except (OSError, ValueError, KeyError):  # deleted just now, or on another disk
        shutil.rmtree(half)
        half.mkdir()
        return False
    return True


def _whole(folder: Path, about: dict[str, Any]) -> bool:
    sizes: dict[str, int] = about["sizes"]
    return all(
        (folder / name).is_file() and (folder / name).stat().st_size == size
        for name, size in sizes.items()
    )


def _synced(folder: Path) -> None:
    for path in folder.iterdir():
        with open(path, "rb") as file:
            os.fsync(file.fileno())
