"""Children: named by parent and key, asked for once however often anybody dies."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from engine.conftest import ended, private, until
from faults.daemon import PrivateDaemon, kill_marked

from tenfold.engine.children import Children
from tenfold.engine.orders import Orders
from tenfold.ledger.ledger import Ledger
from tenfold.ledger.transaction import Transaction
from tenfold.terms.box import Box, Device, DeviceKind, Node, Slot
from tenfold.terms.job import Job, JobSpec, child_id
from tenfold.terms.outcome import Ending, Outcome
from tenfold.terms.refusal import refusal
from tenfold.terms.states import Change, State

SLOT = Slot("host", ("cpu",), DeviceKind.CPU, 1, 0.5)
BOX = Box("b", (Node("host", (Device("cpu", DeviceKind.CPU, "c", "host", 8.0, cores=4),)),))
WORKS = '''"""Works: asks for children, then works on for a while before it waits for them."""

import time

from pydantic import Field

from tenfold.catalogue.contract import WorkloadParams
from tenfold.terms.needs import Needs
from tenfold.terms.outcome import Result

RESUMES = True
SIZES = {}
REQUIRES = ()


class Params(WorkloadParams):
    works_s: float = Field(0.0, ge=0, description="Time.", json_schema_extra={"unit": "s"})
    depth: int = Field(0, ge=0, description="Depth.", json_schema_extra={"unit": ""})
    steps: int = Field(4, ge=1, description="Of a child.", json_schema_extra={"unit": ""})
    bad: str = Field("", description="A child that is refused.", json_schema_extra={"unit": ""})


def needs(params, device):
    return Needs(memory_gib=0.05)


def run(job, params):
    if params.depth:
        job.spawn("odd.works", {"depth": params.depth - 1}, key="below")
    else:
        job.spawn("load.count", {"steps": params.steps, "step_ms": 30}, key="good")
    if params.bad:
        job.spawn(params.bad, {}, key="bad")
    time.sleep(params.works_s)
    told = job.gather()
    return Result(
        "home",
        {
            key: [o.ending.value, (o.refusal or {}).get("code"), o.attempt]
            for key, o in told.items()
        },
    )
'''


@pytest.fixture(scope="module")
def works(daemon: PrivateDaemon) -> str:
    (daemon.home / "workloads" / "odd" / "works.py").write_text(WORKS)
    return "odd.works"


def child(daemon: PrivateDaemon, parent: str, key: str) -> dict[str, Any]:
    """As soon as it is there."""
    until_s = time.monotonic() + 20
    while time.monotonic() < until_s:
        for found in daemon.api.get(f"/api/jobs/{parent}")["children"]:
            if found["spec"]["key"] == key:
                return dict(found)
        time.sleep(0.02)
    raise AssertionError(f"{parent} has no child {key}")


def test_a_child_starts_while_its_parent_still_works(daemon: PrivateDaemon, works: str) -> None:
    job = daemon.submit(workload=works, params={"works_s": 600}, priority=3, name="mine")
    found = child(daemon, job, "good")
    assert found["id"] == f"{job}.good"
    assert (found["spec"]["priority"], found["spec"]["parent"]) == (3, job)
    assert found["name"] == "mine / good"
    assert ended(daemon, found["id"])["state"] == "succeeded"
    assert until(daemon, job, "running")["attempt"] == 1


def test_a_refused_child_fails_alone_and_its_parent_hears_why(
    daemon: PrivateDaemon, works: str
) -> None:
    job = daemon.submit(workload=works, params={"bad": "no.such"})
    done = ended(daemon, job)
    assert done["state"] == "succeeded"
    figures = done["outcome"]["result"]["figures"]
    assert figures["bad"] == ["failed", "workload.unknown", 0]
    assert figures["good"][0] == "succeeded"
    refused = child(daemon, job, "bad")
    assert (refused["state"], refused["attempt"]) == ("failed", 0)
    assert "no.such" in refused["reason"]


def test_a_child_has_no_children(daemon: PrivateDaemon, works: str) -> None:
    job = daemon.submit(workload=works, params={"depth": 1})
    done = ended(daemon, job)
    assert done["outcome"]["result"]["figures"] == {"below": ["failed", "workload.depth", 1]}


def test_pause_and_resume_go_down_to_the_children(daemon: PrivateDaemon, works: str) -> None:
    job = daemon.submit(workload=works, params={"steps": 100})
    below = f"{job}.good"
    child(daemon, job, "good")
    until(daemon, below, "running")
    until(daemon, job, "queued")
    daemon.api.post(f"/api/jobs/{job}/pause")
    assert until(daemon, job, "paused")["awaits"] == [below]
    step = until(daemon, below, "paused")["last_step"]
    daemon.api.post(f"/api/jobs/{job}/resume")
    until(daemon, below, "running", "succeeded")
    done = ended(daemon, job)
    assert done["outcome"]["result"]["figures"]["good"][0] == "succeeded"
    kept = daemon.api.get(f"/api/jobs/{below}/explain")["history"]
    resumed = [e["resumed_step"] for e in kept if e["kind"] == "began"]
    assert resumed == [None, step]


def test_a_child_that_is_still_pausing_comes_back_with_its_parent(
    daemon: PrivateDaemon, works: str
) -> None:
    """Resumed at once: the child had no time to save and to become paused."""
    job = daemon.submit(workload=works, params={"steps": 60})
    below = f"{job}.good"
    child(daemon, job, "good")
    until(daemon, below, "running")
    until(daemon, job, "queued")
    daemon.api.post(f"/api/jobs/{job}/pause")
    daemon.api.post(f"/api/jobs/{job}/resume")
    assert ended(daemon, job)["state"] == "succeeded"


def test_cancelling_a_parent_cancels_what_it_waits_for(daemon: PrivateDaemon, works: str) -> None:
    job = daemon.submit(workload=works, params={"steps": 500})
    child(daemon, job, "good")
    until(daemon, f"{job}.good", "running")
    daemon.api.post(f"/api/jobs/{job}/cancel")
    assert ended(daemon, f"{job}.good")["state"] == ended(daemon, job)["state"] == "cancelled"


def test_a_parent_hears_of_a_child_that_was_cancelled_before_it_ran(
    daemon: PrivateDaemon, works: str
) -> None:
    """Such a child has no attempt; without a word of it the parent would start for ever."""
    argv = {"argv": ["sleep", "600"]}
    blocker = daemon.submit(workload="system.command", params=argv, cores=3)
    until(daemon, blocker, "running")
    job = daemon.submit(workload=works, params={"works_s": 1.0}, priority=5)
    until(daemon, job, "running")
    found = child(daemon, job, "good")
    assert found["state"] == "queued"
    daemon.api.post(f"/api/jobs/{found['id']}/cancel")
    done = ended(daemon, job)
    assert done["outcome"]["result"]["figures"] == {"good": ["stopped", None, 0]}
    assert done["attempt"] <= 2


def test_children_asked_for_before_a_crash_are_submitted_once_after_it(tmp_path: Path) -> None:
    """kill -9 at random points between wants.jsonl and the submit, again and again."""
    daemon = private(tmp_path)
    (daemon.home / "workloads" / "odd" / "works.py").write_text(WORKS)
    daemon.start()
    chance = random.Random(3)
    try:
        parents = [daemon.submit(workload="load.family") for _ in range(3)]
        for _ in range(5):
            time.sleep(chance.uniform(0.0, 0.4))
            daemon.kill()
            daemon.start()
        for job in parents:
            done = ended(daemon, job)
            assert done["state"] == "succeeded" and done["outcome"]["verdict"]["holds"]
            children = daemon.api.get(f"/api/jobs/{job}")["children"]
            assert sorted(c["id"] for c in children) == [f"{job}.c{n}" for n in range(3)]
        submits = [
            e["job"]
            for job in daemon.jobs()
            for e in told(daemon, job)
            if e.get("change") == "submit"
        ]
        assert len(submits) == len(set(submits)) == 12
    finally:
        daemon.end()
        kill_marked(str(tmp_path))


def told(daemon: PrivateDaemon, job: str) -> list[dict[str, Any]]:
    return list(daemon.api.get(f"/api/jobs/{job}/explain")["history"])


def test_a_daemon_that_finds_wants_of_a_waiting_parent_submits_them(tmp_path: Path) -> None:
    """The crash came after the parent's end was written down and before its children were."""
    daemon = private(tmp_path)
    ledger = Ledger(daemon.home / "ledger.sqlite")
    spec = JobSpec("load.family", {"children": 1, "steps": 4, "step_ms": 1.0}, resumes=True)
    job = waiting(ledger, spec, "c0")
    ledger.close()
    folder = daemon.home / "jobs" / job.id
    (folder / "attempts" / "1").mkdir(parents=True)
    want = {"key": "c0", "workload": "load.count", "params": {"steps": 4, "step_ms": 1}}
    torn = '{"key": "c1", "workl'
    (folder / "wants.jsonl").write_text(json.dumps({**want, "size": None}) + "\n" + torn)
    daemon.start()
    try:
        done = ended(daemon, job.id)
        assert (done["state"], done["attempt"]) == ("succeeded", 2)
        children = daemon.api.get(f"/api/jobs/{job.id}")["children"]
        assert [c["id"] for c in children] == [f"{job.id}.c0"]
    finally:
        daemon.end()
        kill_marked(str(tmp_path))


