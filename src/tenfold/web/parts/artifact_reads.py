"""Artifacts that are read before they are shown: tables, texts, folders, figures of Plotly."""

from __future__ import annotations

import json
from html import escape
from typing import Any

import markdown2  # type: ignore[import-untyped]  # comes with NiceGUI
from nicegui import ui

from tenfold.web.amounts import size
from tenfold.web.draw import artifact as draw
from tenfold.web.draw import table
from tenfold.web.draw.artifact import Artifact
from tenfold.web.draw.shape import Shape, address, file_name
from tenfold.web.frame import Page

MOST_TABLE = 256 * 1024  # bytes that are read of one
MOST_TEXT = 64 * 1024
MOST_FIGURE = 8 * 1024 * 1024
MOST_FILES = 200  # of a folder


async def table_of(page: Page, job: str, one: Artifact) -> str:
    t = page.t
    data = await page.api.read(address(job, one["path"]), MOST_TABLE)
    whole = len(data) >= (one["bytes"] or 0)
    try:
        found = table.read(data, one["path"], whole)
    except (ValueError, RecursionError):
        said = f'<p class="dim">{escape(t("artifacts.no_table"))}</p>'
        return draw.figure(t, job, one, said)
    more = ""
    if found.more:
        more = f'<p class="dim">{escape(t("artifacts.first_rows", n=len(found.rows)))}</p>'
    return draw.figure(t, job, one, table.table_html(found, one["title"]) + more)


async def text_of(page: Page, job: str, one: Artifact) -> str:
    t = page.t
    data = await page.api.read(address(job, one["path"]), MOST_TEXT)
    whole = len(data) >= (one["bytes"] or 0)
    text = data.decode("utf-8", "replace" if whole else "ignore")
    if not text.strip():
        said = f'<p class="dim">{escape(t("artifacts.empty"))}</p>'
        return draw.figure(t, job, one, said)
    if draw.shape_of(one) is Shape.MARKDOWN:
        shown = f'<div class="text-box written" tabindex="0">{written(text)}</div>'
    else:
        if one["path"].lower().endswith(".json") and whole:
            text = _indented(text)
        shown = f'<pre class="text-box" tabindex="0">{escape(text)}</pre>'
    if not whole:
        shown += f'<p class="dim">{escape(t("artifacts.first_part", size=size(len(data))))}</p>'
    return draw.figure(t, job, one, shown)


def written(text: str) -> str:
    """Markdown as HTML. HTML that stands in it is shown as it is written, and a link leads only to
    where a reader sees that it leads: no picture from elsewhere is fetched."""
    html = markdown2.markdown(text, safe_mode="escape", extras=["tables", "fenced-code-blocks"])
    return str(html).replace("<a ", '<a rel="noopener nofollow" target="_blank" ')


async def folder_of(page: Page, job: str, one: Artifact) -> str:
    t = page.t
    found = await page.api.get(address(job, one["path"]), list=1)
    files = found["files"][:MOST_FILES]
    rows = "".join(
        f'<li><a href="{escape(address(job, file["path"]))}" target="_blank" rel="noopener">'
        f"{escape(file_name(file['path']))}</a> <span class='dim num'>{size(file['bytes'])}</span> "
        f'<a href="{escape(address(job, file["path"]))}?download=1" download'
        f' aria-label="{escape(t("artifacts.save_of", name=file_name(file["path"])))}">'
        f"{escape(t('artifacts.save'))}</a></li>"
        for file in files
    )
    more = found["more"] or len(found["files"]) > len(files)
    last = f'<p class="dim">{escape(t("artifacts.more_files"))}</p>' if more else ""
    shown = (
        f'<ul class="files">{rows}</ul>{last}'
        if files
        else (f'<p class="dim">{escape(t("artifacts.no_files"))}</p>')
    )
    return draw.figure(t, job, one, shown)


async def figure_of(page: Page, job: str, one: Artifact, place: ui.element) -> bool:
    """False where it is no figure of Plotly."""
    if (one["bytes"] or 0) > MOST_FIGURE:
        return False
    data = await page.api.read(address(job, one["path"]), MOST_FIGURE)
    found = figure_in(data)
    if found is None:
        return False
    with place, ui.element("figure").classes("artifact of-figure") as whole:
        whole.props["data-artifact"], whole.props["data-shape"] = one["path"], "figure"
        with ui.element("div").props("role=group").classes("plotly-box") as box:
            box.props["aria-label"] = one["title"]
            ui.plotly(found)
        caption = draw.caption(page.t, job, one)
        ui.html(caption, sanitize=False).classes("caption")
    return True


def figure_in(data: bytes) -> dict[str, Any] | None:
    """`data` and `layout` of a figure, without what could be code: a key that begins with `:` is
    run by some of NiceGUI's elements."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not isinstance(found.get("data"), list):
        return None
    if not found["data"] or not all(isinstance(one, dict) for one in found["data"]):
        return None
    if "layout" not in found and not any("type" in one for one in found["data"]):
        return None
    layout = found.get("layout")
    plain = {"data": found["data"], "layout": layout if isinstance(layout, dict) else {}}
    shown: dict[str, Any] = _plain(plain)
    shown["layout"] |= {"autosize": True}
    shown["layout"].pop("width", None)
    shown["config"] = {"responsive": True, "displaylogo": False}
    return shown


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items() if not key.startswith(":")}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _indented(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text
