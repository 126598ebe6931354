"""Every page of the dashboard, one file each; here they are put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from nicegui import app as nicegui_app
from nicegui import ui
from starlette.types import ASGIApp

from tenfold.web.asking import Api
from tenfold.web.feed import Feed
from tenfold.web.frame import Frame
from tenfold.web.pages import box, catalogue, chat, compare, gallery, job, queue, site, workload

STATIC = Path(__file__).parent.parent / "static"
PICTURES = Path(__file__).parent.parent / "pictures"
RECONNECT_S = 20.0  # a page that lost its line for so long comes back as it was


def pages(
    api_app: ASGIApp, url: str, token: str, started_s: float
) -> tuple[ASGIApp, AbstractAsyncContextManager[None]]:
    """The application that serves the pages, and the context to serve it in."""
    api = Api(api_app, url, token)
    feed = Feed(api)
    frame = Frame(api, feed, started_s)
    for page in (box, queue, catalogue, workload, job, compare, gallery, chat, site):
        page.add(frame)
    nicegui_app.add_static_files("/static", STATIC, max_cache_age=3600)
    nicegui_app.add_static_files("/pictures", PICTURES, max_cache_age=3600)
    # A browser sends its cookie and its Origin with a websocket; the door asks for both.
    nicegui_app.config.socket_io_js_transports = ["websocket"]
    inner = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    ui.run_with(
        inner,
        root=frame.nothing_there,
        title="Tenfold",
        favicon=STATIC / "tenfold.svg",
        dark=None,
        tailwind=False,
        reconnect_timeout=RECONNECT_S,
        binding_refresh_interval=None,
        show_welcome_message=False,
    )

    @asynccontextmanager
    async def served() -> AsyncIterator[None]:
        async with inner.router.lifespan_context(inner):
            yield
        await feed.close()
        await api.close()

    return inner, served()
