"""The first page: every card as it is carved, what it draws, and whether something is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from nicegui import ui

from tenfold.terms.refusal import Refusal
from tenfold.web.draw.card import card_html, host_html
from tenfold.web.draw.now import now_html
from tenfold.web.draw.site import budget_svg
from tenfold.web.draw.troubles import trouble_text, troubles_html
from tenfold.web.feed import BOX
from tenfold.web.frame import Frame, Page
from tenfold.web.parts.offers import offers
from tenfold.web.words import Words

DRAW_S = 30.0  # between two drawings of the day's watts


def add(frame: Frame) -> None:
    frame.page("/", "box")(build)


async def build(page: Page) -> None:
    for style in ("box", "budget"):
        ui.add_head_html(f'<link rel="stylesheet" href="/static/{style}.css">')
    box = await page.feed.newest_box()
    shown = _Shown(page)
    shown.lay_head(box)
    if not box["jobs"]:
        await offers(page)
    shown.lay_out()
    shown.tell(box)
    page.listen(BOX, shown.tell)
    await shown.draw_day()
    ui.timer(DRAW_S, shown.draw_day, immediate=False)


class _Shown:
    """The parts of one open page. Each is sent again only when its text is another one."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._cards: dict[str, ui.html] = {}

    def lay_head(self, box: Mapping[str, Any]) -> None:
        t = self._page.t
        name = escape(box["box"]["name"])
        tag = f' <span class="tag">{escape(t("frame.modelled"))}</span>' if box["modelled"] else ""
        ui.html(f"<h1>{name}{tag}</h1>", sanitize=False)
        self._troubles = ui.html("", sanitize=False).props('role="status"')

    def lay_out(self) -> None:
        with ui.element("div").classes("panel box-now"):
            self._now = ui.html("", sanitize=False)
            self._day = ui.html("", sanitize=False).classes("box-day")
        self._grid = ui.element("div").classes("cards")
        self._services = ui.html("", sanitize=False)

    def tell(self, box: dict[str, Any]) -> None:
        drawn = drawings(self._page.t, box)
        self._troubles.set_content(drawn["troubles"])
        self._now.set_content(drawn["now"])
        self._services.set_content(drawn["services"])
        cards = drawn["cards"]
        if cards.keys() != self._cards.keys():  # a card was lost or came back
            self._grid.clear()
            with self._grid:
                self._cards = {id: ui.html("", sanitize=False) for id in cards}
        for id, text in cards.items():
            self._cards[id].set_content(text)

    async def draw_day(self) -> None:
        """Today's watts under what is allowed, and the limits of the next day."""
        try:
            day = await self._page.api.get("/api/draw", hours=24)
        except Refusal:
            return  # it is drawn again in a moment
        limited = any(step["watts"] is not None for step in day["budget"])
        drawn = any(watts is not None for _, watts in day["minutes"])
        self._day.set_content(budget_svg(self._page.t, day) if limited or drawn else "")


# Of the newest look at the box, by language: pages that are open together share the work.
_drawn: dict[str, dict[str, Any]] = {}


def drawings(t: Words, box: dict[str, Any]) -> dict[str, Any]:
    """Everything of the page that changes, as HTML."""
    known = _drawn.get(t.language)
    if known is not None and known["box"] is box:
        return known
    found = {
        "box": box,
        "troubles": troubles_html(t, box["troubles"]),
        "now": now_html(t, box),
        "cards": _cards(t, box),
        "services": services_html(t, box["services"]),
    }
    _drawn[t.language] = found
    return found


def _cards(t: Words, box: Mapping[str, Any]) -> dict[str, str]:
    devices = {
        device["id"]: device
        for node in box["box"]["nodes"]
        for device in [*node["devices"], *(aside["device"] for aside in node["aside"])]
    }
    reading = box["reading"] or {"devices": []}
    readings = {one["device"]: one for one in reading["devices"]}
    wrong: dict[str, list[str]] = {}
    for trouble in box["troubles"]:
        wrong.setdefault(str(trouble["of"]), []).append(trouble_text(t, trouble))
    found = {}
    for layout in box["layout"]:
        id = layout["device"]
        seen = devices[id], readings.get(id)
        if layout["kind"] == "gpu":
            found[id] = card_html(t, layout, *seen, wrong.get(id, ()))
        else:
            found[id] = host_html(t, layout, *seen)
    return found


def services_html(t: Words, services: list[dict[str, Any]]) -> str:
    if not services:
        return ""
    rows = "".join(
        f'<li><a href="/job/{escape(one["job"])}">{escape(one["name"] or one["job"])}</a>'
        f' <span class="tag">{escape(t("states." + one["state"]))}</span>'
        f" <code>{escape(one['url'])}</code></li>"
        for one in services
    )
    return f'<h2>{escape(t("box.services"))}</h2><ul class="services">{rows}</ul>'
