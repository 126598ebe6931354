"""Lid-driven cavity: the classic test of a flow solver, as a picture and two centre lines.

A square box of fluid whose lid slides. Lattice Boltzmann, D2Q9 with two relaxation times, float32,
one NVIDIA Warp kernel for CPU and CUDA (science/lattice_boltzmann), run until the flow is steady
for each Reynolds number. Judged at Re 100, 400 and 1000 against reference velocities
(science/cavity_tables): 30 points each, none off by more than 0.005 lid speeds.

    tenfold run simulate.cavity --size desk
    tenfold run simulate.cavity --reynolds 100,400 --cells 192

What it does not do: flows that stay unsteady (above Re 8000 or so), three dimensions, your own
shape, more than one core or GPU.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from pydantic import Field, ValidationInfo, field_validator

from tenfold.catalogue.contract import Job, WorkloadParams
from tenfold.science.cavity_tables import TABLES
from tenfold.science.lattice_boltzmann import scaling
from tenfold.science.roofline import SHARE_REACHED, bandwidth_gb_s
from tenfold.terms.box import Device, DeviceKind
from tenfold.terms.needs import Needs
from tenfold.terms.outcome import Result, Verdict
from tenfold.terms.refusal import Refusal

if TYPE_CHECKING:
    from tenfold.science.lattice_boltzmann.march import SteadyCase, SteadyMarch

SIZES: dict[str, dict[str, Any]] = {
    "smoke": {"reynolds": (100,), "cells": 64},
    "desk": {"reynolds": (100, 400, 1000), "cells": 256},
    "full": {"reynolds": (100, 400, 1000), "cells": 1024, "tolerance": 3e-6},
}
REQUIRES = ("simulate",)
RESUMES = True

GATE_ERROR = 0.005  # lid speeds, any of the 30 points; the reference is good to about 0.0005
# Mean density off 1 after the run. Float32 rounding gives 1e-6 (64 cells) to 5e-6 (256 cells); a
# wall or lid that leaks is beyond 1e-2.
GATE_MASS = 1e-4

# Million cells a second on one core, under half of what a Zen 4 core did (benchmarks/cavity.py).
CPU_MLUPS = 150.0
UNKNOWN_GPU_GB_S = 300.0
START_S = 7.0  # imports, compiling the kernel where it is not cached, the picture
PROCESS_GIB = 0.5  # interpreter, Warp, matplotlib; on a GPU also its context
# Populations in memory at once: the flow's two and, while a checkpoint is read or written, copies.
HOST_BUFFERS = 6.0
GPU_BUFFERS = 3.0

REYNOLDS_MAX = 7500.0  # beyond about 8000 the flow no longer becomes steady


class Params(WorkloadParams):
    reynolds: tuple[float, ...] = Field(
        (100.0, 400.0),
        description="Reynolds numbers (lid speed x width / viscosity), one flow each: 100,400.",
        min_length=1,
        max_length=8,
        json_schema_extra={"unit": "1"},
    )
    lid_speed: float = Field(
        0.1,
        description="Speed of the lid; the lattice's sound speed is 0.577.",
        ge=0.001,
        le=0.1,
        json_schema_extra={"unit": "cells a step"},
    )
    cells: int = Field(
        128,
        description="Cells across the box; a multiple of 8 is fastest on a CPU.",
        ge=16,
        le=16384,
        validate_default=True,
        json_schema_extra={"unit": "cells"},
    )
    tolerance: float = Field(
        1e-5,
        description="Steady when no velocity changes by more than this in one lid time.",
        ge=1e-6,
        le=1e-2,
        json_schema_extra={"unit": "lid speeds"},
    )
    lid_times_max: int = Field(
        1000,
        description="Give up after this many lid times (cells / lid_speed steps each).",
        ge=1,
        le=100_000,
        json_schema_extra={"unit": "lid times"},
    )

    @field_validator("reynolds", mode="before")
    @classmethod
    def _several(cls, value: Any) -> Any:
        """A command line gives `100,400`, a notebook perhaps the bare number 100."""
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return (value,) if isinstance(value, int | float) else value

    @field_validator("reynolds")
    @classmethod
    def _steady(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if not all(1.0 <= reynolds <= REYNOLDS_MAX for reynolds in value):
            raise ValueError(
                f"each is between 1 and {REYNOLDS_MAX:g}; beyond about 8000 the flow of this box"
                " never becomes steady"
            )
        if len(set(value)) < len(value):
            raise ValueError("a Reynolds number is named twice")
        return value

    @field_validator("cells")
    @classmethod
    def _resolved(cls, value: int, info: ValidationInfo) -> int:
        if not {"reynolds", "lid_speed"} <= info.data.keys():
            return value  # one of those was refused already
        reynolds, lid_speed = max(info.data["reynolds"]), info.data["lid_speed"]
        tau = scaling.relaxation_time(value, reynolds, lid_speed)
        if tau < scaling.TAU_MIN:
            fewest = scaling.cells_needed(reynolds, lid_speed)
            raise ValueError(
                f"at Re {reynolds:g} and lid speed {lid_speed:g} the relaxation time is {tau:.4f},"
                f" below {scaling.TAU_MIN}, where the flow blows up: it takes {fewest} cells"
            )
        return value


def needs(params: Params, device: Device) -> Needs:
    """Bound by memory traffic on a GPU, by one core's arithmetic on a CPU."""
    lid_times = sum(scaling.expected_lid_times(re, params.tolerance) for re in params.reynolds)
    limit = len(params.reynolds) * params.lid_times_max
    lid_time_steps = scaling.steps_per_lid_time(params.cells, params.lid_speed)
    steps = min(lid_times, limit) * lid_time_steps
    buffer_gib = scaling.populations_gib(params.cells)
    if device.kind is DeviceKind.CPU:
        time_s = START_S + steps * params.cells**2 / (CPU_MLUPS * 1e6)
        return Needs(
            cores=1,
            memory_gib=PROCESS_GIB + HOST_BUFFERS * buffer_gib,
            time_s=time_s,
            basis=f"{steps:.3g} steps of {params.cells}^2 cells at {CPU_MLUPS:g} million cells/s"
            " on one core, under half of what was measured on a Zen 4 core",
        )
    known = bandwidth_gb_s(device)
    rate_gb_s = known or UNKNOWN_GPU_GB_S
    step_s = scaling.bytes_per_step(params.cells) / (SHARE_REACHED * rate_gb_s * 1e9)
    return Needs(
        gpus=1,
        memory_gib=PROCESS_GIB + GPU_BUFFERS * buffer_gib,
        time_s=START_S + steps * max(step_s, 3e-6),  # a step costs no less than its launch
        basis=f"{steps:.3g} steps of 72 B a cell at {SHARE_REACHED:.0%} of {rate_gb_s:g} GB/s"
        + ("" if known else " (this model is not in the table)"),
    )


