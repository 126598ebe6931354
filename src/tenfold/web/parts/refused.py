"""A Refusal on a page: what, why, and what to do next."""

from __future__ import annotations

from html import escape

from nicegui import ui

from tenfold.terms.refusal import Refusal
from tenfold.web.words import Words


def refusal_html(t: Words, told: Refusal) -> str:
    what, why, next_step = t.refused(told)
    return (
        f'<div class="refused" role="alert" data-code="{escape(told.code)}">'
        f"<strong>{escape(what)}</strong> <span>{escape(why)}</span>"
        f'<div class="next"><span>{escape(t("frame.next"))}</span> <code>{escape(next_step)}</code>'
        "</div></div>"
    )


def show_refusal(t: Words, told: Refusal) -> ui.html:
    return ui.html(refusal_html(t, told), sanitize=False)
