"""An index that is open: hybrid search over words and vectors.

    with Index.open(folder) as index:
        hits = index.search("馬達最高溫是多少", 5)

Two rankings, BM25 of the question's terms (FTS5) and the angle between vectors, become one by
reciprocal rank fusion (Cormack and others, SIGIR 2009, k = 60). Vectors are held in memory as
float32 and compared with all of them: exact, and needs no library. Safe to use from threads, one
at a time; it sees what llm.index writes meanwhile.
"""

from __future__ import annotations

import json
import math
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from tenfold.science.retrieval import store
from tenfold.science.retrieval.hit import Hit
from tenfold.science.retrieval.vectors import Embedder, Vectors, open_embedder
from tenfold.science.retrieval.words import CJK_JOINS, is_cjk, is_weak, pairs, query_runs, terms

CANDIDATES = 50  # of each ranking
RRF_K = 60
RERANKED = 12  # whose texts are looked at; most of the time of a small index goes there
BM25_TITLE, BM25_BODY = 2.0, 1.0  # how much a term in the title counts
MOST_COUNTED = 5000  # a term in more chunks than this is common, however many they are
MOST_TERMS = 64  # of a question: the rarest of a longer one
UNSEEN = 0.7  # how much a word counts that no document has: it may be another word for the same
ABSENT = ""  # the key of all of those
WEAK = 0.3  # how much a weak term counts where the documents have it


