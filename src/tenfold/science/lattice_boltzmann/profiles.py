"""What is read off a cavity's velocity field: centre lines, stream function, the main vortex.

Fields are (cells, cells), [row from the floor, column], values at cell centres, in lid speeds;
lengths are in box widths.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

STENCIL = 4  # points of the interpolating polynomial: cubic, so its error is below the flow's


@dataclass(frozen=True)
class CentreLines:
    """u at x = 1/2 and v at y = 1/2; `at` is 0, the cell centres and 1, so both walls are in."""

    at: Array
    u: Array
    v: Array


def centre_lines(u: npt.ArrayLike, v: npt.ArrayLike) -> CentreLines:
    """Both centre lines of a velocity field, walls and lid (u = 1) included."""
    across = np.asarray(u, dtype=np.float64)
    up = np.asarray(v, dtype=np.float64)
    cells = across.shape[0]
    centres = (np.arange(cells) + 0.5) / cells
    weights = _weights(centres, 0.5)
    line_u = across @ weights
    line_v = weights @ up
    return CentreLines(
        at=np.concatenate([[0.0], centres, [1.0]]),
        u=np.concatenate([[0.0], line_u, [1.0]]),
        v=np.concatenate([[0.0], line_v, [0.0]]),
    )


def interpolate(at: Array, values: Array, points: npt.ArrayLike) -> Array:
    """`values` given at rising `at`, read at `points`: a cubic through the nearest four."""
    wanted = np.atleast_1d(np.asarray(points, dtype=np.float64))
    return np.array([float(_weights(at, point) @ values) for point in wanted])


def stream_function(u: npt.ArrayLike) -> Array:
    """psi with u = d psi / dy, (cells + 1, cells): at the edges between rows, 0 on the floor.

    Its last row is the net flow through each column, which mass conservation holds at 0.
    """
    across = np.asarray(u, dtype=np.float64)
    cells = across.shape[0]
    floor = np.zeros((1, cells))
    return np.concatenate([floor, np.cumsum(across, axis=0) / cells])


def main_vortex(psi: Array) -> tuple[float, float, float]:
    """(x, y, psi) of the main vortex: the least psi, by a parabola through its neighbours."""
    least = np.unravel_index(np.argmin(psi), psi.shape)
    row = int(np.clip(least[0], 1, psi.shape[0] - 2))
    column = int(np.clip(least[1], 1, psi.shape[1] - 2))
    shift_x, drop_x = _vertex(psi[row, column - 1 : column + 2])
    shift_y, drop_y = _vertex(psi[row - 1 : row + 2, column])
    cells = psi.shape[1]
    deepest = float(psi[row, column]) + drop_x + drop_y
    return (column + 0.5 + shift_x) / cells, (row + shift_y) / cells, deepest


def _weights(at: Array, point: float) -> Array:
    """Lagrange weights on all of `at` (zeros but for STENCIL of them) that read off `point`."""
    first = int(np.searchsorted(at, point)) - STENCIL // 2
    first = min(max(first, 0), len(at) - STENCIL)
    nodes = at[first : first + STENCIL]
    weights = np.zeros(len(at))
    for index, node in enumerate(nodes):
        others = np.delete(nodes, index)
        weights[first + index] = np.prod((point - others) / (node - others))
    return weights


def _vertex(three: Array) -> tuple[float, float]:
    """Where the parabola through three even-spaced values turns, and by how much it is lower."""
    slope = (three[2] - three[0]) / 2.0
    bend = three[2] - 2.0 * three[1] + three[0]
    if bend == 0.0:
        return 0.0, 0.0
    return float(-slope / bend), float(-slope * slope / (2.0 * bend))
