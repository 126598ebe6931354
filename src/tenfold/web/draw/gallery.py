"""Everything that the box has made, as cards by day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any
from urllib.parse import quote

from tenfold.web.amounts import size
from tenfold.web.draw.artifact import MOST_PREVIEW, shape_of
from tenfold.web.draw.shape import Shape, address, file_name
from tenfold.web.words import Words

KINDS = ("image", "video", "audio", "plot", "mesh", "table", "text", "data")
DAY_S = 86400.0
_SIGNS = {
    Shape.PAGE: "◫", Shape.FIGURE: "∿", Shape.MESH: "⬡", Shape.TABLE: "▦", Shape.MARKDOWN: "¶",
    Shape.TEXT: "¶", Shape.PDF: "▤", Shape.FOLDER: "▣", Shape.DATA: "⛁",
}  # fmt: skip


def kinds(t: Words, chosen: str | None) -> str:
    links = [("", t("gallery.all")), *((kind, t(f"gallery.kind_{kind}")) for kind in KINDS)]
    shown = "".join(
        f'<a href="/gallery{f"?kind={kind}" if kind else ""}"'
        f' class="kind{" here" if kind == (chosen or "") else ""}" data-kind="{kind}"'
        f"{' aria-current=true' if kind == (chosen or '') else ''}>{escape(said)}</a>"
        for kind, said in links
    )
    return f'<nav class="kinds" aria-label="{escape(t("gallery.kinds"))}">{shown}</nav>'


def days(t: Words, artifacts: Sequence[Mapping[str, Any]], now_s: float, last: str) -> str:
    """Cards under a heading for each day. `last` is the day that what is above them ended with:
    it gets no second heading."""
    parts, open_grid = [], False
    for one in artifacts:
        day = datetime.fromtimestamp(one["at_s"]).date().isoformat()
        if day != last or not open_grid:
            parts.append("</ul>" if open_grid else "")
            if day != last:
                parts.append(f"<h2>{escape(_day(t, day, now_s))}</h2>")
            parts.append('<ul class="gallery-grid">')
            last, open_grid = day, True
        parts.append(card(t, one))
    return "".join(parts) + ("</ul>" if open_grid else "")


def day_of(one: Mapping[str, Any]) -> str:
    return datetime.fromtimestamp(one["at_s"]).date().isoformat()


def card(t: Words, one: Mapping[str, Any]) -> str:
    """Of one artifact: it leads to itself, its job below it."""
    link = escape(address(one["job"], one["path"]))
    name, title = escape(file_name(one["path"])), escape(one["title"])
    job = f'<a href="/job/{quote(one["job"])}">#{escape(one["job"])} {escape(one["name"])}</a>'
    at = datetime.fromtimestamp(one["at_s"]).strftime("%H:%M")
    amount = "" if one.get("bytes") is None else f" · {size(one['bytes'])}"
    return (
        f'<li class="card of-{shape_of(one).value}" data-artifact="{escape(one["path"])}">'
        f'<div class="card-picture">{_picture(t, one, link, title)}</div>'
        f'<div class="card-words"><strong>{title}</strong>'
        f'<span class="dim num">{name}{amount}</span>'
        f'<span class="num">{job} <span class="dim">{at}</span></span></div></li>'
    )


def _picture(t: Words, one: Mapping[str, Any], link: str, title: str) -> str:
    shape, count = shape_of(one), one.get("bytes")
    broken = f' data-broken="{escape(t("artifacts.broken"))}"'
    if count is None and shape is not Shape.FOLDER:
        return f'<span class="dim">{escape(t("artifacts.gone"))}</span>'
    if shape is Shape.IMAGE and (count or 0) <= MOST_PREVIEW:
        return (
            f'<a href="{link}" class="picture" data-lightbox="{escape(t("frame.close"))}">'
            f'<img src="{link}" alt="{title}"'
            f' loading="lazy"{broken}></a>'
        )
    if shape is Shape.VIDEO:
        return f'<video controls preload="none" src="{link}" aria-label="{title}"{broken}></video>'
    if shape is Shape.AUDIO:
        return f'<audio controls preload="none" src="{link}" aria-label="{title}"{broken}></audio>'
    way = f"/job/{quote(one['job'])}" if shape in (Shape.FOLDER, Shape.MESH, Shape.FIGURE) else link
    return (
        f'<a href="{way}" class="card-sign" aria-label="{title}">'
        f'<span aria-hidden="true">{_SIGNS.get(shape, "▤")}</span></a>'
    )


def _day(t: Words, day: str, now_s: float) -> str:
    if day == datetime.fromtimestamp(now_s).date().isoformat():
        return t("gallery.today")
    if day == datetime.fromtimestamp(now_s - DAY_S).date().isoformat():
        return t("gallery.yesterday")
    return day
