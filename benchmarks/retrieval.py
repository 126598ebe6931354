"""What the index of documents does: documents a second, and how long a question takes.

`python benchmarks/retrieval.py` indexes the sources of Python's standard library (reading, cutting,
words, vectors, writing), then makes indexes of 10,000, 100,000 and, with `--million`, 1,000,000
passages of made-up text with a vocabulary as skewed as a language's, and asks each the same kind of
questions: three rare words and two common ones. A question's time is the whole of `Index.search`,
on one thread. The passages of the large indexes are written straight into the store, so their
number of documents a second says nothing. Kept in `results/retrieval.json`.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from faults.kept import keep, quantile

from tenfold.science.retrieval import store
from tenfold.science.retrieval.answering import answer
from tenfold.science.retrieval.build import Build
from tenfold.science.retrieval.chunks import Chunk
from tenfold.science.retrieval.index import Index
from tenfold.science.retrieval.made import write_corpus
from tenfold.science.retrieval.size import standard_library
from tenfold.science.retrieval.vectors import DIMENSIONS, HashedGrams
from tenfold.workloads.llm.index import _library

WORDS = 50_000  # of the made-up language, the n-th as frequent as 1 / (n + 10)
WORDS_A_PASSAGE = 120
QUERIES = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--million", action="store_true", help="also 1,000,000 passages")
    parser.add_argument("--quick", action="store_true", help="10,000 passages only")
    parser.add_argument("--out", type=Path, help="JSON file, instead of results/retrieval.json")
    asked = parser.parse_args()
    sizes = [10_000] if asked.quick else [10_000, 100_000]
    sizes += [1_000_000] if asked.million else []
    with tempfile.TemporaryDirectory() as folder:
        figures: dict[str, Any] = {
            "made": {language: made(Path(folder), language) for language in ("en", "zh-Hant")},
            "library": library(Path(folder) / "library"),
            "latency": {},
            "vectors": f"float16 in the file, float32 in memory, {DIMENSIONS} dimensions",
        }
        for size in sizes:  # kept after each: the largest takes long
            figures["latency"][str(size)] = latency(Path(folder) / str(size), size)
            keep("retrieval", figures, asked.out)


def made(folder: Path, language: str) -> dict[str, Any]:
    """Questions with known answers: the right source first, and what is not known."""
    corpus = write_corpus(folder / language, language)
    build = Build(folder / language, folder / f"{language}-index", HashedGrams(), None, 40, 1)
    build.begin(print)
    for _ in build.update():
        pass
    build.close()
    with Index.open(folder / f"{language}-index") as index:
        told = [answer(index, None, one.text, 5, "") for one in corpus.questions]
        right = [
            bool(one.sources) and one.sources[0].path == asked.path and asked.answer in one.text
            for one, asked in zip(told, corpus.questions, strict=True)
        ]
        unknown = [
            not answer(index, None, one.text, 5, "").known
            for one in (*corpus.foreign, *corpus.absent)
        ]
    return {
        "questions": len(right),
        "right": sum(right),
        "unanswerable": len(unknown),
        "unknown": sum(unknown),
    }


def library(folder: Path) -> dict[str, Any]:
    build = Build(standard_library(), folder, HashedGrams(), None, 200, 1)
    build.begin(print, _library)
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    rows = list(build.update())
    seconds, core_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
    _, score = build.end(0.0)
    documents, passages = build.counts()
    build.close()
    again = Build(standard_library(), folder, HashedGrams(), None, 10, 1)
    again.begin(print, _library)
    began_s = time.perf_counter()
    list(again.update())
    unchanged_s = time.perf_counter() - began_s
    again.close()
    mb = sum(row.bytes for row in rows) / 1e6
    return {
        "documents": documents,
        "passages": passages,
        "mb": round(mb, 2),
        "seconds": round(seconds, 2),
        "core_s_a_mb": round(core_s / mb, 3),
        "documents_a_second": round(documents / seconds, 1),
        "again_unchanged_s": round(unchanged_s, 2),
        "file_mb": round((folder / store.FILE).stat().st_size / 1e6, 1),
        "recall_1": score.recall_1,
        "recall_5": score.recall_5,
        "mrr": round(score.mrr, 3),
        "unknown": score.unknown,
    }


def latency(folder: Path, count: int) -> dict[str, Any]:
    chance = np.random.default_rng(1)
    shares = 1 / (np.arange(WORDS) + 10.0)
    shares /= shares.sum()
    base = store.connect(folder, create=True)
    store.set_meta(base, "embedder", HashedGrams.name)
    base.execute("PRAGMA synchronous = OFF")  # it is thrown away
    began_s = time.perf_counter()
    for start in range(0, count, 10_000):
        size = min(10_000, count - start)
        drawn = chance.choice(WORDS, size=(size, WORDS_A_PASSAGE), p=shares)
        vectors = chance.standard_normal((size, DIMENSIONS), dtype=np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        chunks = [Chunk("made", "line 1", " ".join(f"w{n}" for n in row)) for row in drawn]
        row = store.Row(f"{start}", "", 0, 0, "made", size, 0.0)
        with store.transaction(base):
            store.add(base, row, chunks, vectors)
    base.execute("INSERT INTO words (words) VALUES ('optimize')")
    base.close()
    write_s = time.perf_counter() - began_s
    with Index.open(folder) as index:
        began_s = time.perf_counter()
        index.search("w1", 1)
        load_s = time.perf_counter() - began_s
        pairs = [asked(index, number) for number in range(QUERIES)]
        spent = [1000 * wall_s for wall_s, _ in pairs]
        cpu = [1000 * core_s for _, core_s in pairs]
    size_mb = (folder / store.FILE).stat().st_size / 1e6
    (folder / store.FILE).unlink()
    return {
        "p50_ms": round(statistics.median(spent), 2),
        "p99_ms": round(quantile(spent, 0.99), 2),
        "core_p50_ms": round(statistics.median(cpu), 2),
        "core_p99_ms": round(quantile(cpu, 0.99), 2),
        "load_s": round(load_s, 2),
        "write_s": round(write_s, 1),
        "file_mb": round(size_mb, 1),
    }


def asked(index: Index, number: int) -> tuple[float, float]:
    """(seconds, seconds of CPU): on a busy machine the second says more."""
    chance = random.Random(number)
    rare = [f"w{chance.randrange(2_000, WORDS)}" for _ in range(3)]
    common = [f"w{chance.randrange(5, 200)}" for _ in range(2)]
    began_s, began_cpu_s = time.perf_counter(), time.thread_time()
    assert len(index.search(f"what is the {' '.join(rare + common)}?", 8)) == 8
    return time.perf_counter() - began_s, time.thread_time() - began_cpu_s


if __name__ == "__main__":
    main()
