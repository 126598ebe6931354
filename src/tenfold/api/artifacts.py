"""/api/artifacts and /api/jobs/ID/artifacts/PATH: what jobs have made, to see and to take away.

An artifact is not one of our pages, whatever it holds: it is shown in a sandbox that reaches
neither the API nor the network. A page among them may run its own scripts there.
"""

from __future__ import annotations

import base64
import json
import mimetypes
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, Response, StreamingResponse

from tenfold.api.views import Answer
from tenfold.engine.house import House
from tenfold.folder import made
from tenfold.folder.bundle import bundle
from tenfold.folder.paths import JobFolder
from tenfold.ledger.made import Place
from tenfold.terms.job import Job
from tenfold.terms.outcome import Artifact
from tenfold.terms.refusal import refusal

DAY_S = 86400.0
MOST_DAYS = 36_500
MOST_SHOWN = 1000  # artifacts in one answer
MOST_FILES = 1000  # of one folder in one answer
NAME_CHARS = 100

PLAIN = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src 'self'"
PAGE = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' blob:;"
    " style-src 'unsafe-inline'; img-src data: blob:; font-src data:; media-src data: blob:;"
    " worker-src blob:; connect-src 'none'; form-action 'none'; frame-ancestors 'self';"
    " base-uri 'none'"
)
_PAGE_KINDS = frozenset({"page", "plot"})  # of artifacts
_PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml"})
# What one of our own pages could be made to run or to wear is shown as text.
_SCRIPT_TYPES = frozenset({"text/javascript", "application/javascript", "text/css"})
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f"*/:<>?\\|]+')

routes = APIRouter(prefix="/api", tags=["artifacts"])


@routes.get("/artifacts", summary="What all jobs have made, newest first")
def listing(
    request: Request,
    kind: str | None = None,
    days: Annotated[float, Query(gt=0, le=MOST_DAYS)] = 30.0,
    limit: Annotated[int, Query(ge=1, le=MOST_SHOWN)] = 200,
    before: str | None = None,
) -> Answer:
    """`next` of one answer is `before` of the one that goes on; null at the end."""
    house: House = request.app.state.house
    reader = house.ledger.reader()
    try:
        since_s = house.clock() - days * DAY_S
        found = reader.made(limit + 1, kind, since_s, None if before is None else _place(before))
    finally:
        reader.close()
    shown = found[:limit]
    views = [
        {
            "job": one.job,
            "name": one.name,
            "workload": one.workload,
            "path": one.path,
            "kind": one.kind,
            "title": one.title,
            "at_s": one.at_s,
            **size_view(folder_of(house, one.job), one.path),
        }
        for one in shown
    ]
    going_on = _cursor(shown[-1].place) if len(found) > limit else None
    return Answer({"artifacts": views, "next": going_on})


@routes.get("/jobs/{job}/artifacts/{path:path}", summary="A file that it made")
def one(
    job: str, path: str, request: Request, download: bool = False, list: bool = False
) -> Response:
    """Only what the job registered, and what is in a folder that it registered; of that `list`
    tells the files. With `download` a browser saves it."""
    _, artifacts = _asked(request, job)
    kinds = {artifact.path: artifact.kind for artifact in artifacts}
    folder = folder_of(request.app.state.house, job)
    if list and path in kinds and made.is_folder(folder, path):
        return _folder_view(folder, path)
    file = made.file(folder, kinds, path)
    if file is None or list:
        raise refusal("api.route", path=f"/api/jobs/{job}/artifacts/{path}")
    media = mimetypes.guess_type(file.name)[0] or "text/plain"
    is_page = media in _PAGE_TYPES or kinds.get(path) in _PAGE_KINDS
    headers = {
        "Content-Security-Policy": PAGE if is_page else PLAIN,
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if download:
        headers["Content-Disposition"] = attachment(file.name)
    shown_as = "text/plain" if media in _SCRIPT_TYPES else media
    return FileResponse(file, headers=headers, media_type=shown_as)


@routes.get("/jobs/{job}/download", summary="All that it made, as one zip")
def download(job: str, request: Request) -> Response:
    """Written while it is sent."""
    found, artifacts = _asked(request, job)
    files = _all_files(folder_of(request.app.state.house, job), artifacts)
    first = next(files, None)
    if first is None:
        raise refusal("job.files", id=job)
    name = f"{found.spec.name or found.spec.workload}"[:NAME_CHARS]
    headers = {
        "Content-Disposition": attachment(f"{name}-{job}.zip"),
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    pieces = bundle(_with_first(first, files))
    return StreamingResponse(pieces, media_type="application/zip", headers=headers)


def folder_of(house: House, job: str) -> JobFolder:
    return JobFolder(house.ledger.path.parent / "jobs" / job)


def size_view(folder: JobFolder, path: str) -> dict[str, Any]:
    """`bytes` of a registered file, null where it is gone; a folder says that it is one."""
    if made.is_folder(folder, path):
        return {"bytes": None, "folder": True}
    return {"bytes": made.bytes_of(folder, path)}


def attachment(name: str) -> str:
    """The header for a file that is to be saved, with its name as RFC 6266 wants it: in ASCII, and
    whole as RFC 5987 writes it."""
    safe = _UNSAFE.sub("_", name).strip(" .") or "file"
    safe = safe.encode("utf-8", "replace").decode()
    plain = safe.encode("ascii", "replace").decode().replace("?", "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(safe, safe='')}"


def _asked(request: Request, job: str) -> tuple[Job, list[Artifact]]:
    house: House = request.app.state.house
    reader = house.ledger.reader()
    try:
        return reader.job(job), reader.artifacts(job)
    finally:
        reader.close()


def _folder_view(folder: JobFolder, path: str) -> Answer:
    found = islice(made.files(folder, path), MOST_FILES + 1)
    views = [{"path": name, "bytes": file.stat().st_size} for name, file in found]
    return Answer({"files": views[:MOST_FILES], "more": len(views) > MOST_FILES})


def _all_files(folder: JobFolder, artifacts: Iterable[Artifact]) -> Iterator[tuple[str, Path]]:
    """Every file once, named as in the folder of artifacts."""
    told: set[str] = set()
    paths = [artifact.path for artifact in artifacts]
    for path in paths:
        one = made.file(folder, paths, path)
        for name, file in made.files(folder, path) if one is None else [(path, one)]:
            if name not in told:
                told.add(name)
                yield name.removeprefix(f"{folder.artifacts.name}/"), file


def _with_first(
    first: tuple[str, Path], others: Iterator[tuple[str, Path]]
) -> Iterator[tuple[str, Path]]:
    yield first
    yield from others


def _cursor(place: Place) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _place(cursor: str) -> Place:
    try:
        at_s, job, path = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        if not isinstance(job, str) or not isinstance(path, str):
            raise TypeError("it names no file")
        return (float(at_s), job, path)
    except (ValueError, TypeError) as error:
        why = f"before: it is no place of a list ({error})."
        raise refusal("wire.shape", kind="/api/artifacts", error=why) from error
