"""llm.ask: judged by its own check, which has to see planted faults."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tenfold.science.retrieval import answering, hit
from tenfold.science.retrieval import index as index_module
from tenfold.science.retrieval.build import Build
from tenfold.science.retrieval.vectors import HashedGrams
from tenfold.terms.box import Device, DeviceKind
from tenfold.terms.outcome import Result
from tenfold.terms.refusal import Refusal
from tenfold.workloads.llm import ask
from tenfold.workloads.llm.ask import Params

CPU = Device("cpu", DeviceKind.CPU, "a CPU", "n", 16.0, cores=2)
SMOKE = Params(**ask.SIZES["smoke"])


class Bench:
    """The part of `Job` that this workload uses."""

    device = "cpu"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.artifacts = folder / "artifacts"
        self.artifacts.mkdir(parents=True, exist_ok=True)
        self.notes: list[str] = []
        self.shown: list[str] = []

    def progress(self, items: Iterable[Any], unit: str = "") -> Iterator[Any]:
        return iter(items)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def checkpoint(self, save: Callable[[Path], object], step: int) -> None: ...

    def artifact(self, path: str | Path, kind: str, title: str) -> None:
        assert (self.artifacts / path).exists()
        self.shown.append(str(path))


@pytest.fixture
def index(tmp_path: Path) -> Path:
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "motor.md").write_text("# 紅隼\n\n紅隼馬達的線圈最高到攝氏71度。")
    (notes / "tea.md").write_text("# Tea\n\nThe oolong steeps for four minutes.")
    build = Build(notes, tmp_path / "index", HashedGrams(), None, 10, 1)
    build.begin(lambda text: None)
    for _ in build.update():
        pass
    build.close()
    return tmp_path / "index"


def judged(params: Params, result: Result) -> Any:
    return ask.check(params, Result(result.summary, json.loads(json.dumps(result.figures))))


def test_smoke_holds_in_both_languages(tmp_path: Path) -> None:
    job = Bench(tmp_path)
    result = ask.run(job, SMOKE)
    verdict = judged(SMOKE, result)
    assert verdict.holds, verdict.sentence
    assert result.figures["questions"] == 272
    assert job.shown == ["answers.md", "answers.json"]
    told = json.loads((job.artifacts / "answers.json").read_text())
    assert all(one["sources"][0]["place"] is not None for one in told if one["known"])
    assert "我不知道" in (job.artifacts / "answers.md").read_text()


@pytest.mark.parametrize("fault", ["knows all", "knows nothing", "misquotes", "wrong source"])
def test_planted_faults(tmp_path: Path, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if fault == "knows all":
        monkeypatch.setattr(hit, "SUPPORTED", 0.0)
    elif fault == "knows nothing":
        monkeypatch.setattr(hit, "SUPPORTED", 1.1)
    elif fault == "wrong source":
        monkeypatch.setattr(index_module, "terms", lambda text: [])
    else:
        real = answering.extract

        def misquoted(*args: Any) -> Any:
            found = real(*args)
            quotes = tuple(answering_quote(quote) for quote in found.quotes)
            return type(found)(found.text, quotes)

        def answering_quote(quote: Any) -> Any:
            return type(quote)(quote.sentence + " indeed", quote.source)

        monkeypatch.setattr(answering, "extract", misquoted)
    verdict = judged(SMOKE, ask.run(Bench(tmp_path), SMOKE))
    assert not verdict.holds, verdict.sentence


def test_a_question_in_your_own_index(tmp_path: Path, index: Path) -> None:
    params = Params(index=str(index), question="紅隼的線圈最高到幾度？")
    job = Bench(tmp_path / "job")
    result = ask.run(job, params)
    assert "攝氏71度" in result.summary and "[1]" in result.summary
    assert judged(params, result).holds
    assert job.notes[1] == "[1] 紅隼 (motor.md, 紅隼 > lines 1-3)" and "an extract" in job.notes[2]
    unknown = ask.run(job, Params(index=str(index), question="Who won the election?"))
    assert unknown.summary.startswith("I don't know") and unknown.figures["unknown"] == 1


def test_a_file_of_questions(tmp_path: Path, index: Path) -> None:
    (tmp_path / "q.txt").write_text("How long does the oolong steep?\n\n紅隼馬達幾度？\n")
    params = Params(index=str(index), question=str(tmp_path / "q.txt"))
    result = ask.run(Bench(tmp_path / "job"), params)
    assert result.figures["questions"] == 2 and result.summary.startswith("2 questions: 2 answered")


def test_bad_input_is_refused(tmp_path: Path, index: Path) -> None:
    for params, code in (
        (Params(index=str(index)), "ask.empty"),
        (Params(index=str(tmp_path / "none"), question="x"), "index.missing"),
        (Params(index=str(index), question="x", model=str(tmp_path)), "ask.model"),
        (Params(index=str(index), question="x", key_file=str(tmp_path / "none")), "ask.key"),
    ):
        with pytest.raises(Refusal) as refused:
            ask.run(Bench(tmp_path / "job"), params)
        assert refused.value.code == code
    for wrong in ({"index": "here"}, {"model": "gpt"}):
        with pytest.raises(ValidationError):
            Params(**wrong)


def test_needs_are_by_the_weights(tmp_path: Path) -> None:
    assert ask.needs(SMOKE, CPU).memory_gib < 1
    (tmp_path / "model.safetensors").write_bytes(b"\0" * 50_000_000)
    assert ask.needs(Params(model=str(tmp_path)), CPU).memory_gib > 1.5
    assert ask.needs(Params(model="http://127.0.0.1:1"), CPU).memory_gib < 1