def waiting(ledger: Ledger, spec: JobSpec, key: str) -> Job:
    """A parent that gave its slot back for child `key`, which is not in the ledger."""

    def work(transaction: Transaction) -> Job:
        job = transaction.submit(spec, 1.0)
        transaction.promise(job.id, SLOT, "f" * 32, 1.0)
        transaction.change(job.id, Change.ENTER, 1.0)
        outcome = Outcome(1, Ending.AWAITS_CHILDREN, 1.0, 2.0)
        transaction.end_attempt(job.id, outcome, 2.0)
        awaits = (f"{job.id}.{key}",)
        return transaction.change(job.id, Change.REQUEUE, 2.0, slot=None, awaits=awaits)

    return ledger.write(work)


class Describer:
    """Instead of the one that starts processes."""

    def __init__(self) -> None:
        self.trouble: list[Exception] = []
        self.asked: list[str] = []

    def describe(self, name: str, params: Any, size: Any, device: Any) -> dict[str, Any]:
        self.asked.append(name)
        if self.trouble:
            raise self.trouble.pop()
        return {
            "missing": [],
            "kind": "batch",
            "params": params,
            "resumes": True,
            "needs": {},
            "file_hash": "",
        }


@pytest.fixture
def nursery(tmp_path: Path) -> Any:
    """(children, describer, ledger, parent)"""
    ledger = Ledger(tmp_path / "ledger.sqlite")
    describer: Any = Describer()
    children = Children(ledger, Orders(ledger, BOX, describer), lambda: 5.0)
    parent = waiting(ledger, JobSpec("a.parent", priority=7, name="p"), "x")
    yield children, describer, ledger, parent
    children.close()
    ledger.close()


