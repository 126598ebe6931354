"""A cavity's state: what comes out, what goes back in, and what it costs."""

from __future__ import annotations

import numpy as np
import pytest

from tenfold.science.lattice_boltzmann import scaling
from tenfold.science.lattice_boltzmann.flow import CavityFlow, lanes_for


def test_restored_it_goes_on_bit_for_bit() -> None:
    unbroken = CavityFlow(24, 100.0, 0.1)
    unbroken.advance(100)
    saved = unbroken.populations().copy()
    unbroken.advance(90)
    restored = CavityFlow(24, 100.0, 0.1)
    restored.restore(saved, 100)
    restored.advance(90)
    assert restored.steps == unbroken.steps == 190
    assert np.array_equal(restored.populations(), unbroken.populations())


def test_populations_are_rows_from_the_floor() -> None:
    flow = CavityFlow(24, 100.0, 0.1)
    flow.advance(400)
    u, _ = flow.velocity()
    assert u[-1, 12] > 0.5 > abs(u[0, 12])  # the lid is the last row


def test_odd_steps_are_refused() -> None:
    with pytest.raises(ValueError, match="even"):
        CavityFlow(16, 100.0, 0.1).advance(3)


@pytest.mark.parametrize(("cells", "lanes"), [(256, 8), (20, 4), (18, 2), (17, 1)])
def test_lanes_divide_the_grid(cells: int, lanes: int) -> None:
    assert lanes_for(cells) == lanes


def test_its_memory_is_what_the_estimate_says() -> None:
    flow = CavityFlow(256, 100.0, 0.1)
    held = (flow._now._room.size + flow._later._room.size) / scaling.GIB
    assert held == pytest.approx(2 * scaling.populations_gib(256), rel=0.01)


def test_the_steady_flow_does_not_hang_on_the_lid_speed() -> None:
    """With MAGIC fixed and density constant in the momentum, only Re and the grid remain."""
    fields = []
    for lid_speed in (0.1, 0.05):
        flow = CavityFlow(32, 100.0, lid_speed)
        flow.advance(30 * scaling.steps_per_lid_time(32, lid_speed))
        fields.append(np.stack(flow.velocity()))
    assert np.abs(fields[0] - fields[1]).max() < 2e-5
