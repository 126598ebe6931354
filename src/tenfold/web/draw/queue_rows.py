"""One job in the list, as the HTML of its five cells. A cell that did not change is the same text,
and then nothing of it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import urlsplit

from tenfold.web.amounts import long
from tenfold.web.draw.gantt_axis import when
from tenfold.web.draw.orders import orders_html, priority_html
from tenfold.web.draw.queue_order import ENDED, SHOWN
from tenfold.web.words import Words

CELLS = ("name", "state", "where", "priority", "orders")
SOON_S = 60.0
_LOOKS = {"running": "accent", "succeeded": "good", "failed": "bad", "paused": "warn"}

Row = Mapping[str, Any]


def cells(
    t: Words,
    row: Row,
    now_s: float,
    told_s: float,
    expected_s: float | None,
    title: str,
    asking: bool,
) -> dict[str, str]:
    """`told_s` is when the row was made, `now_s` the present; `title` that of its workload."""
    return {
        "name": _name(t, row, title),
        "state": _state(t, row, now_s, told_s, expected_s),
        "where": _where(t, row),
        "priority": priority_html(t, row),
        "orders": orders_html(t, row, asking),
    }


def share_now(row: Row, now_s: float, told_s: float) -> float | None:
    """How much is done, carried on from when it was told to where it should be by now."""
    share, eta_s = row["share"], row["eta_s"]
    if share is None:
        return None
    if eta_s is None or eta_s <= told_s:
        return float(share)
    left: float = max(0.0, eta_s - max(now_s, told_s)) / (eta_s - told_s)
    return 1.0 - (1.0 - float(share)) * left


def _name(t: Words, row: Row, title: str) -> str:
    id = escape(str(row["id"]))
    beneath = f"#{id} · {escape(title)}"
    if row["size"]:
        beneath += f" · {escape(row['size'])}"
    if row["parent"]:
        parent = escape(str(row["parent"]))
        beneath += f' · <a href="/job/{parent}">{escape(t("queue.part_of", id=row["parent"]))}</a>'
    name = escape(row["name"])
    return (
        f'<a class="title" href="/job/{id}" title="{name}">{name}</a>'
        f'<span class="beneath">{beneath}</span>'
    )


def _state(t: Words, row: Row, now_s: float, told_s: float, expected_s: float | None) -> str:
    state = row["state"]
    look = _LOOKS.get(state, "")
    said = escape(t(f"states.{state}"))
    tag = f'<span class="tag {look}" data-state="{escape(state)}">{said}</span>'
    if state in SHOWN["running"]:
        share = share_now(row, now_s, told_s)
        return tag + _progress(t, row, share, now_s)
    if state == "queued":
        return f'{tag}<span class="beneath">{escape(_start(t, expected_s, now_s))}</span>'
    if state in ENDED:
        return f'{tag}<span class="beneath">{escape(_ended(t, row, now_s))}</span>'
    since = t("queue.since", at=when(t, row["changed_s"], now_s))
    return f'{tag}<span class="beneath">{escape(since)}</span>'


def _progress(t: Words, row: Row, share: float | None, now_s: float) -> str:
    if share is None:
        since = t("queue.since", at=when(t, row["started_s"] or row["changed_s"], now_s))
        return f'<span class="beneath">{escape(since)}</span>'
    percent = int(100 * share)
    said = t("queue.share", share=percent)
    if row["eta_s"] is not None:
        said = t("queue.done_at", share=percent, at=when(t, row["eta_s"], now_s))
    return (
        f'<span class="beneath num">{escape(said)}</span>'
        f'<span class="bar" role="progressbar" aria-valuemin="0" aria-valuemax="100"'
        f' aria-valuenow="{percent}" aria-label="{escape(row["name"])}">'
        f'<span style="width:{percent}%"></span></span>'
    )


def _start(t: Words, expected_s: float | None, now_s: float) -> str:
    if expected_s is None:
        return t("queue.starts_unknown")
    if expected_s - now_s < SOON_S:
        return t("queue.starts_soon")
    # In whole minutes: the words change once a minute, not with every look.
    wait = long(t, (expected_s - now_s) // 60 * 60)
    return t("queue.starts", at=when(t, expected_s, now_s), wait=wait)


def _ended(t: Words, row: Row, now_s: float) -> str:
    at = when(t, row["changed_s"], now_s)
    if row["started_s"] is None:
        return t("queue.ended_at", at=at)
    return t("queue.ended", at=at, long=long(t, row["changed_s"] - row["started_s"]))


def _where(t: Words, row: Row) -> str:
    place = escape(row["place"] or "") if row["state"] not in ENDED else ""
    why = escape(row["why"] or "")
    found = f'<span class="place">{place}</span>' if place else ""
    if _opens(row["url"]):
        said = t("queue.open", url=urlsplit(row["url"]).netloc)
        found += f'<a class="open" href="{escape(row["url"])}" target="_blank">{escape(said)}</a>'
    if why:
        # It can be focused, and is then shown as a whole.
        found += f'<span class="why" tabindex="0">{why}</span>'
    return found


def _opens(url: str | None) -> bool:
    return url is not None and urlsplit(url).scheme in ("http", "https")
