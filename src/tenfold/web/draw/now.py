"""The box at this moment, in a row of figures: watts against what is allowed, noise, price, today,
the queue."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from tenfold.web.amounts import amount, known, kwh, moment, money
from tenfold.web.words import Words

RUNS = ("starting", "running", "yielding")


def now_html(t: Words, box: Mapping[str, Any]) -> str:
    facts = (_watts(t, box), _noise(t, box), _price(t, box), _today(t, box), _jobs(t, box))
    return f'<div class="facts now">{"".join(facts)}</div>'


def _watts(t: Words, box: Mapping[str, Any]) -> str:
    watts = box["watts"]
    allowed = known(watts["budget"])
    more = t("box.no_limit")
    if allowed is not None:
        why = limit_words(t, watts["why"])
        more = t("box.allowed", watts=f"{allowed:,.0f}", why=why)
    if known(watts["now"]) is None and known(watts["cards"]):  # no cards: they draw 0
        # Nobody tells what the host draws: what the cards do is known all the same.
        said = amount(watts["cards"], "W")
        return _fact(t("box.cards_draw"), said, more, watts["missing"])
    return _fact(t("box.draws"), amount(known(watts["now"]), "W"), more, watts["missing"])


def limit_words(t: Words, why: str) -> str:
    """What sets a limit; a circuit has its name behind."""
    kind, _, name = why.partition(" ") if why.startswith("circuit ") else (why, "", "")
    said = t.said("limits", kind)
    return why if said is None else f"{said} {name}".strip()


def _noise(t: Words, box: Mapping[str, Any]) -> str:
    noise = box["noise"]
    limit = known(noise["limit_dba"])
    more = "" if limit is None else t("box.noise_limit", dba=f"{limit:.0f}")
    if known(noise["dba"]) is None:
        return _fact(t("box.noise"), "–", more or t("box.untold"), noise["why"])
    return _fact(t("box.noise"), f"{noise['dba']:.0f} dBA", more)


def _price(t: Words, box: Mapping[str, Any]) -> str:
    price = box["price"]
    if known(price["kwh"]) is None:
        return _fact(t("box.price"), "–", t("box.untold"))
    more, coming = "", price["next"]
    if coming is not None and known(coming["kwh"]) is not None:
        at = moment(coming["at_s"], box["now_s"])
        more = t("box.price_next", at=at, price=f"{coming['kwh']:.3g}")
    return _fact(t("box.price"), f"{price['kwh']:.3g} {price['currency']}/kWh", more)


def _today(t: Words, box: Mapping[str, Any]) -> str:
    today = box["today"]
    spent = known(today["money"])
    more = "" if spent is None else money(spent, today["currency"])
    if "modelled" in today["basis"]:
        more = f"{more} {t('frame.modelled')}".strip()
    return _fact(t("box.today"), kwh(known(today["kwh"])), more)


def _jobs(t: Words, box: Mapping[str, Any]) -> str:
    counts = box["jobs"]
    runs, waits = sum(counts.get(state, 0) for state in RUNS), counts.get("queued", 0)
    return (
        f'<div class="fact"><span class="label">{escape(t("box.jobs"))}</span>'
        f'<a class="value" href="/queue">{escape(t("box.running", n=runs))}</a>'
        f'<span class="more">{escape(t("box.waiting", n=waits))}</span></div>'
    )


def _fact(label: str, value: str, more: str = "", title: str = "") -> str:
    hint = f' title="{escape(title)}"' if title else ""
    return (
        f'<div class="fact"{hint}><span class="label">{escape(label)}</span>'
        f'<span class="value">{escape(value)}</span>'
        f'<span class="more">{escape(more)}</span></div>'
    )
