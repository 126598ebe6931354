"""Index of your documents: makes a folder searchable, and measures how well it finds.

Text, Markdown, source code, web pages, PDF, Word and mail are cut into passages and kept in one
SQLite file: words by BM25 (Chinese, Japanese and Korean by pairs of characters) beside vectors (of
hashed letters, or of a sentence-transformers model that you have). Run it again after a change:
what is unchanged is not read again, what you deleted leaves no trace. Each run asks the index
questions of its own documents before and after, and some that no document answers. Judged by how
many of the first are found among five passages, and how many of the second are not thought known.
What it does not do: read pictures of text (scans), follow links, read what is attached to mails.

    tenfold run llm.index --documents ~/notes --index ~/notes-index
"""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from tenfold.catalogue.contract import Job, WorkloadParams
from tenfold.terms.box import Device, DeviceKind
from tenfold.terms.needs import Needs
from tenfold.terms.outcome import Result, Verdict

SIZES: dict[str, dict[str, Any]] = {
    "smoke": {"questions": 60},
    "desk": {"documents": "python", "questions": 200},
    "full": {"documents": "python", "questions": 500},
}
REQUIRES = ("index",)
RESUMES = True

LIBRARY = "python"
LIBRARY_PASSED_OVER = frozenset({"test", "tests", "idle_test", "encodings", "ensurepip"})
LANGUAGES = ("en", "zh-Hant")  # of the made-up documents

# Of questions made of the documents themselves, so near all should be found; what is left over are
# sentences that stand in several passages almost alike. The made-up documents have none of those.
GATE_MADE = 0.95
GATE_FOUND = 0.80
GATE_UNKNOWN = 0.90

CORE_S_A_MB = 0.7  # benchmarks/retrieval.py: 0.35 and what the reader takes; as much for slow disks
CHUNKS_A_MB = 1600.0  # of Chinese, the most; code has a third of it
QUESTION_S = 0.05  # to make and to ask it, twice
GIB_A_CHUNK = 2e-6 + 512 * 4 / 2**30  # a vector in memory, and what belongs to it


class Params(WorkloadParams):
    documents: str = Field(
        "",
        description="Full path of a folder of documents; empty for made-up ones, `python` for the"
        " sources of Python's standard library.",
        json_schema_extra={"unit": "path"},
    )
    index: str = Field(
        "",
        description="Full path of the folder where the index is kept and found again; empty for"
        " one in the job's own folder.",
        json_schema_extra={"unit": "path"},
    )
    embedder: str = Field(
        "",
        description="Full path of a sentence-transformers model; empty for hashed letters.",
        json_schema_extra={"unit": "path"},
    )
    questions: int = Field(
        100,
        description="How many questions of the documents the index is judged by.",
        ge=10,
        le=5000,
        json_schema_extra={"unit": "questions"},
    )
    seed: int = Field(
        1,
        description="Another seed, other questions.",
        ge=0,
        le=2**31,
        json_schema_extra={"unit": "1"},
    )

    @field_validator("documents", "index", "embedder")
    @classmethod
    def _whole_path(cls, value: str) -> str:
        if value and value != LIBRARY and not value.startswith(("/", "~")):
            raise ValueError("give the full path: a job runs in a folder of its own")
        return value


def needs(params: Params, device: Device) -> Needs:
    """By the size of the folder: a look at its files, without reading them."""
    from tenfold.science.retrieval.size import folder_mb

    mb = 0.1 if not params.documents else 11.0
    if params.documents not in ("", LIBRARY):
        mb = folder_mb(Path(params.documents).expanduser())
    chunks = CHUNKS_A_MB * mb
    gpu = params.embedder and device.kind is DeviceKind.GPU
    basis = f"{mb:.3g} MB at {CORE_S_A_MB:g} core-seconds a MB, about {chunks:,.0f} passages"
    return Needs(
        gpus=1 if gpu else 0,
        cores=1,
        memory_gib=(2.5 if params.embedder else 0.5) + GIB_A_CHUNK * chunks,
        time_s=4 + CORE_S_A_MB * mb + QUESTION_S * params.questions,
        basis=basis + ("; the model's own time comes on top" if params.embedder else ""),
    )


def run(job: Job, params: Params) -> Result:
    from tenfold.science.retrieval.build import Build
    from tenfold.science.retrieval.vectors import open_embedder

    model = Path(params.embedder).expanduser() if params.embedder else None
    embedder = open_embedder(model, job.device)
    found: dict[str, Any] = {}
    for name, folder, index in _sources(job, params):
        build = Build(folder, index, embedder, model, params.questions, params.seed)
        keep = _library if params.documents == LIBRARY else None
        try:
            found[name] = _built(job, name, build, keep)
        finally:
            build.close()
    figures = _worst(list(found.values()))
    (job.artifacts / "scores.json").write_text(json.dumps(found, indent=1) + "\n")
    job.artifact("scores.json", "data", "Retrieval scores, before and after")
    return Result(_summary(figures), figures)


