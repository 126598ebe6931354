"""The tables' rows stand beside one another, and nobody has put the misprint right."""

from __future__ import annotations

from tenfold.science.cavity_tables import TABLES, table_at

MISPRINT = (400, 0.9063)


def test_the_two_references_agree_but_for_the_misprint() -> None:
    for reynolds, table in TABLES.items():
        assert len(table.y) == len(table.u) == len(table.ghia_u) == 15
        assert len(table.x) == len(table.v) == len(table.ghia_v) == 15
        assert all(abs(a - b) < 0.008 for a, b in zip(table.u, table.ghia_u, strict=True))
        for x, ours, ghia in zip(table.x, table.v, table.ghia_v, strict=True):
            apart = abs(ours - ghia)
            assert apart > 0.15 if (reynolds, x) == MISPRINT else apart < 0.019


def test_no_table_between_the_tables() -> None:
    assert table_at(400.0) is TABLES[400]
    assert table_at(400.5) is None
    assert table_at(401.0) is None
