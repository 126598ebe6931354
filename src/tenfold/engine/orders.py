"""What an owner may ask for: submit, cancel, pause, resume, retry, another priority. Checked here,
at the door; what of it a job can be asked is in `terms.order`."""

from __future__ import annotations

import dataclasses
import re
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from tenfold.engine.describe import Describer
from tenfold.engine.learn import NEWEST, learned, likeness
from tenfold.engine.settle import release
from tenfold.ledger.ledger import Ledger
from tenfold.ledger.transaction import Transaction
from tenfold.placement.fits import fits
from tenfold.terms.box import Box, Device
from tenfold.terms.command import COMMAND, command_from
from tenfold.terms.job import Job, JobSpec, Kind, StopFor, When
from tenfold.terms.needs import Needs
from tenfold.terms.order import Order, check, goes_down, overtaken
from tenfold.terms.refusal import refusal
from tenfold.terms.states import ENDED, LIVE, Change, State
from tenfold.terms.wire import from_json

WORKLOAD_RETRIES = 3  # crashes in a row without a new checkpoint
# Fields of Request and of Needs: where a job sits, and what it takes there.
_SHAPE = ("gpus", "slice", "cores", "shared", "load")
_AMOUNTS = ("memory_gib", "time_s")
_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True)
class Request:
    """One submit, as the API takes it. `None` means: as the workload says."""

    workload: str
    params: dict[str, Any] = field(default_factory=dict)
    size: str | None = None
    name: str = ""
    kind: Kind | None = None
    priority: int = 0
    after: tuple[str, ...] = ()
    gpus: int | None = None
    slice: str | None = None
    cores: int | None = None
    memory_gib: float | None = None
    time_s: float | None = None
    shared: bool | None = None
    load: str | None = None
    not_before_s: float | None = None
    deadline_s: float | None = None
    when: When | None = None
    retry: int | None = None
    yields: bool | None = None
    sleep_after_s: float | None = None
    key: str | None = None

    def asked(self, names: tuple[str, ...]) -> dict[str, Any]:
        """Those of the needs `names` that the owner named."""
        found = {name: getattr(self, name) for name in names}
        return {name: value for name, value in found.items() if value is not None}


