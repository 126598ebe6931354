"""What every page has around it: the way to the others, what is wrong, language, light or dark.

A page is a function that takes a `Page`; `Frame.page` brings it under its address.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from copy import copy
from dataclasses import dataclass
from html import escape
from typing import Any

from fastapi import Request
from nicegui import Client, ui
from nicegui.language import Language

from tenfold.terms.refusal import Refusal
from tenfold.web.asking import Api
from tenfold.web.feed import BOX, Feed
from tenfold.web.parts.refused import show_refusal
from tenfold.web.words import COOKIE, EN, LANGUAGES, ZH, Words, language_of, words

DARK_COOKIE = "tenfold_dark"
# NiceGUI knows Chinese by place; the words of the page are ours.
QUASAR_LANGUAGES: dict[str, Language] = {EN: "en-US", ZH: "zh-TW"}
STYLE_VERSION = "1"
# Where the main ways lead: key of its text, address, the sign beside it.
WAYS = (
    ("box", "/", "▦"),
    ("queue", "/queue", "≡"),
    ("catalogue", "/catalogue", "✦"),
    ("gallery", "/gallery", "❏"),
    ("chat", "/chat", "✎"),
    ("site", "/site", "⌂"),
)


@dataclass
class Page:
    """One open page: whom it asks, what it hears, which words it has."""

    api: Api
    feed: Feed
    t: Words
    client: Client
    request: Request

    @property
    def query(self) -> dict[str, str]:
        return dict(self.request.query_params)

    def listen(self, topic: str, callback: Callable[[Any], None]) -> None:
        """Until the page is closed."""
        self.client.on_delete(self.feed.listen(topic, callback))

    async def ask(self, asked: Awaitable[Any]) -> Any:
        """What it answers; None where it was refused, and then that is shown."""
        try:
            return await asked
        except Refusal as told:
            with self.client:
                self.refuse(told)
            return None

    def refuse(self, told: Refusal) -> None:
        """For a moment, at the foot of the page."""
        what, why, next_step = self.t.refused(told)
        ui.notify(
            f"{what} {why} {next_step}",
            type="negative",
            multi_line=True,
            timeout=12000,
            close_button=self.t("frame.close"),
            position="bottom",
        )

    def say(self, text: str) -> None:
        ui.notify(text, type="positive", timeout=4000, position="bottom")

    def run_script(self, code: str) -> None:
        self.client.run_javascript(code)


Build = Callable[..., Awaitable[None]]


class Frame:
    def __init__(self, api: Api, feed: Feed, started_s: float) -> None:
        self._api = api
        self._feed = feed
        self._started_s = started_s

    def page(self, path: str, way: str) -> Callable[[Build], Build]:
        """Serve `build(page, **parts of the path)` at `path`, with `way` as where the reader is."""

        def bring(build: Build) -> Build:
            async def served(request: Request) -> None:
                await self._built(request, way, build)

            ui.page(path)(served)
            return build

        return bring

    async def nothing_there(self, request: Request) -> None:
        """For every address that is no page's."""
        ui.context.client.status_code = 404
        await self._built(request, "", _nothing)

    async def _built(self, request: Request, way: str, build: Build) -> None:
        client = ui.context.client
        t = words(language_of(request.cookies, request.headers.get("accept-language", "")))
        page = Page(self._api, self._feed, t, client, request)
        _head(page, way, request)
        _notices(page, self._started_s)
        # NiceGUI puts all of it into a <main>.
        with ui.element("div").props("id=main tabindex=-1").classes("page"):
            try:
                await build(page, **request.path_params)
            except Refusal as told:
                show_refusal(t, told)


async def _nothing(page: Page) -> None:
    ui.html(
        f"<h1>{escape(page.t('frame.nothing'))}</h1>"
        f'<p><a href="/">{escape(page.t("frame.to_box"))}</a></p>',
        sanitize=False,
    )


def _head(page: Page, way: str, request: Request) -> None:
    t = page.t
    ui.add_head_html(f'<link rel="stylesheet" href="/static/tenfold.css?{STYLE_VERSION}">')
    ui.add_head_html(f'<script src="/static/tenfold.js?{STYLE_VERSION}"></script>')
    page.client.title = f"{t('ways.' + way)} · Tenfold" if way else "Tenfold"
    # A copy: the page's own is that of everybody who has it open.
    page.client.page = copy(page.client.page)
    page.client.page.language = QUASAR_LANGUAGES[t.language]
    page.client.page.dark = {"1": True, "0": False}.get(request.cookies.get(DARK_COOKIE, ""))
    ways = "".join(
        f'<a href="{address}" class="way{" here" if key == way else ""}"'
        f"{' aria-current=page' if key == way else ''}>"
        f'<span class="sign" aria-hidden="true">{sign}</span>'
        f"<span>{escape(t('ways.' + key))}</span></a>"
        for key, address, sign in WAYS
    )
    other = next(code for code in LANGUAGES if code != t.language)
    with page.client.layout, ui.element("header").classes("head") as head:
        ui.html(
            f'<a class="skip" href="#main">{escape(t("frame.skip"))}</a>'
            '<a class="brand" href="/" aria-label="Tenfold">'
            '<img src="/static/tenfold.svg" alt="" width="22" height="22">'
            "<span>Tenfold</span></a>"
            f'<nav class="ways" aria-label="{escape(t("frame.ways"))}">{ways}</nav>',
            sanitize=False,
        ).classes("head-left")
        now = ui.html("", sanitize=False).classes("head-now")
        ui.html(
            f'<button type="button" class="quiet-button" lang="{other}"'
            f" onclick=\"tenfold.choose('{COOKIE}','{other}')\">{LANGUAGES[other]}</button>"
            f'<button type="button" class="quiet-button" title="{escape(t("frame.theme"))}"'
            f' aria-label="{escape(t("frame.theme"))}"'
            f" onclick=\"tenfold.theme('{DARK_COOKIE}')\">◐</button>",
            sanitize=False,
        ).classes("head-right")

    head.move(page.client.layout, target_index=0)  # before the page, which is the main part

    def tell(box: dict[str, Any]) -> None:
        now.set_content(head_now(t, box))

    if page.feed.box is not None:
        tell(page.feed.box)
    page.listen(BOX, tell)


def head_now(t: Words, box: dict[str, Any]) -> str:
    """Beside the ways, on every page: what it draws, and whether something is wrong."""
    troubles = box["troubles"]
    watts = box["watts"]["now"] or box["watts"]["cards"] or None  # no cards: they draw 0
    parts = []
    if box["modelled"]:
        parts.append(f'<span class="tag">{escape(t("frame.modelled"))}</span>')
    if watts is not None:
        parts.append(f'<span class="num">{watts:,.0f} W</span>')
    if troubles:
        label = t("frame.troubles", n=len(troubles))
        parts.append(f'<a href="/" class="tag bad">{escape(label)}</a>')
    return "".join(parts)


def _notices(page: Page, started_s: float) -> None:
    """The words for a lost line, and after a restart that the page is back."""
    t = page.t
    lost, trying = t("frame.lost"), t("frame.trying")
    ui.html('<div id="tenfold-back" role="status" aria-live="polite"></div>', sanitize=False)
    ui.add_body_html(
        "<script>window.addEventListener('DOMContentLoaded',()=>tenfold.began("
        f"{started_s!r},{_js(t('frame.back'))},{_js(lost)},{_js(trying)},{_js(t('frame.close'))}))"
        "</script>"
    )


def _js(text: str) -> str:
    return json.dumps(text).replace("<", "\\u003c")
