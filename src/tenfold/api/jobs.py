"""/api/jobs: submit, look at, stop and start again."""

from __future__ import annotations

import asyncio
import codecs
import json
import math
from concurrent.futures import Future
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from tenfold.api.artifacts import attachment, folder_of, size_view
from tenfold.api.energy import job_energy
from tenfold.api.queue import unseen
from tenfold.api.views import Answer, event_view, job_view
from tenfold.engine import orders
from tenfold.engine.house import House
from tenfold.ledger.metrics import LEAST
from tenfold.ledger.read import Reader
from tenfold.terms.command import COMMAND
from tenfold.terms.decision import Place, Wait
from tenfold.terms.job import Job, JobSpec, Kind, When
from tenfold.terms.refusal import refusal
from tenfold.terms.states import ENDED, State
from tenfold.terms.wire import to_json

LOG_AT_ONCE = 256 * 1024
MOST_NOTES = 50
MOST_AT_ONCE = 10_000  # jobs in one submit
MOST_LISTED = 1_000_000  # jobs in one answer
MOST_POINTS = 100_000  # of a curve that is thinned
LOWEST, HIGHEST = -1000, 1000  # priority

routes = APIRouter(prefix="/api/jobs", tags=["jobs"])


class JobRequest(BaseModel):
    """One run that is asked for. A plain command is `system.command` with `params.argv`."""

    model_config = ConfigDict(extra="forbid")
    workload: str = Field(description="Name in the catalogue, such as `simulate.cavity`.")
    params: dict[str, Any] = Field(default_factory=dict, description="The workload's own params.")
    size: str | None = Field(None, description="smoke, desk or full.")
    name: str = Field("", max_length=200, description="What a person calls it.")
    kind: Kind | None = Field(None, description="batch, service or interactive.")
    priority: int = Field(0, ge=LOWEST, le=HIGHEST, description="Higher goes first.")
    after: tuple[str, ...] = Field((), description="Jobs that must succeed first.")
    gpus: int | None = Field(None, ge=0, description="Whole GPUs.")
    slice: str | None = Field(None, description="A MIG profile, instead of whole GPUs.")
    cores: int | None = Field(None, ge=1, description="CPU cores of a CPU share.")
    memory_gib: float | None = Field(None, gt=0, description="Memory, in GiB.")
    time_s: float | None = Field(None, gt=0, lt=math.inf, description="Expected run time, in s.")
    shared: bool | None = Field(
        None, description="May share one GPU with others, with `memory_gib` of it as its account."
    )
    load: Literal["compute", "light", "decode"] | None = Field(
        None, description="The kind of work, which says how a power limit slows it."
    )
    not_before_s: float | None = Field(
        None, gt=0, lt=math.inf, description="Earliest start, in s since the epoch (box clock)."
    )
    deadline_s: float | None = Field(
        None, gt=0, lt=math.inf, description="When it should be done, in s since the epoch."
    )
    when: When | None = Field(
        None, description="Hours of a batch job: anytime, cheap, night, quiet-ok (site's default)."
    )
    retry: int | None = Field(None, ge=0, le=1000, description="Crashes in a row to try again.")
    yields: bool | None = Field(None, description="A command that may be stopped and started over.")
    sleep_after_s: float | None = Field(
        None, gt=0, lt=math.inf, description="A service sleeps after so long without a request."
    )
    key: str | None = Field(None, description="Makes a repeated submit harmless.")


class JobRequests(BaseModel):
    """Several at once: all are accepted, in one transaction, or none."""

    model_config = ConfigDict(extra="forbid")
    jobs: list[JobRequest] = Field(min_length=1, max_length=MOST_AT_ONCE)


class PriorityRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")
    priority: int = Field(ge=LOWEST, le=HIGHEST, strict=True, description="Higher goes first.")


