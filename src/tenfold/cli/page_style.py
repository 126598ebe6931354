"""The frame and style of the pages that commands write: one file each, no network, no script."""

from __future__ import annotations

_CSS = """
:root { color-scheme: light dark;
  --paper: #fbfaf7; --card: #ffffff; --ink: #1c2126; --soft: #5b6670; --line: #e3e0d8;
  --teal: #0f766e; --bad: #b42318; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #14181b; --card: #1c2226; --ink: #e8e6e1; --soft: #9aa5ad; --line: #2e363c;
  --teal: #4fd1c0; --bad: #ff8a7a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 80rem; margin: 0 auto; padding: 2.4rem 1.25rem 4rem; }
h1 { font-size: clamp(1.6rem, 4vw, 2.4rem); line-height: 1.15; margin: 0 0 .6rem; }
h2 { font-size: 1.15rem; margin: 0 0 .6rem; }
p, ul { margin: 0 0 .9rem; max-width: 52rem; }
.eyebrow { color: var(--teal); font-weight: 600; margin: 0 0 .4rem; }
.note { color: var(--soft); font-size: .88rem; margin: .6rem 0 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .7rem;
  margin: 1.2rem 0; }
.tiles div, section { background: var(--card); border: 1px solid var(--line); }
.tiles div { border-radius: 12px; padding: .7rem .9rem; }
.tiles b { display: block; font-size: 1.2rem; white-space: nowrap; }
.tiles span { color: var(--soft); font-size: .86rem; }
section { border-radius: 14px; padding: 1.3rem 1.4rem; margin: 1rem 0; }
.wide { overflow-x: auto; }
.wide svg { min-width: 56rem; }
table { border-collapse: collapse; width: 100%; font-size: .86rem;
  font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .34rem .9rem .34rem 0; border-bottom: 1px solid var(--line);
  white-space: nowrap; }
th { color: var(--soft); font-weight: 600; }
.bad { color: var(--bad); }
.modelled { font-size: .85rem; font-weight: 600; color: var(--soft); border: 1px solid;
  border-radius: 99px; padding: .1rem .6rem; margin-left: .5rem; vertical-align: .35em; }
"""


def document(title: str, body: str, css: str = "") -> str:
    """A whole page. `title` and `body` are HTML, `css` goes after the common style."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_CSS}{css}</style></head><body><main>"
        f"{body}</main></body></html>\n"
    )
