"""What is read off a field, against fields whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

from tenfold.science.lattice_boltzmann.profiles import (
    centre_lines,
    interpolate,
    main_vortex,
    stream_function,
)


def centres(cells: int) -> tuple[np.ndarray, np.ndarray]:
    at = (np.arange(cells) + 0.5) / cells
    x, y = np.meshgrid(at, at)
    return x, y


@pytest.mark.parametrize("cells", [16, 17])
def test_centre_lines_of_a_cubic_are_exact(cells: int) -> None:
    x, y = centres(cells)
    lines = centre_lines(y**2 * (1 + x**3), x * (1 - x) * (2 * y) ** 3)
    assert lines.u[1:-1] == pytest.approx(lines.at[1:-1] ** 2 * 1.125)
    assert lines.v == pytest.approx(lines.at * (1 - lines.at))
    assert (lines.at[0], lines.at[-1], lines.u[-1]) == (0.0, 1.0, 1.0)


def test_interpolation_is_cubic_up_to_the_walls() -> None:
    at = np.array([0.0, 0.05, 0.15, 0.3, 0.5, 0.8, 0.95, 1.0])
    points = np.array([0.0, 0.01, 0.2, 0.33, 0.97, 1.0])
    assert interpolate(at, at**3 - at, points) == pytest.approx(points**3 - points)


def test_the_stream_function_finds_the_vortex() -> None:
    x, y = centres(64)
    # psi = -sin(pi x)^2 sin(pi y)^2 / 10: one vortex in the middle, psi -0.1, walls at rest
    u = -(np.sin(np.pi * x) ** 2) * np.sin(2 * np.pi * y) * np.pi / 10
    psi = stream_function(u)
    assert np.abs(psi[-1]).max() < 1e-12
    assert main_vortex(psi) == pytest.approx((0.5, 0.5, -0.1), abs=1e-4)
