"""Which errors of a card set it aside, and which are a program's own."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from engine.test_relief import reading

from tenfold.engine.card_errors import CONTAINED, FATAL, WITHIN_S, Errors, errors, failed, fresh
from tenfold.terms.reading import GpuReading, Missing


def gpu(*xids: int, **more: Any) -> GpuReading:
    found = reading().gpu
    assert found is not None
    return replace(found, xids=xids, **more)


@pytest.mark.parametrize("number", [48, 62, 64, 74, 79, 95, 119, 120, 140])
def test_these_set_the_card_aside_for_good(number: int) -> None:
    state, told = errors(gpu(31, number), Errors(), 100.0)
    assert f"XID {number}" in state.aside and FATAL[number] in state.aside
    assert [re.findall(r"\d+", one)[0] for one in told] == ["31", str(number)]
    later, told = errors(gpu(31, number), state, 1e6)
    assert later.aside == state.aside and told == []


@pytest.mark.parametrize("number", [13, 31, 43, 45, 68, CONTAINED, 999])
def test_these_are_told_and_change_nothing(number: int) -> None:
    state, told = errors(gpu(number), Errors(), 100.0)
    assert not state.aside
    (word,) = told
    assert word.startswith(f"XID {number}: ")


def test_a_row_to_be_replaced_sets_it_aside_only_while_one_is_pending() -> None:
    state, _ = errors(gpu(63, rows_pending=False), Errors(), 100.0)
    assert not state.aside
    # It is read later than the error comes.
    state, told = errors(gpu(63, rows_pending=True), state, 105.0)
    assert "XID 63" in state.aside and told == []
    assert not errors(gpu(rows_pending=True), Errors(), 100.0)[0].aside  # since before we looked
    assert errors(gpu(rows_failed=True), Errors(), 100.0)[0].aside


def test_a_rising_count_of_errors_that_cannot_be_corrected() -> None:
    state, _ = errors(gpu(ecc_errors=2.0), Errors(), 100.0)
    assert not state.aside  # older than this daemon
    state, _ = errors(gpu(ecc_errors=Missing("root")), state, 101.0)
    again, _ = errors(gpu(ecc_errors=0.0), state, 102.0)
    assert not again.aside  # the driver was loaded anew
    state, _ = errors(gpu(ecc_errors=3.0), state, 103.0)
    assert "2 to 3" in state.aside


def test_a_contained_error_explains_the_count_that_it_raises() -> None:
    state, _ = errors(gpu(ecc_errors=0.0), Errors(), 100.0)
    state, _ = errors(gpu(CONTAINED, ecc_errors=0.0), state, 101.0)
    state, _ = errors(gpu(CONTAINED, ecc_errors=1.0), state, 105.0)
    assert not state.aside
    state, _ = errors(gpu(CONTAINED, ecc_errors=2.0), state, 101.0 + WITHIN_S)
    assert state.aside


def test_a_job_dies_of_its_card_or_not() -> None:
    state, _ = errors(gpu(31), Errors(), 100.0)
    assert not failed(state, (31,), 100.0)
    assert failed(state, (31, CONTAINED), 100.0)  # logged since the last reading
    state, _ = errors(gpu(31, CONTAINED), state, 101.0)
    assert failed(state, (31, CONTAINED), 102.0)
    assert not failed(state, (31, CONTAINED), 101.0 + WITHIN_S)
    state, _ = errors(gpu(31, CONTAINED, 95), state, 300.0)
    assert failed(state, Missing("gone"), 1e6)


@pytest.mark.parametrize(
    ("before", "seen", "new"),
    [
        ((), (13,), (13,)),
        ((13,), (13,), ()),
        ((13,), (13, 13), (13,)),
        ((13, 31, 43), (31, 43, 45), (45,)),
        ((13, 31), (48, 95), (48, 95)),
        ((), (), ()),
    ],
)
def test_what_is_new_of_a_list_that_keeps_the_newest(
    before: tuple[int, ...], seen: tuple[int, ...], new: tuple[int, ...]
) -> None:
    assert fresh(before, seen) == new
    assert fresh(before, Missing("gone")) == ()
