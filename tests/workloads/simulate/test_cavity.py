"""simulate.cavity: judged by its own check, which has to see planted faults."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import warp as wp
from pydantic import ValidationError

from tenfold.science.lattice_boltzmann import flow as flow_module
from tenfold.science.lattice_boltzmann import march as march_module
from tenfold.science.lattice_boltzmann import scaling
from tenfold.terms.box import Device, DeviceKind, Slot
from tenfold.terms.outcome import Result
from tenfold.workloads.simulate import cavity
from tenfold.workloads.simulate.cavity import Params

CPU = Device("cpu", DeviceKind.CPU, "a CPU", "n", 16.0, cores=2)
H100 = Device("gpu0", DeviceKind.GPU, "NVIDIA H100 80GB HBM3", "n", 80.0)
SMOKE = Params(**cavity.SIZES["smoke"])
TINY = Params(reynolds=(50.0, 100.0), cells=16, tolerance=1e-4)


class Kept:
    """A checkpoint, as `Job.resume` gives it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder


class Halted(BaseException):
    """Stands for a kill: the run ends in the middle."""


class Bench:
    """The part of `Job` that this workload uses; dies after `lives` checkpoints, if given."""

    device = "cpu"

    def __init__(self, folder: Path, memory_gib: float = 4.0, lives: int | None = None) -> None:
        self.slot = Slot("n", ("cpu",), DeviceKind.CPU, 1, memory_gib)
        self.artifacts = folder / "artifacts"
        self.artifacts.mkdir(exist_ok=True)
        self.shown: list[tuple[str, str]] = []
        self.logged: list[dict[str, float]] = []
        self._folder = folder / "checkpoint"
        self._lives = lives

    def progress(self, items: Iterable[Any], total: float | None, unit: str) -> Iterator[Any]:
        return iter(items)

    def log(self, step: int, **metrics: float) -> None:
        self.logged.append(metrics)

    def checkpoint(self, save: Callable[[Path], object], step: int) -> None:
        if self._lives is None:
            return
        self._lives -= 1
        if self._lives == 0:
            self._folder.mkdir()
            save(self._folder)
            raise Halted

    def resume(self) -> Kept | None:
        return Kept(self._folder) if self._folder.exists() else None

    def artifact(self, path: Path, kind: str, title: str) -> None:
        assert path.stat().st_size > 0
        self.shown.append((path.name, kind))


def fields(folder: Path) -> list[np.ndarray]:
    paths = sorted((folder / "artifacts").glob("fields_*.npz"))
    return [np.load(path)[name] for path in paths for name in ("u", "v")]


def test_smoke_holds_and_shows_its_work(tmp_path: Path) -> None:
    job = Bench(tmp_path)
    result = cavity.run(job, SMOKE)
    verdict = cavity.check(SMOKE, Result(result.summary, json.loads(json.dumps(result.figures))))
    assert verdict.holds, verdict.sentence
    assert verdict.figures["worst_error"] < 0.001
    assert job.shown == [
        ("cavity.png", "image"),
        ("fields_re100.npz", "data"),
        ("centre_lines_re100.csv", "table"),
        ("points_re100.csv", "table"),
        ("run.json", "data"),
    ]
    assert job.logged[-1]["residual"] < SMOKE.tolerance
    assert (tmp_path / "artifacts" / "points_re100.csv").read_text().count("\n") == 31
    about = json.loads((tmp_path / "artifacts" / "run.json").read_text())
    assert about["versions"]["warp-lang"] and about["params"]["cells"] == 64


def _wrong_viscosity(monkeypatch: pytest.MonkeyPatch) -> None:
    right = flow_module.relaxation
    monkeypatch.setattr(flow_module, "relaxation", lambda n, re, lid: right(n, 1.1 * re, lid))


def _slow_lid(monkeypatch: pytest.MonkeyPatch) -> None:
    right = flow_module.CavityFlow.rest

    def slowed(self: Any, reynolds: float) -> None:
        right(self, reynolds)
        even, odd, lid = self._rates
        self._rates = wp.types.vector(length=3, dtype=wp.float32)(even, odd, 0.97 * lid)

    monkeypatch.setattr(flow_module.CavityFlow, "rest", slowed)


