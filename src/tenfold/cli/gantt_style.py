"""Colours of a plan's picture: (on light, on dark) for each group, and the style of the SVG."""

from __future__ import annotations

COLOURS = (
    ("#0f766e", "#4fd1c0"),
    ("#3b6fb6", "#86b6f2"),
    ("#c2801a", "#efbd62"),
    ("#8a4f8f", "#cf9ad4"),
    ("#b5523b", "#f0927a"),
    ("#5a8a3a", "#a0d17a"),
    ("#5f6f82", "#a3b3c7"),
    ("#bd4f7b", "#f193b8"),
    ("#2489a0", "#73d0e2"),
    ("#857c1f", "#d0c766"),
)
# name: (on light, on dark)
INKS = {
    "ink": ("#1c2126", "#e8e6e1"),
    "soft": ("#5b6670", "#9aa5ad"),
    "lane": ("#f1efe9", "#20272b"),
    "line": ("#d8d4ca", "#39434a"),
    "edge": ("#9aa3a0", "#65727a"),
    "idle": ("#e2e6e3", "#2d373c"),
    "label": ("#ffffff", "#12181b"),
    "limit": ("#b42318", "#ff8a7a"),
}


def _variables(theme: int) -> str:
    named = [f"--{name}:{pair[theme]}" for name, pair in INKS.items()]
    grouped = [f"--g{n}:{pair[theme]}" for n, pair in enumerate(COLOURS)]
    return ";".join([*named, *grouped])


STYLE = (
    f".gantt{{{_variables(0)};width:100%;height:auto;display:block}}"
    f"@media (prefers-color-scheme:dark){{.gantt{{{_variables(1)}}}}}"
    ".gantt text{font:11px system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;fill:var(--ink)}"
    ".gantt .name{text-anchor:end;fill:var(--soft)}"
    ".gantt .tick{text-anchor:middle;fill:var(--soft)}"
    ".gantt .mark{text-anchor:end;fill:var(--limit)}"
    ".gantt .key{font-size:13px}"
    ".gantt .label,.gantt .upright{font-size:10px;fill:var(--label);pointer-events:none}"
    ".gantt .lane{fill:var(--lane)}"
    ".gantt .slice{fill:var(--idle);stroke:var(--edge);stroke-width:.6}"
    ".gantt .yield{stroke:var(--limit);stroke-width:2}"
    ".gantt .wait{opacity:.42}"
    ".gantt .stay:hover,.gantt .wait:hover{filter:brightness(1.15)}"
    ".gantt .day{stroke:var(--line);stroke-width:.8;stroke-dasharray:2 3}"
    ".gantt .grid{stroke:var(--line);stroke-width:.8}"
    ".gantt polyline{fill:none;stroke-linejoin:round}"
    ".gantt .area{fill:var(--g0);stroke:none;opacity:.16}"
    ".gantt .draw{stroke:var(--g0);stroke-width:1.5}"
    ".gantt .limit{stroke:var(--limit);stroke-width:1.2;stroke-dasharray:6 4}"
    + "".join(f".gantt .g{n}{{fill:var(--g{n})}}" for n in range(len(COLOURS)))
)
