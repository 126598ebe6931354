"""What README and docs/evidence.md claim in figures, and how each figure is read from its JSON.

A claim without its file in benchmarks/results is shown as not run.
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
    """One row of the proof table. `figure` words what the kept JSON says."""

    what: str
    aim: str
    command: str
    file: str  # in benchmarks/results
    figure: Callable[[dict[str, Any]], str]

    def words(self) -> str:
        content = kept(self.file)
        return NOT_RUN if content is None else self.figure(content.get("figures", content))


def kept(file: str) -> dict[str, Any] | None:
    path = RESULTS / file
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def all_kept() -> list[dict[str, Any]]:
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob("*.json"))]


def _n(value: float) -> str:
    """Three digits are enough for a table."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _crash(found: dict[str, Any]) -> str:
    return (
        f"{found['kills']} kills, {found['acknowledged']} jobs, {found['attempts']} attempts:"
        f" {len(found['wrong'])} promises broken"
    )


def _power_cut(found: dict[str, Any]) -> str:
    kept = found["promises"]
    return (
        f"{found['cuts']} cuts of runs with {kept['submitted']} submits and {kept['ended']}"
        f" outcomes: {len(found['wrong'])} promises broken"
    )


def _peers(found: dict[str, Any]) -> str:
    runs = ((n, run) for n, run in found["no_ops"].items() if isinstance(run, dict))
    said = [f"{n} {_n(run['done_s']) + ' s' if 'done_s' in run else NOT_RUN}" for n, run in runs]
    return "; ".join(said)


def _cavity(found: dict[str, Any]) -> str:
    errors = (
        f"Re {case['reynolds']:g}: {max(case['error_u'], case['error_v']):.4f}"
        for case in found["cases"]
        if case["judged"]
    )
    return "; ".join(errors)


CLAIMS = (
    Claim(
        "Random `kill -9` of daemon, runner, ranks and fork server loses, doubles and leaves"
        " nothing",
        "0 broken",
        "make bench-crash",
        "crash.json",
        _crash,
    ),
    Claim(
        "After a power cut at any moment every acknowledged submit and outcome is there",
        "0 broken",
        "make bench-power-cut",
        "power_cut.json",
        _power_cut,
    ),
    Claim(
        "A durable submit over HTTP, as a multiple of a bare fsync (p50, p99)",
        "p99 at most 3",
        "make bench-queue",
        "queue.json",
        lambda found: " and ".join(_n(found["submit_over_fsync"][p]) for p in ("p50", "p99")),
    ),
    Claim(
        "Durable submits a second, in batches",
        "1,000",
        "make bench-queue",
        "queue.json",
        lambda found: f"{found['batches']['submits_a_second']:,.0f}",
    ),
    Claim(
        "From submit to the first line of a no-op (p50)",
        "",
        "make bench-queue",
        "queue.json",
        lambda found: f"{_n(found['start']['submit_to_first_line_p50_ms'])} ms",
    ),
    Claim(
        "No-op jobs on two CPU shares, all done, beside other queues in the same run",
        "",
        "make bench-queue",
        "queue.json",
        lambda found: f"{found['no_ops']['count']} jobs: {_peers(found)}",
    ),
    Claim(
        "`tenfold --version`, more than a bare `python -c pass`",
        "150 ms",
        "make bench-cli",
        "cli.json",
        lambda found: f"{_n(found['over_bare_python_ms']['tenfold --version'])} ms",
    ),
    Claim(
        "`tenfold workloads`, more than a bare `python -c pass`",
        "400 ms",
        "make bench-cli",
        "cli.json",
        lambda found: f"{_n(found['over_bare_python_ms']['tenfold workloads'])} ms",
    ),
    Claim(
        "`simulate.cavity` at `desk`: largest error on the centre lines, in lid speeds",
        "0.005",
        "make bench-cavity",
        "cavity.json",
        _cavity,
    ),
    Claim(
        "`simulate.cavity` at `desk`, on one core",
        "5 minutes",
        "make bench-cavity",
        "cavity.json",
        lambda found: f"{_n(found['desk_core_s'])} core-seconds",
    ),
)
