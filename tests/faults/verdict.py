"""Was anything lost, doubled or left behind? Judged from four witnesses that do not know each
other: what the client was promised, the ledger, the audit of the workloads, and /proc.

Each function returns the sentences of what is wrong; none means it holds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tenfold.terms.states import ENDED

CHILD_RETRIES = 3  # crashes in a row that a child survives; nobody asked for more on its behalf


@dataclass(frozen=True)
class Evidence:
    """`acknowledged`: key -> id, as the API answered. `jobs`: id -> JobView. `endings`: id -> the
    end states that the ledger's events tell, in order. `attempts`: id -> (number, ending or None)
    as in the ledger. `audit`: lines in order. `survivors`: pid -> command line."""

    acknowledged: Mapping[str, str]
    jobs: Mapping[str, Mapping[str, Any]]
    endings: Mapping[str, list[str]]
    attempts: Mapping[str, list[tuple[int, str | None]]]
    audit: list[dict[str, Any]]
    expected: Mapping[str, str] = field(default_factory=dict)  # key -> end state
    kills_of: Mapping[str, int] = field(default_factory=dict)  # id -> kills of its processes
    survivors: Mapping[int, str] = field(default_factory=dict)


def wrongs(evidence: Evidence) -> list[str]:
    return [
        *lost(evidence),
        *outcomes(evidence),
        *double_attempts(evidence.audit),
        *repeated_steps(evidence.audit),
        *[f"process {pid} was left: {line}" for pid, line in evidence.survivors.items()],
    ]


def lost(evidence: Evidence) -> list[str]:
    """Every acknowledged job is there, once, and came to the end that it should."""
    wrong = []
    by_key: dict[str, list[str]] = defaultdict(list)
    for job in evidence.jobs.values():
        if job["spec"]["parent"] is None and job["spec"]["key"]:
            by_key[job["spec"]["key"]].append(job["id"])
    for key, job_id in evidence.acknowledged.items():
        if job_id not in evidence.jobs:
            wrong.append(f"job {job_id} ({key}) was acknowledged and is lost")
        elif by_key[key] != [job_id]:
            wrong.append(f"key {key} was acknowledged as {job_id}; the ledger has {by_key[key]}")
    for job in evidence.jobs.values():
        wrong += _unfinished(evidence, job)
    return wrong


def _unfinished(evidence: Evidence, job: Mapping[str, Any]) -> list[str]:
    job_id, state = job["id"], job["state"]
    if state not in ENDED:
        return [f"job {job_id} never ended: {state} ({job['reason']})"]
    child = job["spec"]["parent"] is not None
    wanted = "succeeded" if child else evidence.expected.get(job["spec"]["key"] or "", "succeeded")
    if state == wanted:
        return []
    if child and state == "failed" and evidence.kills_of.get(job_id, 0) > CHILD_RETRIES:
        return []
    return [f"job {job_id} ({job['spec']['workload']}) is {state}: {job['reason']}"]


def outcomes(evidence: Evidence) -> list[str]:
    """Exactly one end a job, exactly one outcome an attempt, nothing after a success."""
    wrong = []
    for job_id in evidence.jobs:
        ends = evidence.endings.get(job_id, [])
        if len(ends) != 1:
            wrong.append(f"job {job_id} has {len(ends)} ends: {ends}")
        attempts = evidence.attempts.get(job_id, [])
        numbers = [number for number, _ in attempts]
        if numbers != list(range(1, len(numbers) + 1)):
            wrong.append(f"job {job_id} has the attempts {numbers}")
        for number, ending in attempts:
            if ending is None:
                wrong.append(f"attempt {number} of job {job_id} has no outcome")
            if ending == "succeeded" and number != numbers[-1]:
                wrong.append(f"attempt {number} of job {job_id} succeeded, yet more were made")
    return wrong


def double_attempts(audit: Iterable[Mapping[str, Any]]) -> list[str]:
    """Nothing of an attempt is heard of once a later one has begun; none begins twice."""
    wrong = []
    begun: set[tuple[str, int, int, int]] = set()
    newest: dict[tuple[str, int], tuple[int, set[int]]] = {}
    for line in audit:
        job, attempt, pid = line["job"], line["attempt"], line["pid"]
        rank = line.get("rank", 0)
        if line["kind"] == "violation":
            wrong.append(f"attempt {attempt} of job {job} began while another lived: {line}")
            continue
        current, gone = newest.get((job, rank), (pid, set()))
        if line["kind"] == "begin":
            if attempt and (job, attempt, rank, 0) in begun:
                wrong.append(f"attempt {attempt} of job {job}, rank {rank}, began twice")
            begun.add((job, attempt, rank, 0))
            newest[job, rank] = (pid, gone | ({current} - {pid}))
        elif pid in gone:
            wrong.append(f"process {pid} of job {job} went on after a later attempt began: {line}")
    return wrong


def repeated_steps(audit: Iterable[Mapping[str, Any]]) -> list[str]:
    """No step begins again once a checkpoint holds it."""
    wrong = []
    held: dict[str, int] = {}
    for line in audit:
        job, kind = line["job"], line["kind"]
        if kind == "checkpoint":
            held[job] = max(held.get(job, -1), line["step"])
        elif kind == "step" and line["step"] <= held.get(job, -1):
            wrong.append(
                f"step {line['step']} of job {job} began again, though {held[job]} was held"
            )
    return wrong
