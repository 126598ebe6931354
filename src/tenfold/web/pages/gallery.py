"""Everything that the box has made: by kind and day, the newest first."""

from __future__ import annotations

from html import escape

from nicegui import ui

from tenfold.web.draw import gallery
from tenfold.web.frame import Frame, Page
from tenfold.web.pages.job import with_styles

AT_ONCE = 60
DAYS = 3650


def add(frame: Frame) -> None:
    frame.page("/gallery", "gallery")(build)


async def build(page: Page, **parts: str) -> None:
    t = page.t
    with_styles()
    kind = page.query.get("kind") or None
    kind = kind if kind in gallery.KINDS else None
    ui.html(f"<h1>{escape(t('gallery.title'))}</h1>{gallery.kinds(t, kind)}", sanitize=False)
    cards = ui.element("div").props("id=gallery")
    queue = await page.feed.newest_queue()
    last, going_on = "", None

    async def more() -> None:
        nonlocal last, going_on
        found = await page.api.get(
            "/api/artifacts", kind=kind, days=DAYS, limit=AT_ONCE, before=going_on
        )
        made = found["artifacts"]
        with cards:
            ui.html(gallery.days(t, made, queue["now_s"], last), sanitize=False)
        last, going_on = gallery.day_of(made[-1]) if made else last, found["next"]
        button.set_visibility(going_on is not None)
        nothing.set_visibility(not made and not last)

    nothing = ui.html(
        f'<div class="panel gallery-empty"><p>{escape(t("gallery.empty"))}</p>'
        f'<a class="do" href="/catalogue">{escape(t("gallery.to_catalogue"))}</a></div>',
        sanitize=False,
    )
    with ui.element("button").classes("do second").props("type=button data-more") as button:
        ui.html(escape(t("gallery.more")), sanitize=False, tag="span")
    button.on("click", lambda: page.ask(more()))
    await more()
