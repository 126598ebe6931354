"""Ranks that train together: the benchmark at a tiny size, and again with faults planted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tenfold.science.transformer.gang import Gang

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "pretrain_ranks.py"


def ranks(tmp_path: Path, *options: str) -> dict[str, Any]:
    out = tmp_path / "kept.json"
    argv = [sys.executable, str(SCRIPT), "--size", "tiny", "--out", str(out), *options]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    figures: dict[str, Any] = json.loads(out.read_text())["figures"]
    return figures


def test_shares_are_all_of_it() -> None:
    for world in (1, 2, 3, 5, 7, 10, 16, 20):
        shares = [Gang(rank, world).share(16) for rank in range(world)]
        assert [number for share in shares for number in share] == list(range(16))
        assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_ranks_learn_as_one_does_and_take_over_from_one_another(tmp_path: Path) -> None:
    """The 16 sequences of a step do not divide by three. `split`: each rank has a part of the
    model; from it two ranks take over that have the whole, then one."""
    options = ("--ranks", "1,2,3", "--split", "3", "--handover", "3,2,1")
    figures = ranks(tmp_path, *options)
    assert figures["holds"], figures
    assert figures["last_loss"]["1"] < figures["first_loss"] - 0.3
    assert sorted(figures["apart"]) == ["2", "3", "3 split"]


def test_uneven_shares_that_count_alike_are_seen(tmp_path: Path) -> None:
    figures = ranks(tmp_path, "--ranks", "1,3", "--split", "", "--handover", "", "--fault", "mean")
    assert not figures["holds"] and figures["apart"]["3"] > 2 * figures["tolerance"]


def test_a_checkpoint_that_forgets_is_seen(tmp_path: Path) -> None:
    figures = ranks(
        tmp_path, "--ranks", "1", "--split", "", "--handover", "1,1", "--fault", "momentum"
    )
    assert not figures["holds"] and figures["handover"]["apart"] > 2 * figures["tolerance"]
