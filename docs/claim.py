"""What a claim is, and the kept files that its figure is read from; the claims are in claims.py.

A claim without its file in benchmarks/results is shown as not run. `make evidence` measures those
again that say how (`again`), and holds the new figures against their aims.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parents[1] / "benchmarks" / "results"
NOT_RUN = "not run"


@dataclass(frozen=True)
class Claim:
    """One row of the proof table. `figure` words what the kept JSON says, `holds` whether that
    meets the aim (None: there is none)."""

    what: str
    aim: str
    command: str
    file: str  # in benchmarks/results
    figure: Callable[[dict[str, Any]], str]
    holds: Callable[[dict[str, Any]], bool] | None = None
    again: str = ""  # a script of benchmarks/ and its arguments: the same in a minute or two
    modelled: bool = False  # played on a virtual clock, not measured
    missed: str = ""  # why the kept figure misses its aim, where it does

    def words(self) -> str:
        content = kept(self.file)
        return NOT_RUN if content is None else self.figure(content.get("figures", content))

    def aim_words(self) -> str:
        """The aim, and whether it is missed."""
        return f"{self.aim}; **missed**: {self.missed}" if self.missed else self.aim


def kept(file: str) -> dict[str, Any] | None:
    path = RESULTS / file
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def all_kept() -> list[dict[str, Any]]:
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob("*.json"))]


def full_on_gpu() -> set[str]:
    """Workloads that a kept GPU pass ran at `full` to the end."""
    parts = (part for content in all_kept() for part in content.get("parts", {}).values())
    return {
        part["figures"]["workload"]
        for part in parts
        if part["status"] == "ran" and part["figures"].get("ran_full")
    }


def digits(value: float) -> str:
    """Three digits are enough for a table."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
