"""llm.pretrain: judged by its own check, which has to see planted faults."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError

from tenfold.catalogue.contract import Checkpoint
from tenfold.runner.checkpoint import Checkpoints
from tenfold.science.transformer import model as model_module
from tenfold.science.transformer import training
from tenfold.terms.box import Device, DeviceKind, Slot
from tenfold.terms.outcome import Result
from tenfold.terms.refusal import Refusal
from tenfold.workloads.llm import pretrain
from tenfold.workloads.llm.pretrain import Params

CPU = Device("cpu", DeviceKind.CPU, "a CPU", "n", 16.0, cores=2)
H100 = Device("gpu0", DeviceKind.GPU, "NVIDIA H100 80GB HBM3", "n", 80.0)
SMOKE = Params(**pretrain.SIZES["smoke"])
TINY = Params(
    text_mb=0.3,
    vocabulary=300,
    depth=1,
    context=32,
    batch_tokens=256,
    tokens_per_parameter=0.05,
    evaluations=2,
)


class Halted(BaseException):
    """Stands for a kill: the run ends in the middle."""


class Bench:
    """The part of `Job` that this workload uses, with real checkpoints; dies after `lives`."""

    device = "cpu"
    rank, world = 0, 1

    def __init__(self, folder: Path, memory_gib: float = 4.0, lives: int | None = None) -> None:
        self.slot = Slot("n", ("cpu",), DeviceKind.CPU, 1, memory_gib)
        self.folder = folder
        self.artifacts = folder / "artifacts"
        self.artifacts.mkdir(parents=True, exist_ok=True)
        (folder / "checkpoints").mkdir(exist_ok=True)
        self.shown: list[tuple[str, str]] = []
        self.notes: list[str] = []
        self.logged: list[dict[str, float]] = []
        self._checkpoints = Checkpoints(folder / "checkpoints")
        self._lives = lives

    def progress(self, items: Iterable[Any], total: float | None = None) -> Iterator[Any]:
        return iter(items)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def log(self, step: int, **metrics: float) -> None:
        self.logged.append({"step": step} | metrics)

    def checkpoint(self, save: Callable[[Path], object], step: int) -> None:
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


def test_smoke_holds_and_shows_its_work(tmp_path: Path) -> None:
    job = Bench(tmp_path)
    result = pretrain.run(job, SMOKE)
    verdict = pretrain.check(SMOKE, Result(result.summary, json.loads(json.dumps(result.figures))))
    assert verdict.holds, verdict.sentence
    assert [name for name, _ in job.shown] == [
        "recipe.json",
        "learning.png",
        "samples.txt",
        "model",
    ]
    assert "documents of" in job.notes[0] and "held out" in job.notes[1]
    assert "parameters" in job.notes[2] and "steps of 1024 tokens" in job.notes[3]
    assert sum("tokens it writes: " in note for note in job.notes) == 3
    bits = [entry["bits_per_byte"] for entry in job.logged if "bits_per_byte" in entry]
    assert len(bits) == 4 and bits == sorted(bits, reverse=True)
    samples = (tmp_path / "artifacts" / "samples.txt").read_text()
    assert samples.count("--- after") == 3 and samples.count("--- before") == 1
    assert samples.count("--- at") == 3
    files = sorted(path.name for path in (tmp_path / "artifacts" / "model").iterdir())
    assert files == [
        "chat_template.jinja",
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "recipe.json",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    transformers = pytest.importorskip("transformers")
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "artifacts" / "model")
    text = 'def spam(eggs):\n    return "é, 測試"  # kept\n'
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def _no_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_module, "rotate", lambda x, cos, sin: 0.0 * x)


def _no_learning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.optim.AdamW, "step", lambda self: None)


@pytest.mark.parametrize("fault", [_no_order, _no_learning])
def test_the_check_sees_a_fault(
    fault: Callable[[pytest.MonkeyPatch], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault(monkeypatch)
    assert not pretrain.check(SMOKE, pretrain.run(Bench(tmp_path), SMOKE)).holds


def test_the_check_sees_a_folder_that_is_not_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = model_module.rotary_tables

    def turned(shape: Any) -> Any:
        cos, sin = right(shape)
        return cos, -sin

    from tenfold.science.transformer import pretraining

    read = pretraining.read_folder

    def wrong(folder: Path) -> Any:
        monkeypatch.setattr(model_module, "rotary_tables", turned)
        return read(folder)

    monkeypatch.setattr(pretraining, "read_folder", wrong)
    verdict = pretrain.check(TINY, pretrain.run(Bench(tmp_path), TINY))
    assert not verdict.holds and "read back" in verdict.sentence


def _result(**changed: Any) -> Result:
    figures = {
        "bits_per_byte": 1.7,
        "bigram_bits_per_byte": 2.0,
        "reloaded_bits_per_byte": 1.7,
        "tokens": 2_000_000,
    }
    return Result("", figures | changed)


@pytest.mark.parametrize(
    ("changed", "holds", "says"),
    [
        ({}, True, "15%"),
        ({"bits_per_byte": 1.9, "reloaded_bits_per_byte": 1.9}, False, "gate is 0.92"),
        ({"bits_per_byte": 1.9, "reloaded_bits_per_byte": 1.9, "tokens": 9e4}, True, "0.96"),
        ({"bits_per_byte": 1.95, "reloaded_bits_per_byte": 1.95, "tokens": 9e4}, False, "0.96"),
        ({"reloaded_bits_per_byte": 1.7002}, False, "read back"),
        ({"bits_per_byte": float("nan")}, False, "read back"),
        ({"bigram_bits_per_byte": float("nan")}, False, "bigram has nan"),
    ],
)
def test_every_gate_can_fail(changed: dict[str, Any], holds: bool, says: str) -> None:
    verdict = pretrain.check(SMOKE, _result(**changed))
    assert verdict.holds is holds
    assert says in verdict.sentence


@pytest.mark.parametrize("lives", [1, 5, 12])
def test_killed_and_resumed_it_ends_with_the_same_bytes(
    lives: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenfold.science.transformer.picture.draw", lambda path, *_: path.touch())
    whole = pretrain.run(Bench(tmp_path / "whole"), TINY)
    with pytest.raises(Halted):
        pretrain.run(Bench(tmp_path / "broken", lives=lives), TINY)
    torch.manual_seed(1234)  # another process: nothing may be drawn from the global state
    resumed = pretrain.run(Bench(tmp_path / "broken"), TINY)
    weights = [
        (tmp_path / name / "artifacts" / "model" / "model.safetensors").read_bytes()
        for name in ("whole", "broken")
    ]
    assert weights[0] == weights[1]
    timing = {"train_s", "core_s", "tokens_per_s", "model_flops_per_s", "flops_per_core_s"}
    assert {k: v for k, v in resumed.figures.items() if k not in timing} == {
        k: v for k, v in whole.figures.items() if k not in timing
    }
    assert whole.figures["steps"] > 13


def test_a_resumed_run_keeps_its_recipe_and_tokens(tmp_path: Path) -> None:
    with pytest.raises(Halted):
        pretrain.run(Bench(tmp_path, lives=2), TINY)
    (tmp_path / "artifacts" / "recipe.json").unlink()
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "tokens").iterdir()}
    with pytest.raises(Halted):
        pretrain.run(Bench(tmp_path, lives=1), TINY.model_copy(update={"rate": 2.0}))
    kept = json.loads((tmp_path / "artifacts" / "recipe.json").read_text())
    assert kept["matrix_lr"] == pytest.approx(0.04)
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "tokens").iterdir()}


def test_a_training_that_blows_up_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = training.Trainer.step
    monkeypatch.setattr(
        training.Trainer, "step", lambda self, step, b: right(self, step, b) / (step < 6)
    )
    with pytest.raises(Refusal) as refused:
        pretrain.run(Bench(tmp_path), TINY)
    assert refused.value.code == "pretrain.diverged" and "--rate, such as 0.5" in refused.value.next


def test_bad_text_is_refused_in_words(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    given = TINY.model_copy(update={"text": str(notes)})
    cases = {
        "text.little": lambda: (notes / "a.txt").write_text("one line\n"),
        "pretrain.vocabulary": lambda: (notes / "a.txt").write_text(
            "".join(f"{n:05d}\n" for n in range(20_000))
        ),
    }
    for code, fill in cases.items():
        fill()
        with pytest.raises(Refusal) as refused:
            pretrain.run(Bench(tmp_path / code), given.model_copy(update={"vocabulary": 20_000}))
        assert refused.value.code == code and refused.value.next
        assert not (tmp_path / code / "tokens").exists()
    with pytest.raises(Refusal) as refused:
        pretrain.run(
            Bench(tmp_path / "long"),
            given.model_copy(update={"context": 8192, "batch_tokens": 8192}),
        )
    assert refused.value.code == "pretrain.context" and "--context" in refused.value.next


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"text": "notes"}, "full path"),
        ({"tokenizer": "tokenizer.json"}, "full path"),
        ({"depth": 0}, "greater than or equal to 1"),
        ({"vocabulary": 100}, "greater than or equal to 264"),
        ({"depth": 3, "kv_heads": 2}, "divide the 3 heads"),
        ({"tokens_per_parameter": 0}, "greater than 0"),
    ],
)
def test_bad_params_are_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Params(**given)


def test_needs_on_a_cpu_and_a_gpu() -> None:
    full = Params(**pretrain.SIZES["full"], text="/somewhere")
    needs = pretrain.needs(full, H100)
    assert needs.gpus == 1 and 20.0 < needs.memory_gib < 76.0
    assert needs.time_s is not None and 3600.0 < needs.time_s < 8 * 3600.0
    smaller = pretrain.needs(full, Device("gpu0", DeviceKind.GPU, "NVIDIA L4", "n", 22.0))
    assert smaller.memory_gib < 22.0 and "not in the table" in smaller.basis
    desk = pretrain.needs(Params(**pretrain.SIZES["desk"]), CPU)
    assert (desk.gpus, desk.cores, desk.ranks) == (0, 1, 1)
    ten = pretrain.needs(full.model_copy(update={"ranks": 10}), H100)
    assert ten.gpus == 10 and needs.memory_gib < ten.memory_gib < 76.0
    assert ten.time_s is not None and ten.time_s < needs.time_s
    # 5.9 billion parameters: 16 bytes each are beyond one card, a tenth of them is not.
    large = full.model_copy(update={"depth": 48})
    assert pretrain.needs(large, H100).memory_gib > 80.0
    split = pretrain.needs(large.model_copy(update={"ranks": 10}), H100)
    assert split.gpus == 10 and 10.0 < split.memory_gib < 60.0


def test_memory_is_what_the_formulas_say() -> None:
    """facts: 16 bytes a parameter, 34 s b h a layer, 10 bytes a logit; one micro-batch."""
    full = Params(**pretrain.SIZES["full"], text="/somewhere")
    recipe = pretrain._recipe(full, full.vocabulary, 3e9, H100)
    shape, tokens = recipe.shape, recipe.micro_sequences * 1024
    by_hand = 16 * shape.parameters + tokens * (34 * 12 * 768 + 10 * 32_768)
    needs = pretrain.needs(full, H100)
    assert needs.memory_gib == pytest.approx(0.7 + 1.1 * by_hand / 2**30)


@pytest.mark.parametrize(("depth", "advice"), [(12, "--depth 8"), (40, "--depth 8")])
def test_a_model_too_large_for_its_slot_is_refused(depth: int, advice: str, tmp_path: Path) -> None:
    params = TINY.model_copy(update={"depth": depth, "vocabulary": 300, "context": 256})
    with pytest.raises(Refusal) as refused:
        pretrain.run(Bench(tmp_path, memory_gib=1.2), params)
    assert refused.value.code == "pretrain.memory"
    assert refused.value.next.startswith(f"give {advice},")
    assert not (tmp_path / "artifacts" / "model").exists()


def test_the_sizes_keep_their_promise() -> None:
    """smoke: 15 core-seconds; desk: five minutes on a core."""
    times_s = {
        size: pretrain.needs(Params(**pretrain.SIZES[size]), CPU).time_s
        for size in ("smoke", "desk")
    }
    assert times_s["smoke"] < 15.0 and times_s["desk"] < 300.0
    assert len(Params.model_fields) <= 15


def test_importing_it_is_light() -> None:
    code = (
        "import sys; import tenfold.workloads.llm.pretrain;"
        "print([name for name in ('numpy', 'matplotlib', 'torch', 'tokenizers', 'safetensors')"
        " if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
