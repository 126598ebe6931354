"""Three things to run now on this machine, for a box that has no jobs yet: with a picture, what
each is and takes, and a button that runs it.

    await offers(page)

It looks first and shows then: the page is there at once, and the estimates fill in.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote

from nicegui import ui

from tenfold.terms.refusal import Refusal
from tenfold.web.amounts import amount, kwh, long, money
from tenfold.web.asking import Api
from tenfold.web.frame import Page
from tenfold.web.parts.picture import called, has_picture, picture_html
from tenfold.web.parts.run_form import dress
from tenfold.web.words import Words

HOW_MANY = 3
PATIENCE_S = 300.0  # a newcomer's: what takes longer is offered at a smaller size
ORDER = ("desk", "smoke")  # of sizes, the more interesting first


@dataclass(frozen=True)
class Offer:
    entry: dict[str, Any]  # of GET /api/workloads
    size: str
    told: dict[str, Any]  # of POST /api/estimate

    @property
    def time_s(self) -> float:
        return float(self.told["needs"]["time_s"])


async def offers(page: Page) -> None:
    t = page.t
    dress()
    with ui.element("section").props("id=offers aria-labelledby=offers-head").classes("offers"):
        ui.html(
            f'<h2 id="offers-head">{escape(t("offers.title"))}</h2>'
            f'<p class="lead offers-lead">{escape(t("offers.lead"))}</p>',
            sanitize=False,
        )
        place = ui.html(_waiting(t), sanitize=False)
        place.on(
            "click",
            lambda event: _run(page, event.args),
            js_handler="(event) => catalogue.offer(event, emit)",
        )

    async def look() -> None:
        found = await page.ask(found_offers(page.api))
        place.set_content(offers_html(t, found or []))

    ui.timer(0, look, once=True)


async def found_offers(api: Api) -> list[Offer]:
    """What fits here and has its parts installed, by `chosen`. Each look is a process of its own,
    so it ends when there is enough, and workloads that make pictures come first."""
    found: list[Offer] = []
    listed = (await api.get("/api/workloads"))["workloads"]
    pictured = [entry for entry in listed if has_picture(entry["name"])]
    others = [entry for entry in listed if not has_picture(entry["name"])]
    for entries in (pictured, others):
        for size in ORDER:
            for entry in entries:
                told = await _estimate(api, entry["name"], size)
                if told is not None:
                    found.append(Offer(entry, size, told))
            if len([offer for offer in found if offer.time_s <= PATIENCE_S]) >= HOW_MANY:
                return chosen(found)
    return chosen(found)


def chosen(found: list[Offer]) -> list[Offer]:
    """Of each workload the most interesting size that is done soon; then, where that gives fewer
    than three, its other sizes. The shortest first."""
    soon = [offer for offer in found if offer.time_s <= PATIENCE_S] or found
    ranked = sorted(soon, key=lambda offer: ORDER.index(offer.size))
    best: dict[str, Offer] = {}
    for offer in ranked:
        best.setdefault(offer.entry["name"], offer)
    firsts = sorted(best.values(), key=lambda offer: offer.time_s)
    others = sorted((one for one in ranked if one not in firsts), key=lambda one: one.time_s)
    return sorted([*firsts, *others][:HOW_MANY], key=lambda offer: offer.time_s)


def offers_html(t: Words, found: list[Offer]) -> str:
    more = f'<p class="offers-more"><a href="/catalogue">{escape(t("offers.to_catalogue"))}</a></p>'
    if not found:
        return f'<p class="dim">{escape(t("offers.none"))}</p>{more}'
    return f"<ul>{''.join(_card(t, offer) for offer in found)}</ul>{more}"


def _card(t: Words, offer: Offer) -> str:
    name, title = offer.entry["name"], offer.entry["title"]
    short, sentence = called(t, name, title)
    size = t(f"catalogue.sizes.{offer.size}")
    label = f"{t('offers.run_label', name=short)} ({size})"
    settings = f"{t('offers.open')}: {short} ({size})"
    return (
        f'<li class="tile offer" data-offer="{escape(name)}" data-size="{escape(offer.size)}">'
        f"{picture_html(name, offer.entry['group'])}"
        f'<div class="tile-text"><h3>{escape(short)}</h3><p>{escape(sentence)}</p>'
        f'<p class="offer-size"><span class="tag accent">{escape(size)}</span></p>'
        f"{_facts(t, offer.told)}"
        f'<div class="row-buttons"><button type="button" class="do" data-run="{escape(name)}"'
        f' data-size="{escape(offer.size)}" data-key="{secrets.token_hex(8)}"'
        f' aria-label="{escape(label)}">{escape(t("offers.run"))}</button>'
        f'<a class="do second" href="/catalogue/{quote(name)}?size={quote(offer.size)}"'
        f' aria-label="{escape(settings)}">{escape(t("offers.open"))}</a>'
        "</div></div></li>"
    )


def _facts(t: Words, told: Mapping[str, Any]) -> str:
    needs = told["needs"]
    energy = told["energy_kwh"]
    unknown = t("offers.no_energy" if energy is None else "offers.no_tariff")
    facts = (
        ("time", long(t, needs["time_s"])),
        ("memory", amount(needs["memory_gib"], "GiB")),
        ("energy", t("offers.no_energy") if energy is None else kwh(energy)),
        ("cost", unknown if told["money"] is None else money(told["money"], told["currency"])),
    )
    rows = "".join(
        f'<div data-fact="{key}"><dt>{escape(t(f"catalogue.facts.{key}"))}</dt>'
        f'<dd class="num">{escape(value)}</dd></div>'
        for key, value in facts
    )
    return f'<dl class="offer-facts">{rows}</dl>'


def _waiting(t: Words) -> str:
    cards = '<li class="tile offer-wait" aria-hidden="true"><div class="picture"></div></li>'
    said = f'<p class="dim" role="status">{escape(t("offers.working"))}</p>'
    return f'{said}<ul aria-busy="true">{cards * HOW_MANY}</ul>'


async def _estimate(api: Api, workload: str, size: str) -> dict[str, Any] | None:
    """None for what cannot be offered: no such size, too large, not installed, no time known."""
    try:
        told = await api.post("/api/estimate", {"workload": workload, "size": size})
    except Refusal:  # a workload that is broken or needs an answer first is no offer
        return None
    ready = told["fits"] and not told["missing"] and told["needs"]["time_s"]
    return dict(told) if ready else None


async def _run(page: Page, asked: Mapping[str, Any]) -> None:
    body = {name: asked[name] for name in ("workload", "size", "key")}
    answer = await page.ask(page.api.post("/api/jobs", body))
    if answer is not None:
        page.feed.look_now()
        with page.client:
            ui.navigate.to(f"/job/{answer['job']['id']}")
