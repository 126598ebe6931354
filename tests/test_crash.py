"""kill -9 of everything, at any moment: nothing lost, nothing doubled, nothing left behind.

The storm is the same as in `benchmarks/crash.py`, shorter. The other tests plant each fault that
the proof looks for, and see that it is found.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from faults import crash
from faults.verdict import Evidence, double_attempts, repeated_steps, wrongs

KILLS = 60


def test_a_storm_of_kills_loses_and_doubles_nothing(tmp_path: Path) -> None:
    figures = crash.storm(tmp_path / "storm", KILLS, seed=4)
    told = json.dumps(figures, indent=1)
    print(told)
    assert figures["wrong"] == [], told
    assert figures["kills"] == KILLS
    # The storm has to have hit something, or it proves nothing.
    assert figures["attempts_by_ending"]["crashed"] >= 5, told
    assert figures["resumed"] >= 2, told
    assert figures["daemon_restarts"] >= 10, told
    assert figures["acknowledged"] >= 20, told


def _line(kind: str, attempt: int = 1, pid: int = 10, **facts: Any) -> dict[str, Any]:
    return {"kind": kind, "job": "1", "attempt": attempt, "pid": pid, **facts}


def _job(state: str = "succeeded", **spec: Any) -> dict[str, Any]:
    filled = {"parent": None, "key": "k1", "workload": "load.count", **spec}
    return {"id": "1", "state": state, "spec": filled, "reason": "so"}


def _evidence(**changed: Any) -> Evidence:
    whole: dict[str, Any] = {
        "acknowledged": {"k1": "1"},
        "jobs": {"1": _job()},
        "endings": {"1": ["succeeded"]},
        "attempts": {"1": [(1, "crashed"), (2, "succeeded")]},
        "audit": [
            _line("begin", 1, 10, step=0),
            _line("step", 1, 10, step=0),
            _line("checkpoint", 1, 10, step=0),
            _line("step", 1, 10, step=1),
            _line("begin", 2, 20, step=1),
            _line("step", 2, 20, step=1),
            _line("end", 2, 20),
        ],
    }
    return Evidence(**{**whole, **changed})


def test_a_good_run_is_found_good() -> None:
    assert wrongs(_evidence()) == []


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        ({"jobs": {}, "endings": {}, "attempts": {}}, "acknowledged and is lost"),
        ({"acknowledged": {"k1": "7"}, "jobs": {"1": _job(), "7": _job()}}, "the ledger has"),
        ({"jobs": {"1": _job("queued")}}, "never ended"),
        ({"jobs": {"1": _job("failed")}}, "is failed"),
        ({"endings": {"1": ["succeeded", "succeeded"]}}, "has 2 ends"),
        ({"endings": {}}, "has 0 ends"),
        ({"attempts": {"1": [(1, "succeeded"), (2, "succeeded")]}}, "yet more were made"),
        ({"attempts": {"1": [(1, None), (2, "succeeded")]}}, "has no outcome"),
        ({"attempts": {"1": [(2, "succeeded")]}}, "has the attempts [2]"),
        ({"survivors": {99: "sleep 3600"}}, "process 99 was left"),
        ({"audit": [_line("violation")]}, "while another lived"),
    ],
)
def test_each_fault_is_found(planted: dict[str, Any], said: str) -> None:
    (wrong, *_) = wrongs(_evidence(**planted))
    assert said in wrong


def test_an_attempt_that_goes_on_after_the_next_began_is_found() -> None:
    audit = [_line("begin", 1, 10), _line("begin", 2, 20), _line("step", 1, 10, step=0)]
    assert "went on after a later attempt" in double_attempts(audit)[0]
    # A rank is judged beside the same rank of another attempt only.
    ranks = [_line("begin", 1, 10, rank=0), _line("begin", 1, 11, rank=1), _line("end", 1, 10)]
    assert double_attempts(ranks) == []


def test_an_attempt_that_begins_twice_is_found() -> None:
    assert "began twice" in double_attempts([_line("begin", 1, 10), _line("begin", 1, 11)])[0]


def test_a_checkpointed_step_that_begins_again_is_found() -> None:
    audit = [_line("checkpoint", 1, 10, step=4), _line("step", 2, 20, step=4)]
    assert "though 4 was held" in repeated_steps(audit)[0]
    assert repeated_steps([audit[0], _line("step", 2, 20, step=5)]) == []


def test_a_child_may_fail_only_when_it_was_killed_often() -> None:
    child = _job("failed", parent="0")
    assert wrongs(_evidence(jobs={"1": child}, endings={"1": ["failed"]}, acknowledged={}))
    killed = _evidence(
        jobs={"1": child}, endings={"1": ["failed"]}, acknowledged={}, kills_of={"1": 4}
    )
    assert wrongs(killed) == []
