"""llm.index: judged by its own check, which has to see planted faults; and it resumes."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tenfold.science.retrieval import index as index_module
from tenfold.terms.box import Device, DeviceKind
from tenfold.terms.outcome import Result
from tenfold.terms.refusal import Refusal
from tenfold.workloads.llm import index
from tenfold.workloads.llm.index import Params

CPU = Device("cpu", DeviceKind.CPU, "a CPU", "n", 16.0, cores=2)
SMOKE = Params(**index.SIZES["smoke"])


class Halted(BaseException):
    """Stands for a stop: `checkpoint` does not return."""


class Bench:
    """The part of `Job` that this workload uses; stops at the `lives`th document."""

    device = "cpu"

    def __init__(self, folder: Path, lives: int | None = None) -> None:
        self.folder = folder
        self.artifacts = folder / "artifacts"
        self.artifacts.mkdir(parents=True, exist_ok=True)
        self.shown: list[tuple[str, str]] = []
        self.notes: list[str] = []
        self.logged: list[dict[str, float]] = []
        self._lives = lives

    def progress(self, items: Iterable[Any], total: float = 0, unit: str = "") -> Iterator[Any]:
        return iter(items)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def log(self, step: int, **metrics: float) -> None:
        self.logged.append({"step": step} | metrics)

    def checkpoint(self, save: Callable[[Path], object], step: int) -> None:
        if self._lives is not None and step >= self._lives:
            raise Halted

    def artifact(self, path: str | Path, kind: str, title: str) -> None:
        assert (self.artifacts / path).exists()
        self.shown.append((Path(path).name, kind))


def judged(params: Params, result: Result) -> Any:
    return index.check(params, Result(result.summary, json.loads(json.dumps(result.figures))))


def test_smoke_holds_in_both_languages(tmp_path: Path) -> None:
    job = Bench(tmp_path)
    result = index.run(job, SMOKE)
    verdict = judged(SMOKE, result)
    assert verdict.holds, verdict.sentence
    assert [name for name, _ in job.shown] == [
        "manifest-en.csv",
        "manifest-zh-Hant.csv",
        "scores.json",
    ]
    with open(job.artifacts / "manifest-zh-Hant.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 40 and all(row["passages"] == "1" and row["sha256"] for row in rows)
    assert any(note.startswith("zh-Hant, after: recall@1") for note in job.notes)
    scores = json.loads((job.artifacts / "scores.json").read_text())
    assert scores["en"]["before"] is None and scores["en"]["after"]["questions"] == 40
    again = Bench(tmp_path)
    index.run(again, SMOKE)
    assert any("zh-Hant, before: recall@1" in note for note in again.notes)
    assert any("0 new, 0 changed, 0 gone, 40 unchanged" in note for note in again.notes)


@pytest.mark.parametrize("fault", ["knows all", "finds nothing"])
def test_planted_faults(tmp_path: Path, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if fault == "knows all":
        monkeypatch.setattr(index_module, "support", lambda *told: 1.0)
    else:
        monkeypatch.setattr(index_module, "_match", lambda asked: '"nothing"')
        monkeypatch.setattr(index_module.Index, "_by_vector", lambda self, query: [])
    verdict = judged(SMOKE, index.run(Bench(tmp_path), SMOKE))
    assert not verdict.holds, verdict.sentence


def test_a_stopped_run_goes_on(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    for n in range(12):
        text = f"# Note {n}\n\nThe gadget{n} of Mister{n} weighs {n + 3} kilograms in town{n}.\n"
        (notes / f"{n}.md").write_text(text)
    params = Params(documents=str(notes), index=str(tmp_path / "index"), questions=10)
    with pytest.raises(Halted):
        index.run(Bench(tmp_path / "1", lives=5), params)
    job = Bench(tmp_path / "2")
    result = index.run(job, params)
    assert judged(params, result).holds
    assert any("7 new, 0 changed, 0 gone, 5 unchanged" in note for note in job.notes)
    assert (tmp_path / "index" / "profile.md").exists()


def test_bad_input_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "binary").mkdir()
    (tmp_path / "binary" / "a.bin").write_bytes(b"\0\1")

    def run(folder: str) -> None:
        params = Params(documents=str(tmp_path / folder), index=str(tmp_path / "i" / folder))
        index.run(Bench(tmp_path / "job"), params)

    for folder, code in (("none", "documents"), ("empty", "empty"), ("binary", "unread")):
        with pytest.raises(Refusal) as refused:
            run(folder)
        assert refused.value.code == f"index.{code}"
    assert "a.bin" in (tmp_path / "job" / "artifacts" / "manifest-documents.csv").read_text()
    with pytest.raises(ValidationError, match="full path"):
        Params(documents="notes")


def test_needs_follow_the_folder(tmp_path: Path) -> None:
    small = index.needs(SMOKE, CPU)
    (tmp_path / "a.txt").write_bytes(b"word " * 2_000_000)
    large = index.needs(Params(documents=str(tmp_path)), CPU)
    assert small.time_s is not None and large.time_s is not None
    assert small.time_s < 10 < large.time_s and small.memory_gib < large.memory_gib
    assert "10 MB" in large.basis
    assert index.needs(Params(documents=str(tmp_path / "none")), CPU).gpus == 0
