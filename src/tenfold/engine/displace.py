"""Who has to leave the card they are on, whatever placement thinks of it.

- *Lost*: the card does not answer any more. Whoever continues from a checkpoint is stopped and goes
  on elsewhere; one that ended with an error of its own meanwhile counts as crashed (`ending`).
- *Hot or broken*: the card is set aside (`cards`). The same, but an interactive job stays.
- *Overdrawn*: a job took more of a shared card than its account. It is stopped and comes back with
  an account of what it took, so that it starts where there is room. To share a card is to agree to
  that; only an interactive job is left alone.

Who takes what of a card is read every few seconds, as NVML tells it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set

from tenfold.engine.enlarge import after_taking
from tenfold.ledger.ledger import Ledger
from tenfold.ledger.transaction import Transaction
from tenfold.terms.job import Attempt, Job, Kind, StopFor
from tenfold.terms.needs import Needs
from tenfold.terms.reading import DeviceReading, Missing, Reading
from tenfold.terms.states import Change, State

# Beside its own allocations a process has a context of CUDA on the card, and readings are rounded.
TOLERANCE_GIB = 0.5

Leaves = tuple[Job, str, Needs | None]  # who, why, and what it asks for from now on
JobOf = Callable[[int], str | None]  # pid -> the job of this daemon that it belongs to


def displace(
    ledger: Ledger,
    live: Sequence[tuple[Job, Attempt]],
    lost: Set[str],
    leaving: Mapping[str, str],
    reading: Reading,
    job_of: JobOf,
    now_s: float,
) -> None:
    """Ask those to stop that have to leave; one transaction, none where nobody has. `lost` are the
    cards that do not answer, `leaving` those that are hot or broken, and why: one that stands aside
    for another reason keeps its job."""
    running = [job for job, _ in live if job.state in (State.STARTING, State.RUNNING)]
    gone = [*_on_lost(running, lost), *_on_leaving(running, leaving)]
    asked = [*gone, *_overdrawn(running, reading, job_of)]
    if not asked:
        return

    def work(transaction: Transaction) -> None:
        for job, why, needs in asked:
            if transaction.job(job.id).state is not job.state:
                continue  # the owner was quicker
            if needs is not None:
                transaction.enlarge(job.id, needs, now_s)
            transaction.change(job.id, Change.STOP, now_s, why, stop_for=StopFor.YIELD)

    ledger.write(work)


def _on_lost(running: Sequence[Job], lost: Set[str]) -> list[Leaves]:
    return [
        (job, "A card that it runs on does not answer any more.", None)
        for job in running
        if job.slot is not None
        and lost & set(job.slot.devices)
        and (job.spec.resumes or job.spec.kind is Kind.SERVICE)
    ]


def _on_leaving(running: Sequence[Job], leaving: Mapping[str, str]) -> list[Leaves]:
    found: list[Leaves] = []
    for job in running:
        devices = () if job.slot is None else job.slot.devices
        why = next((leaving[id] for id in devices if id in leaving), "")
        able = job.spec.resumes or job.spec.kind is Kind.SERVICE
        if why and able and job.spec.kind is not Kind.INTERACTIVE:
            found.append((job, f"A card that it runs on is set aside: {why}.", None))
    return found


def _overdrawn(running: Sequence[Job], reading: Reading, job_of: JobOf) -> list[Leaves]:
    shared = [
        job
        for job in running
        if job.slot is not None
        and job.slot.fraction is not None
        and job.spec.kind is not Kind.INTERACTIVE
    ]
    if not shared:
        return []
    by_device = {one.device: one for one in reading.devices}
    found: list[Leaves] = []
    for job in shared:
        assert job.slot is not None
        device = by_device.get(job.slot.devices[0])
        taken_gib = 0.0 if device is None else _taken_gib(device, job.id, job_of)
        if taken_gib <= job.slot.memory_gib + TOLERANCE_GIB:
            continue
        why = (
            f"It took {taken_gib:.3g} GiB of a card that it shares; "
            f"its account is {job.slot.memory_gib:.3g} GiB."
        )
        found.append((job, why, after_taking(job.spec.needs, job.slot, taken_gib)))
    return found


def _taken_gib(device: DeviceReading, job_id: str, job_of: JobOf) -> float:
    if device.gpu is None or isinstance(device.gpu.processes, Missing):
        return 0.0
    return sum(
        process.memory_gib
        for process in device.gpu.processes
        if not isinstance(process.memory_gib, Missing) and job_of(process.pid) == job_id
    )