def check(params: Params, result: Result) -> Verdict:
    """Fails for an index that does not find its own documents, and for one that knows all."""
    figures = result.figures
    gate = GATE_FOUND if params.documents else GATE_MADE
    found, unknown, answered = (figures[key] for key in ("recall_5", "unknown", "answered"))
    told = {"recall_5": found, "unknown": unknown, "answered": answered}
    sentence = (
        f"{found:.1%} of {figures['questions']} questions of the documents were found among five"
        f" passages (gate {gate:.0%}), {answered:.1%} thought answerable (gate {gate:.0%});"
        f" {unknown:.1%} of {figures['foreign']} that no document answers were not (gate"
        f" {GATE_UNKNOWN:.0%})."
    )
    holds = found >= gate and answered >= gate and unknown >= GATE_UNKNOWN
    return Verdict(holds, sentence, told)


def _sources(job: Job, params: Params) -> Sequence[tuple[str, Path, Path]]:
    """(name, documents, index) of each index of this run."""
    from tenfold.science.retrieval.made import write_corpus
    from tenfold.science.retrieval.size import standard_library

    index = Path(params.index).expanduser() if params.index else job.artifacts / "index"
    if params.documents:
        library = params.documents == LIBRARY
        folder = standard_library() if library else Path(params.documents).expanduser()
        return [("documents", folder, index)]
    made = []
    for language in LANGUAGES:
        folder = job.folder / "documents" / language
        write_corpus(folder, language)
        made.append((language, folder, index / language))
    return made


def _built(job: Job, name: str, build: Any, keep: Callable[[str], bool] | None) -> dict[str, Any]:
    before = build.begin(job.note, keep)
    if before is not None:
        job.note(f"{name}, before: {before.words()}")
    began_s = time.monotonic()
    for _ in job.progress(build.update(), total=len(build.files), unit="document"):
        # The index itself is what stands; this is the place where a stop is heard.
        job.checkpoint(lambda folder: (folder / "done").write_text(str(build.done)), build.done)
    seconds = time.monotonic() - began_s
    _table(job, name, build.rows)
    again, after = build.end(time.time())
    if again is not None:
        job.note(f"{name}, the same questions after: {again.words()}")
    job.note(f"{name}, after: {after.words()}")
    job.note(f"{build.change.words()}; index: {build.index_folder}")
    job.log(build.done, **asdict(after))
    documents, chunks = build.counts()
    return {
        "before": asdict(before) if before else None,
        "same_after": asdict(again) if again else None,
        "after": asdict(after),
        "documents": documents,
        "passages": chunks,
        "seconds": seconds,
        "change": asdict(build.change),
        "index": str(build.index_folder),
    }


def _library(path: str) -> bool:
    return path.endswith(".py") and not LIBRARY_PASSED_OVER.intersection(path.split("/"))


def _table(job: Job, name: str, rows: Sequence[Any]) -> None:
    """The manifest: a line for each file."""
    path = job.artifacts / f"manifest-{name}.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["path", "passages", "seconds", "error", "note", "bytes", "sha256"])
        for row in rows:
            seconds = f"{row.seconds:.4f}"
            table.writerow(
                [row.path, row.chunks, seconds, row.error, row.note, row.bytes, row.hash]
            )
    job.artifact(path, "table", f"What was read ({name}), and what was not and why")


def _worst(found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The smallest score of several indexes, and the sums of what is counted."""
    after = [one["after"] for one in found]
    figures: dict[str, Any] = {
        key: min(one[key] for one in after)
        for key in ("recall_1", "recall_5", "mrr", "answered", "unknown")
    }
    for key in ("questions", "foreign"):
        figures[key] = sum(one[key] for one in after)
    for key in ("documents", "passages", "seconds"):
        figures[key] = sum(one[key] for one in found)
    figures["failed"] = sum(one["change"]["failed"] for one in found)
    figures["indexes"] = [one["index"] for one in found]
    return figures


def _summary(figures: dict[str, Any]) -> str:
    return (
        f"{figures['documents']:,} documents in {figures['passages']:,} passages, up to date in"
        f" {figures['seconds']:.3g} s, {figures['failed']} files not readable: recall@5"
        f" {figures['recall_5']:.3f}, 'I don't know' to {figures['unknown']:.0%} of questions"
        " that nothing answers."
    )