def soon(said: Callable[[], bool]) -> None:
    until_s = time.monotonic() + 5
    while not said():
        assert time.monotonic() < until_s
        time.sleep(0.005)


def test_a_child_is_asked_for_once(nursery: Any) -> None:
    children, describer, ledger, parent = nursery
    for _ in range(3):
        assert not describer.asked or not children.misses(parent.id, [want()])
        children.want(parent, [want()])
    soon(lambda: len(ledger.open_jobs()) == 2)
    assert describer.asked == ["a.child"]


def want(**fields: Any) -> dict[str, Any]:
    return {"key": "x", "workload": "a.child", "params": {"n": 1}, "size": None, **fields}


def test_what_fails_for_the_machines_sake_is_asked_for_again(nursery: Any) -> None:
    """No process could be started, or the ledger could not be written: that is no refusal."""
    children, describer, ledger, parent = nursery
    describer.trouble = [OSError(11, "no process")]
    children.want(parent, [want()])
    soon(lambda: children.misses(parent.id, [want()]))
    children.want(parent, [want()])
    soon(lambda: len(ledger.open_jobs()) == 2)


def test_a_child_of_a_parent_that_was_cancelled_comes_when_it_is_tried_again(nursery: Any) -> None:
    children, _, ledger, parent = nursery
    ledger.write(lambda t: t.change(parent.id, Change.CANCEL, 3.0))
    children.want(parent, [want()])
    soon(lambda: children.misses(parent.id, [want()]))
    assert ledger.reader().children(parent.id) == []
    ledger.write(lambda t: t.change(parent.id, Change.RETRY, 4.0))
    children.want(parent, [want()])
    soon(lambda: len(ledger.open_jobs()) == 2)


@pytest.mark.parametrize(
    "fields",
    [
        {"params": [1]},
        {"params": "text"},
        {"size": 3},
        {"workload": None},
        {"workload": "system.command", "params": [1]},
        {"workload": "system.command"},
        {"key": "../../x"},
    ],
)
def test_a_damaged_want_is_a_failed_child_and_the_next_one_is_heard(
    nursery: Any, fields: dict[str, Any]
) -> None:
    children, describer, ledger, parent = nursery
    describer.trouble = [refusal("workload.unknown", name="?", near="")]
    damaged = want(**fields)
    children.want(parent, [damaged, want(key="next")])
    soon(lambda: f"{parent.id}.next" in {job.id for job in ledger.reader().children(parent.id)})
    first, last = ledger.reader().children(parent.id)
    assert first.id == child_id(parent.id, damaged["key"]) and "/" not in first.id
    assert first.state is State.FAILED and first.outcome and first.outcome.refusal
    assert last.spec.parent == parent.id


def test_a_child_of_a_child_is_refused(nursery: Any) -> None:
    """Also one that the runner let through."""
    children, describer, ledger, parent = nursery
    spec = JobSpec("a.child", parent=parent.id, key="x")
    child = ledger.write(lambda t: t.submit(spec, 1.0))
    children.want(child, [want(key="below")])
    soon(lambda: bool(ledger.reader().children(child.id)))
    (below,) = ledger.reader().children(child.id)
    assert below.state is State.FAILED and below.outcome.refusal["code"] == "workload.depth"
    assert describer.asked == []
