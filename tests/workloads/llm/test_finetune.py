"""llm.finetune: judged by its own check, resumed to the bit, and with planted faults."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tenfold.catalogue.contract import Checkpoint
from tenfold.runner.checkpoint import Checkpoints
from tenfold.terms.box import Device, DeviceKind, Slot
from tenfold.terms.outcome import Result
from tenfold.terms.refusal import Refusal
from tenfold.workloads.llm import finetune
from tenfold.workloads.llm.finetune import Params

torch = pytest.importorskip("torch")
pytest.importorskip("trl")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

CPU = Device("cpu", DeviceKind.CPU, "a CPU", "n", 16.0, cores=2)
H100 = Device("gpu0", DeviceKind.GPU, "NVIDIA H100 80GB HBM3", "n", 80.0)
SMOKE = Params(**finetune.SIZES["smoke"])
TINY = Params(base_tokens=8_000, facts=2, passes=2.0, sequences=4)
BASE_STEPS, TUNE_STEPS = 4, 11


class Halted(BaseException):
    """Stands for a kill: the run ends in the middle."""


class Bench:
    """The part of `Job` that this workload uses, with real checkpoints; dies after `lives`."""

    device = "cpu"
    world = 1

    def __init__(self, folder: Path, memory_gib: float = 4.0, lives: int | None = None) -> None:
        self.slot = Slot("n", ("cpu",), DeviceKind.CPU, 1, memory_gib)
        self.folder = folder
        self.artifacts = folder / "artifacts"
        self.artifacts.mkdir(parents=True, exist_ok=True)
        (folder / "checkpoints").mkdir(exist_ok=True)
        self.shown: list[tuple[str, str]] = []
        self.notes: list[str] = []
        self.logged: list[dict[str, float]] = []
        self.steps = self.calls = 0
        self._checkpoints = Checkpoints(folder / "checkpoints")
        self._lives = lives

    def progress(self, items: Iterable[Any], total: float | None = None) -> Iterator[Any]:
        return iter(items)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def log(self, step: int, **metrics: float) -> None:
        self.logged.append({"step": step} | metrics)

    def checkpoint(self, save: Callable[[Path], object], step: int) -> None:
        self.steps = step
        self.calls += 1
        if self._lives is None:
            return
        self._lives -= 1
        if self._lives == 0:
            self._checkpoints.write(save, step)
            raise Halted

    def resume(self) -> Checkpoint | None:
        return self._checkpoints.newest()

    def artifact(self, path: str | Path, kind: str, title: str) -> None:
        assert (self.artifacts / path).exists()
        self.shown.append((Path(path).name, kind))


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bench, Result]:
    torch.set_num_threads(1)
    job = Bench(tmp_path_factory.mktemp("smoke"))
    return job, finetune.run(job, SMOKE)


def test_smoke_holds_and_shows_its_work(smoke: tuple[Bench, Result]) -> None:
    job, result = smoke
    figures = json.loads(json.dumps(result.figures))
    verdict = finetune.check(SMOKE, Result(result.summary, figures))
    assert verdict.holds, verdict.sentence
    assert {name for name, _ in job.shown} >= {"learned.png", "answers.json", "adapter", "merged"}
    assert figures["same_text"] == 1.0 and figures["exact_before"] == 0.0


def test_the_needs_follow_the_model() -> None:
    small = finetune.needs(SMOKE, CPU)
    assert small.cores == 1 and small.time_s is not None and small.time_s < 20
    eight = Params(model="some/Model-8B")
    on_gpu = finetune.needs(eight, H100)
    assert on_gpu.gpus == 1 and 16 < on_gpu.memory_gib < 24
    assert finetune.needs(eight.model_copy(update={"method": "qlora"}), H100).memory_gib < 10
    assert finetune.needs(eight.model_copy(update={"method": "full"}), H100).memory_gib > 130


def weights(job: Bench, folder: str = "merged") -> dict[str, Any]:
    from safetensors.torch import load_file

    return load_file(job.artifacts / folder / "model.safetensors")


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    torch.set_num_threads(1)
    job = Bench(tmp_path_factory.mktemp("unbroken"))
    finetune.run(job, TINY)
    assert job.steps == BASE_STEPS + TUNE_STEPS
    return job


def on_the_same_base(unbroken: Bench, folder: Path) -> Path:
    """A job's folder in which the base is made already."""
    shutil.copytree(unbroken.folder / "tokens", folder / "tokens")
    shutil.copytree(unbroken.artifacts / "base", folder / "artifacts" / "base")
    shutil.copy(unbroken.folder / "base.whole", folder)
    return folder


def test_a_killed_run_ends_with_the_same_weights(unbroken: Bench, tmp_path: Path) -> None:
    """Killed while the base is made, and again while it is tuned."""
    for lives in (2, BASE_STEPS - 2 + 3):
        with pytest.raises(Halted):
            finetune.run(Bench(tmp_path, lives=lives), TINY)
    job = Bench(tmp_path)
    finetune.run(job, TINY)
    assert job.steps == BASE_STEPS + TUNE_STEPS
    assert job.calls == TUNE_STEPS - 3  # it went on, and did not begin again
    whole, again, base = weights(unbroken), weights(job), weights(job, "base")
    assert whole.keys() == again.keys() == base.keys()
    assert all(torch.equal(whole[name], again[name]) for name in whole)
    assert not all(torch.equal(base[name], again[name]) for name in base)