@routes.post("", status_code=201, summary="Submit one job, or several in one transaction")
async def submit(body: JobRequest | JobRequests, request: Request) -> Answer:
    """Answered when it is durable: from then on no crash loses it."""
    house = _house(request)
    wanted = body.jobs if isinstance(body, JobRequests) else [body]
    specs = [await _prepared(house, one) for one in wanted]
    jobs = await _of(house.orders.submit(specs, house.clock()))
    views = [_view(house, job) for job in jobs]
    answer = {"jobs": views} if isinstance(body, JobRequests) else {"job": views[0]}
    return Answer(answer, 201)


@routes.get("", summary="The jobs")
def listing(
    request: Request,
    all: bool = False,
    limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 1000,
    state: State | None = None,
) -> Answer:
    """Those that have not ended and the last 20 that have; with `all` the newest `limit`."""
    house, reader = _house(request), _reader(request)
    jobs = reader.jobs(limit, state) if all or state else reader.recent()
    reader.close()
    return Answer({"jobs": [_view(house, job) for job in jobs]})


@routes.get("/{job}", summary="One job, its attempts, artifacts, energy and children")
def one(job: str, request: Request) -> Answer:
    house, reader = _house(request), _reader(request)
    try:
        found = reader.job(job)
        progress = house.progress.get(job)
        return Answer(
            {
                "job": _view(house, found),
                "attempts": [to_json(attempt) for attempt in reader.attempts(job)],
                "artifacts": [
                    {**to_json(artifact), **size_view(folder_of(house, job), artifact.path)}
                    for artifact in reader.artifacts(job)
                ],
                "energy": job_energy(house, reader, job),
                "progress": progress,
                "notes": [
                    {"at_s": event.at_s, "text": str(event.data.get("text", ""))}
                    for event in reader.events(0, job)
                    if event.kind == "note"
                ][-MOST_NOTES:],
                "children": [_view(house, child) for child in reader.children(job)],
                "folder": str(folder_of(house, job).path),
            }
        )
    finally:
        reader.close()


@routes.post("/{job}/cancel", summary="End it; children too")
async def cancel(job: str, request: Request) -> Answer:
    house = _house(request)
    return _shown(house, await _of(house.orders.cancel(job, house.clock())))


@routes.post("/{job}/pause", summary="Let it save and give its slot back; children too")
async def pause(job: str, request: Request) -> Answer:
    house = _house(request)
    return _shown(house, await _of(house.orders.pause(job, house.clock())))


@routes.post("/{job}/resume", summary="Let a paused job, or a sleeping service, go on")
async def resume(job: str, request: Request) -> Answer:
    house = _house(request)
    return _shown(house, await _of(house.orders.resume(job, house.clock())))


@routes.post("/{job}/retry", summary="Try a failed or cancelled job again")
async def retry(job: str, request: Request) -> Answer:
    house = _house(request)
    return _shown(house, await _of(house.orders.retry(job, house.clock())))


@routes.post("/{job}/priority", summary="Go earlier or later in the queue; children too")
async def priority(job: str, body: PriorityRequest, request: Request) -> Answer:
    house = _house(request)
    asked = house.orders.prioritize(job, body.priority, house.clock())
    return _shown(house, await _of(asked))


@routes.get("/{job}/explain", summary="Why it is where it is")
def explain(job: str, request: Request) -> Answer:
    house, reader = _house(request), _reader(request)
    try:
        found = reader.job(job)
        wait = house.wait_of(job)
        history = [event_view(event) for event in reader.events(0, job)]
    finally:
        reader.close()
    return Answer(
        {
            "job": _view(house, found),
            "why": wait.why if wait else found.reason or unseen(found),
            "places": _places(house, found, wait),
            "expected_s": wait.expected_s if wait else None,
            "history": history,
        }
    )


