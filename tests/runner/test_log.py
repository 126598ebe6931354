"""log.txt keeps its beginning and its end."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tenfold.runner.log import MIB, cut, limit_bytes


def test_the_middle_goes(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    lines = b"".join(b"%09d\n" % number for number in range(1_000_000))
    path.write_bytes(lines)
    cut(path, 8 * MIB)
    kept = path.read_bytes()
    assert kept.startswith(lines[:MIB])
    assert kept.endswith(lines[-4 * MIB :])
    dropped = len(lines) - 5 * MIB
    assert f"[tenfold: {dropped} bytes were dropped here]".encode() in kept
    assert len(kept) < 5 * MIB + 100
    # A writer goes on at the end.
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    os.write(descriptor, b"after\n")
    os.close(descriptor)
    assert path.read_bytes() == kept + b"after\n"


def test_below_the_limit_nothing_happens(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(b"x" * MIB)
    cut(path, MIB)
    assert path.read_bytes() == b"x" * MIB


def test_the_limit_comes_from_the_environment() -> None:
    assert limit_bytes({}) == 64 * MIB
    assert limit_bytes({"TENFOLD_LOG_LIMIT_MIB": "0.5"}) == MIB // 2


def test_a_workload_that_fills_its_log(lab: Any) -> None:
    body = """
    def run(job, params):
        print("the first line")
        line = "x" * 999
        for _ in range(4000):
            print(line)
        os.system("echo the last line")
        return Result("talked")
    """
    folder = lab.job(lab.workload("talks", body))
    lab.run(folder, env={"TENFOLD_LOG_LIMIT_MIB": "1"})
    log = lab.log(folder)
    assert len(log) < MIB
    assert log.startswith("the first line\n") and log.endswith("the last line\n")
    assert "bytes were dropped here" in log