def test_so_does_one_that_trains_all_weights(unbroken: Bench, tmp_path: Path) -> None:
    params = TINY.model_copy(update={"method": "full", "sequences": 8, "passes": 4.0})
    whole = Bench(on_the_same_base(unbroken, tmp_path / "whole"))
    killed = on_the_same_base(unbroken, tmp_path / "killed")
    finetune.run(whole, params)
    with pytest.raises(Halted):
        finetune.run(Bench(killed, lives=3), params)
    finetune.run(job := Bench(killed), params)
    assert job.calls == whole.calls - 3
    one, other = weights(whole), weights(job)
    assert all(torch.equal(one[name], other[name]) for name in one)


def _nothing_merged(folder: Path, adapter: Path, where: str, tokenizer: Any, more: Any) -> None:
    from tenfold.science.finetune import folders

    folders._write(folder, folders.load(where), tokenizer, more)


def _no_end(folder: Path, adapter: Path, where: str, tokenizer: Any, more: Any) -> None:
    from tenfold.science.finetune import folders

    model = folders.on_base(adapter, where).merge_and_unload()
    folders._write(folder, model, tokenizer, more)
    template = folder / "chat_template.jinja"
    template.write_text(template.read_text().replace("'<|assistant|>'", "'<|user|>'"))


@pytest.mark.parametrize("fault", [_nothing_merged, _no_end])
def test_the_gate_sees_a_folder_that_is_not_the_model(
    fault: Callable[..., None],
    unbroken: Bench,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tenfold.science.finetune import folders

    monkeypatch.setattr(folders, "write_merged", fault)
    params = TINY.model_copy(update={"passes": 8.0})
    job = Bench(on_the_same_base(unbroken, tmp_path))
    verdict = finetune.check(params, finetune.run(job, params))
    assert not verdict.holds
    assert "read anew" in verdict.sentence or "off" in verdict.sentence


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"same_text": 0.9}, "read anew"),
        ({"reloaded_apart": 0.01}, "merged folder"),
        ({"reloaded_apart": float("nan")}, "merged folder"),
        ({"forgotten_bits": 0.3}, "in spite of replay"),
        ({"forgotten_bits": float("nan")}, "in spite of replay"),
        ({"exact": 0.1}, "the gate is"),
        ({"exact": None, "own_bits_before": 2.0, "own_bits_after": 2.1}, "Own text"),
    ],
)
def test_each_gate_can_fail(
    changed: dict[str, Any], word: str, smoke: tuple[Bench, Result]
) -> None:
    result = Result("", smoke[1].figures | changed)
    verdict = finetune.check(SMOKE, result)
    assert not verdict.holds and word in verdict.sentence


def test_the_full_proof_asks_for_all(smoke: tuple[Bench, Result]) -> None:
    desk = Params(**finetune.SIZES["desk"])
    good = smoke[1].figures | {"exact": 1.0, "exact_unseen": 1.0, "forgotten_bits": 0.04}
    assert finetune.check(desk, Result("", good)).holds
    assert not finetune.check(desk, Result("", good | {"exact_unseen": 0.9})).holds
    assert not finetune.check(desk, Result("", good | {"forgotten_bits": 0.06})).holds
    none = desk.model_copy(update={"replay": 0.0})
    assert finetune.check(none, Result("", good | {"forgotten_bits": 2.0})).holds


def test_style_is_learned_from_a_folder(unbroken: Bench, tmp_path: Path) -> None:
    """On a base given as a folder, whose replay it writes itself."""
    notes = tmp_path / "notes"
    notes.mkdir()
    for number in range(12):
        day = f"Dear diary, on day {number} the sea was calm and the bread was good.\n"
        (notes / f"{number}.md").write_text(day * 6)
    params = Params(
        model=str(unbroken.artifacts / "base"),
        data=str(notes),
        passes=6.0,
        sequences=4,
        replay=0.25,
    )
    job = Bench(tmp_path / "job")
    result = finetune.run(job, params)
    assert any("that its base writes by itself" in note for note in job.notes)
    assert result.figures["own_bits_after"] < 0.9 * result.figures["own_bits_before"]
    assert result.figures["own_is_held_out"] and result.figures["exact"] is None


def test_what_cannot_work_is_refused(unbroken: Bench, tmp_path: Path) -> None:
    def refused(memory_gib: float = 4.0, **params: Any) -> str:
        with pytest.raises(Refusal) as told:
            finetune.run(Bench(tmp_path / "job", memory_gib), Params(**params))
        return told.value.code

    base = str(unbroken.artifacts / "base")
    assert refused(method="qlora") == "finetune.qlora"
    assert refused(base_tokens=0) == "finetune.base"
    assert refused(model=base, context=4096) == "finetune.context"
    assert refused(model=base, data=str(tmp_path / "none.csv")) == "finetune.data"
    assert refused(model="some/Model-8B", memory_gib=16.0) == "finetune.large"
    chat = tmp_path / "long.jsonl"
    said = [{"role": "user", "content": "word " * 400}, {"role": "assistant", "content": "No"}]
    chat.write_text(json.dumps({"messages": said}) + "\n")
    assert refused(model=base, data=str(chat)) == "finetune.long"
