"""What declared nodes stand in, against facts/operating-layer.md, section 3."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenfold.hardware.chassis_facts import DGX, TEN_CARDS
from tenfold.hardware.declared import box


def test_figures_of_the_two_chassis() -> None:
    assert (TEN_CARDS.rack_units, TEN_CARDS.slots, TEN_CARDS.weight_kg) == (5, 10, None)
    assert (DGX.rack_units, DGX.weight_kg, DGX.rated_w) == (8, 130.45, 10_200)
    assert (DGX.supplies, DGX.supplies_needed, DGX.supply_w) == (6, 4, 3300)
    assert (DGX.airflow_cfm, DGX.heat_btu_h) == (1105, 38_557)
    assert (DGX.inlet_lowest_c, DGX.inlet_highest_c) == (5, 30)
    assert (DGX.supply_lowest_v, DGX.supply_highest_v) == (200, 240)
    for chassis in (TEN_CARDS, DGX):
        assert chassis.source and chassis.noise_dba is None  # nobody publishes one


@pytest.mark.parametrize(
    ("text", "stands_in"),
    [
        ("10xH100-PCIe", [TEN_CARDS]),
        ("6xH100-NVL", [TEN_CARDS]),
        ("4xH100-NVL", [None]),
        ("8xH100-SXM", [DGX]),
        ("8xH200", [DGX]),
        ("8xA100-80GB", [None]),
        ("4xH100-SXM", [None]),
        ("8xH100-SXM+2xH100-SXM", [DGX, None]),
        ("cpu", [None]),
    ],
)
def test_what_nodes_stand_in(text: str, stands_in: list[object]) -> None:
    assert [node.chassis for node in box(text).nodes] == stands_in


def test_a_box_files_nodes_stand_in_nobody_knows_what(tmp_path: Path) -> None:
    file = tmp_path / "attic.toml"
    file.write_text('[[node]]\ncards = "10xH100-PCIe"\n')
    assert box(str(file)).nodes[0].chassis is None
