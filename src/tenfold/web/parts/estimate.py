"""What a run would need and cost, as POST /api/estimate tells it: on the form, on the size dial
and on what is offered to a newcomer."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from tenfold.web.amounts import amount, kwh, long, money
from tenfold.web.words import Words

# What POST /api/estimate takes of a body of POST /api/jobs.
ASKED = ("workload", "params", "size", "gpus", "slice", "cores", "memory_gib", "time_s")


def estimate_body(body: Mapping[str, Any], box: str = "") -> dict[str, Any]:
    found = {name: body[name] for name in ASKED if body.get(name) is not None}
    return {**found, "box": box} if box else found


def estimate_html(t: Words, told: Mapping[str, Any]) -> str:
    needs = told["needs"]
    facts = (
        ("time", long(t, needs["time_s"]), "" if needs["time_s"] else t("catalogue.no_time")),
        ("memory", amount(needs["memory_gib"], "GiB"), ""),
        ("energy", kwh(told["energy_kwh"]), _why_no_energy(t, told)),
        ("cost", money(told["money"], told["currency"]), ""),
    )
    cells = "".join(
        f'<div class="fact" data-fact="{name}"><span class="label">'
        f"{escape(t('catalogue.facts.' + name))}</span>"
        f'<span class="value">{escape(value)}</span>'
        f'<span class="more">{_tariff(t, told) if name == "cost" else escape(more)}</span></div>'
        for name, value, more in facts
    )
    basis = needs.get("basis") or ""
    how = (
        f'<details class="basis"><summary>{escape(t("catalogue.basis"))}</summary>'
        f'<p lang="en">{escape(basis)}.</p></details>'
        if basis
        else ""
    )
    return f'{_fits(t, told)}<div class="facts estimate-facts">{cells}</div>{how}'


def brief(t: Words, told: Mapping[str, Any]) -> str:
    """One line: `3 min · 0.5 GiB · 0.02 kWh · 0.10 EUR`, without what is not known."""
    needs = told["needs"]
    parts = [long(t, needs["time_s"])] if needs["time_s"] else []
    parts.append(amount(needs["memory_gib"], "GiB"))
    if told["energy_kwh"] is not None:
        parts.append(kwh(told["energy_kwh"]))
    if told["money"] is not None:
        parts.append(money(told["money"], told["currency"]))
    return " · ".join(parts) if told["fits"] else t("catalogue.too_large")


def place(t: Words, slot: Mapping[str, Any], told: Mapping[str, Any]) -> str:
    """The slot in words: one core of the CPU, 2 whole H100, a slice of one."""
    if slot["kind"] == "cpu":
        return t(
            "catalogue.on_core" if slot["cores"] == 1 else "catalogue.on_cores", n=slot["cores"]
        )
    model = told["device"]["model"]
    if slot.get("slice"):
        return t("catalogue.on_slice", profile=slot["slice"]["profile"], model=model)
    if slot.get("fraction") is not None:
        return t("catalogue.on_share", gib=f"{slot['memory_gib']:.3g}", model=model)
    count = len(slot["devices"])
    return t("catalogue.on_gpu" if count == 1 else "catalogue.on_gpus", n=count, model=model)


def _fits(t: Words, told: Mapping[str, Any]) -> str:
    modelled = (
        f' <span class="tag">{escape(t("frame.modelled"))}</span>' if told["modelled"] else ""
    )
    if told["fits"]:
        where = place(t, told["slot"], told) if told["slot"] else ""
        return (
            '<p class="fits" data-fits="yes">'
            f'<span class="tag good">✓ {escape(t("catalogue.fits"))}</span>'
            f"{modelled} <span>{escape(where)}</span></p>"
        )
    return (
        f'<p class="fits" data-fits="no"><span class="tag bad">✕ {escape(t("catalogue.too_large"))}'
        f'</span>{modelled} <span lang="en">{escape(told["why"])}</span></p>'
    )


def _why_no_energy(t: Words, told: Mapping[str, Any]) -> str:
    if told["energy_kwh"] is not None:
        return t("catalogue.at_most")
    return t("catalogue.no_watts" if told["needs"]["time_s"] else "catalogue.no_time")


def _tariff(t: Words, told: Mapping[str, Any]) -> str:
    """Where money is not known, the knob that changes it."""
    if told["money"] is not None:
        return escape(t("catalogue.at_this_price"))
    if told["energy_kwh"] is None:
        return escape(t("catalogue.no_energy"))
    return f'<a href="/site">{escape(t("catalogue.no_tariff"))}</a>'
