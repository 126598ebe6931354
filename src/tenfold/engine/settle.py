"""What was seen, written down: progress, checkpoints, artifacts, and how attempts ended."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from tenfold.engine.ending import ending
from tenfold.engine.enlarge import after_end
from tenfold.engine.learn import lesson, likeness
from tenfold.engine.sighting import Sighting
from tenfold.ledger.ledger import Ledger
from tenfold.ledger.transaction import Transaction
from tenfold.terms.box import Box, DeviceKind
from tenfold.terms.job import Job, child_id, worked_s
from tenfold.terms.outcome import Artifact, Ending, Outcome
from tenfold.terms.states import ENDED, LIVE, Change, State

Lost = Callable[[Collection[str]], bool]  # whether one of these devices is lost or broke


def settle(
    ledger: Ledger, sightings: Sequence[Sighting], now_s: float, box: Box, lost: Lost
) -> list[Sighting]:
    """Write down what is new, in one transaction; the sightings that are now in the ledger. What
    the box has, and whether a card was lost, decides whether a failed job is tried again."""
    open_jobs = ledger.open_jobs()
    starting = {job.id for job in open_jobs if job.state is State.STARTING}
    news = [s for s in sightings if s.lines or s.outcome or (s.entered and s.job in starting)]
    if not news:
        return []
    failed = {s.job for s in news if s.outcome and s.outcome.ending is Ending.FAILED}
    # Asked here: what follows runs in the ledger's own thread.
    bereft = frozenset(j.id for j in open_jobs if j.id in failed and _on_lost_card(j, lost))
    around = _Around(box, bereft)

    def work(transaction: Transaction) -> None:
        for sighting in news:
            _settle_one(transaction, sighting, now_s, around)

    ledger.write(work)
    return news


@dataclass(frozen=True)
class _Around:
    """What of the machine decides how a failed attempt is taken."""

    box: Box
    bereft: frozenset[str]  # jobs of which a card was lost


def _on_lost_card(job: Job, lost: Lost) -> bool:
    return job.slot is not None and job.slot.kind is DeviceKind.GPU and lost(job.slot.devices)


def _settle_one(
    transaction: Transaction, sighting: Sighting, now_s: float, around: _Around
) -> None:
    job = transaction.job(sighting.job)
    if job.attempt != sighting.attempt or job.state not in LIVE:
        return  # seen too late: the ledger knows better
    if sighting.entered and job.state is State.STARTING:
        transaction.enter(job.id, sighting.attempt, now_s)
        job = transaction.change(job.id, Change.ENTER, now_s)
    for line in sighting.lines:
        _take_line(transaction, job.id, line, now_s)
    if sighting.lines:
        transaction.read_to(job.id, sighting.attempt, sighting.read_to)
    if sighting.outcome is not None:
        _end(transaction, sighting, sighting.outcome, now_s, around)


def _take_line(transaction: Transaction, job_id: str, line: dict[str, Any], now_s: float) -> None:
    """One line of events.jsonl. Lines of an unknown or damaged kind are passed over."""
    job = transaction.job(job_id)
    at_s = _number(line.get("at"), now_s)
    kind = line.get("kind")
    if kind == "progress":
        transaction.live(job, "progress", at_s, {k: v for k, v in line.items() if k != "kind"})
    elif kind == "metrics" and isinstance(line.get("values"), dict):
        values = {_text(k): float(v) for k, v in line["values"].items() if _is_number(v)}
        transaction.metrics(job, int(_number(line.get("step"), 0)), at_s, values)
    elif kind == "checkpoint" and _is_number(line.get("step")):
        step = int(line["step"])
        if job.last_step is None or step > job.last_step:
            job = transaction.update(job_id, last_step=step, crashes=0)
        transaction.note(job, "checkpoint", at_s, {"step": step})
    elif kind == "artifact" and isinstance(line.get("path"), str):
        artifact = Artifact(
            _text(line["path"]),
            _text(line.get("artifact_kind", "data")),
            _text(line.get("title", "")),
        )
        transaction.artifact(job, artifact, at_s)
    elif kind == "health":
        healthy = bool(line.get("healthy"))
        if healthy:
            job = transaction.update(job_id, healthy_s=at_s, unhealthy_s=None)
        elif job.healthy_s is not None:
            job = transaction.update(job_id, healthy_s=None, unhealthy_s=at_s)
        told = {"healthy": healthy, "why": _text(line.get("why", ""))}
        transaction.note(job, "health", at_s, told)
    elif kind == "cap" and _is_limit(line.get("watts", 0)):
        watts = line["watts"]
        transaction.update(job_id, cap_w=None if watts is None else float(watts))
    elif kind == "serves" and _is_port(line.get("port")):
        transaction.update(job_id, port=line["port"])
    elif kind in ("note", "began"):
        transaction.note(
            job, kind, at_s, {k: v for k, v in line.items() if k not in ("at", "kind")}
        )


def _end(
    transaction: Transaction,
    sighting: Sighting,
    outcome: Outcome,
    now_s: float,
    around: _Around,
) -> None:
    job = transaction.job(sighting.job)
    if not transaction.end_attempt(job.id, outcome, now_s):
        return
    entered = sighting.entered or job.state is not State.STARTING
    card_lost = job.id in around.bereft
    larger = None if card_lost else after_end(job, outcome, around.box)
    end = ending(job, outcome, entered, card_lost, more=larger is not None)
    if larger is not None:
        job = transaction.enlarge(job.id, larger, now_s)
    done = kept_share(job, outcome)
    awaits: tuple[str, ...] = ()
    if outcome.ending is Ending.AWAITS_CHILDREN:
        awaits = _open_children(transaction, job, sighting.wants)
    job = transaction.change(
        job.id,
        end.change,
        now_s,
        end.reason,
        slot=None,
        stop_for=None,
        crashes=end.crashes,
        awaits=awaits,
        outcome=outcome,
        done=done,
        healthy_s=None,
        unhealthy_s=None,
        next_try_s=None if end.pause_s is None else now_s + end.pause_s,
    )
    taught = lesson(job, outcome)
    if taught is not None:
        transaction.ran(likeness(job.spec), taught)
    release(transaction, job, now_s)


def kept_share(job: Job, outcome: Outcome) -> float | None:
    """The share of its work that a stopped job has behind it, by its estimate; it saved before."""
    time_s, slot = job.spec.needs.time_s, job.slot
    if outcome.ending is not Ending.STOPPED or not job.spec.resumes or not time_s:
        return job.done
    if slot is None or job.started_s is None:
        return job.done
    ran_s = worked_s(job, job.changed_s)  # until it was asked to stop
    return min(0.99, (job.done or 0.0) + ran_s / (time_s * slot.factor))


def _open_children(
    transaction: Transaction, job: Job, wants: list[dict[str, Any]]
) -> tuple[str, ...]:
    """Ids of the children that are not over yet, including those not submitted yet."""
    ids = dict.fromkeys(child_id(job.id, want["key"]) for want in wants)
    return tuple(
        child
        for child in ids
        if not transaction.exists(child) or transaction.job(child).state not in ENDED
    )


def release(transaction: Transaction, ended: Job, now_s: float) -> None:
    """`ended` is over: let go what waits for it; what needed its success fails with it."""
    if ended.state not in ENDED:
        return
    for job in transaction.waiting_for(ended.id):
        if ended.id in job.awaits:
            left = tuple(child for child in job.awaits if child != ended.id)
            job = transaction.update(job.id, awaits=left)
        if ended.id in job.spec.after and ended.state is not State.SUCCEEDED:
            why = f"It waited for job {ended.id}, which ended as {ended.state.value}."
            change = Change.FAIL if job.state is State.QUEUED else Change.CANCEL
            release(transaction, transaction.change(job.id, change, now_s, why), now_s)


def _is_number(value: Any) -> bool:
    """One that the ledger can keep: JSON as Python reads it also has NaN and numbers without end,
    and a single line that cannot be written would hold up every job."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**63


def _is_limit(value: Any) -> bool:
    """Watts, or None for no limit of the job's own."""
    return value is None or (_is_number(value) and value > 0)


def _is_port(value: Any) -> bool:
    return _is_number(value) and isinstance(value, int) and 0 < value < 65536


def _number(value: Any, otherwise: float) -> float:
    return float(value) if _is_number(value) else otherwise


def _text(value: Any) -> str:
    """Text that the ledger can keep: a file's name may hold bytes that are not UTF-8."""
    return str(value).encode("utf-8", "replace").decode()
