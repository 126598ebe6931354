"""The lid-driven cavity at `desk`: how far from the references, and how fast on this machine.

    .venv/bin/python benchmarks/cavity.py          about two minutes on one core

Prints, and writes to benchmarks/results/cavity.json or --out: the errors of each Reynolds number
against reference E and against Ghia et al., speed by grid, and float32 against float64.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import warp as wp

from tenfold.science.cavity_report import figures
from tenfold.science.lattice_boltzmann.flow import CavityFlow, open_warp
from tenfold.science.lattice_boltzmann.march import SteadyMarch
from tenfold.science.lattice_boltzmann.scaling import steps_per_lid_time
from tenfold.workloads.simulate.cavity import SIZES, Params

RESULTS = Path(__file__).parent / "results" / "cavity.json"
SPEED_CELLS = (64, 128, 256, 512, 1024)
SPEED_UPDATES = 4e8  # cell updates timed for each grid


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("device", nargs="?", default="cpu")
    parser.add_argument("--out", type=Path, default=RESULTS, help="another JSON file")
    asked = parser.parse_args()
    device: str = asked.device
    open_warp()
    params = Params(**SIZES["desk"])
    speed = {str(cells): speed_mlups(cells, device) for cells in SPEED_CELLS}
    for cells, mlups in speed.items():
        print(f"{cells:>5}^2 cells: {mlups:6.0f} million cells/s")
    began_s = time.process_time()
    cases = desk(params, device)
    core_s = time.process_time() - began_s
    for case in cases:
        print(
            f"Re {case['reynolds']:>5g}: against E {case['error_u']:.5f} {case['error_v']:.5f},"
            f" against Ghia {case['ghia_error_u']:.5f} {case['ghia_error_v']:.5f} (u, v),"
            f" {case['mlups']:.0f} million cells/s, {case['wall_s']:.1f} s"
        )
    print(f"all of them: {core_s:.0f} core-seconds")
    apart = float64_apart(device)
    print(f"float32 against float64, Re 400, 128^2 cells: {apart:.1e} lid speeds")
    record = {
        "command": " ".join([".venv/bin/python", "benchmarks/cavity.py", *sys.argv[1:]]),
        "date": datetime.now(UTC).date().isoformat(),
        "kind": "measured",
        "machine": {
            "device": device,
            "processor": processor(),
        },
        "versions": {"python": platform.python_version()}
        | {name: version(name) for name in ("tenfold", "warp-lang", "numpy")},
        "params": params.model_dump(),
        "cases": cases,
        "desk_core_s": core_s,
        "mlups_by_cells": speed,
        "float32_against_float64": apart,
    }
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def desk(params: Params, device: str) -> list[dict[str, Any]]:
    march = SteadyMarch(
        params.reynolds,
        params.cells,
        params.lid_speed,
        params.tolerance,
        params.lid_times_max,
        device,
    )
    while not march.done:
        march.advance()
    return [figures(case) for case in march.finished]


def speed_mlups(cells: int, device: str) -> float:
    """Million cell updates a second: of the core's time on a CPU, which others may share."""
    clock = time.process_time if device == "cpu" else time.perf_counter
    flow = CavityFlow(cells, 400.0, 0.1, device)
    flow.advance(64)
    steps = 32 * max(round(SPEED_UPDATES / cells**2 / 32), 1)
    began_s = clock()
    flow.advance(steps)
    return steps * cells**2 / (clock() - began_s) / 1e6


def float64_apart(device: str) -> float:
    """Largest difference of any velocity, at Re 400 and 128 cells after 60 lid times."""
    fields = []
    for real in (wp.float32, wp.float64):
        flow = CavityFlow(128, 400.0, 0.1, device, real)
        flow.advance(60 * steps_per_lid_time(128, 0.1))
        fields.append(np.stack(flow.velocity()).astype(np.float64))
    return float(np.abs(fields[0] - fields[1]).max())


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


if __name__ == "__main__":
    main()
