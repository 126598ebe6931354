"""The verdict against published figures: benchmarks/verdict.py, and what it kept."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "benchmarks"))

import verdict  # noqa: E402


def test_each_figure_is_near_or_explained_and_the_kept_ones_are_these() -> None:
    found = verdict.figures()
    assert found["unexplained"] == [] and found["independent"] >= 10
    kept = json.loads((ROOT / "benchmarks" / "results" / "verdict.json").read_text())
    assert kept["figures"] == found


def test_a_wrong_figure_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdict, "NEC_KVA", {"120 V 20 A": 2.4})
    assert verdict.figures()["unexplained"] == ["120 V 20 A for hours (NEC)"]
