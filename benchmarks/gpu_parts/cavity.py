"""`simulate.cavity` on CUDA: the grid of `full` as far as the time goes, judged as the workload
judges itself; and the speed of the same kernel by grid, beside what the memory can move.
"""

from __future__ import annotations

import ast
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gpu_check import Skipped, absent

from gpu_parts.cards import memory_gb_s

ROOT = Path(__file__).resolve().parents[2]
WORKLOAD = ROOT / "src" / "tenfold" / "workloads" / "simulate" / "cavity.py"
LID_SPEED, LID_TIMES_MAX = 0.1, 1000  # the workload's defaults
GRIDS = (1024, 4096, 8192)
UPDATES = 2e10  # timed for each grid: about half a second at 40,000 million cells/s


def measure(device: str, seconds: float, rehearse: bool, tell: Callable[..., None]) -> None:
    missing = absent("numpy", "warp")
    if missing:
        raise Skipped(f"{' and '.join(missing)} is not installed for this interpreter.")
    import warp as wp

    from tenfold.science.lattice_boltzmann.flow import open_warp

    until_s = time.monotonic() + seconds
    open_warp()
    place = "cuda:0" if device == "cuda" else "cpu"
    if device == "cuda" and not wp.is_cuda_available():
        raise RuntimeError("warp sees no GPU, although the machine shows one")
    promised = memory_gb_s(wp.get_device(place).name) if device == "cuda" else None
    copied = _copy_gb_s(wp, place, 1 << 20 if rehearse else 1 << 30)
    tell(warp=wp.__version__, copy_gb_s=copied, memory_data_sheet_gb_s=promised)
    _speeds(
        place, (64,) if rehearse else GRIDS, 1e6 if rehearse else UPDATES, copied, promised, tell
    )
    _judged(place, "smoke" if rehearse else "full", until_s, tell)


def _speeds(
    place: str,
    grids: tuple[int, ...],
    updates: float,
    copied: float,
    promised: float | None,
    tell: Callable[..., None],
) -> None:
    """Million cell updates a second. The smallest grid may lie in the cache, and then its share of
    the memory's speed is no roofline; the largest does not."""
    from tenfold.science.lattice_boltzmann.flow import CavityFlow
    from tenfold.science.lattice_boltzmann.scaling import bytes_per_step

    mlups, share = {}, {}
    for cells in grids:
        flow = CavityFlow(cells, 400.0, LID_SPEED, place)
        flow.advance(64)
        steps = 32 * max(round(updates / cells**2 / 32), 1)
        began_s = time.perf_counter()
        flow.advance(steps)
        took_s = time.perf_counter() - began_s
        moved_gb_s = steps * bytes_per_step(cells) / took_s / 1e9
        mlups[str(cells)] = steps * cells**2 / took_s / 1e6
        share[str(cells)] = {
            "of_copy": moved_gb_s / copied,
            "of_data_sheet": moved_gb_s / promised if promised else None,
        }
        tell(mlups_by_cells=mlups, bandwidth_share_by_cells=share)
    largest = str(grids[-1])
    tell(mlups=mlups[largest], share_of_copy=share[largest]["of_copy"])
    if promised:
        tell(share_of_data_sheet=share[largest]["of_data_sheet"])


def _judged(place: str, size: str, until_s: float, tell: Callable[..., None]) -> None:
    from tenfold.science.cavity_report import figures
    from tenfold.science.lattice_boltzmann.march import SteadyMarch

    asked = constant("SIZES")[size]
    gate_error, gate_mass = constant("GATE_ERROR"), constant("GATE_MASS")
    reynolds = tuple(float(number) for number in asked["reynolds"])
    tolerance = asked.get("tolerance", 1e-5)
    march = SteadyMarch(reynolds, asked["cells"], LID_SPEED, tolerance, LID_TIMES_MAX, place)
    slowest_s = 0.0
    while not march.done and time.monotonic() + 2 * slowest_s < until_s:
        began_s = time.monotonic()
        march.advance()
        slowest_s = max(slowest_s, time.monotonic() - began_s)
    cases = [figures(case) for case in march.finished]
    not_reached = list(reynolds[len(cases) :])
    tell(size=size, cells=asked["cells"], cases=cases, cut_short_before_reynolds=not_reached)
    tell(workload="simulate.cavity", ran_full=size == "full" and not not_reached)
    errors = [max(c["error_u"], c["error_v"]) for c in cases if c["judged"]]
    assert errors, "no Reynolds number became steady in the time there was"
    tell(largest_error=max(errors), gate_error=gate_error)
    assert all(case["steady"] for case in cases), "a flow did not become steady"
    assert all(error <= gate_error for error in errors), f"off by {max(errors):.4f} lid speeds"
    drift = max(abs(case["mass_drift"]) for case in cases)
    assert drift <= gate_mass, f"the mean density drifted by {drift:.1e}"


def constant(name: str) -> Any:
    """A constant of the workload's file, read without importing it: that would need pydantic."""
    for node in ast.parse(WORKLOAD.read_text(encoding="utf-8")).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            return ast.literal_eval(node.value)  # type: ignore[attr-defined]
    raise AssertionError(f"{WORKLOAD.name} has no constant {name}")


def _copy_gb_s(wp: Any, place: str, size: int) -> float:
    source = wp.zeros(size, dtype=wp.uint8, device=place)
    target = wp.empty_like(source)
    best_s = float("inf")
    for _ in range(5):
        wp.synchronize_device(place)
        began_s = time.perf_counter()
        for _ in range(10):
            wp.copy(target, source)
        wp.synchronize_device(place)
        best_s = min(best_s, (time.perf_counter() - began_s) / 10)
    return 2 * size / best_s / 1e9
