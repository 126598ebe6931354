"""The kernel against the same step written plainly in NumPy, and what a step may not change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import warp as wp

from tenfold.science.lattice_boltzmann.d2q9 import step_kernel
from tenfold.science.lattice_boltzmann.flow import CavityFlow, open_warp

CELLS = 16
LID_SPEED = 0.1

DIRECTIONS = np.array(
    [(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1), (1, -1), (-1, 1)]
)
WEIGHTS = np.array([4 / 9] + [1 / 9] * 4 + [1 / 36] * 4)
OPPOSITE = (0, 2, 1, 4, 3, 6, 5, 8, 7)


def plain_step(f: Any, even: float, odd: float, lid_speed: float) -> Any:
    """One step in float64, cell by cell, from the equations: f is (9, row from floor, column)."""
    size = f.shape[1]
    arrived = np.empty_like(f)
    for q, (cx, cy) in enumerate(DIRECTIONS):
        for y in range(size):
            for x in range(size):
                from_x, from_y = x - cx, y - cy
                if not 0 <= from_x < size or from_y < 0:
                    arrived[q, y, x] = f[OPPOSITE[q], y, x]
                elif from_y >= size:
                    arrived[q, y, x] = f[OPPOSITE[q], y, x] + 6 * WEIGHTS[q] * cx * lid_speed
                else:
                    arrived[q, y, x] = f[q, from_y, from_x]
    density = arrived.sum(axis=0)
    ux, uy = np.einsum("qk,qyx->kyx", DIRECTIONS.astype(float), arrived)
    relaxed = np.empty_like(f)
    for q, (cx, cy) in enumerate(DIRECTIONS):
        other = OPPOSITE[q]
        along = cx * ux + cy * uy
        rest_even = density + 4.5 * along**2 - 1.5 * (ux**2 + uy**2)
        half_even = (arrived[q] + arrived[other]) / 2 - WEIGHTS[q] * rest_even
        half_odd = (arrived[q] - arrived[other]) / 2 - WEIGHTS[q] * 3 * along
        relaxed[q] = arrived[q] - even * half_even - odd * half_odd
    return relaxed


def noise() -> Any:
    return np.random.default_rng(3).normal(0.0, 0.02, (9, CELLS, CELLS)).astype(np.float32)


def with_lid(flow: CavityFlow, lid_speed: float) -> CavityFlow:
    """The same viscosity, another lid."""
    flow._rates = type(flow._rates)(flow._rates[0], flow._rates[1], lid_speed / 6.0)
    return flow


@pytest.mark.parametrize("cells", [16, 15])  # eight rows at once, and one, as on a GPU
def test_it_is_the_plain_step(cells: int) -> None:
    start = noise()[:, :cells, :cells].copy()
    flow = CavityFlow(cells, 50.0, LID_SPEED)
    flow.restore(start, 0)
    even, odd = (float(flow._rates[k]) for k in (0, 1))
    flow.advance(2)
    expected = plain_step(start.astype(float), even, odd, LID_SPEED)
    expected = plain_step(expected, even, odd, LID_SPEED)
    assert np.abs(flow.populations() - expected).max() < 2e-7


def test_the_lid_adds_no_mass() -> None:
    flow = CavityFlow(CELLS, 50.0, LID_SPEED)
    flow.restore(noise(), 0)
    before = flow.mass_drift()
    flow.advance(200)
    assert abs(flow.mass_drift() - before) < 1e-7


def test_rest_stays_at_rest() -> None:
    flow = with_lid(CavityFlow(CELLS, 50.0, LID_SPEED), 0.0)
    flow.advance(64)
    assert np.abs(flow.populations()).max() == 0.0


def test_a_mirrored_lid_mirrors_the_flow() -> None:
    right = CavityFlow(32, 100.0, LID_SPEED)
    left = with_lid(CavityFlow(32, 100.0, LID_SPEED), -LID_SPEED)
    for flow in (right, left):
        flow.advance(600)
    u, v = right.velocity()
    mirrored_u, mirrored_v = left.velocity()
    assert np.abs(u).max() > 0.3
    assert np.abs(u + mirrored_u[:, ::-1]).max() < 2e-6
    assert np.abs(v - mirrored_v[:, ::-1]).max() < 2e-6


def test_the_same_source_compiles_for_an_h100(tmp_path: Path) -> None:
    open_warp()
    kernel = step_kernel(1, wp.float32)
    paths = wp.compile_aot_module(kernel.module, arch=90, module_dir=tmp_path, use_ptx=True)
    code = Path(paths[0]).read_bytes()
    assert b".target sm_90" in code
    assert b".local" not in code  # every population stays in a register