@pytest.mark.parametrize("fault", [_wrong_viscosity, _slow_lid])
def test_the_check_sees_a_fault(
    fault: Callable[[pytest.MonkeyPatch], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault(monkeypatch)
    monkeypatch.setattr("tenfold.science.cavity_picture.draw", lambda path, cases: path.touch())
    monkeypatch.setattr(Bench, "artifact", lambda *_: None)
    verdict = cavity.check(SMOKE, cavity.run(Bench(tmp_path), SMOKE))
    assert not verdict.holds
    assert verdict.figures["worst_error"] > 2 * cavity.GATE_ERROR


def _case(**changed: Any) -> Result:
    case = {
        "reynolds": 100.0,
        "judged": True,
        "steady": True,
        "error_u": 0.001,
        "error_v": 0.001,
        "mass_drift": 1e-7,
    }
    return Result("", {"cases": [case, case | changed]})


@pytest.mark.parametrize(
    ("changed", "holds", "says"),
    [
        ({}, True, "0.0010"),
        ({"error_v": 0.0051}, False, "0.0051"),
        ({"error_u": float("nan")}, False, "nan"),
        ({"steady": False}, False, "Not steady"),
        ({"mass_drift": -2e-4}, False, "density"),
        ({"judged": False, "error_u": 1.0}, True, "0.0010"),
    ],
)
def test_every_gate_can_fail(changed: dict[str, Any], holds: bool, says: str) -> None:
    verdict = cavity.check(SMOKE, _case(**changed))
    assert verdict.holds is holds
    assert says in verdict.sentence


@pytest.mark.parametrize("lives", [1, 4, 20])
def test_killed_and_resumed_it_ends_the_same(
    lives: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Slices of 62 of a lid time's 160 steps: the kills fall in the middle and at its end.
    monkeypatch.setitem(march_module.CELLS_PER_SLICE, "cpu", 62 * 16**2)
    monkeypatch.setattr("tenfold.science.cavity_picture.draw", lambda path, cases: path.touch())
    monkeypatch.setattr(Bench, "artifact", lambda *_: None)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    whole.mkdir()
    broken.mkdir()
    expected = cavity.run(Bench(whole), TINY)
    with pytest.raises(Halted):
        cavity.run(Bench(broken, lives=lives), TINY)
    resumed = cavity.run(Bench(broken), TINY)
    for ours, theirs in zip(fields(broken), fields(whole), strict=True):
        assert np.array_equal(ours, theirs)
    timing = {"wall_s", "mlups"}
    for ours, theirs in zip(resumed.figures["cases"], expected.figures["cases"], strict=True):
        assert {k: x for k, x in ours.items() if k not in timing} == {
            k: x for k, x in theirs.items() if k not in timing
        }


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"lid_speed": 0.2}, "less than or equal to 0.1"),
        ({"cells": 16, "reynolds": "1000"}, "takes 17 cells"),
        ({"reynolds": "7000"}, "takes 117 cells"),
        ({"reynolds": (9000.0,)}, "never becomes steady"),
        ({"reynolds": "100,100"}, "named twice"),
        ({"reynolds": ""}, "at least 1 item"),
        ({"reynolds": "fast"}, "valid number"),
    ],
)
def test_bad_params_are_refused(given: dict[str, Any], says: str) -> None:
    if given == {"reynolds": "7000"}:
        given = given | {"cells": 100}
    with pytest.raises(ValidationError, match=says):
        Params(**given)


@pytest.mark.parametrize("given", ["100,400", "100, 400", (100, 400), [100.0, 400.0]])
def test_reynolds_as_people_write_it(given: Any) -> None:
    assert Params(reynolds=given).reynolds == (100.0, 400.0)
    assert Params(reynolds=250).reynolds == (250.0,)


def test_needs_on_a_cpu_and_a_gpu() -> None:
    params = Params(reynolds=(100.0,), cells=1000, lid_times_max=10)  # 10 * 10 000 steps at most
    cpu, gpu = cavity.needs(params, CPU), cavity.needs(params, H100)
    assert (cpu.gpus, cpu.cores, gpu.gpus) == (0, 1, 1)
    assert cpu.time_s == pytest.approx(cavity.START_S + 1e5 * 1e6 / 150e6)
    assert gpu.time_s == pytest.approx(cavity.START_S + 1e5 * 72e6 / (0.6 * 3350e9))
    buffer_gib = scaling.populations_gib(1000)
    assert gpu.memory_gib == pytest.approx(cavity.PROCESS_GIB + 3 * buffer_gib)
    assert cpu.memory_gib == pytest.approx(cavity.PROCESS_GIB + 6 * buffer_gib)


def test_the_sizes_keep_their_promise() -> None:
    """smoke: 15 core-seconds; desk: five minutes on a core; full: minutes on an H100."""
    times_s = {
        size: cavity.needs(Params(**given), CPU).time_s for size, given in cavity.SIZES.items()
    }
    full_s = cavity.needs(Params(**cavity.SIZES["full"]), H100).time_s
    assert times_s["smoke"] < 15.0 and times_s["desk"] < 300.0
    assert full_s is not None and 60.0 < full_s < 3600.0


def test_importing_it_is_light() -> None:
    code = (
        "import sys; import tenfold.workloads.simulate.cavity;"
        "print([name for name in ('warp', 'numpy', 'matplotlib', 'torch') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