def run(job: Job, params: Params) -> Result:
    from tenfold.science.cavity_report import figures
    from tenfold.science.lattice_boltzmann.march import SteadyMarch

    march = SteadyMarch(
        params.reynolds,
        params.cells,
        params.lid_speed,
        params.tolerance,
        params.lid_times_max,
        job.device,
    )
    found = job.resume()
    if found is not None:
        march.restore(found.folder)
    _march(job, params, march)
    cases = [figures(case) for case in march.finished]
    _show(job, params, march.finished, cases)
    return Result(_summary(params, cases), {"cells": params.cells, "cases": cases})


def check(params: Params, result: Result) -> Verdict:
    """Fails for a point that is off, for mass that drifts, and for a flow that is not steady."""
    cases = result.figures["cases"]
    mass = _worst([abs(case["mass_drift"]) for case in cases], GATE_MASS)
    judged = [case for case in cases if case["judged"]]
    errors = [error for case in judged for error in (case["error_u"], case["error_v"])]
    worst = _worst(errors, GATE_ERROR)
    figures = {"mass_drift": mass} | ({"worst_error": worst} if errors else {})
    unsteady = [case for case in cases if not case["steady"]]
    if unsteady:
        after = f"after {params.lid_times_max} lid times"
        return Verdict(False, f"Not steady {after}: Re {_names(unsteady)}.", figures)
    if not mass <= GATE_MASS:
        sentence = f"The mean density drifted by {mass:.1e}; at most {GATE_MASS:g} is rounding."
        return Verdict(False, sentence, figures)
    drift = f"the mean density drifted by {mass:.1e} (gate {GATE_MASS:g})"
    if not errors:
        known = ", ".join(str(reynolds) for reynolds in TABLES)
        sentence = f"Steady, and {drift}; reference values exist for Re {known}."
        return Verdict(True, sentence, figures)
    holds = worst <= GATE_ERROR
    sentence = (
        f"Largest error on the centre lines {worst:.4f} lid speeds (gate {GATE_ERROR},"
        f" reference E of science/cavity_tables) at Re {_names(judged)}; {drift}."
    )
    return Verdict(holds, sentence if holds else f"{sentence} More cells lower it.", figures)


