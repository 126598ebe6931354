"""One workload: what it does, its params as a form, what a run would cost, and Run."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import quote

from nicegui import ui

from tenfold.terms.command import COMMAND
from tenfold.terms.refusal import refusal
from tenfold.web.draw.form import form_html
from tenfold.web.draw.workload import about_html, first_size, head_html, sizes_html, sizes_table
from tenfold.web.frame import Frame, Page
from tenfold.web.parts.form import Field, as_raw, defaults, fields
from tenfold.web.parts.order_form import FIRST, order_fields, order_values
from tenfold.web.parts.refused import show_refusal
from tenfold.web.parts.run_form import RunForm, dress

DECLARED = ("10xH100-PCIe", "8xH100-SXM")  # boxes to compare with


def add(frame: Frame) -> None:
    frame.page("/catalogue/{name}", "catalogue")(build)


async def build(page: Page, name: str) -> None:
    t = page.t
    dress()
    entry = await page.api.get(f"/api/workloads/{quote(name, safe='')}")
    box = await page.feed.newest_box()
    params, order = fields(t, entry), order_fields(t, name, box)
    size, values, ordered = await _before(page, entry)
    ui.html(head_html(t, entry), sanitize=False).classes("workload-head")
    if entry["missing"]:
        lacks = ", ".join(entry["missing"])
        show_refusal(
            t, refusal("workload.requires", name=name, missing=lacks, next=entry["install"])
        )
    run = RunForm(page, entry, params, order)
    with run.form():
        with ui.element("div").classes("run-left"):
            _left(page, entry, params, (size, values))
            _order(page, name, order, ordered)
        with ui.element("aside").props(f'aria-label="{escape(t("catalogue.estimate"))}"'):
            run.aside(_boxes(page, box))

    async def first_look() -> None:
        page.run_script("catalogue.began()")
        await run.look(_written(params, order, size, values, ordered))
        await run.sizes()

    ui.timer(0, first_look, once=True)


async def _before(
    page: Page, entry: Mapping[str, Any]
) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Size, params and order to begin with: those of the job that `?from=` names, else none."""
    sizes, size = entry["sizes"], first_size(entry)
    job = page.query.get("from")
    told = await page.ask(page.api.get(f"/api/jobs/{quote(job, safe='')}")) if job else None
    if told is None or told["job"]["spec"]["workload"] != entry["name"]:
        wanted = page.query.get("size", "")
        return wanted if wanted in sizes else size, {}, {}
    spec = told["job"]["spec"]
    return spec["size"] if spec["size"] in sizes else size, spec["params"], order_values(spec)


def _left(
    page: Page,
    entry: Mapping[str, Any],
    params: list[Field],
    start: tuple[str, dict[str, Any]],
) -> None:
    t, (size, values) = page.t, start
    base = defaults(params, entry["sizes"].get(size, {}))
    dial = sizes_html(t, entry, params, size) if entry["sizes"] else ""
    title = t("catalogue.command" if entry["name"] == COMMAND else "catalogue.params")
    ui.html(
        f"{about_html(t, entry)}{sizes_table(entry, params)}{dial}"
        f'<section class="panel"><h2>{escape(title)}</h2>'
        f"{form_html(t, params, base, values, 'p')}</section>",
        sanitize=False,
    )


def _order(page: Page, name: str, order: list[Field], ordered: dict[str, Any]) -> None:
    t = page.t
    html = form_html(t, order, defaults(order, {}), ordered, "w")
    where = escape(str(ordered.get("where", FIRST)))
    ui.html(
        f'<section class="panel" id="order" data-where="{where}">'
        f"<h2>{escape(t('catalogue.where_when'))}</h2>{html}</section>",
        sanitize=False,
    )


def _boxes(page: Page, box: Mapping[str, Any]) -> dict[str, str]:
    here = page.t("catalogue.here") if not box["modelled"] else box["box"]["name"]
    return {"": here} | {name: name for name in DECLARED if name != box["box"]["name"]}


def _written(
    params: list[Field],
    order: list[Field],
    size: str,
    values: Mapping[str, Any],
    ordered: Mapping[str, Any],
) -> dict[str, Any]:
    """What the inputs say before anybody types: only what an earlier job had said."""
    raws: dict[str, Any] = {"size": size}
    raws |= {f"p.{one.name}": as_raw(one, values[one.name]) for one in params if one.name in values}
    raws |= {
        f"w.{one.name}": as_raw(one, ordered[one.name]) for one in order if one.name in ordered
    }
    return raws
