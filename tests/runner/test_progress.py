"""Progress counts, and does not flood."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tenfold.folder.durable import read_lines
from tenfold.runner.events import Events
from tenfold.runner.progress import reported


@pytest.fixture
def events(tmp_path: Path) -> Events:
    return Events(tmp_path / "events.jsonl", now=lambda: 7.0)


def told(tmp_path: Path) -> list[dict[str, Any]]:
    lines, _ = read_lines((tmp_path / "events.jsonl").read_bytes())
    return lines


def test_at_most_five_a_second_and_the_last(tmp_path: Path, events: Events) -> None:
    now_s = [0.0]

    def clock() -> float:
        return now_s[0]

    for _ in reported(range(1000), None, "step", events, clock):
        now_s[0] += 0.01  # ten seconds in all
    lines = told(tmp_path)
    assert 40 <= len(lines) <= 52
    assert lines[-1]["done"] == lines[-1]["total"] == 1000
    middle = lines[len(lines) // 2]
    assert middle["rate"] == pytest.approx(100, rel=0.02)
    assert middle["eta_s"] == pytest.approx((1000 - middle["done"]) / 100, rel=0.02)


def test_a_resumed_loop_begins_where_it_was(tmp_path: Path, events: Events) -> None:
    assert list(reported(range(40, 100), 100, "step", events)) == list(range(40, 100))
    lines = told(tmp_path)
    assert lines[0]["done"] == 41
    assert (lines[-1]["done"], lines[-1]["total"], lines[-1]["at"]) == (100, 100, 7.0)


def test_without_a_total(tmp_path: Path, events: Events) -> None:
    list(reported((letter for letter in "abc"), None, "row", events))
    (first, *_, last) = told(tmp_path)
    assert first["total"] is None and first["eta_s"] is None
    assert last["done"] == 3


def test_leaving_early_is_no_error(tmp_path: Path, events: Events) -> None:
    for item in reported(range(10), None, "step", events):
        if item == 2:
            break
    assert told(tmp_path)[-1]["done"] < 10