class Orders:
    def __init__(
        self, ledger: Ledger, box: Box, describer: Describer, when: When = When.ANYTIME
    ) -> None:
        """`when`: the hours of batch jobs whose owner says nothing of them."""
        self.when = when
        self._ledger = ledger
        self._box = box
        self._describer = describer
        self._reader = ledger.reader()  # shared by the threads that submit: opening takes longer
        self._guard = threading.Lock()

    def close(self) -> None:
        self._reader.close()

    def prepare(self, request: Request, now_s: float) -> JobSpec:
        """The spec of a request that this box can run some day; a Refusal otherwise.

        Asks the describer for a workload (a process, some 100 ms); a plain command is checked here.
        """
        if request.key is not None and not _KEY.fullmatch(request.key):
            raise refusal(
                "wire.shape", kind="key", error="letters, digits, _ and - only, at most 64"
            )
        spec = self._command(request) if request.workload == COMMAND else self._described(request)
        spec = dataclasses.replace(
            spec,
            needs=self._needs(request, spec, self.learned(spec)),
            not_before_s=request.not_before_s,
            deadline_s=request.deadline_s,
            when=self._hours(request, spec.kind),
        )
        _check_times(spec, now_s)
        _check_share(spec)
        if spec.needs.shared and spec.workload == COMMAND and request.memory_gib is None:
            raise refusal("job.share", why="An account needs its size: say --memory, in GiB.")
        self._check_service(spec)
        misfit = fits(self._box, spec.needs)
        if misfit is not None:
            asked, largest = misfit
            raise refusal("job.too-large", asked=asked, fits=largest, next="tenfold status")
        return spec

    def _hours(self, request: Request, kind: Kind) -> When:
        if kind is Kind.BATCH:
            return self.when if request.when is None else request.when
        if request.when not in (None, When.ANYTIME):
            raise refusal("job.when", when=request.when.value, kind=kind.value)
        return When.ANYTIME

    def learned(self, spec: JobSpec) -> Needs:
        """The needs of `spec` after what runs like it took."""
        with self._guard:
            runs = self._reader.runs(likeness(spec), NEWEST)
        return learned(spec.needs, runs)

    def estimate(self, request: Request, box: Box | None = None) -> tuple[dict[str, Any], Needs]:
        """What the describer tells of a run, and what it would need if it were submitted; on
        another `box` by its estimate alone, since nothing was learned there."""
        device = target(box or self._box, request.gpus)
        told = self._describer.describe(request.workload, request.params, request.size, device)
        needs = dataclasses.replace(from_json(Needs, told["needs"]), **request.asked(_SHAPE))
        spec = JobSpec(request.workload, told["params"], request.size, needs=needs)
        return told, self._needs(request, spec, needs if box else self.learned(spec))

    def _needs(self, request: Request, spec: JobSpec, likely: Needs) -> Needs:
        """What the owner asked for goes over what was learned (`likely`), and that over the
        estimate. Too little memory is refused where estimate and measurement both say so."""
        least = min(spec.needs, likely, key=lambda needs: needs.memory_gib)
        given_gib = request.memory_gib
        if spec.workload != COMMAND and given_gib is not None and given_gib < least.memory_gib:
            facts = {"needed": least.memory_gib, "given": given_gib, "basis": least.basis}
            raise refusal("job.memory", field="memory_gib", **facts)
        return dataclasses.replace(likely, **request.asked(_AMOUNTS))

    def _check_service(self, spec: JobSpec) -> None:
        if spec.kind is not Kind.SERVICE:
            if spec.sleep_after_s is not None:
                raise refusal("service.sleep", kind=spec.kind.value)
            return
        port = spec.params.get("port")
        for job in self._ledger.open_jobs() if port else ():
            same = job.spec.key is not None and job.spec.key == spec.key  # the same submit again
            if job.spec.kind is Kind.SERVICE and job.spec.params.get("port") == port and not same:
                raise refusal("service.port", port=port, id=job.id)

    def submit(self, specs: list[JobSpec], now_s: float) -> Future[list[Job]]:
        """All of them or none, in one transaction."""
        return self._ledger.post(lambda t: [_submit(t, spec, now_s) for spec in specs])

    def cancel(self, job_id: str, now_s: float) -> Future[Job]:
        return self._ledger.post(lambda t: _stop(t, job_id, StopFor.CANCEL, now_s))

    def pause(self, job_id: str, now_s: float) -> Future[Job]:
        return self._ledger.post(lambda t: _stop(t, job_id, StopFor.PAUSE, now_s))

    def resume(self, job_id: str, now_s: float) -> Future[Job]:
        return self._ledger.post(lambda t: _resume(t, job_id, now_s))

    def retry(self, job_id: str, now_s: float) -> Future[Job]:
        return self._ledger.post(lambda t: _retry(t, job_id, now_s))

    def prioritize(self, job_id: str, priority: int, now_s: float) -> Future[Job]:
        """Its open children have the same from then on: priority is inherited."""
        return self._ledger.post(lambda t: _prioritize(t, job_id, priority, now_s))

    def _command(self, request: Request) -> JobSpec:
        command = command_from(request.params)
        kind = request.kind or Kind.BATCH
        needs = Needs(basis="as asked", **request.asked(_SHAPE))
        if command.launch and not needs.gpus:
            needs = dataclasses.replace(needs, ranks=needs.cores)  # one rank a core
        return JobSpec(
            workload=COMMAND,
            params={**request.params, "argv": list(command.argv)},
            name=request.name or " ".join(command.argv)[:80],
            kind=kind,
            priority=request.priority,
            after=request.after,
            needs=needs,
            resumes=bool(request.yields or request.shared),
            retry=_retries(request.retry, kind, 0),
            key=request.key,
            sleep_after_s=request.sleep_after_s,
        )

    def _described(self, request: Request) -> JobSpec:
        device = target(self._box, request.gpus)
        told = self._describer.describe(request.workload, request.params, request.size, device)
        if told["missing"]:
            raise refusal(
                "workload.requires",
                name=request.workload,
                missing=", ".join(told["missing"]),
                next=told["install"],
            )
        kind = request.kind or Kind(told["kind"])
        return JobSpec(
            workload=request.workload,
            params=told["params"],
            size=request.size,
            name=request.name or request.workload,
            kind=kind,
            priority=request.priority,
            after=request.after,
            needs=dataclasses.replace(from_json(Needs, told["needs"]), **request.asked(_SHAPE)),
            resumes=bool(told["resumes"]),
            retry=_retries(request.retry, kind, WORKLOAD_RETRIES),
            key=request.key,
            sleep_after_s=request.sleep_after_s,
            file_hash=told["file_hash"],
        )