@routes.get("/{job}/log", summary="What it printed")
def log(
    job: str,
    request: Request,
    attempt: Annotated[int | None, Query(ge=0, lt=2**63)] = None,
    offset: int = 0,
    most: Annotated[int, Query(ge=4, le=LOG_AT_ONCE)] = LOG_AT_ONCE,
    download: bool = False,
) -> Response:
    """At most `most` bytes from byte `offset` (negative: from the end) of one attempt, by default
    the newest. With `download` the whole of it, as a file."""
    reader = _reader(request)
    try:
        found = reader.job(job)
    finally:
        reader.close()
    number = found.attempt if attempt is None else attempt
    path = folder_of(_house(request), job).log(number)
    if download and path.is_file():
        name = attachment(f"{job}-{number}.log.txt")
        headers = {"Content-Disposition": name, "X-Content-Type-Options": "nosniff"}
        return FileResponse(path, headers=headers, media_type="text/plain; charset=utf-8")
    size = path.stat().st_size if path.is_file() else 0
    start = max(0, size + offset) if offset < 0 else min(offset, size)
    data = _read(path, start, most) if size else b""
    ended = found.state in ENDED or number < found.attempt
    if offset < 0:
        cut = _cut(data)
        start, data = start + cut, data[cut:]
    text, taken = _text(data, last=ended and start + len(data) >= size)
    return Answer(
        {
            "attempt": number,
            "offset": start,
            "next": start + taken,
            "text": text,
            "ended": ended,
        }
    )


@routes.get("/{job}/metrics", summary="Its curves: name -> [[step, time, value], ...]")
def metrics(
    job: str,
    request: Request,
    points: Annotated[int | None, Query(ge=LEAST, le=MOST_POINTS)] = None,
    since: Annotated[float | None, Query(allow_inf_nan=False)] = None,
) -> Answer:
    """With `points` no curve has more: its ends, and the lowest and highest of what lies between.
    `since` (a time, in s since the epoch) leaves out what is not newer."""
    reader = _reader(request)
    try:
        reader.job(job)
        since_s = -math.inf if since is None else since
        return Answer({"metrics": reader.metrics(job, since_s, points)})
    finally:
        reader.close()


def _places(house: House, job: Job, wait: Wait | None) -> list[dict[str, Any]]:
    """Where it does not fit and why; for a GPU job also the cards that nobody is given."""
    if wait is None:
        return []
    needs = job.spec.needs
    wants_gpu = needs.gpus or needs.slice or needs.shared or needs.share is not None
    aside = [Place(one.device.id, one.why) for one in house.box.aside] if wants_gpu else []
    return [to_json(place) for place in (*wait.places, *aside)]


async def _prepared(house: House, body: JobRequest) -> JobSpec:
    try:
        json.dumps(body.params, allow_nan=False).encode()
    except ValueError as error:
        raise refusal("wire.shape", kind="params", error=f"{error}.") from error
    request = orders.Request(**{name: getattr(body, name) for name in JobRequest.model_fields})
    if request.workload == COMMAND:
        return house.orders.prepare(request, house.clock())
    return await run_in_threadpool(house.orders.prepare, request, house.clock())


async def _of(future: Future[Any]) -> Any:
    return await asyncio.wrap_future(future)


def _shown(house: House, job: Job) -> Answer:
    return Answer({"job": _view(house, job)})


def _view(house: House, job: Job) -> dict[str, Any]:
    return job_view(job, house.progress.get(job.id), house.services.url(job))


def _house(request: Request) -> House:
    house: House = request.app.state.house
    return house


def _reader(request: Request) -> Reader:
    return _house(request).ledger.reader()


def _read(path: Path, start: int, most: int) -> bytes:
    with open(path, "rb") as file:
        file.seek(start)
        return file.read(most)


def _cut(data: bytes) -> int:
    """How many bytes at its start are the rest of a character that began before: three at most."""
    return next((n for n, byte in enumerate(data[:3]) if byte & 0xC0 != 0x80), len(data[:3]))


def _text(data: bytes, last: bool) -> tuple[str, int]:
    """`data` in words, and how many of its bytes that took: a character that is cut at its end is
    left for the next call, unless there is none."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = decoder.decode(data, final=last)
    return text, len(data) - len(decoder.getstate()[0])
