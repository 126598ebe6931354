"""Artifacts as HTML: each as what it is. Nothing of a file stands in a page of ours but as text,
or behind its address in a sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from tenfold.web.amounts import size
from tenfold.web.draw.shape import Shape, address, file_name, shape
from tenfold.web.words import Words

MOST_PREVIEW = 40e6  # bytes of an image that is drawn without being asked for

Artifact = Mapping[str, Any]  # path, kind, title, bytes, folder


def shape_of(one: Artifact) -> Shape:
    return shape(one["path"], one["kind"], bool(one.get("folder")))


def caption(t: Words, job: str, one: Artifact) -> str:
    """What it is, its file, its size, and how to take it away."""
    link = escape(address(job, one["path"]))
    name, title = escape(file_name(one["path"])), escape(one["title"])
    if one.get("folder"):
        return f'<figcaption><strong>{title}</strong> <span class="dim">{name}/</span></figcaption>'
    if one.get("bytes") is None:
        gone = f'<span class="tag warn">{escape(t("artifacts.gone"))}</span>'
        return f"<figcaption><strong>{title}</strong> <span>{name}</span> {gone}</figcaption>"
    opened = (
        ""
        if shape_of(one) in (Shape.DATA, Shape.MESH)
        else (
            f'<a href="{link}" target="_blank" rel="noopener"'
            f' aria-label="{escape(t("artifacts.open_of", name=one["title"]))}">'
            f"{escape(t('artifacts.open'))}</a> "
        )
    )
    return (
        f'<figcaption><strong>{title}</strong> <span class="dim num">{name} · {size(one["bytes"])}'
        f'</span> <span class="takes">{opened}<a href="{link}?download=1" download'
        f' aria-label="{escape(t("artifacts.save_of", name=one["title"]))}">'
        f"{escape(t('artifacts.save'))}</a></span></figcaption>"
    )


def image(t: Words, job: str, one: Artifact) -> str:
    """A picture leads to itself in full size."""
    link, title = escape(address(job, one["path"])), escape(one["title"])
    if (one.get("bytes") or 0) > MOST_PREVIEW:
        shown = f'<p class="dim">{escape(t("artifacts.large", size=size(one["bytes"])))}</p>'
    else:
        shown = (
            f'<a href="{link}" class="picture" data-lightbox="{escape(t("frame.close"))}">'
            f'<img src="{link}" alt="{title}"'
            f' loading="lazy" data-broken="{escape(t("artifacts.broken"))}"></a>'
        )
    return figure(t, job, one, shown)


def video(t: Words, job: str, one: Artifact) -> str:
    link, title = escape(address(job, one["path"])), escape(one["title"])
    return figure(
        t,
        job,
        one,
        (
            f'<video controls preload="metadata" src="{link}" aria-label="{title}"'
            f' data-broken="{escape(t("artifacts.broken"))}"></video>'
        ),
    )


def audio(t: Words, job: str, one: Artifact) -> str:
    link, title = escape(address(job, one["path"])), escape(one["title"])
    return figure(
        t,
        job,
        one,
        (
            f'<audio controls preload="metadata" src="{link}" aria-label="{title}"'
            f' data-broken="{escape(t("artifacts.broken"))}"></audio>'
        ),
    )


def page(t: Words, job: str, one: Artifact) -> str:
    link, title = escape(address(job, one["path"])), escape(one["title"])
    return figure(
        t,
        job,
        one,
        (
            f'<iframe sandbox="allow-scripts" src="{link}" title="{title}" loading="lazy"'
            ' referrerpolicy="no-referrer"></iframe>'
        ),
    )


def figure(t: Words, job: str, one: Artifact, shown: str) -> str:
    kind = shape_of(one).value
    return (
        f'<figure class="artifact of-{kind}" data-artifact="{escape(one["path"])}"'
        f' data-shape="{kind}">{shown}{caption(t, job, one)}</figure>'
    )


def listed(t: Words, job: str, artifacts: list[Artifact]) -> str:
    """What is not shown: its name, size, and the way to it."""
    rows = "".join(
        f'<li data-artifact="{escape(one["path"])}" data-shape="{shape_of(one).value}">'
        f"{caption(t, job, one).replace('figcaption', 'div')}</li>"
        for one in artifacts
    )
    return f'<ul class="artifact-list">{rows}</ul>'
