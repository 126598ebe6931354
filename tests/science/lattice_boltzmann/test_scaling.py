"""Lattice arithmetic, checked by hand."""

from __future__ import annotations

import pytest

from tenfold.science.lattice_boltzmann import scaling


def test_relaxation_times() -> None:
    # viscosity 0.1 * 100 / 400 = 0.025, tau = 3 * 0.025 + 0.5
    assert scaling.relaxation_time(100, 400.0, 0.1) == pytest.approx(0.575)
    even, odd = scaling.relaxation(100, 400.0, 0.1)
    assert even == pytest.approx(1 / 0.575)
    assert (1 / even - 0.5) * (1 / odd - 0.5) == pytest.approx(3 / 16)


def test_cells_needed_is_the_edge() -> None:
    fewest = scaling.cells_needed(1000.0, 0.1)
    assert fewest == 17
    assert scaling.relaxation_time(fewest, 1000.0, 0.1) >= scaling.TAU_MIN
    assert scaling.relaxation_time(fewest - 1, 1000.0, 0.1) < scaling.TAU_MIN


def test_a_lid_time_is_even() -> None:
    assert scaling.steps_per_lid_time(128, 0.1) == 1280
    assert scaling.steps_per_lid_time(33, 0.1) == 330
    assert all(scaling.steps_per_lid_time(n, 0.07) % 2 == 0 for n in range(16, 80))


def test_traffic_is_72_bytes_a_cell() -> None:
    assert scaling.bytes_per_step(10) == 7200


@pytest.mark.parametrize(("reynolds", "took"), [(100.0, 21), (400.0, 43), (1000.0, 80)])
def test_expected_lid_times_are_just_above_the_measured(reynolds: float, took: int) -> None:
    assert took <= scaling.expected_lid_times(reynolds, 1e-5) < 1.2 * took
