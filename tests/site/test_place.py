"""Readings of the place that a program of the owner's writes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tenfold.site.place import place_reading
from tenfold.terms.reading import Missing, PlaceReading

NOW = 1_790_000_000.0


def told(**fields: Any) -> PlaceReading:
    return place_reading(json.dumps({"at": NOW} | fields), NOW)


def test_what_is_told_is_read() -> None:
    found = told(inlet_c=24.5, supplies=6, wall_w=4210)
    assert found == PlaceReading(24.5, 6.0, 4210.0)


def test_what_is_not_told_is_missing_and_never_nothing() -> None:
    found = told(inlet_c=24.5)
    assert found.inlet_c == 24.5
    assert found.supplies == Missing("the place's file does not tell 'supplies'")
    assert isinstance(found.wall_w, Missing)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("inlet_c", "warm"),
        ("inlet_c", True),
        ("inlet_c", [24]),
        ("inlet_c", float("nan")),
        ("inlet_c", float("inf")),
        ("inlet_c", 451),
        ("supplies", 2.5),
        ("supplies", -1),
        ("wall_w", -20),
        ("wall_w", 10**400),
    ],
)
def test_what_is_no_reading_is_missing(field: str, value: object) -> None:
    found = getattr(told(**{field: value}), field)
    assert isinstance(found, Missing) and field in found.why


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "not JSON"),
        ('{"at": 1', "not JSON"),
        ("[1]", "object"),
        ('{"inlet_c": 24}', "'at'"),
        ('{"at": "now", "inlet_c": 24}', "'at'"),
        (f'{{"at": {NOW - 61}, "inlet_c": 24}}', "61 s old"),
        (f'{{"at": {NOW + 61}, "inlet_c": 24}}', "in the future"),
    ],
)
def test_a_file_that_cannot_be_believed_tells_nothing(text: str, word: str) -> None:
    found = place_reading(text, NOW)
    for value in (found.inlet_c, found.supplies, found.wall_w):
        assert isinstance(value, Missing) and word in value.why


def test_a_minute_old_is_young_enough() -> None:
    assert place_reading(f'{{"at": {NOW - 60}, "inlet_c": 24}}', NOW).inlet_c == 24.0
