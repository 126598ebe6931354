"""Vectors of texts, so that what is worded otherwise is found too.

    embedder = HashedGrams()                     # always there: parts of words, hashed
    embedder = open_embedder(folder, "cpu")      # a sentence-transformers model of yours
    vectors = embedder.encode(texts)             # float32 (texts, dimensions), length 1 each

Hashed grams (Weinberger and others, "Feature hashing", ICML 2009) see spelling, not meaning: they
find `motors` for `motor`, a typing error, a name written with another ending. A model sees meaning;
it is read from a folder on this machine and nothing is downloaded.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, final

import numpy as np
from numpy.typing import NDArray

from tenfold.science.retrieval.words import is_cjk, terms
from tenfold.terms.refusal import refusal

Vectors = NDArray[np.float32]

DIMENSIONS = 512  # two texts without a common gram are within 1 / sqrt(512) = 0.04 of a right angle
GRAM = 3  # letters


class Embedder(Protocol):
    name: str  # an index made with another name is made anew
    dimensions: int
    # How much its ranking counts beside that of words, which counts 1.
    weight: float

    def encode(self, texts: Sequence[str]) -> Vectors: ...


@final
class HashedGrams:
    """Each term, and each three letters of it, falls into one of `DIMENSIONS` with a sign."""

    name = f"hashed-{GRAM}-grams-{DIMENSIONS}"
    dimensions = DIMENSIONS
    weight = 0.3

    def encode(self, texts: Sequence[str]) -> Vectors:
        found = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        for row, text in zip(found, texts, strict=True):
            counts: dict[str, int] = {}
            for term in terms(text):
                counts[term] = counts.get(term, 0) + 1
            if not counts:
                continue
            grams = [_grams(term) for term in counts]
            weights = np.sqrt(np.fromiter(counts.values(), np.float32, len(counts)))
            sizes = [len(places) for places, _ in grams]
            spread = np.repeat(weights / np.sqrt(sizes), sizes)
            places = np.concatenate([places for places, _ in grams])
            signs = np.concatenate([signs for _, signs in grams])
            row += np.bincount(places, spread * signs, DIMENSIONS).astype(np.float32)
        return _unit(found)


@final
class SentenceModel:
    """A sentence-transformers folder, on the CPU or a GPU."""

    weight = 1.0

    def __init__(self, folder: Path, device: str) -> None:
        from sentence_transformers import SentenceTransformer

        self._model: Any = SentenceTransformer(
            str(folder), device=device, local_files_only=True, trust_remote_code=False
        )
        self.name = f"{folder.name}-{_fingerprint(folder)}"
        self.dimensions = int(self._model.encode(["one"]).shape[1])

    def encode(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        found = self._model.encode(list(texts), show_progress_bar=False, convert_to_numpy=True)
        return _unit(np.asarray(found, dtype=np.float32))


def open_embedder(folder: Path | None, device: str) -> Embedder:
    """The model in the folder; hashed grams without one. Refuses what is no such folder."""
    if folder is None:
        return HashedGrams()
    if not (folder / "modules.json").is_file():
        raise refusal(
            "index.embedder",
            folder=folder,
            why="It has no modules.json." if folder.is_dir() else "There is no such folder.",
        )
    try:
        return SentenceModel(folder, device)
    except ImportError as error:
        raise refusal("index.embedder-extra", why=error) from error


@lru_cache(maxsize=300_000)
def _grams(term: str) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """(dimensions, signs) of a term: itself, and its letters by threes with its borders."""
    parts = [term, *term] if is_cjk(term) else [term]
    if not is_cjk(term):
        padded = f"^{term}$"
        parts += [padded[at : at + GRAM] for at in range(len(padded) - GRAM + 1)]
    hashes = [zlib.crc32(part.encode("utf-8", "surrogatepass")) for part in parts]
    places = np.array([value % DIMENSIONS for value in hashes], dtype=np.intp)
    signs = np.array([1.0 if value >> 31 else -1.0 for value in hashes], dtype=np.float32)
    return places, signs


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Vectors = (vectors / np.where(lengths == 0, 1, lengths)).astype(np.float32)
    return scaled


def _fingerprint(folder: Path) -> str:
    """Of the names and sizes of its weights, and the text of its settings: cheap and telling."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".json":
            digest.update(path.read_bytes())
        elif path.is_file():
            digest.update(f"{path.relative_to(folder)} {path.stat().st_size}".encode())
    return digest.hexdigest()[:12]
