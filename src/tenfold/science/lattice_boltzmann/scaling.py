"""Lattice numbers of a lid-driven cavity, in plain arithmetic: nothing heavy is imported.

Lattice units: cell 1, time step 1. A lid time is cells / lid_speed steps: the lid crosses the box.
"""

from __future__ import annotations

import math

# Puts a bounce-back wall exactly half way between two cell centres, for a parabolic flow and any
# viscosity (Ginzburg & d'Humieres, Phys. Rev. E 68 (2003) 066614). 1/4 would be the most stable.
MAGIC = 3.0 / 16.0

# Below this the even half hardly relaxes and the flow rings; without a model of the small eddies
# it then blows up or, worse, looks plausible.
TAU_MIN = 0.505

DIRECTIONS = 9
BYTES_PER_REAL = 4
GIB = 1024.0**3


def relaxation_time(cells: int, reynolds: float, lid_speed: float) -> float:
    """tau of the even (viscous) half: viscosity = (tau - 1/2) / 3 = lid_speed * cells / Re."""
    return 3.0 * lid_speed * cells / reynolds + 0.5


def relaxation(cells: int, reynolds: float, lid_speed: float) -> tuple[float, float]:
    """Rates (even, odd) of the two relaxation times, with (tau+ - 1/2)(tau- - 1/2) = MAGIC."""
    tau = relaxation_time(cells, reynolds, lid_speed)
    return 1.0 / tau, 1.0 / (MAGIC / (tau - 0.5) + 0.5)


def cells_needed(reynolds: float, lid_speed: float) -> int:
    """The fewest cells across the box with tau >= TAU_MIN."""
    return math.ceil((TAU_MIN - 0.5) * reynolds / (3.0 * lid_speed) - 1e-9)


def steps_per_lid_time(cells: int, lid_speed: float) -> int:
    """Time steps in which the lid crosses the box, rounded to an even number."""
    return 2 * round(cells / lid_speed / 2.0)


def expected_lid_times(reynolds: float, tolerance: float) -> float:
    """About how many lid times a start from rest takes until one changes less than `tolerance`.

    Just above runs of this code at 128 and 256 cells, so that a progress bar does not overrun: 1e-5
    took 21, 43 and 80 at Re 100, 400, 1000, and 1e-6 took 25, 55 and 112.
    """
    return 1.85 * math.pow(reynolds / 100.0, 0.61) * max(math.log(1.0 / tolerance), 1.0)


def bytes_per_step(cells: int) -> float:
    """Memory traffic of one step: each population is read once and written once."""
    return 2.0 * DIRECTIONS * BYTES_PER_REAL * cells * cells


def populations_gib(cells: int) -> float:
    """One buffer of populations; a flow holds two."""
    return DIRECTIONS * BYTES_PER_REAL * cells * cells / GIB
