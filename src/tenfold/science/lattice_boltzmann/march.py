"""Carries cavities to their steady states, one Reynolds number after another.

    march = SteadyMarch((100.0, 400.0), cells=128, lid_speed=0.1, tolerance=1e-5, lid_times_max=500)
    while not march.done:
        march.advance()             # a slice of about a second; march.save(folder) may follow
    march.finished[0].u             # the fields of Re 100

A flow counts as steady when no velocity changes by more than `tolerance` lid speeds during one lid
time (the time in which the lid crosses the box). `save` and `restore` are exact: where the slices
and the saves fall changes no bit of the result on a CPU.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import final

import numpy as np

from tenfold.science.lattice_boltzmann.flow import CavityFlow, Field
from tenfold.science.lattice_boltzmann.scaling import steps_per_lid_time

# What a slice is cut to; only responsiveness hangs on it, so a rough rate will do.
CELLS_PER_SLICE = {"cpu": 2e8, "cuda": 2e10}


@dataclass(frozen=True)
class Steady:
    """Where one Reynolds number ended."""

    reynolds: float
    steps: int
    lid_times: int
    change: float  # of any velocity in the last lid time, lid speeds
    steady: bool  # the change came below the tolerance; else it ran out of lid times
    mass_drift: float
    wall_s: float  # spent in time steps

    @property
    def label(self) -> str:
        return f"{self.reynolds:g}"


@dataclass(frozen=True)
class SteadyCase:
    """The same with its fields, (cells, cells), in lid speeds."""

    record: Steady
    u: Field
    v: Field


@final
class SteadyMarch:
    """`reynolds` in their order; `device` is a torch string."""

    def __init__(
        self,
        reynolds: tuple[float, ...],
        cells: int,
        lid_speed: float,
        tolerance: float,
        lid_times_max: int,
        device: str = "cpu",
    ) -> None:
        self.reynolds = reynolds
        self.cells = cells
        self.finished: list[SteadyCase] = []
        self.change = float("inf")
        self.rate_mlups = 0.0  # of the newest slice
        self._tolerance = tolerance
        self._lid_times_max = lid_times_max
        self._lid_time = steps_per_lid_time(cells, lid_speed)
        self._slice = _slice_steps(cells, device)
        self._before = (_zeros(cells), _zeros(cells))
        self._wall_s = 0.0
        self._flow = CavityFlow(cells, reynolds[0], lid_speed, device)

    @property
    def done(self) -> bool:
        return len(self.finished) == len(self.reynolds)

    @property
    def steps(self) -> int:
        """Time steps of all cases so far."""
        before = sum(case.record.steps for case in self.finished)
        return before + (0 if self.done else self._flow.steps)

    @property
    def lid_times(self) -> int:
        """Whole lid times of the case that runs now."""
        return 0 if self.done else self._flow.steps // self._lid_time

    def advance(self) -> bool:
        """One slice. True when it ended a lid time: then `change` is new, a case may be finished.

        Raises FloatingPointError when the flow has blown up.
        """
        left = self._lid_time - self._flow.steps % self._lid_time
        steps = min(self._slice, left)
        began_s = time.perf_counter()
        self._flow.advance(steps)
        took_s = time.perf_counter() - began_s
        self._wall_s += took_s
        self.rate_mlups = steps * self.cells**2 / took_s / 1e6
        if steps < left:
            return False
        self._compare()
        return True

    def save(self, folder: Path) -> None:
        """Write the whole state into `folder`."""
        for index, case in enumerate(self.finished):
            np.savez(folder / f"finished_{index}.npz", u=case.u, v=case.v)
        state = {
            "finished": [asdict(case.record) for case in self.finished],
            "steps": self._flow.steps,
            "change": self.change,
            "wall_s": self._wall_s,
        }
        if not self.done:
            np.save(folder / "populations.npy", self._flow.populations())
            np.save(folder / "before.npy", np.stack(self._before))
        (folder / "march.json").write_text(json.dumps(state), encoding="utf-8")

    def restore(self, folder: Path) -> None:
        """Take up what `save` wrote."""
        state = json.loads((folder / "march.json").read_text(encoding="utf-8"))
        self.finished = []
        for index, record in enumerate(state["finished"]):
            with np.load(folder / f"finished_{index}.npz") as fields:
                self.finished.append(SteadyCase(Steady(**record), fields["u"], fields["v"]))
        self.change = state["change"]
        self._wall_s = state["wall_s"]
        if self.done:
            return
        self._flow.rest(self._reynolds_now)
        self._flow.restore(np.load(folder / "populations.npy"), state["steps"])
        u, v = np.load(folder / "before.npy")
        self._before = (u, v)

    def _compare(self) -> None:
        u, v = self._flow.velocity()
        changes = (np.abs(now - was).max() for now, was in zip((u, v), self._before, strict=True))
        self.change = float(np.max(list(changes)))  # NaN wins, which Python's max would not grant
        if not np.isfinite(self.change):
            raise FloatingPointError(f"the flow at Re {self._reynolds_now:g} has blown up")
        self._before = (u, v)
        steady = self.change <= self._tolerance
        if steady or self.lid_times >= self._lid_times_max:
            self._finish(u, v, steady)

    def _finish(self, u: Field, v: Field, steady: bool) -> None:
        record = Steady(
            reynolds=self._reynolds_now,
            steps=self._flow.steps,
            lid_times=self.lid_times,
            change=self.change,
            steady=steady,
            mass_drift=self._flow.mass_drift(),
            wall_s=self._wall_s,
        )
        self.finished.append(SteadyCase(record, u, v))
        self._wall_s = 0.0
        self._before = (_zeros(self.cells), _zeros(self.cells))
        if not self.done:
            self._flow.rest(self._reynolds_now)

    @property
    def _reynolds_now(self) -> float:
        return self.reynolds[len(self.finished)]


def _slice_steps(cells: int, device: str) -> int:
    budget = CELLS_PER_SLICE["cpu" if device == "cpu" else "cuda"]
    return max(2 * int(budget / cells**2 / 2.0), 2)


def _zeros(cells: int) -> Field:
    return np.zeros((cells, cells), dtype=np.float32)
