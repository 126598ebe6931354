"""Tables and bars, with rich; imported only by what draws."""

from __future__ import annotations

import os
import sys

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from tenfold.cli.show import coloured
from tenfold.cli.words import one_line

PIPE_COLUMNS = 1000  # where no terminal says how wide it is, nothing is cut

_STYLES = {
    "queued": "yellow",
    "starting": "cyan",
    "running": "cyan",
    "yielding": "yellow",
    "paused": "yellow",
    "asleep": "dim",
    "succeeded": "green",
    "failed": "red",
    "cancelled": "dim",
}


def console() -> Console:
    out = sys.stdout
    told = out.isatty() or "COLUMNS" in os.environ
    return Console(
        file=out,
        width=None if told else PIPE_COLUMNS,
        no_color=not coloured(out),
        highlight=False,
        markup=False,
        emoji=False,
    )


def table(*columns: str, right: tuple[str, ...] = (), cut: tuple[str, ...] = ()) -> Table:
    """A quiet table: dim head, one line. The columns in `cut` give way where the terminal is
    narrow; the others are always whole."""
    made = Table(
        box=box.SIMPLE_HEAD,
        header_style="dim",
        border_style="dim",
        pad_edge=False,
        show_edge=False,
    )
    for name in columns:
        # rich narrows only columns that may wrap; the cells themselves never do.
        made.add_column(name, justify="right" if name in right else "left", no_wrap=name not in cut)
    return made


def cells(*texts: str | Text) -> list[RenderableType]:
    """Text as it is (a job called `[red]` must not colour anything), on one line."""
    made = [Text(one_line(text)) if isinstance(text, str) else text for text in texts]
    for text in made:
        text.no_wrap, text.overflow = True, "ellipsis"
    return [*made]


def state_text(state: str) -> Text:
    return Text(state, style=_STYLES.get(state, ""))


def bar(share: float, width: int = 10) -> str:
    full = round(max(0.0, min(1.0, share)) * width)
    return "━" * full + "╌" * (width - full)
