"""Children: asked for once, awaited without a slot, found again by key."""

from __future__ import annotations

from typing import Any

from tenfold.folder.durable import read_lines
from tenfold.terms.outcome import Ending, Outcome, Result
from tenfold.terms.wire import to_json

PARENT = """
def run(job, params):
    for key in ("a", "b"):
        job.spawn("lab.parent", {"steps": len(key)}, key, size="smoke")
    outcomes = job.gather()
    return Result("sum", {key: one.result.figures["n"] for key, one in outcomes.items()})
"""


def test_a_parent_waits_and_finds_its_children_again(lab: Any) -> None:
    folder = lab.job(lab.workload("parent", PARENT))
    assert lab.run(folder).ending is Ending.AWAITS_CHILDREN
    lines, _ = read_lines(folder.wants.read_bytes())
    assert lines == [
        {"key": key, "workload": "lab.parent", "params": {"steps": 1}, "size": "smoke"}
        for key in ("a", "b")
    ]

    ended = {
        key: to_json(Outcome(1, Ending.SUCCEEDED, 0.0, 1.0, result=Result("", {"n": number})))
        for key, number in (("a", 1), ("b", 2))
    }
    one = {"a": ended["a"]}
    assert lab.run(lab.promise(folder, 2, children=one), 2).ending is Ending.AWAITS_CHILDREN
    outcome = lab.run(lab.promise(folder, 3, children=ended), 3)
    assert outcome.result.figures == {"a": 1, "b": 2}
    assert len(read_lines(folder.wants.read_bytes())[0]) == 2


def test_a_child_has_no_children(lab: Any) -> None:
    folder = lab.job(lab.workload("parent", PARENT), id="1.a", parent="1", key="a")
    outcome = lab.run(folder)
    assert outcome.ending is Ending.FAILED
    assert outcome.refusal["code"] == "workload.depth"
    assert not folder.wants.exists()


def test_a_key_that_is_no_name(lab: Any) -> None:
    folder = lab.job(lab.workload("parent", PARENT.replace('"b"', '"../b"')))
    outcome = lab.run(folder)
    assert outcome.ending is Ending.FAILED
    assert "../b" in outcome.refusal["why"]
