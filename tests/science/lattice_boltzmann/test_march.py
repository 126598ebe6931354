"""Marching to the steady state: second order, and the same however often it is interrupted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tenfold.science.cavity_report import figures
from tenfold.science.lattice_boltzmann import march as module
from tenfold.science.lattice_boltzmann.march import SteadyMarch


def marched(cells: int, reynolds: float) -> SteadyMarch:
    march = SteadyMarch((reynolds,), cells, 0.1, 1e-5, 200)
    while not march.done:
        march.advance()
    return march


def test_the_error_falls_with_the_square_of_the_cell() -> None:
    coarse, fine = (figures(marched(cells, 400.0).finished[0]) for cells in (32, 64))
    assert coarse["error_v"] / fine["error_v"] == pytest.approx(4.0, rel=0.35)


def test_it_says_so_when_it_is_not_steady() -> None:
    march = SteadyMarch((100.0,), 16, 0.1, 1e-6, 2)
    while not march.done:
        march.advance()
    assert not march.finished[0].record.steady
    assert march.finished[0].record.lid_times == 2


def test_a_flow_that_blows_up_is_told() -> None:
    march = SteadyMarch((100.0,), 16, 0.1, 1e-5, 50)
    march._flow.restore(np.full((9, 16, 16), np.nan, dtype=np.float32), 0)
    with pytest.raises(FloatingPointError, match="Re 100"):
        while not march.done:
            march.advance()


def test_interrupted_at_every_slice_it_ends_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 16 cells and a lid speed of 0.1 make 160 steps a lid time: slices of 62 fall across it.
    monkeypatch.setitem(module.CELLS_PER_SLICE, "cpu", 62 * 16**2)
    arguments = ((50.0, 100.0), 16, 0.1, 1e-4, 200)
    unbroken = SteadyMarch(*arguments)
    while not unbroken.done:
        unbroken.advance()
    march = SteadyMarch(*arguments)
    count = 0
    while not march.done:
        march.advance()
        folder = tmp_path / str(count)
        folder.mkdir()
        march.save(folder)
        march = SteadyMarch(*arguments)
        march.restore(folder)
        count += 1
    assert count > 50
    assert march.steps == unbroken.steps
    for ours, theirs in zip(march.finished, unbroken.finished, strict=True):
        assert ours.record.change == theirs.record.change
        assert np.array_equal(ours.u, theirs.u) and np.array_equal(ours.v, theirs.v)
