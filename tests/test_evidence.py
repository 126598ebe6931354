"""`make evidence` and docs/evidence.md: figures have a source, and a miss is told."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "docs"), str(ROOT / "benchmarks")]

import better  # noqa: E402
import claim as kept_files  # noqa: E402
import claims_gpu  # noqa: E402
import evidence  # noqa: E402
from claim import Claim  # noqa: E402
from claims import CLAIMS  # noqa: E402

KINDS = {"measured", "modelled", "published elsewhere", "never run"}


def test_every_row_of_the_cpu_can_be_measured_again() -> None:
    for claim in CLAIMS:
        if claim.file.startswith("gpu-check-"):
            assert not claim.again, claim.what
            continue
        assert claim.again, f"{claim.file}: no short run is named"
        script = ROOT / "benchmarks" / claim.again.split()[0]
        assert '"--out"' in script.read_text(), f"{script.name} would write over what is kept"


def test_rows_of_one_file_are_measured_by_one_command() -> None:
    for claim in CLAIMS:
        assert {c.again for c in CLAIMS if c.file == claim.file} == {claim.again}


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: str(claim.what[:50]))
def test_a_kept_figure_meets_its_aim_or_says_why_not(claim: Claim) -> None:
    content = kept_files.kept(claim.file)
    if content is not None and claim.holds is not None:
        assert claim.holds(content.get("figures", content)) == (not claim.missed), claim.words()


def test_every_row_of_the_page_tells_its_kind() -> None:
    page = (ROOT / "docs" / "evidence.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| ") and "---" not in line]
    assert len(rows) == len(CLAIMS) + len(better.BETTER) + 2  # and two heads
    for row in rows[1 : 1 + len(CLAIMS)]:
        cells = [cell.strip() for cell in row.strip("|").split(" | ")]
        assert len(cells) == 8 and cells[2] in KINDS, row
        assert (cells[2] == "never run") == (cells[1] == "not run") == (not cells[5])


# --- where other tools are better


@pytest.mark.parametrize("row", better.BETTER, ids=lambda row: str(row.tool))
def test_a_figure_of_another_tool_has_a_source(row: better.Better) -> None:
    assert row.source
    assert not re.search(r"\d", row.why.replace("H100", "")), "a figure belongs into `reaches`"
    if callable(row.reaches):
        assert kept_files.kept(row.source) is not None
        assert row.how == "measured"
    else:
        assert bool(row.reaches) == (row.how == "published elsewhere") == bool(row.date)


# --- a GPU pass


def gpu_pass(**parts: dict[str, Any]) -> dict[str, Any]:
    return {"machine": {"gpu": "NVIDIA H200"}, "parts": parts}


def training(mfu: float | None) -> dict[str, Any]:
    found = {"mfu": mfu, "tokens_a_second": 1e6, "first_loss": 10.1, "last_loss": 4.0}
    return {"status": "ran", "figures": found}


def test_rows_of_a_gpu_pass() -> None:
    row = claims_gpu.gpu_claims("gpu-check-h200.json")[0]
    assert row.holds is not None
    ran = gpu_pass(pretrain_50m=training(0.43))
    assert row.figure(ran) == "NVIDIA H200: 43% MFU, 1,000,000 tokens/s; loss 10.1 to 4"
    assert row.holds(ran) and not row.holds(gpu_pass(pretrain_50m=training(0.31)))
    slice_of_one = gpu_pass(pretrain_50m=training(None))  # its peak is not known
    assert "MFU n/a" in row.figure(slice_of_one) and row.holds(slice_of_one)
    failed = gpu_pass(pretrain_50m={"status": "failed", "why": "It hung.", "figures": {}})
    assert row.figure(failed) == "NVIDIA H200: failed, It hung." and not row.holds(failed)
    skipped = gpu_pass(gang={"status": "skipped", "why": "One GPU."})
    gang = claims_gpu.gpu_claims("x.json")[-1]
    assert gang.holds is not None and gang.holds(skipped)
    assert gang.figure(skipped) == "NVIDIA H200: skipped, One GPU."
    assert row.figure(skipped) == "NVIDIA H200: skipped, not asked for"


@pytest.mark.parametrize("whole", [True, False])
def test_a_workload_counts_as_full_when_a_gpu_ran_it_to_the_end(
    whole: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_files, "RESULTS", tmp_path)
    found = {"workload": "simulate.cavity", "ran_full": whole}
    kept = gpu_pass(cavity={"status": "ran", "figures": found}, gang={"status": "skipped"})
    (tmp_path / "gpu-check-h200.json").write_text(json.dumps(kept))
    assert kept_files.full_on_gpu() == ({"simulate.cavity"} if whole else set())


# --- measuring again

SCRIPT = """
import argparse, json, pathlib, sys
parser = argparse.ArgumentParser()
parser.add_argument("--value", type=float)
parser.add_argument("--status", type=int, default=0)
parser.add_argument("--out", type=pathlib.Path)
asked = parser.parse_args()
asked.out.write_text(json.dumps({"figures": {"value": asked.value}}))
sys.exit(asked.status)
"""


def claim(tmp_path: Path, options: str, file: str = "tried.json") -> Claim:
    (tmp_path / "tried.py").write_text(SCRIPT)
    return Claim(
        "A value",
        "at most 3",
        "make nothing",
        file,
        lambda found: f"{found['value']:g}",
        lambda found: found["value"] <= 3,
        again=f"{tmp_path / 'tried.py'} {options}",
    )


@pytest.mark.parametrize(
    "options,verdict,status",
    [
        ("--value 2", "HOLDS", 0),
        ("--value 4", "MISSED", 1),
        ("--value 2 --status 1", "FAILED", 1),
        ("--no-such-option", "FAILED", 1),
    ],
)
def test_a_miss_or_a_failure_is_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], options: str, verdict: str, status: int
) -> None:
    before = {path: path.stat().st_mtime_ns for path in kept_files.RESULTS.iterdir()}
    row = claim(tmp_path, options)
    failed = evidence.measured([row, row], tmp_path, 1e12)
    assert evidence.reported([row], tmp_path, failed) == status
    said = capfd.readouterr().out
    assert f"{verdict:8} A value" in said and "kept  not run" in said
    assert said.count("...") == 1, "two rows of one file are one run"
    assert {path: path.stat().st_mtime_ns for path in kept_files.RESULTS.iterdir()} == before


def test_when_the_time_is_up_the_rest_has_failed(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("import time\ntime.sleep(600)\n")
    row = replace(claim(tmp_path, ""), again=str(tmp_path / "slow.py"))
    failed = evidence.measured([row], tmp_path, 0.0)
    assert evidence.judged(row, tmp_path, failed) == ("FAILED", "the time was up")


def test_rows_without_a_command_are_named_and_not_run(tmp_path: Path) -> None:
    row = replace(claim(tmp_path, ""), again="")
    assert evidence.measured([row], tmp_path, 1e12) == {}
    assert evidence.judged(row, tmp_path, {})[0] == "not run"
