"""The FastAPI application: routes, the door before them, and one shape for every error."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from tenfold.api import (
    artifacts,
    box,
    draw,
    energy,
    events,
    jobs,
    metrics,
    pages,
    plan,
    queue,
    site,
    workloads,
)
from tenfold.api.door import Door, Keys, body_of, status_of
from tenfold.api.views import Answer
from tenfold.engine.ahead import Ahead
from tenfold.engine.house import House
from tenfold.engine.planner import Planner
from tenfold.engine.site_file import SiteFile
from tenfold.terms.refusal import Refusal, refusal
from tenfold.version import VERSION
from tenfold.web.mount import Dashboard

# Of the dashboard; every other address is one only for somebody who looks at pages.
_PARTS = ("/_nicegui", "/static/", "/pictures/", "/favicon.ico")


def application(
    house: House, keys: Keys, home: Path, port: int, shut_down: Callable[[], None]
) -> FastAPI:
    """The whole HTTP face of one daemon on 127.0.0.1:`port`."""

    @asynccontextmanager
    async def served(app: FastAPI) -> AsyncIterator[None]:
        dashboard.warm_soon()
        yield
        await dashboard.close()

    app = FastAPI(
        title="Tenfold",
        version=VERSION,
        description="The API of the daemon that looks after this box.",
        docs_url=None,
        redoc_url=None,
        lifespan=served,
    )
    app.state.house = house
    app.state.keys = keys
    app.state.url = f"http://127.0.0.1:{port}"
    app.state.shut_down = shut_down
    app.state.streams = events.Streams()
    app.state.planner = Planner(house.describer)
    app.state.site_file = SiteFile(house, home / "site.toml")
    app.state.ahead = Ahead(house)
    for noun in (
        jobs,
        queue,
        artifacts,
        box,
        workloads,
        plan,
        site,
        energy,
        draw,
        events,
        metrics,
        pages,
    ):
        app.include_router(noun.routes)
    dashboard = Dashboard(app, app.state.url, keys.token, home)
    app.router.default = _elsewhere(dashboard, app.router.not_found)
    app.add_middleware(Door, keys=keys, port=port)
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(RequestValidationError, _misshapen)
    app.add_exception_handler(HTTPException, _no_route)
    app.add_exception_handler(Exception, _broken)
    return app


def _elsewhere(dashboard: Dashboard, not_found: ASGIApp) -> ASGIApp:
    """What is none of the API's addresses: the dashboard, for a browser; else nothing is there."""

    async def elsewhere(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        looks = "text/html" in Headers(scope=scope).get("accept", "")
        if path == "/" or path.startswith(_PARTS) or (looks and not path.startswith("/api/")):
            await dashboard(scope, receive, send)
        else:
            await not_found(scope, receive, send)

    return elsewhere


async def _refused(request: Request, error: Exception) -> Answer:
    assert isinstance(error, Refusal)
    return Answer(body_of(error), status_of(error))


async def _misshapen(request: Request, error: Exception) -> Answer:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    told = refusal("wire.shape", kind=f"{request.url.path}", error=f"{where}: {first['msg']}.")
    return Answer(body_of(told), status_of(told))


async def _no_route(request: Request, error: Exception) -> Answer:
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, Refusal):  # raised while the body was read
        return await _refused(request, error.__cause__)
    if error.status_code == 400:  # a body that no parser takes, such as JSON a mile deep
        told = refusal("api.json", why=f"{error.detail}.")
    else:
        told = refusal("api.route", path=f"{request.method} {request.url.path}")
    return Answer(body_of(told), error.status_code)


async def _broken(request: Request, error: Exception) -> Answer:
    """A fault of ours: told in the same shape; the traceback is in the daemon's log."""
    told = refusal("api.broken", path=f"{request.method} {request.url.path}", error=repr(error))
    return Answer(body_of(told), status_of(told))