def _check_times(spec: JobSpec, now_s: float) -> None:
    deadline_s, not_before_s = spec.deadline_s, spec.not_before_s
    if deadline_s is None:
        return
    if deadline_s <= now_s:
        raise refusal("job.deadline", why="That moment is past.")
    if not_before_s is not None and not_before_s >= deadline_s:
        raise refusal("job.deadline", why="Its earliest start is not before that.")


def _check_share(spec: JobSpec) -> None:
    needs = spec.needs
    if not needs.shared:
        return
    if needs.slice is not None:
        raise refusal("job.share", why="A slice is a job's own; a card that is shared is not.")
    if needs.gpus > 1:
        raise refusal("job.share", why="A gang has whole cards; one that is shared is not whole.")


def target(box: Box, gpus: int | None) -> Device:
    """The device a workload is described for: a GPU where the box has one, else the CPU."""
    if box.gpus and gpus != 0:
        return box.gpus[0]
    return next((d for d in box.devices if d.cores), box.devices[0])


def _retries(asked: int | None, kind: Kind, usual: int) -> int | None:
    """A service is started again for ever, unless its owner says how often."""
    if asked is not None:
        return asked
    return None if kind is Kind.SERVICE else usual


def _submit(transaction: Transaction, spec: JobSpec, now_s: float) -> Job:
    for needed in spec.after:
        if not needed.isascii() or not transaction.exists(needed):
            raise refusal("job.after", id=needed, why="There is no such job.")
        state = transaction.job(needed).state
        if state in (State.FAILED, State.CANCELLED):
            raise refusal("job.after", id=needed, why=f"It has {state.value} already.")
    return transaction.submit(spec, now_s)


def _stop(transaction: Transaction, job_id: str, stop_for: StopFor, now_s: float) -> Job:
    """Cancel or pause a job and its children. A service that is paused falls asleep."""
    order = Order.CANCEL if stop_for is StopFor.CANCEL else Order.PAUSE
    job = transaction.job(job_id)
    for child in transaction.children(job_id):
        if goes_down(child, order):
            _stop(transaction, child.id, stop_for, now_s)
    check(job, order)
    why = f"asked to {stop_for.value}"
    if overtaken(job):
        return job
    if job.state in LIVE:
        meant = stop_for
        if stop_for is StopFor.PAUSE and job.spec.kind is Kind.SERVICE:
            meant = StopFor.SLEEP
        return transaction.change(job_id, Change.STOP, now_s, why, stop_for=meant)
    change = Change.CANCEL if stop_for is StopFor.CANCEL else Change.PAUSE
    job = transaction.change(job_id, change, now_s, why)
    release(transaction, job, now_s)
    return job


def _resume(transaction: Transaction, job_id: str, now_s: float) -> Job:
    check(transaction.job(job_id), Order.RESUME)
    for child in transaction.children(job_id):
        if child.state is State.PAUSED:
            transaction.change(child.id, Change.RESUME, now_s, "resumed with its parent")
        elif child.stop_for is StopFor.PAUSE:  # still saving: then back to the queue instead
            transaction.change(
                child.id, Change.STOP, now_s, "resumed with its parent", stop_for=StopFor.YIELD
            )
    return transaction.change(job_id, Change.RESUME, now_s, "resumed", next_try_s=None)


def _retry(transaction: Transaction, job_id: str, now_s: float) -> Job:
    check(transaction.job(job_id), Order.RETRY)
    return transaction.change(job_id, Change.RETRY, now_s, "tried again", crashes=0, awaits=())


def _prioritize(transaction: Transaction, job_id: str, priority: int, now_s: float) -> Job:
    check(transaction.job(job_id), Order.PRIORITY)
    for child in transaction.children(job_id):
        if child.state not in ENDED:
            transaction.prioritize(child.id, priority, now_s)
    return transaction.prioritize(job_id, priority, now_s)
