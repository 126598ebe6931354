"""What may be asked of a job, as the buttons of one row of /api/queue.

`parts.job_actions` does what was pressed.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from tenfold.web.words import Words

LEAST, MOST = -1000, 1000  # of a priority
# Pressed once, cancel asks; the answers are SURE and KEEP.
ASK, SURE, KEEP = "cancel", "cancel-sure", "cancel-keep"
_SHOWN = ("resume", "pause", "retry", "cancel")


Row = Mapping[str, Any]


def orders_html(t: Words, row: Row, asking: bool) -> str:
    """`asking`: whether it was pressed and waits for the answer."""
    if asking:
        yes, no = t("queue.sure_yes"), t("queue.sure_no")
        return (
            f'<span class="sure">{escape(t("queue.sure"))}</span>'
            f"{_button(row, KEEP, no, t('queue.of', order=no, name=row['name']))}"
            f"{_button(row, SURE, yes, t('queue.of', order=yes, name=row['name']))}"
        )
    return "".join(
        _button(row, order, t(f"queue.{order}"), _of(t, order, row))
        for order in _SHOWN
        if order in row["can"]
    )


def priority_html(t: Words, row: Row) -> str:
    number = f'<span class="num" data-priority>{row["priority"]}</span>'
    if "priority" not in row["can"]:
        return number
    name = row["name"]
    lower = _button(row, "lower", "−", t("queue.lower", name=name), row["priority"] <= LEAST)
    higher = _button(row, "raise", "+", t("queue.raise", name=name), row["priority"] >= MOST)
    return f"{lower}{number}{higher}"


def _of(t: Words, order: str, row: Row) -> str:
    return t("queue.of", order=t(f"queue.{order}"), name=row["name"])


def _button(row: Row, order: str, said: str, label: str, disabled: bool = False) -> str:
    off = " disabled" if disabled else ""
    return (
        f'<button type="button" class="order {order}" data-job="{escape(str(row["id"]))}"'
        f' data-order="{order}" aria-label="{escape(label)}"{off}>{escape(said)}</button>'
    )
