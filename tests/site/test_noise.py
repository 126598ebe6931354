"""Noise to watts and back."""

from __future__ import annotations

import pytest

from tenfold.site.noise import dba_of, watts_of

POINTS = ((1000.0, 48.0), (4000.0, 62.0))


def test_both_points_are_on_the_line() -> None:
    assert watts_of(48.0, POINTS) == pytest.approx(1000.0)
    assert watts_of(62.0, POINTS) == pytest.approx(4000.0)
    assert watts_of(55.0, POINTS) == pytest.approx(2000.0)  # twice the watts, half the way
    assert watts_of(41.0, POINTS) == pytest.approx(500.0)  # beyond the points


@pytest.mark.parametrize("watts", [60.0, 999.0, 2500.0, 9000.0])
def test_there_and_back(watts: float) -> None:
    assert watts_of(dba_of(watts, POINTS), POINTS) == pytest.approx(watts)