def _worst(values: list[float], gate: float) -> float:
    """The largest, or one that is no number at all: `max` would step over that."""
    return max(values, key=lambda value: (not value <= gate, value), default=0.0)


def _march(job: Job, params: Params, march: SteadyMarch) -> None:
    total = _expected(params, params.reynolds)
    for _ in job.progress(_LidTimes(march, params), total, unit="lid time"):
        ended = False
        while not ended:
            try:
                ended = march.advance()
            except FloatingPointError as error:
                raise Refusal(
                    "cavity.diverged",
                    "The flow has blown up.",
                    f"Its velocities are no longer numbers: {error}.",
                    "give more --cells or a lower --reynolds",
                ) from error
            if ended:
                job.log(march.steps, residual=march.change, mlups=march.rate_mlups)
            job.checkpoint(march.save, march.steps)


class _LidTimes:
    """Yields until all flows are steady; its length is a guess, which moves the progress bar."""

    def __init__(self, march: SteadyMarch, params: Params) -> None:
        self._march = march
        past = params.reynolds[: len(march.finished)]
        done = _expected(params, past) + march.lid_times
        self._left = max(_expected(params, params.reynolds) - done, 1)

    def __length_hint__(self) -> int:
        return self._left

    def __iter__(self) -> Iterator[int]:
        while not self._march.done:
            yield self._march.lid_times


def _expected(params: Params, reynolds: tuple[float, ...]) -> int:
    return round(sum(scaling.expected_lid_times(re, params.tolerance) for re in reynolds))


def _show(job: Job, params: Params, cases: list[SteadyCase], figures: list[dict[str, Any]]) -> None:
    from tenfold.science.cavity_picture import draw
    from tenfold.science.cavity_report import write_files

    picture = job.artifacts / "cavity.png"
    draw(picture, [(case.record.reynolds, case.u, case.v) for case in cases])
    job.artifact(picture, "image", "Speed, streamlines and centre lines")
    for case in cases:
        for path, kind, title in write_files(job.artifacts, case):
            job.artifact(path, kind, title)
    record = job.artifacts / "run.json"
    packages = ("warp-lang", "numpy", "matplotlib")
    about = {
        "workload": "simulate.cavity",
        "params": params.model_dump(),
        "device": job.device,
        "versions": {package: version(package) for package in packages},
        "cases": figures,
    }
    record.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    job.artifact(record, "data", "Inputs, versions and figures of this run")


def _names(cases: list[dict[str, Any]]) -> str:
    return ", ".join(f"{case['reynolds']:g}" for case in cases)


def _summary(params: Params, cases: list[dict[str, Any]]) -> str:
    parts = []
    for case in cases:
        part = f"Re {case['reynolds']:g}"
        if case["judged"]:
            part += f" within {max(case['error_u'], case['error_v']):.4f}"
        parts.append(part)
    size = f"{params.cells} x {params.cells} cells"
    return f"Lid-driven cavity, {size}, against the reference: {', '.join(parts)} lid speeds."
