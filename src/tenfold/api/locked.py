"""What a browser sees that may not come in: in both languages, since nobody chose one yet."""

from __future__ import annotations

from html import escape

from tenfold.terms.refusal import Refusal

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Tenfold</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body {{ font: 16px/1.6 system-ui, sans-serif; max-width: 34rem; margin: 15vh auto;
padding: 0 1.2rem; color: #1c2430; background: #fbfbfa; }} h1 {{ font-size: 1.5rem; }}
code {{ font-size: 1.05em; }} .dim {{ color: #59636e; font-size: .9rem; }}
@media (prefers-color-scheme: dark) {{ body {{ color: #e4e9ee; background: #12161b; }}
.dim {{ color: #9aa6b2; }} }}</style>
<h1>Tenfold</h1>
<p>This box opens only to its owner. In a terminal on this machine, type <code>tenfold up</code>
and open the link that it prints; it works once.</p>
<p lang="zh-Hant">這部機器只讓主人進來。請在這台電腦的終端機輸入 <code>tenfold up</code>，
再打開它印出的連結（只能用一次）。</p>
<p class="dim">{what} {why}</p></html>"""


def refused_page(told: Refusal) -> str:
    return _PAGE.format(what=escape(told.what), why=escape(told.why))