@final
class Index:
    """Open it with `Index.open`, close it after."""

    def __init__(
        self, base: sqlite3.Connection, embedder: Embedder, folder: Path, device: str = "cpu"
    ) -> None:
        self.folder = folder
        self.embedder = embedder
        self._base = base
        self._device = device
        self._lock = threading.RLock()
        self._seen = (-1, -1)
        self._ids: NDArray[np.int64] = np.zeros(0, np.int64)
        self._vectors: Vectors = np.zeros((0, embedder.dimensions), np.float32)

    @classmethod
    def open(cls, folder: Path, device: str = "cpu") -> Index:
        """Refuses a folder without an index, and one whose embedder is gone."""
        base = store.connect(folder)
        try:
            return cls(base, _embedder(base, device), folder, device)
        except BaseException:
            base.close()
            raise

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._base.close()

    @property
    def base(self) -> sqlite3.Connection:
        return self._base

    def search(self, query: str, k: int) -> list[Hit]:
        """At most `k` passages, best first; each chunk's text once."""
        with self._lock:
            weights = self.weights(query)
            ranks: dict[int, float] = {}
            for rank, chunk in enumerate(self._by_words(weights)):
                ranks[chunk] = ranks.get(chunk, 0.0) + 1 / (RRF_K + rank)
            for rank, chunk in enumerate(self._by_vector(query)):
                share = self.embedder.weight / (RRF_K + rank)
                ranks[chunk] = ranks.get(chunk, 0.0) + share
            best = sorted(ranks, key=lambda chunk: (-ranks[chunk], chunk))
            return self._reranked(best, ranks, weights, k)

    def weights(self, query: str) -> dict[str, float]:
        """How much each term of a question counts: its inverse document frequency.

        What no document has counts too, below ABSENT: the question is about something else. Of a
        CJK run that is each character that no known pair of it covers, since a pair across two
        words (坡搬 in 立坡搬到) is no word, and no document has it.
        """
        found: dict[str, float] = {}
        absent = 0.0
        with self._lock:
            self._refresh()
            chunks = max(len(self._ids), 1)
            unseen = UNSEEN * _idf(0, chunks)
            for run in query_runs(query):
                if not is_cjk(run):
                    frequency = self.frequency(run)
                    if frequency:
                        found[run] = _idf(frequency, chunks) * (WEAK if is_weak(run) else 1)
                    elif not is_weak(run):
                        absent += unseen
                    continue
                covered: set[int] = set()
                for at, pair in enumerate(pairs(run)):
                    frequency = self.frequency(pair)
                    if frequency:
                        found[pair] = _idf(frequency, chunks) * (WEAK if is_weak(pair) else 1)
                        covered |= {at, at + 1}
                bare = [o for n, o in enumerate(run) if n not in covered and o not in CJK_JOINS]
                absent += unseen * len(bare)
        rarest = sorted(found, key=lambda term: -found[term])[:MOST_TERMS]
        return {term: found[term] for term in rarest} | ({ABSENT: absent} if absent else {})

    def frequency(self, term: str) -> int:
        """In how many chunks a term is, counted up to `MOST_COUNTED`."""
        with self._lock:
            found = self._base.execute(
                "SELECT count(*) FROM (SELECT 1 FROM words WHERE words MATCH ? LIMIT ?)",
                (_match([term]), MOST_COUNTED),
            ).fetchone()
            return int(found[0])

    def counts(self) -> tuple[int, int]:
        """(documents with text, chunks)."""
        with self._lock:
            found = self._base.execute(
                "SELECT count(*), coalesce(sum(chunks), 0) FROM documents WHERE chunks > 0"
            ).fetchone()
            return int(found[0]), int(found[1])

    def history(self) -> list[dict[str, Any]]:
        """Retrieval scores, oldest first."""
        with self._lock:
            rows = self._base.execute("SELECT at_s, stage, figures FROM history ORDER BY at_s")
            return [
                {"at_s": at, "stage": stage, **json.loads(figures)} for at, stage, figures in rows
            ]

    def _by_words(self, weights: Mapping[str, float]) -> list[int]:
        # A term that is in very many chunks ranks little and costs most.
        common = min(max(len(self._ids) // 4, 100), MOST_COUNTED)
        asked = [term for term in weights if term]
        rare = [term for term in asked if self.frequency(term) < common and not is_weak(term)]
        rare = rare or asked[:2]
        if not rare:
            return []
        rows = self._base.execute(
            "SELECT rowid FROM words WHERE words MATCH ? ORDER BY bm25(words, ?, ?) LIMIT ?",
            (_match(rare), BM25_TITLE, BM25_BODY, CANDIDATES),
        )
        return [int(row[0]) for row in rows]

    def _by_vector(self, query: str) -> list[int]:
        self._refresh()
        if not len(self._ids):
            return []
        near = self._vectors @ self.embedder.encode([query])[0]
        count = min(CANDIDATES, len(near))
        best = np.argpartition(-near, count - 1)[:count]
        best = best[np.argsort(-near[best], kind="stable")]
        return [int(self._ids[at]) for at in best if near[at] > 0]

    def _refresh(self) -> None:
        """Reads the vectors again after somebody wrote the file."""
        seen = int(self._base.execute("PRAGMA data_version").fetchone()[0])
        changes = self._base.total_changes
        if (seen, changes) == self._seen:
            return
        self._seen = (seen, changes)
        if store.meta(self._base, "embedder") != self.embedder.name:
            self.embedder = _embedder(self._base, self._device)
        count = self._base.execute("SELECT count(*) FROM chunks").fetchone()[0]
        ids = np.zeros(count, np.int64)
        vectors = np.zeros((count, self.embedder.dimensions), np.float32)
        rows = self._base.execute("SELECT id, vector FROM chunks ORDER BY id LIMIT ?", (count,))
        for at, (number, vector) in enumerate(rows):
            ids[at] = number
            vectors[at] = np.frombuffer(vector, np.float16)
        self._ids, self._vectors = ids, vectors

    def _reranked(
        self, best: list[int], ranks: dict[int, float], weights: dict[str, float], k: int
    ) -> list[Hit]:
        """The first of them as hits; their support is a third ranking among `RERANKED`."""
        hits: list[Hit] = []
        texts: set[str] = set()
        for chunk in best:
            if len(hits) == max(k, RERANKED):
                break
            row = self._base.execute(
                "SELECT documents.path, chunks.title, chunks.place, chunks.text FROM chunks"
                " JOIN documents ON documents.id = chunks.document WHERE chunks.id = ?",
                (chunk,),
            ).fetchone()
            if row is None or row[3] in texts:
                continue  # it left the index meanwhile, or says the same again
            path, title, place, text = row
            texts.add(text)
            score = support(weights, text, f"{title}\n{place.rpartition(' > ')[0]}")
            hits.append(Hit(path, title, place, text, score, chunk))
        first = sorted(hits[:RERANKED], key=lambda hit: -hit.score)
        for rank, hit in enumerate(first):
            ranks[hit.chunk] += 1 / (RRF_K + rank)
        first.sort(key=lambda hit: -ranks[hit.chunk])
        return [*first, *hits[RERANKED:]][:k]


def support(weights: Mapping[str, float], text: str, title: str = "") -> float:
    """The share of a question (`Index.weights`) that stands in a text and its title, 0 to 1.

    At most twice the share of what the question asks beyond the title: a passage about the right
    thing, with no other word of the question, does not answer it.
    """
    whole = sum(weights.values())
    if not whole:
        return 0.0
    named = _there(title)
    there = named | _there(text)
    share = sum(weight for term, weight in weights.items() if term in there) / whole
    beyond = {t: w for t, w in weights.items() if t not in named and not (t and is_weak(t))}
    if not beyond:
        return share
    held = sum(weight for term, weight in beyond.items() if term in there)
    return min(share, 2 * held / sum(beyond.values()))


def _there(text: str) -> set[str]:
    """The terms of a text, and the characters that begin them."""
    found = set(terms(text))
    return found | {term[0] for term in found if is_cjk(term)}


def _embedder(base: sqlite3.Connection, device: str) -> Embedder:
    model = store.meta(base, "embedder_folder")
    return open_embedder(Path(model) if model else None, device)


def _match(asked: Sequence[str]) -> str:
    """FTS5's words for "any of these"; one CJK character stands for the terms it begins."""
    return " OR ".join(
        f'"{term}"*' if len(term) == 1 and is_cjk(term) else f'"{term}"' for term in asked
    )


def _idf(frequency: int, chunks: int) -> float:
    return math.log(1 + (chunks - frequency + 0.5) / (frequency + 0.5))
